"""Cookies on the wire: which go with a request, and which a response leaves."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from urlsession import (
    AuthChallengeDisposition,
    CookieAcceptPolicy,
    HTTPCookie,
    HTTPCookieStorage,
    URLCredential,
    URLError,
    URLProtectionSpace,
    URLRequest,
    URLSession,
    URLSessionConfiguration,
)
from urlsession.storage.cookies.storage import CookieTask
from urlsession.testing import (
    ReceivedRequest,
    RecordingDelegate,
    ServerConnection,
    answering,
)
from urlsession.testing.certificates import CertificateAuthority
from urlsession.testing.handlers import Answer

from .web_socket_peer import Peer, web_socket_handler

if TYPE_CHECKING:
    from ..conftest import Serve

SET = [("Set-Cookie", "a=1")]


@dataclass
class Site:
    """A server whose answers a test gives by path, and the Cookie fields it got.

    Attributes:
        answers: (status, headers, body) by target; 200 and nothing else otherwise.
        sent: (target, Cookie field) of each request, in order.
    """

    answers: dict[str, Answer]
    sent: list[tuple[str, str | None]] = field(default_factory=list)
    url: Callable[[str], str] = str

    def answer(self, request: ReceivedRequest) -> Answer:
        self.sent.append((request.target, request.header("Cookie")))
        return self.answers.get(request.target, (200, [], b"body"))

    def host_url(self, host: str, path: str) -> str:
        """Return a URL of this server under another of its names."""
        return self.url(path).replace("127.0.0.1", host)


@pytest.fixture
def site(serve: Serve) -> Site:
    """Return a site on a loopback server."""
    made = Site({"/set": (200, SET, b"body")})
    made.url = serve(answering(made.answer)).url
    return made


@pytest.fixture
def session() -> Iterator[URLSession]:
    """Return a session with cookies of its own."""
    with URLSession(URLSessionConfiguration.ephemeral()) as made:
        yield made


def storage_of(session: URLSession) -> HTTPCookieStorage:
    """Return the cookies of a session."""
    storage = session.configuration.http_cookie_storage
    assert storage is not None
    return storage


def names(storage: HTTPCookieStorage) -> list[str]:
    """Return the names of all cookies of a storage."""
    return sorted(cookie.name for cookie in storage.cookies)


def configured(**changes: object) -> URLSessionConfiguration:
    """Return an ephemeral configuration with some properties set."""
    configuration = URLSessionConfiguration.ephemeral()
    for name, value in changes.items():
        setattr(configuration, name, value)
    return configuration


def stream(session: URLSession, request: URLRequest | str) -> None:
    """Load as a stream, to the end."""
    chunks, _ = session.bytes(request).result(10)
    for _ in chunks:
        pass


def collect(session: URLSession, request: URLRequest | str) -> None:
    """Load into memory."""
    session.data(request).result(10)


BOTH_WAYS = pytest.mark.parametrize("load", [collect, stream])
Load = Callable[[URLSession, URLRequest | str], None]


@pytest.mark.parity(
    "2:httpCookieStorage", "2:httpShouldSetCookies", "6:httpShouldHandleCookies"
)
@BOTH_WAYS
def test_cookie_of_a_response_goes_with_the_next_request(
    site: Site, session: URLSession, load: Load
) -> None:
    """Collected or streamed."""
    load(session, site.url("/set"))
    load(session, site.url("/next"))

    assert site.sent == [("/set", None), ("/next", "a=1")]


def test_cookie_goes_with_the_next_request_when_awaited(
    site: Site, loop_factory: Callable[[], asyncio.AbstractEventLoop]
) -> None:
    """The other door."""

    async def main() -> None:
        async with URLSession(URLSessionConfiguration.ephemeral()) as session:
            await session.data(site.url("/set"))
            await session.data(site.url("/next"))

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.run(main())

    assert site.sent == [("/set", None), ("/next", "a=1")]


@pytest.mark.parity("10:when read")
@BOTH_WAYS
def test_redirect_sets_and_gets_cookies(
    site: Site, session: URLSession, load: Load
) -> None:
    """They are looked at anew for each transaction, for a redirect with a body too."""
    site.answers |= {
        "/1": (302, [("Set-Cookie", "a=1"), ("Location", "/2")], b""),
        "/2": (307, [("Set-Cookie", "a=2"), ("Location", "/3")], b"moved " * 100),
    }

    load(session, site.url("/1"))

    assert site.sent == [("/1", None), ("/2", "a=1"), ("/3", "a=2")]


@pytest.mark.parity("10:when read")
@BOTH_WAYS
def test_challenge_sets_and_gets_cookies(serve: Serve, load: Load) -> None:
    """The request that answers a 401 sends what the 401 has set."""
    sent: list[tuple[bool, str | None]] = []

    def answer(request: ReceivedRequest) -> Answer:
        is_answer = request.header("Authorization") is not None
        sent.append((is_answer, request.header("Cookie")))
        if is_answer:
            return 200, [("Set-Cookie", "b=2")], b"body"
        return 401, [*SET, ("WWW-Authenticate", 'Basic realm="r"')], b"no"

    use = AuthChallengeDisposition.USE_CREDENTIAL, URLCredential("me", "s3cret")
    delegate = RecordingDelegate({"task_did_receive_challenge": lambda *_: use})
    with URLSession(URLSessionConfiguration.ephemeral(), delegate) as session:
        load(session, serve(answering(answer)).url("/"))

        assert names(storage_of(session)) == ["a", "b"]
    assert sent == [(False, None), (True, "a=1")]


@pytest.mark.parity("10:when read")
def test_cookie_set_while_a_task_was_suspended_goes_along(
    site: Site, session: URLSession
) -> None:
    """What counts is the start of the transaction, not when the task was made."""
    task = session.data_task(site.url("/"), completion=lambda *_: None)
    url = site.url("/")
    storage_of(session).set_cookies(
        HTTPCookie.cookies_from_response({"Set-Cookie": "late=1"}, url), url
    )

    task.resume()
    task.result(10)

    assert site.sent == [("/", "late=1")]


@BOTH_WAYS
@pytest.mark.parametrize("status", [201, 304, 401, 404, 500])
def test_every_response_sets_cookies(
    site: Site, session: URLSession, load: Load, status: int
) -> None:
    """Whatever its status."""
    site.answers["/set"] = (status, SET, b"")

    load(session, site.url("/set"))
    load(session, site.url("/next"))

    assert site.sent[-1] == ("/next", "a=1")


@BOTH_WAYS
def test_interim_response_and_trailer_set_none(
    serve: Serve, session: URLSession, load: Load
) -> None:
    """Only the head of the response itself counts."""

    def handle(connection: ServerConnection) -> None:
        while connection.recv_request():
            connection.send(
                b"HTTP/1.1 103 Early Hints\r\nSet-Cookie: early=1\r\n\r\n"
                b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nTransfer-Encoding: chunked\r\n"
                b"\r\n1\r\nx\r\n0\r\nSet-Cookie: late=1\r\n\r\n"
            )

    load(session, serve(handle).url("/"))

    assert names(storage_of(session)) == ["a"]


@BOTH_WAYS
def test_folded_field_is_one_cookie_and_two_fields_are_two(
    serve: Serve, session: URLSession, load: Load
) -> None:
    """Dates keep their comma."""

    def handle(connection: ServerConnection) -> None:
        while connection.recv_request():
            connection.send(
                b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n"
                b"set-COOKIE: a=1;\r\n\tMax-Age=60\r\n"
                b"Set-Cookie: b=2; Expires=Tue, 04 Mar 2099 00:00:00 GMT\r\n"
                b"Set-Cookie: c=3, d=4\r\n\r\n"
            )

    load(session, serve(handle).url("/"))

    found = {one.name: one for one in storage_of(session).cookies}
    assert sorted(found) == ["a", "b", "c"]
    assert found["a"].expires_at is not None
    assert found["b"].expires_at is not None
    assert found["c"].value == "3, d=4"


def test_bytes_of_a_cookie_come_back_as_they_were(
    serve: Serve, session: URLSession
) -> None:
    """No encoding is guessed."""
    seen: list[bytes] = []

    def handle(connection: ServerConnection) -> None:
        while request := connection.recv_request():
            seen.append((request.header("Cookie") or "").encode("latin-1"))
            connection.send(
                b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n"
                b'Set-Cookie: a="\xc3\xa4\xff"\r\n\r\n'
            )

    server = serve(handle)
    collect(session, server.url("/"))
    collect(session, server.url("/"))

    assert seen == [b"", b'a="\xc3\xa4\xff"']


@pytest.mark.parity("10:requestHeaderFields(with:)")
def test_field_set_by_hand_wins(site: Site, session: URLSession) -> None:
    """It is sent as it is; what the response sets is stored all the same."""
    collect(session, site.url("/set"))

    collect(session, URLRequest(site.url("/set"), headers={"cookie": "mine=1"}))

    assert site.sent[-1] == ("/set", "mine=1")
    assert [one.pair for one in storage_of(session).cookies] == ["a=1"]


def test_field_set_by_hand_in_the_configuration_wins(site: Site) -> None:
    """There is one field, never two."""
    configuration = configured(http_additional_headers={"Cookie": "mine=1"})
    with URLSession(configuration) as session:
        collect(session, site.url("/set"))
        collect(session, site.url("/next"))

    assert site.sent == [("/set", "mine=1"), ("/next", "mine=1")]


def test_field_set_by_hand_stays_in_its_origin(
    site: Site, serve: Serve, session: URLSession
) -> None:
    """Elsewhere stored cookies take its place."""
    other = Site({"/set": (200, [("Set-Cookie", "b=2")], b"")})
    other.url = serve(answering(other.answer)).url
    away = other.host_url("localhost", "/away")
    site.answers["/go"] = (302, [("Location", away)], b"")
    collect(session, other.host_url("localhost", "/set"))

    collect(session, URLRequest(site.url("/go"), headers={"Cookie": "mine=1"}))

    assert site.sent == [("/go", "mine=1")]
    assert other.sent == [("/set", None), ("/away", "b=2")]


@pytest.mark.parity("6:httpShouldHandleCookies")
@BOTH_WAYS
def test_request_that_handles_no_cookies_sends_and_stores_none(
    site: Site, session: URLSession, load: Load
) -> None:
    """Neither way."""
    request = URLRequest(site.url("/set"))
    request.http_should_handle_cookies = False

    load(session, request)
    assert storage_of(session).cookies == []
    load(session, site.url("/set"))
    load(session, request)

    assert site.sent == [("/set", None)] * 3


@pytest.mark.parity("2:httpShouldSetCookies")
def test_session_that_sets_no_cookies_stores_them(site: Site) -> None:
    """It sends none."""
    with URLSession(configured(http_should_set_cookies=False)) as session:
        collect(session, site.url("/set"))
        collect(session, site.url("/next"))
        assert names(storage_of(session)) == ["a"]

    assert site.sent == [("/set", None), ("/next", None)]


@pytest.mark.parity("2:httpCookieStorage")
def test_session_without_a_storage_handles_none(site: Site) -> None:
    """None means none."""
    with URLSession(configured(http_cookie_storage=None)) as session:
        collect(session, site.url("/set"))
        collect(session, site.url("/next"))

    assert site.sent == [("/set", None), ("/next", None)]


@pytest.mark.parity("2:httpCookieAcceptPolicy", "6:mainDocumentURL")
@pytest.mark.parametrize(
    ("policy", "document", "expected"),
    [
        (CookieAcceptPolicy.ALWAYS, "http://other.example/", ["a"]),
        (CookieAcceptPolicy.NEVER, None, []),
        (None, None, ["a"]),
        (None, "http://127.0.0.1/page", ["a"]),
        (None, "http://other.example/", []),
    ],
)
def test_policy_of_the_session_says_what_is_stored(
    site: Site,
    policy: CookieAcceptPolicy | None,
    document: str | None,
    expected: list[str],
) -> None:
    """None of other sites than the document's, unless told otherwise."""
    configuration = URLSessionConfiguration.ephemeral()
    storage = configuration.http_cookie_storage
    assert storage is not None
    storage.cookie_accept_policy = CookieAcceptPolicy.NEVER  # the session's counts
    if policy is not None:
        configuration.http_cookie_accept_policy = policy
    with URLSession(configuration) as session:
        collect(session, URLRequest(site.url("/set"), main_document_url=document))

        assert names(storage_of(session)) == expected


