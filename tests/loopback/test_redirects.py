"""Redirects by Foundation's rules, over real connections."""

from __future__ import annotations

import asyncio
import gzip
import io
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from urlsession import (
    HTTPHeaders,
    Reply,
    URLError,
    URLErrorCode,
    URLRequest,
    URLSession,
    URLSessionConfiguration,
)
from urlsession.testing import (
    LoopbackServer,
    ReceivedRequest,
    RecordingDelegate,
    ServerConnection,
    answering,
    echo_handler,
    redirecting,
)
from urlsession.testing.handlers import Answer

if TYPE_CHECKING:
    from ..conftest import Serve

STATUSES = (301, 302, 303, 305, 307, 308)
NEW_BODY = "task_need_new_body_stream"


@pytest.fixture
def server(serve: Serve) -> LoopbackServer:
    """Return a server that redirects ``/301`` and so on to ``/end``, and echoes."""
    return serve(redirecting({f"/{n}": (n, "/end") for n in STATUSES}))


def load(request: URLRequest | str, delegate: object | None = None) -> Reply:
    """Load in a session of its own."""
    with URLSession() as session:
        reply: Reply = session.data(request, delegate=delegate).result(10)
        return reply


def refusal(request: URLRequest | str) -> URLError:
    """Return what a load fails with."""
    with pytest.raises(URLError) as caught:
        load(request)
    return caught.value


# -- method and body ---------------------------------------------------------------


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH"])
@pytest.mark.parity("15:redirect 301, 302", "15:redirect 303")
def test_redirect_leads_to_the_method_of_foundations_rules(
    server: LoopbackServer, status: int, method: str
) -> None:
    """301 and 302 change POST only, 303 changes everything, the rest nothing."""
    load(URLRequest(server.url(f"/{status}"), method=method))

    becomes_get = status == 303 or (status in (301, 302) and method == "POST")
    last = server.requests[-1]
    assert (last.method, last.target) == ("GET" if becomes_get else method, "/end")


@pytest.mark.parametrize("status", [301, 302, 303])
def test_post_that_becomes_get_loses_its_body_and_what_describes_it(
    server: LoopbackServer, status: int
) -> None:
    """Other headers stay."""
    request = URLRequest(
        server.url(f"/{status}"),
        method="POST",
        json={"a": 1},
        headers={"X-Mine": "1", "Content-Language": "en"},
    )
    load(request)

    last = server.requests[-1]
    names = {name.lower() for name, _ in last.headers}
    assert last.body == b""
    assert names.isdisjoint(
        {"content-type", "content-length", "content-language", "transfer-encoding"}
    )
    assert last.header("X-Mine") == "1"


def pieces() -> Iterator[bytes]:
    """Give a body piece by piece."""
    yield from (b"bo", b"dy")


@pytest.mark.parametrize("status", [307, 308])
@pytest.mark.parametrize("kind", ["bytes", "path", "file"])
@pytest.mark.parity(
    "15:redirects 305 to 308",
    "A:3 307/308 lose the body, Authorization crosses hosts, Location against root",
)
def test_body_is_sent_again(
    server: LoopbackServer, tmp_path: Path, status: int, kind: str
) -> None:
    """From memory, from a path, and from a file object where it was."""
    path = tmp_path / "body"
    path.write_bytes(b"body")
    bodies: dict[str, Any] = {"bytes": b"body", "path": path, "file": io.BytesIO()}
    bodies["file"].write(b"skip body")
    bodies["file"].seek(5)

    load(URLRequest(server.url(f"/{status}"), method="PUT", body=bodies[kind]))

    assert [(one.method, one.body) for one in server.requests] == [
        ("PUT", b"body"),
        ("PUT", b"body"),
    ]


@pytest.mark.parametrize("status", [307, 308])
def test_iterable_body_is_asked_of_the_delegate_again(
    server: LoopbackServer, status: int
) -> None:
    """What was consumed cannot be sent twice."""
    delegate = RecordingDelegate({NEW_BODY: lambda *_: iter([b"new ", b"body"])})

    load(
        URLRequest(server.url(f"/{status}"), method="POST", body=pieces()),
        delegate,
    )

    assert [one.body for one in server.requests] == [b"body", b"new body"]
    assert delegate.count(NEW_BODY) == 1


