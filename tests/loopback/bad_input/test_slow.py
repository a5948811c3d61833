"""Servers that take their time: both of Foundation's time-outs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

import pytest

from urlsession import URLErrorCode, URLRequest, URLSession, URLSessionConfiguration
from urlsession.errors import URLTimeoutError
from urlsession.testing import Handler, ServerConnection

if TYPE_CHECKING:
    from ...conftest import Serve
    from .attempt import Load

T = TypeVar("T")

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"


def dripping(words: bytes, every_s: float) -> Handler:
    """Return a handler that sends a byte at a time, as long as it is listened to."""

    def handle(connection: ServerConnection) -> None:
        connection.recv_request()
        drip(connection, words, every_s)

    return handle


def drip(connection: ServerConnection, words: bytes, every_s: float) -> None:
    """Send a byte at a time."""
    for byte in words:
        connection.send(bytes([byte]))
        if connection.wait_closed(every_s) is not None:
            return


@pytest.mark.slow
@pytest.mark.parametrize("words", [HEAD + b"x" * 1000, HEAD], ids=["body", "head"])
def test_byte_a_second_is_no_progress_for_a_shorter_idle_timeout(
    load: Load, serve: Serve, configuration: URLSessionConfiguration, words: bytes
) -> None:
    """``timeout_interval_for_request`` is an idle timer."""
    configuration.timeout_interval_for_request = 0.4
    attempt, took_s = timed(
        lambda: load(serve(dripping(words, 1.0)).url(), configuration)
    )

    error = attempt.failed(URLErrorCode.TIMED_OUT)
    assert isinstance(error, TimeoutError)
    assert 0.4 <= took_s < 1.0


@pytest.mark.slow
@pytest.mark.parity(
    "2:timeoutIntervalForResource", "A:4 time-outs ignored or truncated"
)
def test_byte_a_second_is_progress_until_the_resource_timeout(
    load: Load, serve: Serve, configuration: URLSessionConfiguration
) -> None:
    """``timeout_interval_for_resource`` is a wall clock."""
    configuration.timeout_interval_for_request = 1.5
    configuration.timeout_interval_for_resource = 2.3

    def handle(connection: ServerConnection) -> None:
        connection.recv_request()
        connection.send(HEAD)
        drip(connection, b"x" * 1000, 1.0)

    server = serve(handle)
    attempt, took_s = timed(lambda: load(server.url(), configuration))

    error = attempt.failed(URLErrorCode.TIMED_OUT)
    assert isinstance(error, URLTimeoutError)
    assert 2.3 <= took_s < 2.8


@pytest.mark.slow
@pytest.mark.parity("2:timeoutIntervalForRequest", "8:timedOut (-1001)")
def test_silent_server_times_out(
    load: Load, serve: Serve, configuration: URLSessionConfiguration
) -> None:
    """Sub-second, as the caller said; never early."""
    server = serve(lambda connection: connection.hold())
    configuration.timeout_interval_for_request = 0.3
    attempt, took_s = timed(lambda: load(server.url(), configuration))

    attempt.failed(URLErrorCode.TIMED_OUT)
    assert 0.3 <= took_s < 0.8


@pytest.mark.slow
@pytest.mark.parity("2:precedence", "A:4 time-outs ignored or truncated")
def test_timeout_of_the_request_beats_the_sessions(
    load: Load, serve: Serve, configuration: URLSessionConfiguration
) -> None:
    """It was said of this one."""
    server = serve(lambda connection: connection.hold())
    configuration.timeout_interval_for_request = 10.0
    request = URLRequest(server.url(), timeout_interval=0.3)
    attempt, took_s = timed(lambda: load(request, configuration))

    attempt.failed(URLErrorCode.TIMED_OUT)
    assert took_s < 1.0


@pytest.mark.slow
def test_server_that_never_shakes_hands_times_out(
    load: Load, serve: Serve, configuration: URLSessionConfiguration
) -> None:
    """The idle timer runs while connecting too."""
    server = serve(lambda connection: connection.hold())
    configuration.timeout_interval_for_request = 0.3
    url = server.url().replace("http:", "https:")
    attempt, took_s = timed(lambda: load(url, configuration))

    attempt.failed(URLErrorCode.TIMED_OUT)
    assert 0.3 <= took_s < 0.8


@pytest.mark.slow
def test_server_that_takes_no_body_times_out(
    load: Load, serve: Serve, configuration: URLSessionConfiguration
) -> None:
    """An upload that stands still is no progress either."""
    server = serve(lambda connection: connection.hold())
    configuration.timeout_interval_for_request = 0.4
    request = URLRequest(server.url(), method="PUT", body=bytes(30_000_000))
    attempt = load(request, configuration)

    attempt.failed(URLErrorCode.TIMED_OUT)


@pytest.mark.slow
def test_slow_reader_does_not_time_out(serve: Serve) -> None:
    """Time that the consumer takes is not the server's."""
    body = b"x" * 8_000_000

    def handle(connection: ServerConnection) -> None:
        connection.recv_request()
        connection.send_response(body=body)
        connection.hold()

    configuration = URLSessionConfiguration.ephemeral()
    configuration.timeout_interval_for_request = 0.3
    pause = threading.Event()
    with URLSession(configuration) as session:
        chunks, _response = session.bytes(serve(handle).url()).result(10)
        count = 0
        for number, chunk in enumerate(chunks):
            count += len(chunk)
            if number == 0:
                pause.wait(0.8)

    assert count == len(body)


def timed(act: Callable[[], T]) -> tuple[T, float]:
    """Return what it returns, and how many seconds it took."""
    start = time.monotonic()
    value = act()
    return value, time.monotonic() - start