@pytest.mark.parity("10:sameSitePolicy", "6:mainDocumentURL")
def test_same_site_cookies_do_not_go_for_the_document_of_another(
    site: Site, session: URLSession
) -> None:
    """Nor for it do they come."""
    site.answers["/set"] = (
        200,
        [
            ("Set-Cookie", one)
            for one in ("s=1; SameSite=Strict", "l=1; SameSite=Lax", "n=1")
        ],
        b"",
    )
    foreign = "http://other.example/page"

    collect(session, URLRequest(site.url("/set"), main_document_url=foreign))
    assert storage_of(session).cookies == []
    collect(session, site.url("/set"))
    collect(session, URLRequest(site.url("/a"), main_document_url=foreign))
    collect(session, URLRequest(site.url("/b"), main_document_url=site.url("/page")))
    collect(session, site.url("/c"))

    assert site.sent[-3:] == [
        ("/a", "n=1"),
        ("/b", "s=1; l=1; n=1"),
        ("/c", "s=1; l=1; n=1"),
    ]


@pytest.mark.parity("10:sameSitePolicy")
def test_redirect_is_judged_by_where_it_leads(
    site: Site, serve: Serve, session: URLSession
) -> None:
    """For a document of this site the other one is another; a document moves along."""
    other = Site({"/set": (200, [("Set-Cookie", "s=1; SameSite=Strict")], b"")})
    other.url = serve(answering(other.answer)).url
    away = other.host_url("localhost", "/away")
    site.answers["/go"] = (302, [("Location", away)], b"")
    collect(session, other.host_url("localhost", "/set"))
    go = site.url("/go")

    collect(session, URLRequest(go, main_document_url=site.url("/page")))
    collect(session, URLRequest(go, main_document_url=go))
    collect(session, go)

    assert [sent for _, sent in other.sent] == [None, None, "s=1", "s=1"]