@pytest.mark.parametrize("delegate", [None, RecordingDelegate({NEW_BODY: None})])
def test_iterable_body_that_nobody_renews_fails_the_redirect(
    server: LoopbackServer, delegate: object | None
) -> None:
    """As on Apple: -1021."""
    request = URLRequest(server.url("/307"), method="POST", body=pieces())
    with pytest.raises(URLError) as caught:
        load(request, delegate)

    assert caught.value.code is URLErrorCode.REQUEST_BODY_STREAM_EXHAUSTED


@pytest.mark.parametrize("answer", [b"bytes are no stream", 7])
def test_new_body_that_is_no_stream_ends_the_task(
    server: LoopbackServer, answer: object
) -> None:
    """An unusable decision refuses the load; it does not leave it without an end."""
    request = URLRequest(server.url("/307"), method="POST", body=pieces())
    with pytest.raises(URLError) as caught:
        load(request, RecordingDelegate({NEW_BODY: answer}))

    assert caught.value.code is URLErrorCode.CANCELLED


def test_iterable_body_is_not_asked_for_when_the_redirect_drops_it(
    server: LoopbackServer,
) -> None:
    """A GET needs none."""
    load(URLRequest(server.url("/303"), method="POST", body=pieces()))

    assert server.requests[-1].method == "GET"


# -- credentials -------------------------------------------------------------------

SECRETS = {"Authorization": "Bearer x", "Cookie": "a=b", "X-Mine": "1"}


@pytest.mark.parity("15:Authorization on redirect")
def test_secrets_stay_within_one_origin(server: LoopbackServer) -> None:
    """They go along to the same scheme, host and port."""
    load(URLRequest(server.url("/302"), headers=SECRETS))

    last = server.requests[-1]
    assert [last.header(name) for name in SECRETS] == ["Bearer x", "a=b", "1"]


@pytest.mark.parity(
    "15:Authorization on redirect",
    "A:3 307/308 lose the body, Authorization crosses hosts, Location against root",
)
def test_secrets_do_not_go_to_another_origin(serve: Serve) -> None:
    """Another port is another origin; the other headers go along."""
    other = serve(echo_handler)
    first = serve(redirecting({"/": (307, other.url("/end"))}))

    load(URLRequest(first.url(), headers={**SECRETS, "Host": "mine.example"}))

    last = other.requests[-1]
    assert [last.header(name) for name in SECRETS] == [None, None, "1"]
    assert last.header("Host") == f"127.0.0.1:{other.port}"


def test_secrets_do_not_come_back_with_the_way_back(serve: Serve) -> None:
    """Once dropped, they stay dropped."""
    home: list[str] = []

    def back(request: ReceivedRequest) -> Answer:
        return 302, [("Location", home[0])], b""

    away = serve(answering(back))
    first = serve(redirecting({"/": (302, away.url())}))
    home.append(first.url("/end"))

    load(URLRequest(first.url(), headers=SECRETS))

    assert first.requests[-1].target == "/end"
    assert first.requests[-1].header("Authorization") is None


def test_password_in_the_url_does_not_go_to_another_origin(serve: Serve) -> None:
    """It is a secret of the first one."""
    other = serve(echo_handler)
    first = serve(redirecting({"/": (302, other.url())}))

    load(first.url().replace("//", "//user:secret@"))

    assert first.requests[0].header("Authorization") is not None
    assert other.requests[0].header("Authorization") is None


@pytest.mark.parity("2:httpAdditionalHeaders")
def test_headers_of_the_session_go_along(serve: Serve) -> None:
    """They are the session's for every request."""
    other = serve(echo_handler)
    first = serve(redirecting({"/": (302, other.url())}))
    configuration = URLSessionConfiguration.default()
    configuration.http_additional_headers = HTTPHeaders({"X-Session": "yes"})

    with URLSession(configuration) as session:
        session.data(first.url()).result(5)

    assert other.requests[0].header("X-Session") == "yes"


