"""`HTTPCookie` and its storage, as a program uses them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from urlsession import (
    CookieAcceptPolicy,
    CookieKey,
    CookieSameSitePolicy,
    HTTPCookie,
    HTTPCookieStorage,
    HTTPHeaders,
    UsageError,
)
from urlsession.testing import ReceivedRequest, answering
from urlsession.testing.handlers import Answer

if TYPE_CHECKING:
    from ..conftest import Serve

URL = "https://www.shop.example/cart/items"
WHOLE: dict[CookieKey, object] = {
    CookieKey.NAME: "id",
    CookieKey.VALUE: "42",
    CookieKey.DOMAIN: ".Shop.example",
    CookieKey.PATH: "/cart",
    CookieKey.EXPIRES: datetime(2031, 3, 4, tzinfo=UTC),
    CookieKey.SECURE: "TRUE",
    CookieKey.VERSION: 1,
    CookieKey.COMMENT: "why",
    CookieKey.COMMENT_URL: "https://shop.example/why",
    CookieKey.PORT: "80,443",
    CookieKey.SAME_SITE_POLICY: "strict",
}


@pytest.mark.parity("10:HTTPCookie(properties:)", "18:24 #5217, #3301 HTTPCookie")
def test_cookie_is_made_of_properties() -> None:
    """Keys are Foundation's strings too; an origin stands for a domain."""
    origin = {"Name": "a", "Value": "1", "Path": "/", "OriginURL": URL}

    assert HTTPCookie(WHOLE).name == "id"
    assert HTTPCookie(origin).domain == "www.shop.example"
    with pytest.raises(ValueError, match="Path is missing"):
        HTTPCookie({"Name": "a", "Value": "1", "Domain": "x.example"})


@pytest.mark.parity(
    "10:name, value, domain, path",
    "10:expiresDate, isSessionOnly",
    "10:isSecure, isHTTPOnly",
    "10:version, comment, commentURL, portList",
    "10:sameSitePolicy",
)
def test_cookie_has_what_it_was_made_of() -> None:
    """All of it."""
    cookie = HTTPCookie(WHOLE)

    assert (cookie.name, cookie.value) == ("id", "42")
    assert (cookie.domain, cookie.path) == (".shop.example", "/cart")
    assert cookie.expires_date == datetime(2031, 3, 4, tzinfo=UTC)
    assert not cookie.is_session_only
    assert cookie.is_secure
    assert not cookie.is_http_only
    assert (cookie.version, cookie.comment) == (1, "why")
    assert cookie.comment_url == "https://shop.example/why"
    assert cookie.port_list == (80, 443)
    assert cookie.same_site_policy is CookieSameSitePolicy.STRICT


@pytest.mark.parity("10:properties", "10:HTTPCookiePropertyKey")
def test_properties_go_round() -> None:
    """A cookie made of them is equal."""
    cookie = HTTPCookie(WHOLE)

    assert HTTPCookie(cookie.properties) == cookie
    assert cookie.properties[CookieKey.PORT] == "80,443"
    assert {key.value for key in CookieKey} == {
        *("Name", "Value", "OriginURL", "Version", "Domain", "Path", "Secure"),
        *("Expires", "Comment", "CommentURL", "Discard", "Max-Age", "Port"),
        *("SameSite", "SetByJavaScript", "HttpOnly"),
    }


@pytest.mark.parity("10:requestHeaderFields(with:)")
def test_request_fields_send_cookies_in_their_order() -> None:
    """One field; none for no cookies; a cookie without a name is its value."""
    cookies = [cookie("b", Value="2"), cookie("a"), cookie("", Value="c")]

    assert HTTPCookie.request_header_fields(cookies) == {"Cookie": "b=2; a=1; c"}
    assert HTTPCookie.request_header_fields([]) == {}


@pytest.mark.parity("10:cookies(withResponseHeaderFields:for:)")
def test_cookies_of_a_response() -> None:
    """Fields apart or joined, ages counted, folders as paths; strangers are there."""
    fields = [
        "a=1; Max-Age=60",
        "b=2; Expires=Tue, 04 Mar 2031 00:00:00 GMT; Path=/; Domain=shop.example",
        "c=3; Domain=other.example",
        "d=; Max-Age=0",
    ]
    apart = HTTPHeaders([("Set-Cookie", one) for one in fields])

    found = HTTPCookie.cookies_from_response(apart, URL)

    assert [(one.name, one.domain, one.path) for one in found] == [
        ("a", "www.shop.example", "/cart"),
        ("b", ".shop.example", "/"),
        ("c", ".other.example", "/cart"),
        ("d", "www.shop.example", "/cart"),
    ]
    now = datetime.now(UTC)
    dates = [one.expires_date for one in found]
    assert dates[0] is not None
    assert now < dates[0] <= now + timedelta(seconds=60)
    assert dates[3] is not None
    assert dates[3] < now
    joined = HTTPCookie.cookies_from_response({"set-cookie": ", ".join(fields)}, URL)
    assert [one.pair for one in joined] == [one.pair for one in found]
    pairs = HTTPCookie.cookies_from_response([("Set-Cookie", "e=5, f=6")], URL)
    assert [one.pair for one in pairs] == ["e=5, f=6"]


