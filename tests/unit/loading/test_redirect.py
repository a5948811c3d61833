"""Which request follows a redirect."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from urlsession import HTTPURLResponse, URLError, URLErrorCode, URLRequest
from urlsession.loading.redirect import (
    MAXIMUM_REDIRECTS,
    is_redirect,
    location_of,
    redirected_request,
    too_many_redirects,
)

HERE = "http://a.example/dir/page?q=1"
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "LINK")
SECRETS = ("Authorization", "Cookie", "Proxy-Authorization", "Host")
OF_A_BODY = (
    "Content-Encoding",
    "Content-Language",
    "Content-Length",
    "Content-Location",
    "Content-Type",
    "Transfer-Encoding",
)


def redirect(
    location: str, status: int = 302, base: str = HERE, **values: Any
) -> URLRequest:
    """Return where a request for `base` is led."""
    return redirected_request(URLRequest(base, **values), status, location)


def test_limit_is_foundations() -> None:
    """Twenty are followed."""
    assert MAXIMUM_REDIRECTS == 20


def test_error_of_too_many_names_the_url_that_redirects() -> None:
    """As Foundation's."""
    error = too_many_redirects(HERE)

    assert error.code is URLErrorCode.HTTP_TOO_MANY_REDIRECTS
    assert error.failing_url == HERE


@pytest.mark.parametrize(
    ("values", "expected"), [((), None), (("/a,b",), "/a,b"), (("/a", "/a"), "/a")]
)
def test_first_location_counts(values: tuple[str, ...], expected: str | None) -> None:
    """It is one field; joined they would be another place."""
    response = HTTPURLResponse(HERE, 302, None, [("Location", one) for one in values])

    assert location_of(response) == expected


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (200, False),
        (299, False),
        (300, False),
        (301, True),
        (302, True),
        (303, True),
        (304, False),
        (305, True),
        (307, True),
        (308, True),
        (306, True),
        (309, False),
        (399, False),
        (400, False),
    ],
)
def test_status_decides_whether_it_is_a_redirect(status: int, expected: bool) -> None:
    """300 and 304 never are."""
    assert is_redirect(status, "/x") is expected
    assert not is_redirect(status, None)


@given(
    st.sampled_from(METHODS),
    st.sampled_from([301, 302, 303, 305, 307, 308]),
    st.booleans(),
)
def test_method_and_body_follow_the_status(
    method: str, status: int, has_body: bool
) -> None:
    """Every combination; the body stays exactly if the method does."""
    body = b"body" if has_body and method != "GET" else None
    made = redirect("/x", status, method=method, body=body)
    becomes_get = status == 303 or (status in (301, 302) and method == "POST")

    assert made.http_method == ("GET" if becomes_get else method)
    assert made.http_body == (None if becomes_get else body)


@pytest.mark.parametrize("name", OF_A_BODY)
def test_header_of_a_body_goes_with_the_body(name: str) -> None:
    """And stays with it; the spelling does not matter."""
    values: dict[str, Any] = {
        "method": "POST",
        "body": b"x",
        "headers": {name.upper(): "v"},
    }

    assert redirect("/x", 303, **values).value(name) is None
    assert redirect("/x", 307, **values).value(name) == "v"


def test_stream_goes_with_the_body_too() -> None:
    """A GET has none."""
    made = redirect("/x", 303, method="POST", body=iter([b"x"]))

    assert made.http_body_stream is None


@pytest.mark.parametrize("name", SECRETS)
@pytest.mark.parametrize(
    ("location", "is_kept"),
    [
        ("/x", True),
        ("http://a.example/x", True),
        ("http://A.EXAMPLE:80/x", True),
        ("http://a.example:8080/x", False),
        ("https://a.example/x", False),
        ("http://b.example/x", False),
        ("http://www.a.example/x", False),
        ("//b.example/x", False),
    ],
)
def test_secret_stays_within_its_origin(
    name: str, location: str, is_kept: bool
) -> None:
    """Scheme, host and port, with the ports that schemes stand for."""
    made = redirect(location, 307, headers={name.lower(): "v", "X-Mine": "1"})

    assert made.value(name) == ("v" if is_kept else None)
    assert made.value("X-Mine") == "1"


