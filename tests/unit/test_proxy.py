"""What a proxy may be, and what CFNetwork's dictionary means."""

from __future__ import annotations

import pytest

from urlsession.proxy import (
    ProxyConfiguration,
    ProxyKind,
    proxies_of_dictionary,
    proxy_dictionary_or_none,
    proxy_tuple,
)


@pytest.mark.parametrize(
    ("url", "kind", "shown", "user"),
    [
        ("http://a:3128", ProxyKind.HTTP, "http://a:3128", None),
        ("a.example", ProxyKind.HTTP, "http://a.example:8080", None),
        ("https://a/", ProxyKind.HTTPS, "https://a:443", None),
        ("socks5://u:p@a", ProxyKind.SOCKS5, "socks5://a:1080", "u"),
        ("SOCKS5H://a:9", ProxyKind.SOCKS5_REMOTE_NAMES, "socks5h://a:9", None),
        ("http://[::1]:1", ProxyKind.HTTP, "http://[::1]:1", None),
        ("http://u%40x:p%3A@a:1", ProxyKind.HTTP, "http://a:1", "u@x"),
    ],
)
def test_url_is_read(url: str, kind: ProxyKind, shown: str, user: str | None) -> None:
    """As curl reads it; the credentials are not part of what is shown."""
    proxy = ProxyConfiguration.from_url(url)

    assert (proxy.kind, proxy.url, proxy.username) == (kind, shown, user)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "socks4://a",
        "ftp://a",
        "http://",
        "http://a:0",
        "http://a:70000",
        "http://a b",
    ],
)
def test_url_is_refused(url: str) -> None:
    """What is no proxy, or none that can be spoken with."""
    with pytest.raises(ValueError, match="prox"):
        ProxyConfiguration.from_url(url)


def test_refusal_hides_the_password() -> None:
    """Messages end in logs."""
    with pytest.raises(ValueError, match="gopher") as caught:
        ProxyConfiguration.from_url("gopher://me:s3cret@a")

    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("username", "password"),
    [("a\r\nX: y", "p"), ("u", "p\0"), ("a:b", "p"), (None, "p")],
)
def test_credentials_are_checked(username: str | None, password: str) -> None:
    """No second header field, and no name that ends too early."""
    with pytest.raises(ValueError, match=r"prox|name"):
        ProxyConfiguration(
            kind=ProxyKind.HTTP, host="a", port=1, username=username, password=password
        )


def test_socks_credentials_are_short() -> None:
    """RFC 1929 has one byte for each length."""
    with pytest.raises(ValueError, match="255"):
        ProxyConfiguration.socksv5("a").applying_credential("u" * 256, "")


@pytest.mark.parametrize(
    ("host", "is_for"),
    [
        ("example.com", True),
        ("www.example.com", True),
        ("notexample.com", False),
        ("intra.example.com", False),
        ("a.intra.example.com", False),
    ],
)
def test_domains_are_with_those_below(host: str, is_for: bool) -> None:
    """And never with those that only end alike."""
    proxy = ProxyConfiguration(
        kind=ProxyKind.HTTP,
        host="p",
        port=1,
        match_domains=["*.Example.com"],
        excluded_domains=["intra.example.com"],
    )

    assert proxy.is_for(host) is is_for


@pytest.mark.parametrize("value", ["http://a:1", ["http://a:1"], None, 3])
def test_proxies_have_their_type(value: object) -> None:
    """A URL alone is none: what it would mean is said by `from_url`."""
    with pytest.raises(TypeError, match=r"^name must"):
        proxy_tuple("name", value)


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ([("HTTPEnable", 1)], TypeError),
        ({1: 2}, TypeError),
        ({"HTTPenable": 1}, ValueError),
        ({"HTTPEnable": 1}, ValueError),
        ({"HTTPEnable": 1, "HTTPProxy": "a", "HTTPPort": "80"}, TypeError),
        ({"HTTPEnable": 1, "HTTPProxy": "a", "HTTPPort": 0}, ValueError),
        ({"HTTPEnable": 1, "HTTPProxy": "a b"}, ValueError),
        ({"HTTPEnable": 1, "HTTPProxy": 3}, TypeError),
        ({"ExceptionsList": "*.local"}, TypeError),
        ({"ExceptionsList": [3]}, TypeError),
        ({"ExceptionsList": ["10/x"]}, ValueError),
        ({"ProxyAutoConfigEnable": 1}, ValueError),
    ],
)
def test_dictionary_is_checked(values: object, error: type[Exception]) -> None:
    """At the assignment, by name."""
    with pytest.raises(error, match=r"^name"):
        proxy_dictionary_or_none("name", values)


def test_dictionary_is_copied() -> None:
    """Later changes do not reach the property; None and system keys are legal."""
    given = {"HTTPEnable": 0, "__SCOPED__": {}, "FTPEnable": 1}
    kept = proxy_dictionary_or_none("name", given)

    given["HTTPEnable"] = 1

    assert kept == {"HTTPEnable": 0, "__SCOPED__": {}, "FTPEnable": 1}
    assert proxy_dictionary_or_none("name", None) is None


FULL: dict[str, object] = {
    "HTTPEnable": 1,
    "HTTPProxy": "h",
    "HTTPSEnable": 1,
    "HTTPSProxy": "s",
    "HTTPSPort": 99,
    "SOCKSEnable": 1,
    "SOCKSProxy": "k",
    "ExceptionsList": ["*.local", "169.254/16", "fe80::/10", "exact.example"],
    "ExcludeSimpleHostnames": 1,
}


@pytest.mark.parametrize(
    ("scheme", "host", "first"),
    [
        ("http", "a.example", "http://h:8080"),
        ("https", "a.example", "http://s:99"),
        ("ws", "a.example", "http://h:8080"),
        ("http", "printer", None),
        ("http", "x.local", None),
        ("http", "local", None),
        ("http", "169.254.3.4", None),
        ("http", "169.255.3.4", "http://h:8080"),
        ("http", "fe80::1", None),
        ("http", "exact.example", None),
        ("http", "not.exact.example", "http://h:8080"),
    ],
)
def test_dictionary_means(scheme: str, host: str, first: str | None) -> None:
    """By scheme, SOCKS last, and not for the exceptions."""
    found = [
        p.url for p, applies in proxies_of_dictionary(FULL) if applies(scheme, host)
    ]

    assert found == ([] if first is None else [first, "socks5h://k:1080"])