# -- where to ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("c", "/a/c"),
        ("/c", "/c"),
        ("?q=1", "/a/b?q=1"),
        ("../c", "/c"),
        ("./c/./d", "/a/c/d"),
        ("c d", "/a/c%20d"),
        (" c ", "/a/c"),
        ("c#part", "/a/c"),
        ("/caf\u00e9".encode().decode("latin-1"), "/caf%C3%A9"),
    ],
)
@pytest.mark.parity(
    "15:relative Location",
    "A:3 307/308 lose the body, Authorization crosses hosts, Location against root",
)
def test_location_is_resolved_against_the_present_url(
    serve: Serve, location: str, target: str
) -> None:
    """Not against the root, and not against the first URL."""
    ways = {"/": "/a/b", "/a/b": location}

    def answer(request: ReceivedRequest) -> Answer:
        way = ways.get(request.target)
        return (200, [], b"") if way is None else (302, [("Location", way)], b"")

    server = serve(answering(answer))

    load(server.url("/"))

    assert server.requests[-1].target == target


def test_location_may_leave_out_the_scheme(serve: Serve) -> None:
    """`//host/path` keeps the present one."""
    other = serve(echo_handler)
    server = serve(redirecting({"/": (302, f"//127.0.0.1:{other.port}/end")}))

    assert load(server.url()).response.url == other.url("/end")


@pytest.mark.parametrize(
    ("location", "fragment"), [("/end", "#here"), ("/end#there", "#there")]
)
def test_fragment_is_kept_unless_the_location_has_its_own(
    serve: Serve, location: str, fragment: str
) -> None:
    """RFC 9110, section 10.2.2."""
    server = serve(redirecting({"/": (302, location)}))

    assert load(server.url("/#here")).response.url == server.url(f"/end{fragment}")


@pytest.mark.parametrize(
    ("location", "code"),
    [
        ("ftp://127.0.0.1/x", URLErrorCode.UNSUPPORTED_URL),
        ("javascript:alert(1)", URLErrorCode.UNSUPPORTED_URL),
        ("file:///etc/passwd", URLErrorCode.UNSUPPORTED_URL),
        ("http://", URLErrorCode.REDIRECT_TO_NON_EXISTENT_LOCATION),
        ("http://:80/", URLErrorCode.REDIRECT_TO_NON_EXISTENT_LOCATION),
        ("http://[::1/x", URLErrorCode.REDIRECT_TO_NON_EXISTENT_LOCATION),
        ("http://h:99999/", URLErrorCode.REDIRECT_TO_NON_EXISTENT_LOCATION),
    ],
)
def test_location_that_cannot_be_loaded_fails_the_task(
    serve: Serve, location: str, code: URLErrorCode
) -> None:
    """The error names the URL that sent us there."""
    server = serve(redirecting({"/": (302, location)}))
    error = refusal(server.url())

    assert (error.code, error.failing_url) == (code, server.url())


@pytest.mark.parametrize("status", [300, 302, 304])
@pytest.mark.parity("15:300, 304, 3xx without Location")
def test_redirect_without_a_location_is_the_result(serve: Serve, status: int) -> None:
    """So are 300 and 304 in any case."""
    headers = [] if status == 302 else [("Location", "/end")]
    server = serve(answering(lambda _request: (status, headers, b"")))

    assert load(server.url()).status_code == status
    assert server.request_count == 1


# -- how far -----------------------------------------------------------------------


def counting(connection: ServerConnection) -> None:
    """Redirect ``/n`` to ``/n-1``, and answer ``/0``."""
    while request := connection.recv_request():
        n = int(request.target[1:])
        status = 302 if n else 200
        connection.send_response(status, [("Location", f"/{n - 1}")] if n else [])


@pytest.mark.parametrize("count", [20, 21])
@pytest.mark.parity("15:limit")
def test_twenty_redirects_are_followed_and_no_more(serve: Serve, count: int) -> None:
    """The limit is Foundation's, its error is -1007."""
    server = serve(counting)
    url = server.url(f"/{count}")

    if count <= 20:
        assert load(url).status_code == 200
    else:
        assert refusal(url).code is URLErrorCode.HTTP_TOO_MANY_REDIRECTS
    assert server.request_count == 21
    assert server.accepted == 1