@pytest.mark.parity("10:isSecure, isHTTPOnly", "A:2 cookies ignore path and Secure")
def test_secure_cookie_goes_over_tls_only(
    serve: Serve, ca: CertificateAuthority
) -> None:
    """The same host, both ways; ports do not count."""
    fields = [("Set-Cookie", one) for one in ("s=1; Secure; HttpOnly", "p=1")]
    secure, plain = Site({"/set": (200, fields, b"")}), Site({})
    secure.url = serve(answering(secure.answer), tls=True).url
    plain.url = serve(answering(plain.answer)).url

    with URLSession(configured(trusted_certificates=ca.path)) as session:
        collect(session, secure.url("/set"))
        collect(session, secure.url("/next"))
        collect(session, plain.url("/next"))

    assert secure.sent[-1] == ("/next", "s=1; p=1")
    assert plain.sent[-1] == ("/next", "p=1")


@pytest.mark.parity("A:2 cookies ignore path and Secure", "10:cookies(for:)")
def test_cookie_goes_to_its_path_and_below(site: Site, session: URLSession) -> None:
    """Longest first."""
    fields = [("Set-Cookie", one) for one in ("r=1; Path=/", "c=1; Path=/cart")]
    site.answers["/set"] = (200, fields, b"")
    collect(session, site.url("/set"))

    for path in ("/cart/items", "/cart", "/cartoon", "/"):
        collect(session, site.url(path))

    assert [sent for _, sent in site.sent[1:]] == ["c=1; r=1", "c=1; r=1", "r=1", "r=1"]


