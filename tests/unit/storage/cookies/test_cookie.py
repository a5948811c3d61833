"""One cookie: its properties, what is legal, and what is shown of it."""

from __future__ import annotations

import copy
import pickle
from datetime import UTC, datetime, timedelta

import pytest

from urlsession.storage.cookies.cookie import CookieKey, HTTPCookie
from urlsession.storage.cookies.policy import CookieSameSitePolicy

SHORT: dict[str, object] = {
    "Name": "a",
    "Value": "1",
    "Path": "/",
    "Domain": "x.example",
}


def make(**changes: object) -> HTTPCookie:
    """Return a cookie that differs from the short one in some properties."""
    names = {"same_site": "SameSite", "http_only": "HttpOnly", "max_age": "Max-Age"}
    given = {names.get(key, key.capitalize()): value for key, value in changes.items()}
    return HTTPCookie(SHORT | given)


@pytest.mark.parametrize("missing", ["Name", "Value", "Path", "Domain"])
def test_what_is_missing_is_named(missing: str) -> None:
    """Name, value, path and a domain are needed."""
    with pytest.raises(ValueError, match=f"{missing} is missing"):
        make(**{missing.lower(): None})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": "a;b"}, "name holds ';' at position 1"),
        ({"name": "a=b"}, "name holds '='"),
        ({"name": "a\x00"}, r"name holds '\\x00'"),
        ({"value": "1\r\nX: y"}, r"value holds '\\r' at position 1"),
        ({"value": "1; Path=/"}, "value holds ';'"),
        ({"value": " 1"}, "begins or ends with a blank"),
        ({"value": "1\ud800"}, "surrogate"),
        ({"name": "", "value": ""}, "both are empty"),
        ({"value": "x" * 4096}, "4097 bytes, more than 4096"),
        ({"value": "x" * 1_000_000}, "1000001 bytes"),
        ({"path": "cart"}, "does not begin with '/'"),
        ({"path": ""}, "does not begin with '/'"),
        ({"path": "/" + "x" * 1024}, "more than 1024 bytes"),
        ({"path": "/a;b"}, "path holds ';'"),
        ({"domain": ""}, "'' is not a host"),
        ({"domain": "x.example/path"}, "is not a host"),
        ({"domain": "x.example:80 y"}, "is not a host"),
        ({"domain": "user@x.example"}, "is not a host"),
        ({"domain": "a.example, b.example"}, "is not a host"),
        ({"expires": "soon"}, "Expires is a datetime"),
        ({"expires": datetime(2030, 1, 1)}, "with a time zone"),  # noqa: DTZ001  # the mistake under test
        ({"max_age": "soon"}, "Max-Age is a number"),
        ({"max_age": "nan"}, "Max-Age is a number"),
        ({"same_site": "loose"}, "lax, strict or none"),
        ({"version": 2}, "Version is 0 or 1"),
        ({"port": "80,x"}, "Port is a list"),
        ({"nonsense": 1}, "Nonsense"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_illegal_property_is_refused(changes: dict[str, object], message: str) -> None:
    """With what is wrong, and never with the value, which may be a secret."""
    with pytest.raises(ValueError, match=message):
        make(**changes)


def test_property_of_a_wrong_kind_is_refused() -> None:
    """Text is text."""
    with pytest.raises(TypeError, match="Value must be a str, not int"):
        make(value=1)


@pytest.mark.parametrize(
    ("given", "domain"),
    [
        ("x.example", "x.example"),
        (".x.example", ".x.example"),
        ("X.Example", "x.example"),
        (".Bücher.example", ".xn--bcher-kva.example"),
        ("10.1.2.3", "10.1.2.3"),
        (".10.1.2.3", "10.1.2.3"),
        (".", "."),
        ("::1", "::1"),
        ("[::1]", "::1"),
    ],
)
def test_domain_is_made_canonical(given: str, domain: str) -> None:
    """Lower case and IDNA; an address has no names below it."""
    assert make(domain=given).domain == domain


def test_domain_is_the_host_of_the_origin() -> None:
    """If none is given."""
    cookie = HTTPCookie(
        {
            CookieKey.NAME: "a",
            CookieKey.VALUE: "1",
            CookieKey.PATH: "/",
            CookieKey.ORIGIN_URL: "https://www.x.example:8443/cart",
        }
    )

    assert cookie.domain == "www.x.example"


def test_expiry_is_a_date_or_an_age() -> None:
    """An age beats a date; without either the cookie ends with the program."""
    date = datetime(2031, 3, 4, tzinfo=UTC)
    now = datetime.now(UTC)

    assert make(expires=date).expires_date == date
    assert make(expires="Tue, 04 Mar 2031 00:00:00 GMT").expires_date == date
    aged = make(expires=date, max_age="60").expires_date
    assert aged is not None
    assert timedelta(seconds=59) < aged - now < timedelta(seconds=70)
    assert make().expires_date is None
    assert make().is_session_only
    assert make(expires=date, discard="TRUE").is_session_only
    assert not make(expires=date, discard="FALSE").is_session_only


@pytest.mark.parametrize("value", ["TRUE", "FALSE", "yes", 1, True])
def test_any_value_is_secure(value: object) -> None:
    """As on Apple, where the string "FALSE" is one too."""
    assert make(secure=value).is_secure


@pytest.mark.parametrize("value", [None, False, ""])
def test_no_value_is_not_secure(value: object) -> None:
    """Python's no is a no."""
    assert not make(secure=value).is_secure


def test_properties_make_an_equal_cookie() -> None:
    """Round and round, whatever is set."""
    cookie = HTTPCookie(
        {
            CookieKey.NAME: "a",
            CookieKey.VALUE: '"1"',
            CookieKey.DOMAIN: ".x.example",
            CookieKey.PATH: "/cart",
            CookieKey.EXPIRES: datetime(2031, 3, 4, 5, 6, 7, 250_000, tzinfo=UTC),
            CookieKey.SECURE: "TRUE",
            CookieKey.HTTP_ONLY: True,
            CookieKey.SAME_SITE_POLICY: "Strict",
            CookieKey.VERSION: "1",
            CookieKey.COMMENT: "for the cart",
            CookieKey.COMMENT_URL: "https://x.example/why",
            CookieKey.PORT: "80,443",
            CookieKey.SET_BY_JAVASCRIPT: True,
        }
    )

    assert HTTPCookie(cookie.properties) == cookie
    assert cookie.port_list == (80, 443)
    assert cookie.same_site_policy is CookieSameSitePolicy.STRICT
    assert (cookie.version, cookie.comment) == (1, "for the cart")
    assert cookie.comment_url == "https://x.example/why"
    assert cookie.is_set_by_javascript


def test_cookie_of_version_0_has_one_port() -> None:
    """As in Foundation."""
    assert make(port="443,8443").port_list == (443,)
    assert make(port="443,8443", version=1).port_list == (443, 8443)


def test_properties_of_a_short_cookie_are_few() -> None:
    """What is not set is not there."""
    assert make().properties == {
        "Name": "a",
        "Value": "1",
        "Domain": "x.example",
        "Path": "/",
        "Version": 0,
        "Discard": True,
    }
    assert HTTPCookie(make().properties) == make()


def test_cookie_is_a_value() -> None:
    """Equal by what it says, not by when it was made; it cannot be changed."""
    cookie = make()
    later = cookie.created_when(cookie.created_at + 5)

    assert later == cookie
    assert hash(later) == hash(cookie)
    assert later != make(value="2")
    assert copy.deepcopy(cookie) == pickle.loads(pickle.dumps(cookie)) == cookie
    with pytest.raises(AttributeError):
        cookie.value = "2"  # type: ignore[misc]  # the mistake under test


def test_repr_does_not_show_the_value() -> None:
    """It is as good as a password."""
    assert "s3cret" not in repr(make(value="s3cret"))