def test_redirect_keeps_its_connection_and_is_counted(serve: Serve) -> None:
    """Both transactions are in the metrics."""
    server = serve(counting)
    with URLSession() as session:
        task = session.data(server.url("/3"))
        task.result(5)

    assert task.metrics is not None
    assert task.metrics.redirect_count == 3
    assert len(task.metrics.transaction_metrics) == 4
    assert task.current_request.url == server.url("/0")
    assert task.original_request.url == server.url("/3")
    assert server.accepted == 1


@pytest.mark.parametrize("is_streamed", [False, True], ids=["collected", "streamed"])
def test_large_body_of_a_redirect_is_not_part_of_the_reply(
    serve: Serve, is_streamed: bool
) -> None:
    """However much the server has to say about it."""

    def answer(request: ReceivedRequest) -> Answer:
        if request.target == "/":
            return 302, [("Location", "/end")], b"x" * 300_000
        return 200, [], b"end"

    server = serve(answering(answer))
    with URLSession() as session:
        if is_streamed:
            chunks, _ = session.bytes(server.url()).result(5)
            body = chunks.read()
        else:
            body = session.data(server.url()).result(5).data

    assert body == b"end"


# -- the delegate's word -----------------------------------------------------------

REDIRECT = "task_will_perform_http_redirection"


@pytest.mark.parity("4:URLSession:task:willPerformHTTPRedirection:newRequest:")
def test_delegate_may_send_the_redirect_elsewhere(server: LoopbackServer) -> None:
    """Its request is taken as it is."""

    def elsewhere(_session: object, _task: object, _r: object, new: Any) -> URLRequest:
        return URLRequest(server.url("/mine"), method="PUT", body=b"x")

    load(server.url("/302"), RecordingDelegate({REDIRECT: elsewhere}))

    last = server.requests[-1]
    assert (last.method, last.target, last.body) == ("PUT", "/mine", b"x")


def test_delegate_may_refuse_while_a_stream_is_opened(serve: Serve) -> None:
    """The 3xx is what the stream reads."""
    server = serve(answering(lambda _r: (302, [("Location", "/end")], b"moved")))
    delegate = RecordingDelegate({REDIRECT: None})
    with URLSession() as session:
        chunks, response = session.bytes(server.url(), delegate=delegate).result(5)

        assert response.status_code == 302
        assert chunks.read() == b"moved"


LARGE = 3 * 1024 * 1024


class Collecting(RecordingDelegate):
    """Refuses each redirect, in an awaitable, and takes the body."""

    def __init__(self) -> None:
        super().__init__({REDIRECT: None})
        self.body = b""
        self.events: list[str] = []

    async def task_will_perform_http_redirection(self, *_: object) -> None:
        """Say no, later."""
        await asyncio.sleep(0.05)
        self.events.append("asked")

    def data_task_did_receive_response(self, *_: object) -> None:
        """Note the order."""
        self.events.append("response")

    def data_task_did_receive_data(self, _s: object, _t: object, data: bytes) -> None:
        """Put it together."""
        self.body += data


@pytest.mark.parametrize("size", [1, 65_537, LARGE])
@pytest.mark.parametrize("coding", ["identity", "gzip"])
@pytest.mark.parity("15:refused redirect")
def test_body_of_a_refused_redirect_comes_whole(
    serve: Serve, coding: str, size: int
) -> None:
    """As a stream and to a delegate, decoded, however much it is."""
    body = b"x" * size
    coded = gzip.compress(body, 0) if coding == "gzip" else body
    fields = [("Location", "/end"), ("Content-Encoding", coding)]
    server = serve(answering(lambda _r: (302, fields, coded)))
    delegate = Collecting()
    with URLSession() as session:
        refusing = RecordingDelegate({REDIRECT: None})
        chunks, response = session.bytes(server.url(), delegate=refusing).result(5)
        streamed = chunks.read()
    with URLSession(delegate=delegate) as session:
        task = session.data_task(server.url())
        task.resume()
        task.result(5)

    assert response.status_code == 302
    assert streamed == delegate.body == body
    assert delegate.events == ["asked", "response"]
    assert server.request_count == 2