def test_web_socket_sends_and_stores_cookies(serve: Serve, session: URLSession) -> None:
    """With its handshake, as a request of http does."""
    sent: list[str | None] = []

    def talk(peer: Peer) -> None:
        sent.append(peer.request.header("Cookie"))
        peer.echo()

    server = serve(web_socket_handler(talk, headers=SET))
    url = server.url("/").replace("http", "ws", 1)

    for _ in range(2):
        with session.web_socket(url) as socket:
            socket.send("x").result(10)
            assert socket.receive().result(10) == "x"

    assert sent == [None, "a=1"]
    assert [one.pair for one in storage_of(session).cookies_for(url)] == ["a=1"]


@BOTH_WAYS
def test_reply_that_varies_by_cookies_is_for_those_it_was_sent_with(
    site: Site, session: URLSession, load: Load
) -> None:
    """The cache goes by the cookies that the session sends, as by a field by hand."""
    fields = [("Vary", "Cookie"), ("Cache-Control", "max-age=60")]
    site.answers["/"] = (200, fields, b"mine")
    for name in ("anne", "anne", "bert", "anne"):
        url = site.url("/")
        cookies = HTTPCookie.cookies_from_response({"Set-Cookie": f"who={name}"}, url)
        storage_of(session).set_cookies(cookies, url)
        load(session, url)

    assert site.sent == [("/", "who=anne"), ("/", "who=bert")]


