"""URLs and requests that cannot be sent at all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from urlsession import URLErrorCode, URLRequest, UsageError
from urlsession.testing import fixed_body

from ...conftest import Serve
from .attempt import Load


@pytest.mark.parametrize(
    "url",
    [
        "http://",
        "http:///path",
        "http://:80/",
        "http://host:port/",
        "http://host:65536/",
        "http://[::1/",
        "http://[nonsense]/",
        "http://a b/",
        "http://ho\nst/",
        "http://host/\r\nX-Injected: 1",
        "http://host/\x00",
        "http://good.example\\@evil.example/",
        "http://host/\ud800",
        "http://" + "a" * 64 + "ü.example/",
    ],
    ids=ascii,
)
@pytest.mark.parity("8:badURL (-1000)")
def test_url_that_cannot_be_read_is_a_bad_url(load: Load, url: str) -> None:
    """Found before anything is opened: libcurl never sees it."""
    error = load(url).failed(URLErrorCode.BAD_URL)

    assert error.os_errno is None


@pytest.mark.parametrize(
    "url",
    [
        "",
        "ftp://host/",
        "file://another.host/etc/passwd",
        "javascript:alert(1)",
        "host.example/path",
        "//host.example/",
        "localhost:8080/",
        "/path",
        "gopher://127.0.0.1:6379/_FLUSHALL",
        "1http://host/",
    ],
)
@pytest.mark.parity("8:unsupportedURL (-1002)")
def test_scheme_that_is_not_offered_is_unsupported(load: Load, url: str) -> None:
    """A missing one too."""
    load(url).failed(URLErrorCode.UNSUPPORTED_URL)


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r", "\x00", " \r\nHost: evil"])
def test_line_end_in_a_header_is_a_usage_error(end: str) -> None:
    """At the call, in the value and in the name; a request is never split."""
    request = URLRequest("http://host/")

    with pytest.raises(UsageError, match="X-Value"):
        URLRequest("http://host/", headers={"X-Value": f"a{end}b"})
    with pytest.raises(UsageError, match="X-Value"):
        request.set_value("X-Value", f"a{end}")
    with pytest.raises(UsageError):
        request.headers.add(f"X-Name{end}", "a")


@pytest.mark.parametrize("method", ["", "GET /", "G\r\nET", "GÉT", "a:b"])
def test_method_that_is_no_token_is_a_usage_error(method: str) -> None:
    """For the same reason."""
    with pytest.raises(UsageError, match="method"):
        URLRequest("http://host/", method=method)


@pytest.mark.parity("8:dataLengthExceedsMaximum (-1103)")
def test_get_with_a_body_is_refused_as_foundation_does(load: Load) -> None:
    """Before anything is opened."""
    request = URLRequest("http://127.0.0.1:1/", body=b"x")
    load(request).failed(URLErrorCode.DATA_LENGTH_EXCEEDS_MAXIMUM)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("missing", URLErrorCode.FILE_DOES_NOT_EXIST),
        (".", URLErrorCode.FILE_IS_DIRECTORY),
    ],
)
def test_body_that_cannot_be_opened_names_the_reason(
    load: Load, tmp_path: Path, name: str, code: URLErrorCode
) -> None:
    """The file's, not the network's."""
    body = tmp_path / name
    request = URLRequest("http://127.0.0.1:1/", method="POST", body=body)
    error = load(request).failed(code)

    assert isinstance(error.__cause__, OSError)


def test_body_that_raises_ends_the_load(load: Load, serve: Serve) -> None:
    """With what it raised as the cause."""

    def pieces() -> Iterator[bytes]:
        yield b"first"
        raise LookupError("no more")

    request = URLRequest(serve(fixed_body(b"")).url(), method="POST", body=pieces())
    attempt = load(request)

    assert attempt.error is not None
    assert attempt.error.code is URLErrorCode.REQUEST_BODY_STREAM_EXHAUSTED
    assert isinstance(attempt.error.__cause__, LookupError)


def test_body_of_something_else_than_bytes_ends_the_load(
    load: Load, serve: Serve
) -> None:
    """A list of strings is an easy mistake."""
    request = URLRequest(
        serve(fixed_body(b"")).url(),
        method="POST",
        body=["text"],  # type: ignore[list-item]  # the mistake
    )
    attempt = load(request)

    assert attempt.error is not None
    assert attempt.error.code is URLErrorCode.REQUEST_BODY_STREAM_EXHAUSTED
    assert isinstance(attempt.error.__cause__, TypeError)