@pytest.mark.parity(
    "10:cookies(withResponseHeaderFields:for:)", "10:setCookies(_:for:mainDocumentURL:)"
)
def test_cookie_of_a_stranger_is_the_storage_s_to_refuse(
    storage: HTTPCookieStorage,
) -> None:
    """A field is read for its own sake; who may set what is decided where it is kept."""
    field = "a=1; Secure, b=2; Domain=.other.example, c=3; Domain=10.0.0.1"
    found = HTTPCookie.cookies_from_response({"Set-Cookie": field}, URL)

    storage.set_cookies(found, URL)

    assert [(one.name, one.domain, one.is_secure) for one in found] == [
        ("a", "www.shop.example", True),
        ("b", ".other.example", False),
        ("c", "10.0.0.1", False),
    ]
    assert [one.name for one in storage.cookies] == ["a"]


@pytest.mark.parametrize(
    "field", ["", ";a=1", "=1; b=2", "  =1; b=2", "a; b=2", "a=1; Domain=a b.example"]
)
@pytest.mark.parity("10:cookies(withResponseHeaderFields:for:)")
def test_field_without_a_name_makes_no_cookie_for_a_program(field: str) -> None:
    """As in Foundation; a session's loads keep it (RFC 6265bis, 5.6)."""
    assert HTTPCookie.cookies_from_response({"Set-Cookie": field}, URL) == []


@pytest.mark.parity("10:version, comment, commentURL, portList")
def test_what_rfc_2965_added_is_read() -> None:
    """No token before "=" begins no cookie; a nameless attribute says nothing."""
    field = (
        'a=1; Comment=for me, a@b=2; =x; CommentURL=/why; Port="80,443"; Version=1,\n'
        "b=1; Comment; CommentURL; Port=80,443; Discard, c=1; Port=http; Version=2"
    )

    a, b, c = HTTPCookie.cookies_from_response({"Set-Cookie": field}, URL)

    assert (a.version, a.comment, a.comment_url) == (1, "for me, a@b=2", "/why")
    assert (b.version, b.comment, b.comment_url) == (0, None, None)
    assert [one.port_list for one in (a, b, c)] == [(80, 443), (80,), None]


@pytest.mark.parametrize(
    "headers", [{"Set-Cookie": ["a=1"]}, {b"Set-Cookie": b"a=1"}, [("Set-Cookie", 1)]]
)
def test_headers_of_another_kind_are_refused(headers: Any) -> None:
    """Not taken for a response without cookies."""
    with pytest.raises(UsageError, match="name and value must be str"):
        HTTPCookie.cookies_from_response(headers, URL)


@pytest.fixture
def storage() -> HTTPCookieStorage:
    """Return an empty storage in memory."""
    return HTTPCookieStorage()


def cookie(name: str = "a", **changes: object) -> HTTPCookie:
    """Return a cookie of the shop."""
    given = {"Name": name, "Value": "1", "Path": "/", "Domain": "www.shop.example"}
    return HTTPCookie(given | changes)


@pytest.mark.parity("10:cookies", "10:setCookie, deleteCookie, removeCookies(since:)")
def test_storage_holds_one_cookie_of_a_key(storage: HTTPCookieStorage) -> None:
    """Set, set anew, deleted; and what is new is forgotten."""
    storage.set_cookie(cookie())
    storage.set_cookie(cookie(Value="2"))
    storage.set_cookie(cookie(Path="/cart"))
    assert sorted(one.value for one in storage.cookies) == ["1", "2"]

    storage.delete_cookie(cookie())
    assert [one.path for one in storage.cookies] == ["/cart"]
    storage.remove_cookies_since(datetime.now(UTC) - timedelta(minutes=1))

    assert storage.cookies == []


@pytest.mark.parity("10:cookies(for:)", "A:2 cookies ignore path and Secure")
def test_cookies_for_a_url_are_in_order(storage: HTTPCookieStorage) -> None:
    """By domain, path and TLS; the longest path first."""
    storage.set_cookie(cookie("root"))
    storage.set_cookie(cookie("cart", Path="/cart"))
    storage.set_cookie(cookie("all", Domain=".shop.example"))
    storage.set_cookie(cookie("tls", Secure=True))

    def names(url: str) -> list[str]:
        return [one.name for one in storage.cookies_for(url)]

    assert names(URL) == ["cart", "root", "all", "tls"]
    assert names("http://www.shop.example/") == ["root", "all"]
    assert names("https://m.shop.example/cart") == ["all"]
    assert names("https://shop.example.org/") == []


