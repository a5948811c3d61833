"""Redirects that lead nowhere, or round and round."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from urlsession import URLErrorCode
from urlsession.testing import answering, redirecting
from urlsession.testing.connection import ReceivedRequest

if TYPE_CHECKING:
    from urlsession.testing.handlers import Answer

    from ...conftest import Serve
    from .attempt import Load


@pytest.mark.parity("8:httpTooManyRedirects (-1007)")
def test_redirect_to_itself_ends_after_twenty(load: Load, serve: Serve) -> None:
    """Foundation's limit; the connection itself is fine and may be kept."""
    server = serve(redirecting({"/": (302, "/")}))
    attempt = load(server.url())

    assert attempt.error is not None
    assert attempt.error.code is URLErrorCode.HTTP_TOO_MANY_REDIRECTS
    assert attempt.error.failing_url == server.url()
    assert attempt.error.task_id == attempt.task.task_identifier
    assert attempt.error.curl_code is None
    assert server.request_count == 21
    assert server.accepted == 1


def test_redirect_in_a_circle_ends_too(load: Load, serve: Serve) -> None:
    """The URL that failed is the last one."""
    server = serve(redirecting({"/a": (307, "/b"), "/b": (308, "/a")}))
    attempt = load(server.url("/a"))

    assert attempt.error is not None
    assert attempt.error.code is URLErrorCode.HTTP_TOO_MANY_REDIRECTS
    assert attempt.error.failing_url == server.url("/a")


def test_twenty_redirects_are_followed(load: Load, serve: Serve) -> None:
    """The limit is not one less."""

    def answer(request: ReceivedRequest) -> Answer:
        number = int(request.target[1:])
        if number == 20:
            return 200, [], b"there"
        return 302, [("Location", f"/{number + 1}")], b""

    attempt = load(serve(answering(answer)).url("/0"))

    assert attempt.reply is not None
    assert attempt.reply.data == b"there"


@pytest.mark.parametrize(
    ("location", "code"),
    [
        ("http://[::1/", URLErrorCode.REDIRECT_TO_NON_EXISTENT_LOCATION),
        ("http://host:99999/", URLErrorCode.REDIRECT_TO_NON_EXISTENT_LOCATION),
        ("file:///etc/passwd", URLErrorCode.UNSUPPORTED_URL),
        ("gopher://127.0.0.1:6379/_FLUSHALL", URLErrorCode.UNSUPPORTED_URL),
        ("javascript:alert(1)", URLErrorCode.UNSUPPORTED_URL),
    ],
)
@pytest.mark.parity("8:redirectToNonExistentLocation (-1010)")
def test_redirect_that_cannot_be_followed_says_where_to(
    load: Load, serve: Serve, location: str, code: URLErrorCode
) -> None:
    """The failing URL is the one that redirected."""
    server = serve(redirecting({"/": (302, location)}))
    attempt = load(server.url())

    assert attempt.error is not None
    assert attempt.error.code is code
    assert attempt.error.failing_url == server.url()
    assert location in str(attempt.error)


def test_redirect_to_nobody_names_the_target(load: Load, serve: Serve) -> None:
    """Not the URL that was asked for: there somebody was."""
    server = serve(redirecting({"/": (302, "http://nowhere.invalid/x")}))
    attempt = load(server.url())

    assert attempt.error is not None
    assert attempt.error.code is URLErrorCode.CANNOT_FIND_HOST
    assert attempt.error.failing_url == "http://nowhere.invalid/x"
    assert attempt.task.current_request.url == "http://nowhere.invalid/x"
