"""Whose host it is, and which path is below which."""

from __future__ import annotations

import pytest

from urlsession.errors import URLError
from urlsession.storage.cookies.site import (
    default_path,
    domain_matches,
    is_address,
    is_public_suffix,
    is_same_site,
    path_matches,
    registrable_domain,
    url_parts,
)


@pytest.mark.parametrize(
    ("host", "domain", "expected"),
    [
        ("shop.example", "shop.example", True),
        ("www.shop.example", "shop.example", True),
        ("a.b.shop.example", "shop.example", True),
        ("shop.example", "www.shop.example", False),
        ("workshop.example", "shop.example", False),
        ("shop.example", "", False),
        ("shop.example", "example.", False),
        ("10.1.2.3", "10.1.2.3", True),
        ("10.1.2.3", "2.3", False),
        ("::1", "1", False),
    ],
)
def test_domain_matches(host: str, domain: str, expected: bool) -> None:
    """The domain itself and names below it; an address has none below."""
    assert domain_matches(host, domain) is expected


@pytest.mark.parametrize(
    ("path", "cookie_path", "expected"),
    [
        ("/", "/", True),
        ("/cart", "/", True),
        ("/cart", "/cart", True),
        ("/cart/", "/cart", True),
        ("/cart/1", "/cart", True),
        ("/cart/1", "/cart/", True),
        ("/cart", "/cart/", False),
        ("/cartoon", "/cart", False),
        ("/Cart", "/cart", False),
        ("/", "/cart", False),
    ],
)
def test_path_matches(path: str, cookie_path: str, expected: bool) -> None:
    """At a slash, and with case."""
    assert path_matches(path, cookie_path) is expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/", "/"),
        ("/a", "/"),
        ("/a/", "/a"),
        ("/a/b", "/a"),
        ("/a/b/", "/a/b"),
        ("", "/"),
        ("a/b", "/"),
    ],
)
def test_default_path_is_the_folder(path: str, expected: str) -> None:
    """Without its slash, unless it is the root."""
    assert default_path(path) == expected


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("example.com", "example.com"),
        ("www.example.com", "example.com"),
        ("www.example.com.", "example.com"),
        ("a.b.example.co.uk", "example.co.uk"),
        ("co.uk", "co.uk"),
        ("localhost", "localhost"),
        ("a.b.local", "b.local"),
        ("me.github.io", "me.github.io"),
        ("www.xn--fsqu00a.xn--55qx5d.cn", "xn--fsqu00a.xn--55qx5d.cn"),
        ("10.1.2.3", "10.1.2.3"),
        ("::1", "::1"),
    ],
)
def test_site_is_what_somebody_registered(host: str, expected: str) -> None:
    """By the public suffix list, its private part included."""
    assert registrable_domain(host) == expected


@pytest.mark.parametrize(
    ("domain", "expected"),
    [
        ("com", True),
        ("co.uk", True),
        ("github.io", True),
        ("localhost", True),
        ("xn--55qx5d.cn", True),
        ("example.com", False),
        ("10.1.2.3", False),
        ("3", False),
    ],
)
def test_public_suffix(domain: str, expected: bool) -> None:
    """Anybody may register below one."""
    assert is_public_suffix(domain) is expected


@pytest.mark.parametrize(
    ("host", "other", "expected"),
    [
        ("www.example.com", "api.example.com", True),
        ("example.com", "example.org", False),
        ("me.github.io", "you.github.io", False),
        ("10.1.2.3", "10.1.2.3", True),
        ("10.1.2.3", "9.1.2.3", False),
    ],
)
def test_same_site(host: str, other: str, expected: bool) -> None:
    """One owner."""
    assert is_same_site(host, other) is expected


def test_address() -> None:
    """Names may hold digits too."""
    assert is_address("10.1.2.3")
    assert is_address("fe80::1")
    assert not is_address("10.1.2.example")


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://x.example/a", ("https", "x.example", 443)),
        ("wss://x.example/a", ("https", "x.example", 443)),
        ("WS://x.example/a", ("http", "x.example", 80)),
    ],
)
def test_web_socket_has_the_cookies_of_its_handshake(
    url: str, origin: tuple[str, str, int]
) -> None:
    """Which is HTTP."""
    assert url_parts(url).origin == origin


@pytest.mark.parametrize("url", ["", "ws", "wss", "wsx://x.example/", "file:///x"])
def test_url_without_cookies_is_an_error(url: str) -> None:
    """As for a load."""
    with pytest.raises(URLError):
        url_parts(url)