@pytest.mark.parity("10:setCookies(_:for:mainDocumentURL:)", "10:cookieAcceptPolicy")
def test_policy_holds_for_cookies_of_a_url(storage: HTTPCookieStorage) -> None:
    """ALWAYS at first; of third parties nothing, if they are not wanted."""
    assert storage.cookie_accept_policy is CookieAcceptPolicy.ALWAYS
    storage.cookie_accept_policy = CookieAcceptPolicy.ONLY_FROM_MAIN_DOCUMENT_DOMAIN

    storage.set_cookies([cookie("a")], URL, "https://other.example/")
    storage.set_cookies([cookie("b")], URL, "https://m.shop.example/")
    storage.set_cookies([cookie("c"), cookie("d", Domain="other.example")], URL)

    assert [one.name for one in storage.cookies] == ["b", "c"]


@pytest.mark.parity("10:change notification")
def test_change_is_told(storage: HTTPCookieStorage) -> None:
    """With the storage."""
    told: list[HTTPCookieStorage] = []
    storage.on_change = told.append

    storage.set_cookie(cookie())
    storage.set_cookie(cookie())

    assert told == [storage]


LOAD = """
import sys
from urlsession import URLSession
with URLSession() as session:
    for line in sys.stdin:
        session.data(line.strip()).result(10)
        print("done", flush=True)
"""


class Program:
    """A program that loads the URLs it is told, with the shared cookies."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", LOAD],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def load(self, url: str) -> None:
        """Load a URL and wait until that is done."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{url}\n")
        self._process.stdin.flush()
        assert self._process.stdout.readline() == "done\n"

    def end(self) -> None:
        """End it as a program ends."""
        self._process.communicate(timeout=10)
        assert self._process.returncode == 0


@pytest.fixture
def programs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[list[Program]]:
    """Return two programs that share a home which is not there yet."""
    monkeypatch.setenv("URLSESSION_HOME", str(tmp_path / "home"))
    made = [Program(), Program()]
    yield made
    for one in made:
        one.end()


@pytest.mark.slow
@pytest.mark.parity("10:HTTPCookieStorage.shared")
def test_programs_share_what_has_an_expiry(
    programs: list[Program], serve: Serve, tmp_path: Path
) -> None:
    """At the next request, while both run; the rest is each one's own."""
    sent: list[str | None] = []

    def answer(request: ReceivedRequest) -> Answer:
        sent.append(request.header("Cookie"))
        name = request.target.lstrip("/")
        fields = {
            "one": [("Set-Cookie", "k=1; Max-Age=60"), ("Set-Cookie", "s=1")],
            "two": [("Set-Cookie", "k=2; Max-Age=60")],
            "gone": [("Set-Cookie", "k=; Max-Age=0")],
        }
        return 200, fields.get(name, []), b""

    url = serve(answering(answer)).url
    first, second = programs
    second.load(url("/"))
    assert not (tmp_path / "home").exists()

    first.load(url("/one"))
    second.load(url("/two"))
    first.load(url("/gone"))
    second.load(url("/"))
    first.load(url("/"))

    assert sent == [None, None, "k=1", "k=2; s=1", None, "s=1"]
    assert (tmp_path / "home").stat().st_mode & 0o777 == 0o700
    modes = {
        one.name: one.stat().st_mode & 0o777 for one in (tmp_path / "home").iterdir()
    }
    assert modes.keys() >= {"cookies.db", "cookies.changed"}
    assert set(modes.values()) == {0o600}


@pytest.mark.slow
def test_nothing_is_kept_without_a_home(
    monkeypatch: pytest.MonkeyPatch, serve: Serve, tmp_path: Path
) -> None:
    """The variable is empty: in memory only, not a file anywhere."""
    monkeypatch.setenv("URLSESSION_HOME", "")
    monkeypatch.setenv("HOME", str(tmp_path))
    sent: list[str | None] = []

    def answer(request: ReceivedRequest) -> Answer:
        sent.append(request.header("Cookie"))
        return 200, [("Set-Cookie", "k=1; Max-Age=60")], b""

    url = serve(answering(answer)).url
    program = Program()
    program.load(url("/"))
    program.load(url("/"))
    program.end()

    assert sent == [None, "k=1"]
    assert list(tmp_path.rglob("cookies*")) == []