class Ledger(HTTPCookieStorage):
    """Notes what loads ask and tell, and answers with a cookie of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []
        self.told: list[tuple[str, list[str]]] = []
        self.error: Exception | None = None

    def get_cookies_for(self, task: CookieTask) -> list[HTTPCookie]:
        self.asked.append(task.current_request.url)
        if self.error is not None:
            raise self.error
        return HTTPCookie.cookies_from_response(
            {"Set-Cookie": f"n={len(self.asked)}"}, task.current_request.url
        )

    def store_cookies(self, cookies: list[HTTPCookie], task: CookieTask) -> None:
        self.told.append((task.current_request.url, [one.name for one in cookies]))
        if self.error is not None:
            raise self.error
        # Another thread can load: no lock is held.
        thread = threading.Thread(target=super().store_cookies, args=(cookies, task))
        thread.start()
        thread.join(5)


@pytest.mark.parity("10:storeCookies(_:for:), getCookiesFor(_:)")
@BOTH_WAYS
def test_overridden_methods_are_asked_and_told(site: Site, load: Load) -> None:
    """With the task, for each of its transactions, before it goes on."""
    site.answers["/1"] = (302, [*SET, ("Location", "/set")], b"moved")
    storage = Ledger()
    with URLSession(configured(http_cookie_storage=storage)) as session:
        load(session, site.url("/1"))

    assert storage.asked == [site.url("/1"), site.url("/set")]
    assert storage.told == [(site.url("/1"), ["a"]), (site.url("/set"), ["a"])]
    assert site.sent == [("/1", "n=1"), ("/set", "n=2")]
    assert names(storage) == ["a"]


def test_overridden_method_is_not_asked_in_vain(site: Site) -> None:
    """A field set by hand wins; a request may not handle cookies."""
    storage = Ledger()
    request = URLRequest(site.url("/set"))
    request.http_should_handle_cookies = False
    with URLSession(configured(http_cookie_storage=storage)) as session:
        collect(session, request)
        collect(session, URLRequest(site.url("/"), headers={"Cookie": "mine=1"}))

    assert storage.asked == []
    assert storage.told == []


@BOTH_WAYS
def test_overridden_method_that_raises_is_logged(
    site: Site, load: Load, caplog: pytest.LogCaptureFixture
) -> None:
    """The load goes on without cookies."""
    storage = Ledger()
    storage.error = ZeroDivisionError()
    with URLSession(configured(http_cookie_storage=storage)) as session:
        load(session, site.url("/set"))

    assert site.sent == [("/set", None)]
    assert [one.levelname for one in caplog.records] == ["ERROR", "ERROR"]


@pytest.mark.parity("10:change notification")
@BOTH_WAYS
def test_change_by_a_response_is_told(
    site: Site, session: URLSession, load: Load
) -> None:
    """Once for each that changes anything, without a lock."""
    told: list[list[str]] = []

    def look(storage: HTTPCookieStorage) -> None:
        thread = threading.Thread(target=lambda: told.append(names(storage)))
        thread.start()
        thread.join(5)

    storage_of(session).on_change = look

    load(session, site.url("/set"))
    load(session, site.url("/set"))
    load(session, site.url("/next"))

    assert told == [["a"]]


@pytest.mark.parity("2:ephemeral", "16.5:purged on invalidation")
def test_private_cookies_are_gone_with_the_last_session(site: Site) -> None:
    """Two sessions of one configuration share them, two configurations do not."""
    configuration = URLSessionConfiguration.ephemeral()
    first, second = URLSession(configuration), URLSession(configuration)
    storage = storage_of(first)
    with URLSession(URLSessionConfiguration.ephemeral()) as stranger:
        with second:
            with first:
                collect(first, site.url("/set"))
            collect(second, site.url("/second"))
            assert names(storage) == ["a"]
        collect(stranger, site.url("/stranger"))

    assert site.sent == [("/set", None), ("/second", "a=1"), ("/stranger", None)]
    assert storage.cookies == []


@pytest.mark.parity("16.5:purged on invalidation", "16.5:cookies, credentials, cache")
def test_private_credentials_are_gone_with_the_last_session() -> None:
    """As the cookies, and the cache."""
    configuration = URLSessionConfiguration.ephemeral()
    storage = configuration.url_credential_storage
    assert storage is not None
    assert storage is not URLSessionConfiguration.default().url_credential_storage
    space = URLProtectionSpace("shop.example", 443, "https", "r")

    with URLSession(configuration):
        storage.set(URLCredential("me", "s3cret"), space)
        assert storage.all_credentials

    assert not storage.all_credentials


@pytest.mark.parity("1:reset(completionHandler:)")
def test_reset_empties_the_cookies(site: Site, session: URLSession) -> None:
    """Those of this session's storage."""
    collect(session, site.url("/set"))

    session.reset().result(10)
    collect(session, site.url("/next"))

    assert site.sent[-1] == ("/next", None)