def test_refused_redirect_that_is_a_bomb_leaves_memory_flat(serve: Serve) -> None:
    """Nothing is decoded before the decision, and little before it is read."""
    coded = gzip.compress(bytes(50_000_000))
    fields = [("Location", "/end"), ("Content-Encoding", "gzip")]
    server = serve(answering(lambda _r: (302, fields, coded)))
    with URLSession() as session:
        delegate = RecordingDelegate({REDIRECT: None})
        chunks, _ = session.bytes(server.url(), delegate=delegate).result(5)
        sizes = [len(chunk) for chunk in chunks]

    assert sum(sizes) == 50_000_000
    assert max(sizes) <= 128 * 1024


@pytest.mark.parametrize("size", [100, LARGE])
def test_redirect_with_a_body_that_is_allowed_later_is_followed(
    serve: Serve, size: int
) -> None:
    """The body waits for the decision; a short one costs no connection."""

    def answer(request: ReceivedRequest) -> Answer:
        if request.target == "/":
            return 302, [("Location", "/end")], bytes(size)
        return 200, [], b"end"

    class Allows:
        async def task_will_perform_http_redirection(
            self, _s: object, _t: object, _response: object, request: object
        ) -> object:
            await asyncio.sleep(0.05)
            return request

    server = serve(answering(answer))
    with URLSession() as session:
        chunks, _ = session.bytes(server.url(), delegate=Allows()).result(5)
        task = chunks.task

        assert chunks.read() == b"end"
    assert task.metrics is not None
    assert task.metrics.redirect_count == 1
    assert task.metrics.transaction_metrics[0].count_of_response_header_bytes_received
    assert server.accepted == (1 if size == 100 else 2)


def test_redirect_in_a_coding_that_was_not_asked_for_is_followed(serve: Serve) -> None:
    """Nobody reads it."""

    def answer(request: ReceivedRequest) -> Answer:
        if request.target == "/":
            fields = [("Location", "/end"), ("Content-Encoding", "compress")]
            return 302, fields, b"moved"
        return 200, [], b"end"

    with URLSession() as session:
        chunks, _ = session.bytes(serve(answering(answer)).url()).result(5)

        assert chunks.read() == b"end"


def test_stream_cancelled_while_its_redirect_is_decided_ends(serve: Serve) -> None:
    """Its connection is closed; the decision comes too late."""
    server = serve(answering(lambda _r: (302, [("Location", "/end")], bytes(LARGE))))
    asked, go = threading.Event(), threading.Event()

    def decide(_s: object, _t: object, _r: object, request: object) -> object:
        asked.set()
        go.wait(5)
        return request

    with URLSession() as session:
        load = session.bytes(
            server.url(), delegate=RecordingDelegate({REDIRECT: decide})
        )
        assert asked.wait(5)
        load.cancel()
        assert server.wait_all_ended()
        go.set()
        with pytest.raises(URLError) as caught:
            load.result(5)

    assert caught.value.code is URLErrorCode.CANCELLED
    assert server.request_count == 1


def test_task_suspended_while_a_redirect_is_decided_waits(
    server: LoopbackServer,
) -> None:
    """The next request goes out when it is resumed, and not before."""
    decided = threading.Event()

    def suspend(_session: object, task: Any, _response: object, new: object) -> object:
        task.suspend()
        decided.set()
        return new

    delegate = RecordingDelegate({REDIRECT: suspend})
    with URLSession() as session:
        task = session.data(server.url("/302"), delegate=delegate)
        assert decided.wait(5)
        with pytest.raises(TimeoutError):
            task.result(0.1)
        count = server.request_count
        task.resume()
        task.result(5)

    assert (count, server.request_count) == (1, 2)


def test_credentials_of_a_url_do_not_reach_the_next_load(serve: Serve) -> None:
    """Easy handles are used again, by other sessions too; what they knew is not."""
    server = serve(echo_handler)
    url = server.url("/")
    for one in (url.replace("http://", "http://user:pw@"), url):
        load(one)

    names = [{name for name, _ in request.headers} for request in server.requests]
    assert ["Authorization" in one for one in names] == [True, False]