@pytest.mark.parametrize(
    ("location", "url"),
    [
        ("x", "http://a.example/dir/x"),
        ("/x", "http://a.example/x"),
        ("../x", "http://a.example/x"),
        ("../../x", "http://a.example/x"),
        ("?z", "http://a.example/dir/page?z"),
        ("//b.example/x", "http://b.example/x"),
        ("/x//y", "http://a.example/x//y"),
        ("?to=http://", "http://a.example/dir/page?to=http://"),
        ("  /x  ", "http://a.example/x"),
    ],
)
def test_location_is_resolved_against_the_request(location: str, url: str) -> None:
    """RFC 3986, section 5.4."""
    assert redirect(location).url == url


def test_location_in_utf8_is_read_as_such() -> None:
    """The head was read as Latin-1."""
    made = redirect("/caf\u00e9".encode().decode("latin-1"))

    assert made.parts.request_url == "http://a.example/caf%C3%A9"


def test_location_in_latin1_is_read_as_such() -> None:
    """If it is no UTF-8."""
    assert redirect("/caf\u00e9").parts.request_url.startswith("http://a.example/caf%")


@pytest.mark.parametrize(
    ("base", "location", "url"),
    [
        ("http://a.example/#f", "/x", "http://a.example/x#f"),
        ("http://a.example/#f", "/x#g", "http://a.example/x#g"),
        ("http://a.example/", "/x#g", "http://a.example/x#g"),
        ("http://a.example/#f", "/x#", "http://a.example/x"),
    ],
)
def test_fragment_is_inherited_unless_there_is_one(
    base: str, location: str, url: str
) -> None:
    """RFC 9110, section 10.2.2."""
    assert redirect(location, base=base).url.rstrip("#") in (url, f"{url}#f")


@pytest.mark.parametrize(
    ("location", "code"),
    [
        ("ftp://a.example/", URLErrorCode.UNSUPPORTED_URL),
        ("mailto:a@b.example", URLErrorCode.UNSUPPORTED_URL),
        ("http://", URLErrorCode.REDIRECT_TO_NON_EXISTENT_LOCATION),
        (" HTTPS:// ", URLErrorCode.REDIRECT_TO_NON_EXISTENT_LOCATION),
        ("//", URLErrorCode.REDIRECT_TO_NON_EXISTENT_LOCATION),
        ("http:///x", URLErrorCode.REDIRECT_TO_NON_EXISTENT_LOCATION),
        ("http://?q", URLErrorCode.REDIRECT_TO_NON_EXISTENT_LOCATION),
        ("http://[", URLErrorCode.REDIRECT_TO_NON_EXISTENT_LOCATION),
        ("http://a.example:x/", URLErrorCode.REDIRECT_TO_NON_EXISTENT_LOCATION),
        ("http://a\x00b/", URLErrorCode.REDIRECT_TO_NON_EXISTENT_LOCATION),
    ],
)
def test_location_that_cannot_be_loaded_is_an_error(
    location: str, code: URLErrorCode
) -> None:
    """It names the request that led there, and keeps the cause."""
    with pytest.raises(URLError) as caught:
        redirect(location)

    assert (caught.value.code, caught.value.failing_url) == (code, HERE)
    assert caught.value.underlying is not None


@given(st.text(max_size=40))
def test_any_location_is_either_followed_or_an_error(location: str) -> None:
    """Nothing else comes out of what a server may send."""
    found: str | URLErrorCode
    try:
        found = redirect(location).parts.scheme
    except URLError as error:
        found = error.code

    assert found in (
        "http",
        "https",
        URLErrorCode.UNSUPPORTED_URL,
        URLErrorCode.REDIRECT_TO_NON_EXISTENT_LOCATION,
    )


def test_request_that_was_redirected_is_left_as_it_was() -> None:
    """It is the task's original request."""
    request = URLRequest(HERE, method="POST", json={}, headers={"Cookie": "a=b"})
    redirected_request(request, 303, "http://b.example/")

    assert (request.url, request.http_method) == (HERE, "POST")
    assert request.http_body == b"{}"
    assert request.value("Cookie") == "a=b"


def test_own_settings_of_the_request_go_along() -> None:
    """Its time-out, for instance."""
    made = redirect("/x", timeout_interval=3.0)

    assert made.explicit_timeout_interval == 3.0