@pytest.mark.parity("2:default", "16.5:cookies, credentials, cache")
def test_sessions_share_the_cookies_of_the_program(site: Site) -> None:
    """And so does the shared session."""
    with URLSession() as first:
        assert first.configuration.http_cookie_storage is HTTPCookieStorage.shared
        collect(first, site.url("/set"))
    with URLSession() as second:
        collect(second, site.url("/next"))

    assert URLSession.shared.configuration.http_cookie_storage is storage_of(second)
    assert site.sent[-1] == ("/next", "a=1")


# -- bad input -------------------------------------------------------------------------


@BOTH_WAYS
def test_flood_of_fields_is_bounded(
    serve: Serve, session: URLSession, load: Load
) -> None:
    """As many cookies as a domain may have, and no more."""
    head = b"".join(b"Set-Cookie: c%d=1\r\n" % n for n in range(4_900))

    def handle(connection: ServerConnection) -> None:
        while connection.recv_request():
            connection.send(
                b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n" + head + b"\r\n"
            )

    load(session, serve(handle).url("/"))

    found = names(storage_of(session))
    assert 150 <= len(found) <= 180
    assert "c4899" in found


@BOTH_WAYS
@pytest.mark.parametrize(
    "field",
    [
        b"a=" + b"x" * 90_000,
        b"a=1\x01",
        b"a=\x7f",
        b"a=1; Path=/\x0b",
        b"",
        b"=",
        b"; Path=/",
    ],
    ids=lambda field: repr(field[:12]),
)
def test_field_that_is_no_cookie_is_left_out(
    serve: Serve, session: URLSession, load: Load, field: bytes
) -> None:
    """The response is delivered; other fields count."""

    def handle(connection: ServerConnection) -> None:
        while connection.recv_request():
            connection.send(
                b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nSet-Cookie: "
                + field
                + b"\r\nSet-Cookie: good=1\r\n\r\nx"
            )

    load(session, serve(handle).url("/"))

    assert names(storage_of(session)) == ["good"]


@BOTH_WAYS
@pytest.mark.parametrize(
    "field",
    [
        b"a=" + b"x" * 1_000_000,
        b"a=1\x00",
        b"a=1\rSet-Cookie: b=2",
        b"\r\n".join([b"Set-Cookie: a=1"] * 10_000),
    ],
    ids=["megabyte", "NUL", "CR", "ten thousand"],
)
def test_field_that_libcurl_refuses_fails_the_load(
    serve: Serve, session: URLSession, load: Load, field: bytes
) -> None:
    """And leaves no cookie."""

    def handle(connection: ServerConnection) -> None:
        while connection.recv_request():
            connection.send(
                b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nSet-Cookie: good=1\r\n"
                b"Set-Cookie: " + field + b"\r\n\r\nx"
            )

    with pytest.raises(URLError):
        load(session, serve(handle).url("/"))

    assert storage_of(session).cookies == []


def test_ten_thousand_cookies_do_not_slow_a_host_down(
    site: Site, session: URLSession
) -> None:
    """The limits hold, and the newest are sent."""
    storage = storage_of(session)
    for n in range(10_000):
        url = f"http://h{n}.example/"
        storage.set_cookies(
            HTTPCookie.cookies_from_response({"Set-Cookie": "a=1"}, url), url
        )

    collect(session, site.url("/set"))
    collect(session, site.url("/next"))

    assert len(storage.cookies) <= 3000
    assert site.sent[-1] == ("/next", "a=1")
