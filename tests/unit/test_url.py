"""URLs are taken apart, encoded for the wire, or refused with a reason."""

from __future__ import annotations

import sys

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from urlsession.errors import URLError, URLErrorCode
from urlsession.url import parse_url


def test_parts_of_a_full_url() -> None:
    """Every part is found."""
    parts = parse_url("HTTP://us%40er:p%3Aw@Example.COM:8080/a/b?c=d#e")

    assert (parts.scheme, parts.host, parts.port) == ("http", "example.com", 8080)
    assert (parts.path, parts.query, parts.fragment) == ("/a/b", "c=d", "e")
    assert (parts.user, parts.password) == ("us@er", "p:w")
    assert parts.origin == ("http", "example.com", 8080)
    assert parts.target == "/a/b?c=d"
    assert parts.request_url == "http://us%40er:p%3Aw@example.com:8080/a/b?c=d"
    assert not parts.is_secure


def test_parts_of_the_shortest_url() -> None:
    """Defaults stand in for what is not written."""
    parts = parse_url("https://h")

    assert (parts.port, parts.path, parts.query) == (443, "/", None)
    assert (parts.user, parts.password, parts.fragment) == (None, None, None)
    assert parts.request_url == "https://h/"
    assert parts.target == "/"
    assert parts.is_secure


@pytest.mark.parametrize(
    ("url", "request_url"),
    [
        pytest.param("http://h/a b", "http://h/a%20b", id="space"),
        pytest.param(
            "http://h/ü/€?q=ß", "http://h/%C3%BC/%E2%82%AC?q=%C3%9F", id="utf8"
        ),
        pytest.param("http://h/%41%zz%", "http://h/%41%zz%", id="escapes-untouched"),
        pytest.param(
            'http://h/<"^`{}\\>', "http://h/%3C%22%5E%60%7B%7D%5C%3E", id="bad"
        ),
        pytest.param("http://h/;=@&$!*'(),|[]", "http://h/;=@&$!*'(),|[]", id="marks"),
        pytest.param("http://h?q", "http://h/?q", id="query-without-path"),
        pytest.param("http://h/?", "http://h/?", id="empty-query"),
        pytest.param("http://h/a?b?c", "http://h/a?b?c", id="question-in-query"),
        pytest.param("http://h/#f", "http://h/", id="fragment"),
        pytest.param("http://h/#a#b ü", "http://h/", id="hash-in-fragment"),
        pytest.param("http://h:/", "http://h/", id="empty-port"),
        pytest.param("http://h:80/", "http://h/", id="default-port"),
        pytest.param("http://h:443/", "http://h:443/", id="other-scheme's-port"),
        pytest.param("https://h:443/", "https://h/", id="default-tls-port"),
        pytest.param("http://[::1]:81/", "http://[::1]:81/", id="ipv6"),
        pytest.param("http://[0:0::1]/", "http://[::1]/", id="ipv6-compressed"),
        pytest.param("http://[fe80::1%25lo]/", "http://[fe80::1%25lo]/", id="zone"),
        pytest.param("http://a_b-c.d./", "http://a_b-c.d./", id="unusual-host"),
        pytest.param("http://%65x/", "http://ex/", id="escaped-host"),
        pytest.param("http://MÜNCHEN.de/", "http://xn--mnchen-3ya.de/", id="idna"),
        pytest.param("http://日本.jp/", "http://xn--wgv71a.jp/", id="idna-kanji"),
        pytest.param("http://a@b@h/", "http://a%40b@h/", id="two-ats"),
        pytest.param("http://ü:é@h/", "http://%C3%BC:%C3%A9@h/", id="utf8-user"),
        pytest.param("http://@h/", "http://@h/", id="empty-user"),
    ],
)
def test_request_url_is_fit_for_the_wire(url: str, request_url: str) -> None:
    """What libcurl is given is ASCII without a fragment."""
    assert parse_url(url).request_url == request_url


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("http:", id="no-slashes"),
        pytest.param("http://", id="no-host"),
        pytest.param("http:///path", id="no-host-but-path"),
        pytest.param("http://:80/", id="no-host-but-port"),
        pytest.param("http://user@/", id="no-host-but-user"),
        pytest.param("http://a b/", id="space-in-host"),
        pytest.param("http://a\\@b/", id="backslash-in-host"),
        pytest.param("http://a<b/", id="mark-in-host"),
        pytest.param("http://%ff/", id="host-is-not-utf8"),
        pytest.param("http://a%2Fb/", id="escaped-slash-in-host"),
        pytest.param("http://a..é/", id="empty-label"),
        pytest.param("http://é" + "x" * 70 + "/", id="label-too-long"),
        pytest.param("http://h:65536/", id="port-too-high"),
        pytest.param("http://h:-1/", id="port-negative"),
        pytest.param("http://h:8_0/", id="port-with-underscore"),
        pytest.param("http://h:٨٠/", id="port-in-other-digits"),
        pytest.param("http://h:80:90/", id="two-ports"),
        pytest.param("http://[::1/", id="bracket-open"),
        pytest.param("http://[::1]x/", id="text-after-bracket"),
        pytest.param("http://[::g]/", id="no-ipv6"),
        pytest.param("http://[127.0.0.1]/", id="ipv4-in-brackets"),
        pytest.param("http://h/\r\nX: 1", id="crlf"),
        pytest.param("http://h/\n", id="newline-at-end"),
        pytest.param("http://h/\t", id="tab"),
        pytest.param("http://h/\0", id="nul"),
        pytest.param("http://h/\x85", id="c1-control"),
        pytest.param("http://h/\udcff", id="lone-surrogate"),
        pytest.param("http://\udcff/", id="lone-surrogate-in-host"),
    ],
)
def test_unreadable_url_is_a_bad_url(url: str) -> None:
    """The error names the URL and carries Foundation's number."""
    with pytest.raises(URLError) as caught:
        parse_url(url)

    assert caught.value.code is URLErrorCode.BAD_URL
    assert caught.value.failing_url == url


