"""Replies that are not HTTP, or end before their end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from urlsession import URLErrorCode, URLSessionConfiguration
from urlsession.errors import URLConnectionError
from urlsession.testing import Handler, ServerConnection

if TYPE_CHECKING:
    from ...conftest import Serve
    from .attempt import Load

HEAD = b"HTTP/1.1 200 OK\r\n"
BAD = URLErrorCode.BAD_SERVER_RESPONSE
LOST = URLErrorCode.NETWORK_CONNECTION_LOST
RAW = URLErrorCode.CANNOT_DECODE_RAW_DATA


def saying(words: bytes, *, resets: bool = False) -> Handler:
    """Return a handler that answers each request with these very bytes."""

    def handle(connection: ServerConnection) -> None:
        connection.recv_request()
        connection.send(words)
        if resets:
            connection.reset()

    return handle


@pytest.mark.parametrize(
    ("words", "code", "curl_code"),
    [
        (b"", BAD, 52),
        (b"SSH-2.0-OpenSSH_9.7\r\n", BAD, 1),
        (b"\x16\x03\x01\x00\x02\x02\x28", BAD, 1),
        (b"<html>no head</html>", BAD, 1),
        (b"HTTP/1.1 OK\r\n\r\n", BAD, 1),
        (b"HTTP/1.1 2x0 OK\r\n\r\n", BAD, 1),
        (b"HTTP/1.1 20 OK\r\n\r\n", BAD, 1),
        (b"HTTP/1.1\r\n\r\n", BAD, 1),
        (b"HTTP/9.9 200 OK\r\n\r\n", BAD, 1),
        (HEAD + b"no colon\r\n\r\n", BAD, 8),
        (HEAD + b"X: a\x00b\r\n\r\n", BAD, 8),
        (HEAD + b"Content-Length: -1\r\n\r\n", BAD, 8),
        (HEAD + b"Content-Length: ten\r\n\r\n", BAD, 8),
        (HEAD + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef", BAD, 8),
    ],
    ids=lambda value: ascii(value)[:60] if isinstance(value, bytes) else "",
)
@pytest.mark.parity("8:badServerResponse (-1011)")
def test_reply_that_is_no_http_is_a_bad_response(
    load: Load, serve: Serve, words: bytes, code: URLErrorCode, curl_code: int
) -> None:
    """Whatever it is instead."""
    load(serve(saying(words)).url()).failed(code, curl_code=curl_code)


@pytest.mark.parametrize(
    "words",
    [
        b"HTTP/1.1 200 OK",
        HEAD,
        HEAD + b"Content-Type: text/plain\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n",
    ],
    ids=ascii,
)
def test_head_that_is_cut_short_is_no_success(
    load: Load, serve: Serve, words: bytes
) -> None:
    """Half a head has half the headers: nobody should act on them."""
    attempt = load(serve(saying(words)).url())

    assert attempt.error is not None, attempt.reply
    assert attempt.error.code in (BAD, LOST)
    assert not attempt.has_connection


@pytest.mark.parametrize(
    ("words", "code", "curl_code"),
    [
        (HEAD + b"Content-Length: 10\r\n\r\nhalf", LOST, 18),
        (HEAD + b"Content-Length: 99999999999999999\r\n\r\nhalf", LOST, 18),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n", LOST, 18),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\nff\r\nhalf", LOST, 18),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nhalf\r\n", RAW, 56),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n-4\r\nhalf\r\n", RAW, 56),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n4\r\nhalfXX0\r\n\r\n", RAW, 56),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"f" * 17 + b"\r\n", RAW, 56),
    ],
    ids=lambda value: ascii(value[17:]) if isinstance(value, bytes) else "",
)
def test_body_that_breaks_its_frame_is_no_success(
    load: Load, serve: Serve, words: bytes, code: URLErrorCode, curl_code: int
) -> None:
    """Never half a body without an error."""
    attempt = load(serve(saying(words)).url())
    error = attempt.failed(code, curl_code=curl_code)

    assert isinstance(error, URLConnectionError) == (code is LOST)


@pytest.mark.parametrize(
    "words", [b"", HEAD, HEAD + b"Content-Length: 10\r\n\r\nhalf"], ids=ascii
)
@pytest.mark.parity("8:networkConnectionLost (-1005)")
def test_reset_is_a_lost_connection(load: Load, serve: Serve, words: bytes) -> None:
    """Before the head, in it, and in the body."""
    attempt = load(serve(saying(words, resets=True)).url())
    error = attempt.failed(LOST, curl_code=56)

    assert isinstance(error, ConnectionError)


def test_response_of_a_body_cut_short_can_be_looked_at(
    load: Load, serve: Serve
) -> None:
    """What came stays with the task."""
    words = b"HTTP/1.1 206 Partial Content\r\nContent-Length: 10\r\nX: y\r\n\r\nhalf"
    attempt = load(serve(saying(words)).url())

    metrics = attempt.task.metrics
    assert attempt.error is not None
    assert metrics is not None
    assert metrics.transaction_metrics[0].count_of_response_body_bytes_received == 4


@pytest.mark.slow
@pytest.mark.parity("8:dataLengthExceedsMaximum (-1103)")
def test_head_of_10_mb_is_refused(load: Load, serve: Serve) -> None:
    """Long before it is all in memory."""
    field = b"X-Padding: " + b"x" * 60_000 + b"\r\n"
    words = HEAD + field * (10_000_000 // len(field)) + b"\r\n"
    attempt = load(serve(saying(words)).url())

    assert attempt.error is not None
    assert attempt.error.code is URLErrorCode.DATA_LENGTH_EXCEEDS_MAXIMUM
    assert attempt.error.curl_code in (56, 100)
    assert not attempt.has_connection


@pytest.mark.slow
def test_header_line_of_10_mb_is_refused(load: Load, serve: Serve) -> None:
    """One line is a head too."""
    words = HEAD + b"X: " + b"x" * 10_000_000 + b"\r\n\r\n"
    attempt = load(serve(saying(words)).url())

    assert attempt.error is not None
    assert attempt.error.code is URLErrorCode.DATA_LENGTH_EXCEEDS_MAXIMUM
    assert not attempt.has_connection


def test_endless_informational_responses_are_ended(
    load: Load, serve: Serve, configuration: URLSessionConfiguration
) -> None:
    """By the limit of libcurl or by the time-out, but ended."""

    def handle(connection: ServerConnection) -> None:
        connection.recv_request()
        while connection.is_open:
            connection.send(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 1000)

    configuration.timeout_interval_for_resource = 2.0
    attempt = load(serve(handle).url(), configuration)

    assert attempt.error is not None
    assert not attempt.has_connection


def test_bytes_behind_the_reply_do_not_reach_the_next_one(
    serve: Serve,
) -> None:
    """Response splitting: the connection is not used again."""
    from urlsession import URLSession

    first = HEAD + b"Content-Length: 5\r\n\r\nfirst"
    evil = HEAD + b"Content-Length: 4\r\n\r\nevil"

    def handle(connection: ServerConnection) -> None:
        if (request := connection.recv_request()) is None:
            return
        if request.target == "/first":
            connection.send(first + evil)
            connection.hold()
        connection.send(HEAD + b"Content-Length: 4\r\n\r\ngood")

    server = serve(handle)
    with URLSession() as session:
        assert session.data(server.url("/first")).result(10).data == b"first"
        assert session.data(server.url("/next")).result(10).data == b"good"
