"""What a Set-Cookie field means, and which ones are refused."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from urlsession.headers import HTTPHeaders
from urlsession.storage.cookies.cookie import HTTPCookie
from urlsession.storage.cookies.policy import CookieSameSitePolicy
from urlsession.storage.cookies.received import (
    MAXIMUM_AGE_S,
    fields_of,
    fields_of_head,
    received_cookie,
)
from urlsession.url import parse_url

NOW = datetime(2030, 1, 1, tzinfo=UTC).timestamp()
URL = "https://www.shop.example/cart/items?x=1"


def receive(field: str, url: str = URL) -> HTTPCookie | None:
    """Return what a field means if it comes from a URL."""
    return received_cookie(HTTPCookie, field, parse_url(url), NOW)


@pytest.mark.parametrize(
    ("field", "name", "value"),
    [
        ("a=1", "a", "1"),
        ("a=", "a", ""),
        ("=1", "", "1"),
        ("1", "", "1"),
        ("a=1=2", "a", "1=2"),
        ("==1", "", "=1"),
        (" a\t=\t1 ", "a", "1"),
        ("a b = 1  2 ", "a b", "1  2"),
        ('a="1"', "a", '"1"'),
        ('a="1; Path=/', "a", '"1'),
        ("a=1, b=2", "a", "1, b=2"),
        ("a=%3B%20", "a", "%3B%20"),
        ("a\tb=1\t2", "a\tb", "1\t2"),
        ("ä=ÿ", "ä", "ÿ"),
        ("$Version=1", "$Version", "1"),
        ("a=1;;;; ; =;x", "a", "1"),
        ("Secure=1", "Secure", "1"),
    ],
)
def test_name_and_value(field: str, name: str, value: str) -> None:
    """Up to the first ";" and "=", without outer blanks, quotes kept."""
    cookie = receive(field)

    assert cookie is not None
    assert (cookie.name, cookie.value) == (name, value)


@pytest.mark.parametrize(
    "field",
    [
        "",
        "=",
        " = ",
        ";",
        "; a=1",
        "\t",
        "a=1\x00",
        "a=\x011",
        "a\x7f=1",
        "a=1\r\nSet-Cookie: b=2",
        "a=1; Path=/\x00",
        "a=1; comment=\x1b",
        "a=" + "x" * 4096,
        "a" * 4097,
        "a=" + "x" * 1_000_000,
    ],
    ids=lambda field: repr(field[:20]),
)
def test_field_without_a_legal_cookie_is_refused(field: str) -> None:
    """Empty, with a control character, or larger than 4096 bytes."""
    assert receive(field) is None


def test_largest_cookie_is_taken() -> None:
    """4096 bytes of name and value together, whatever the attributes add."""
    cookie = receive("a=" + "x" * 4095 + "; comment=" + "y" * 2000)

    assert cookie is not None
    assert len(cookie.value) == 4095


@pytest.mark.parametrize(
    ("attributes", "domain"),
    [
        ("", "www.shop.example"),
        ("; Domain=www.shop.example", ".www.shop.example"),
        ("; domain=shop.example", ".shop.example"),
        ("; DOMAIN = .shop.example ", ".shop.example"),
        ("; Domain=SHOP.Example", ".shop.example"),
        ("; Domain=", "www.shop.example"),
        ("; Domain=.", "www.shop.example"),
        ("; Domain", "www.shop.example"),
        ("; Domain=other.example; Domain=shop.example", ".shop.example"),
        ("; Domain=shop.example; Domain=", "www.shop.example"),
        ("; Domain=shop.example; Domain=" + "x" * 1025, ".shop.example"),
    ],
)
def test_domain_is_the_host_or_one_above(attributes: str, domain: str) -> None:
    """With a leading dot names below are meant; the last attribute counts."""
    cookie = receive("a=1" + attributes)

    assert cookie is not None
    assert cookie.domain == domain


@pytest.mark.parametrize(
    ("url", "domain"),
    [
        (URL, "other.example"),
        (URL, "a.www.shop.example"),
        (URL, "hop.example"),
        (URL, "..shop.example"),
        (URL, "shop.example."),
        (URL, "shop.example:443"),
        (URL, "www.shop.example/cart"),
        (URL, "https://shop.example"),
        (URL, "example"),
        (URL, "shop.exämple"),
        ("https://me.github.io/", "github.io"),
        ("https://shop.co.uk/", "co.uk"),
        ("https://shop.local/", "local"),
        ("https://10.1.2.3/", "2.3"),
        ("https://10.1.2.3/", "10.1.2.4"),
        ("https://[::1]/", "1"),
    ],
)
def test_domain_of_others_is_refused(url: str, domain: str) -> None:
    """Of another host, of a suffix that many share, or no domain at all."""
    assert receive(f"a=1; Domain={domain}", url) is None


@pytest.mark.parametrize(
    ("url", "attribute", "domain"),
    [
        ("https://github.io/", "github.io", "github.io"),
        ("http://localhost:8080/", "localhost", "localhost"),
        ("https://10.1.2.3/", "10.1.2.3", "10.1.2.3"),
        ("https://[::1]/", "[::1]", "::1"),
        ("https://bücher.example/", "xn--bcher-kva.example", ".xn--bcher-kva.example"),
        (
            "https://www.bücher.example/",
            "XN--BCHER-KVA.example",
            ".xn--bcher-kva.example",
        ),
    ],
)
def test_domain_that_nobody_can_be_below_is_the_host_alone(
    url: str, attribute: str, domain: str
) -> None:
    """Suffixes and addresses, by themselves; names in IDNA form."""
    cookie = receive(f"a=1; Domain={attribute}", url)

    assert cookie is not None
    assert cookie.domain == domain


@pytest.mark.parametrize(
    ("url", "attributes", "path"),
    [
        (URL, "", "/cart"),
        (URL, "; Path=/", "/"),
        (URL, "; path = /a/b ", "/a/b"),
        (URL, "; Path=/a; Path=/b", "/b"),
        (URL, "; Path=", "/cart"),
        (URL, "; Path", "/cart"),
        (URL, "; Path=a/b", "/cart"),
        (URL, '; Path="/"', "/cart"),
        (URL, "; Path=/a; Path=b", "/cart"),
        (URL, "; Path=/a; Path=/" + "x" * 1024, "/a"),
        (URL, "; Path=/elsewhere", "/elsewhere"),
        ("https://shop.example", "", "/"),
        ("https://shop.example/cart", "", "/"),
        ("https://shop.example/cart/", "", "/cart"),
    ],
)
def test_path_is_given_or_the_folder_of_the_url(
    url: str, attributes: str, path: str
) -> None:
    """The last attribute counts; one without a slash means the folder."""
    cookie = receive("a=1" + attributes, url)

    assert cookie is not None
    assert cookie.path == path


@pytest.mark.parametrize(
    ("attributes", "in_s"),
    [
        ("", None),
        ("; Max-Age=60", 60.0),
        ("; max-age = 60 ", 60.0),
        ("; Max-Age=60; Expires=Tue, 01 Jan 2030 00:00:09 GMT", 60.0),
        ("; Expires=Tue, 01 Jan 2030 00:00:09 GMT", 9.0),
        ("; Expires=Tue, 01 Jan 2030 00:00:09 GMT; Expires=soon", 9.0),
        ("; Max-Age=60; Max-Age=x", 60.0),
        ("; Max-Age=60; Max-Age=70", 70.0),
        ("; Max-Age=+60", None),
        ("; Max-Age=6e1", None),
        ("; Max-Age=60.0", None),
        ("; Max-Age=", None),
        ("; Max-Age=-", None),
        ("; Max-Age=٦", None),
        ("; Expires=Wed, 01 Jan 2099 00:00:00 GMT", MAXIMUM_AGE_S),
        ("; Max-Age=99999999999", MAXIMUM_AGE_S),
        ("; Max-Age=" + "9" * 1000, MAXIMUM_AGE_S),
        ("; Max-Age=0", -NOW),
        ("; Max-Age=-1", -NOW),
        ("; Max-Age=-" + "9" * 1000, -NOW),
    ],
    ids=lambda value: str(value)[:40],
)
def test_expiry(attributes: str, in_s: float | None) -> None:
    """Max-Age before Expires, at most 400 days; what cannot be read is not there."""
    cookie = receive("a=1" + attributes)

    assert cookie is not None
    assert cookie.expires_at == (None if in_s is None else NOW + in_s)
    assert cookie.is_session_only is (in_s is None)


@pytest.mark.parametrize(
    ("attributes", "is_secure", "is_http_only", "policy"),
    [
        ("", False, False, None),
        ("; Secure; HttpOnly", True, True, None),
        ("; sEcUrE=no;  httponly = 0", True, True, None),
        ('; "Secure"; HttpOnly x', False, False, None),
        ("; SameSite=Lax", False, False, CookieSameSitePolicy.LAX),
        ("; samesite=STRICT", False, False, CookieSameSitePolicy.STRICT),
        ("; SameSite=Lax; SameSite=Strict", False, False, CookieSameSitePolicy.STRICT),
        ("; SameSite=Lax; SameSite=whatever", False, False, None),
        ("; SameSite=None; Secure", True, False, None),
        ("; SameSite", False, False, None),
    ],
)
def test_flags(
    attributes: str,
    is_secure: bool,
    is_http_only: bool,
    policy: CookieSameSitePolicy | None,
) -> None:
    """By name alone, but for SameSite."""
    cookie = receive("a=1" + attributes)

    assert cookie is not None
    assert cookie.is_secure is is_secure
    assert cookie.is_http_only is is_http_only
    assert cookie.same_site_policy is policy


@pytest.mark.parametrize(
    ("url", "field"),
    [
        ("http://shop.example/", "a=1; Secure"),
        (URL, "a=1; SameSite=None"),
        (URL, "a=1; SameSite=Lax; SameSite=None"),
        (URL, "__Secure-a=1"),
        (URL, "__SECURE-a=1"),
        ("http://shop.example/", "__Secure-a=1; Secure"),
        (URL, "__Host-a=1; Path=/"),
        (URL, "__Host-a=1; Secure"),
        (URL, "__Host-a=1; Secure; Path=/cart"),
        (URL, "__host-a=1; Secure; Path=/; Domain=www.shop.example"),
        ("https://shop.example/", "__Host-a=1; Secure"),
        (URL, "__Host-a; Secure; Path=/"),
        (URL, "=__Secure-a=1; Secure"),
        (URL, "=__hOST-; Secure; Path=/"),
        (URL, "__Http-a=1; Secure"),
        (URL, "__Http-a=1; HttpOnly"),
        (URL, "__Host-Http-a=1; Secure; Path=/"),
        (URL, "__host-HTTP-a=1; Secure; HttpOnly"),
    ],
)
def test_promise_that_is_not_kept_is_refused(url: str, field: str) -> None:
    """Secure without TLS, SameSite=None without Secure, prefixes without theirs."""
    assert receive(field, url) is None


@pytest.mark.parametrize(
    ("url", "field"),
    [
        (URL, "__Secure-a=1; Secure; Domain=shop.example"),
        (URL, "__Host-a=1; Secure; Path=/"),
        (URL, "__HOST-a=1; secure; path=/"),
        (URL, "__Http-a=1; Secure; HttpOnly; Domain=shop.example"),
        (URL, "__Host-Http-a=1; Secure; HttpOnly; Path=/"),
        (URL, "__Hosta=1"),
        (URL, "_a=1"),
        (URL, "a=__Secure-"),
    ],
)
def test_promise_that_is_kept_is_taken(url: str, field: str) -> None:
    """Prefixes are read without case."""
    assert receive(field, url) is not None


def test_fields_of_a_head_are_taken_as_they_came() -> None:
    """Never joined, never split at a comma; folded lines go on."""
    lines = [
        b"HTTP/1.1 200 OK\r\n",
        b"Set-Cookie: a=1; Expires=Tue, 01 Jan 2030 00:00:09 GMT\r\n",
        b"X-Other: Set-Cookie: no=1\r\n",
        b"SET-COOKIE:b=2;\r\n",
        b"\tPath=/b\r\n",
        b"X-Folded: x\r\n",
        b" set-cookie: no=2\r\n",
        b"Set-Cookie2: no=3\r\n",
        b"set-cookie : c=\xe4\r\n",
        b"\r\n",
    ]

    assert fields_of_head(lines) == [
        "a=1; Expires=Tue, 01 Jan 2030 00:00:09 GMT",
        "b=2; Path=/b",
        "c=ä",
    ]


@pytest.mark.parametrize(
    ("value", "fields"),
    [
        ("a=1", ["a=1"]),
        ("a=1, b=2", ["a=1", "b=2"]),
        (
            "a=1; Expires=Tue, 01 Jan 2030 00:00:09 GMT, b=2; Path=/,c=3",
            ["a=1; Expires=Tue, 01 Jan 2030 00:00:09 GMT", "b=2; Path=/", "c=3"],
        ),
        ("a=1,2,3", ["a=1,2,3"]),
    ],
)
def test_joined_fields_are_taken_apart(value: str, fields: list[str]) -> None:
    """A mapping cannot hold two; a comma before "name=" is what joined them."""
    assert fields_of({"set-cookie": value}) == fields
    assert fields_of(HTTPHeaders([("Set-Cookie", value)])) == [value]


@pytest.mark.slow
def test_flood_of_attributes_is_read_in_one_go() -> None:
    """A megabyte of semicolons takes no longer than its length."""
    cookie = receive("a=1" + "; x" * 350_000 + "; Path=/p")

    assert cookie is not None
    assert cookie.path == "/p"


@given(st.text(max_size=200))
def test_any_field_is_taken_or_refused(field: str) -> None:
    """Nothing that a peer sends raises; what is taken obeys the rules."""
    cookie = receive(field)

    if cookie is not None:
        assert cookie.checked() is cookie