@pytest.mark.parametrize(
    "url",
    [
        "ftp://h/",
        "",
        "ws://h/",
        "file:///etc/passwd",
        "example.com",
        "localhost:80/x",
        "/x",
    ],
)
def test_url_of_another_scheme_is_unsupported(url: str) -> None:
    """A missing scheme is an unsupported URL too, as on Apple."""
    with pytest.raises(URLError, match="use http or https") as caught:
        parse_url(url)

    assert caught.value.code is URLErrorCode.UNSUPPORTED_URL


def test_url_that_is_no_str_is_a_type_error() -> None:
    """Bytes are not a URL."""
    with pytest.raises(TypeError, match="bytes"):
        parse_url(b"http://h/")


def test_host_on_which_standards_differ_is_refused_without_idna(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """IDNA 2003 would go to strasse.de, which is somebody else's."""
    monkeypatch.setitem(sys.modules, "idna", None)

    with pytest.raises(URLError, match="install the package idna"):
        parse_url.__wrapped__("http://straße.de/")
    assert parse_url.__wrapped__("http://bücher.de/").host == "xn--bcher-kva.de"


def test_known_url_is_not_parsed_again() -> None:
    """The hot path: the same object comes back."""
    assert parse_url("http://h/same") is parse_url("http://h/same")


@given(st.text(max_size=30))
@example("\u3002")
@example("[::1]")
def test_any_authority_is_read_or_refused(text: str) -> None:
    """No input makes anything but a URLError, and no result leaves ASCII."""
    try:
        parts = parse_url(f"http://{text}")
    except URLError:
        return

    assert parts.request_url.isascii()
    assert parts.request_url.isprintable()
    assert " " not in parts.request_url
    assert parts.host


@given(st.text(max_size=30))
def test_encoding_is_done_once(text: str) -> None:
    """What was made fit for the wire stays as it is."""
    try:
        parts = parse_url(f"http://h/{text}")
    except URLError:
        return

    assert parse_url(parts.request_url).request_url == parts.request_url
    assert parts.host == "h"
