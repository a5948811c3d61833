"""Both time-outs of Foundation: idle (request) and wall clock (resource)."""

from __future__ import annotations

import asyncio
import math
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from urlsession import (
    URLError,
    URLErrorCode,
    URLRequest,
    URLSession,
    URLSessionConfiguration,
    URLSessionTask,
)
from urlsession.engine.timetable import SLACK_S
from urlsession.testing import (
    LoopbackServer,
    RecordingDelegate,
    ServerConnection,
    fixed_body,
    wait_until,
)

if TYPE_CHECKING:
    from ..conftest import Serve


def silent(connection: ServerConnection) -> None:
    """Take the request and say nothing."""
    connection.recv_request()
    connection.hold()


def trickling(every_s: float, count: int = 1000) -> Callable[[ServerConnection], None]:
    """Return a handler that sends a byte of the body at a time."""

    def handle(connection: ServerConnection) -> None:
        connection.recv_request()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % count)
        pause = threading.Event()
        for _ in range(count):
            pause.wait(every_s)
            connection.send(b"x")

    return handle


def configured(
    *, request_s: float = 60.0, resource_s: float = math.inf
) -> URLSessionConfiguration:
    """Return a configuration with these time-outs."""
    configuration = URLSessionConfiguration.ephemeral()
    configuration.timeout_interval_for_request = request_s
    configuration.timeout_interval_for_resource = resource_s
    return configuration


def time_out(
    server: LoopbackServer,
    configuration: URLSessionConfiguration,
    request: URLRequest | None = None,
) -> float:
    """Load what times out; return after how many seconds it did."""
    with URLSession(configuration) as session:
        begun = time.monotonic()
        with pytest.raises(TimeoutError) as caught:
            session.data(request or server.url()).result(10)
        took_s = time.monotonic() - begun
    assert isinstance(caught.value, URLError)
    assert caught.value.code is URLErrorCode.TIMED_OUT
    assert caught.value.failing_url == server.url()
    return took_s


@pytest.mark.parametrize("seconds", [0.05, 0.3, 0.75])
def test_silent_server_times_out_with_sub_second_precision(
    serve: Serve, seconds: float
) -> None:
    """Not early, late by a sixteenth at most (and what the machine adds)."""
    took_s = time_out(serve(silent), configured(request_s=seconds))

    assert seconds - SLACK_S <= took_s < seconds * 17 / 16 + 0.1


@pytest.mark.parametrize("seconds", [0.05, 0.3])
def test_wall_clock_ends_a_load_that_makes_progress(
    serve: Serve, seconds: float
) -> None:
    """However steadily the bytes come."""
    took_s = time_out(serve(trickling(0.01)), configured(resource_s=seconds))

    assert seconds - SLACK_S <= took_s < seconds + 0.1


def test_both_time_outs_work_on_a_loop(
    serve: Serve, loop_factory: Callable[[], asyncio.AbstractEventLoop]
) -> None:
    """On the default loop and on uvloop."""
    server = serve(silent)

    async def story() -> list[float]:
        took: list[float] = []
        for configuration in (configured(request_s=0.2), configured(resource_s=0.2)):
            async with URLSession(configuration) as session:
                begun = time.monotonic()
                with pytest.raises(TimeoutError):
                    await session.data(server.url())
                took.append(time.monotonic() - begun)
        return took

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        took = runner.run(story())

    assert all(0.2 <= one < 0.35 for one in took)


def test_server_that_sends_a_byte_a_second_does_not_run_into_the_idle_time_out(
    serve: Serve,
) -> None:
    """Each byte resets the timer; a second is more than libcurl's own limit sees."""
    server = serve(trickling(1.0, count=2))
    with URLSession(configured(request_s=1.3)) as session:
        assert session.data(server.url()).result(5).data == b"xx"


def test_server_that_sends_a_byte_a_second_runs_into_a_shorter_idle_time_out(
    serve: Serve,
) -> None:
    """Not after whole seconds only."""
    took_s = time_out(serve(trickling(1.0, count=5)), configured(request_s=0.6))

    assert 0.6 <= took_s < 0.8


def test_server_that_sends_a_byte_a_second_runs_into_the_wall_clock(
    serve: Serve,
) -> None:
    """Although it never stops."""
    configuration = configured(request_s=1.3, resource_s=1.2)
    took_s = time_out(serve(trickling(1.0, count=5)), configuration)

    assert 1.2 <= took_s < 1.4


@pytest.mark.parametrize(("own_s", "session_s"), [(0.2, 60.0), (0.2, math.inf)])
def test_time_out_of_the_request_beats_that_of_the_session(
    serve: Serve, own_s: float, session_s: float
) -> None:
    """Shorter here; the next test has it longer."""
    server = serve(silent)
    request = URLRequest(server.url(), timeout_interval=own_s)

    assert time_out(server, configured(request_s=session_s), request) < 0.5


def test_longer_time_out_of_the_request_beats_that_of_the_session(
    serve: Serve,
) -> None:
    """Also infinity."""
    server = serve(trickling(0.4, count=1))
    for own_s in (5.0, math.inf):
        with URLSession(configured(request_s=0.1)) as session:
            request = URLRequest(server.url(), timeout_interval=own_s)
            assert session.data(request).result(5).data == b"x"


def test_time_out_closes_the_connection(serve: Serve) -> None:
    """What comes late must not be taken for another reply."""
    server = serve(silent)
    with URLSession(configured(request_s=0.1)) as session:
        with pytest.raises(TimeoutError):
            session.data(server.url()).result(5)

        assert server.connections[0].wait_closed(1) is not None
        assert session.connections() == []


def test_stream_times_out_while_it_is_read(serve: Serve) -> None:
    """What came before is read first."""

    def half(connection: ServerConnection) -> None:
        connection.recv_request()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf")
        connection.hold()

    server = serve(half)
    with URLSession(configured(request_s=0.2)) as session:
        chunks, _ = session.bytes(server.url()).result(5)
        iterator = iter(chunks)

        assert next(iterator) == b"half"
        with pytest.raises(TimeoutError):
            next(iterator)


def test_idle_timer_is_off_while_a_consumer_is_slow(serve: Serve) -> None:
    """The pause is ours, not the server's."""
    size = 64 * 1024 * 1024

    def large(connection: ServerConnection) -> None:
        connection.recv_request()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
        for _ in range(64):
            connection.send(bytes(size // 64))

    server = serve(large)
    with URLSession(configured(request_s=0.2)) as session:
        chunks, _ = session.bytes(server.url()).result(5)
        threading.Event().wait(0.6)

        assert sum(len(chunk) for chunk in chunks) == size


@pytest.mark.parity("17:timeouts")
def test_no_timer_runs_while_a_task_is_suspended(serve: Serve) -> None:
    """Neither idle nor wall clock; both go on after."""
    server = serve(silent)
    with URLSession(configured(request_s=0.3, resource_s=0.4)) as session:
        task = session.data(server.url())
        server.wait_requests(1)
        task.suspend()
        with pytest.raises(TimeoutError, match="goes on"):
            task.result(0.8)
        task.resume()
        begun = time.monotonic()
        with pytest.raises(TimeoutError):
            task.result(5)

    assert task.error is not None
    assert time.monotonic() - begun < 0.6


def test_task_suspended_at_once_is_not_timed_either(serve: Serve) -> None:
    """Before there is a connection, or a head."""
    is_suspended = threading.Event()

    def late(connection: ServerConnection) -> None:
        connection.recv_request()
        is_suspended.wait(5)
        connection.send_response(200, body=b"x")

    server = serve(late)
    with URLSession(configured(request_s=0.6, resource_s=0.8)) as session:
        task = session.data(server.url())
        task.suspend()
        is_suspended.set()
        with pytest.raises(TimeoutError, match="goes on"):
            task.result(1.0)
        task.resume()

        assert task.result(5).data == b"x"


@pytest.mark.parity("18:13 #3287 parallel POSTs time out")
def test_task_that_waits_for_a_connection_is_not_idle(serve: Serve) -> None:
    """Its timer begins when it has one."""
    go = threading.Event()

    def gated(connection: ServerConnection) -> None:
        while request := connection.recv_request():
            if request.target == "/first":
                go.wait(5)
            connection.send_response(200, body=request.target.encode())

    server = serve(gated)
    configuration = configured(request_s=0.15)
    configuration.http_maximum_connections_per_host = 1
    with URLSession(configuration) as session:
        first = session.data(
            URLRequest(server.url("/first"), timeout_interval=math.inf)
        )
        server.wait_requests(1)
        second = session.data(server.url("/second"))
        with pytest.raises(TimeoutError, match="goes on"):
            second.result(0.5)
        go.set()

        assert second.result(5).data == b"/second"
        assert first.result(5).data == b"/first"


def test_wall_clock_runs_while_a_task_waits_for_a_connection(serve: Serve) -> None:
    """It is for the whole task."""
    server = serve(silent)
    configuration = configured(resource_s=0.3)
    configuration.http_maximum_connections_per_host = 1
    with URLSession(configuration) as session:
        tasks = [session.data(server.url()) for _ in range(3)]
        begun = time.monotonic()
        for task in tasks:
            with pytest.raises(TimeoutError):
                task.result(5)

    assert time.monotonic() - begun < 0.6


def test_wall_clock_goes_on_over_redirects(serve: Serve) -> None:
    """A loop of redirects does not start it anew."""

    def looping(connection: ServerConnection) -> None:
        pause = threading.Event()
        while connection.recv_request():
            pause.wait(0.05)
            connection.send_response(302, [("Location", "/")])

    with URLSession(configured(resource_s=0.3)) as session:
        begun = time.monotonic()
        with pytest.raises(TimeoutError):
            session.data(serve(looping).url()).result(5)

    assert 0.3 <= time.monotonic() - begun < 0.9


@pytest.mark.parametrize("is_between", [False, True], ids=["in a run", "between two"])
def test_time_suspended_before_a_redirect_is_not_counted_after_it(
    serve: Serve, *, is_between: bool
) -> None:
    """The wall clock of the next run stands where that of the last one stood."""
    go = threading.Event()
    reached, decided = threading.Event(), threading.Event()

    def handle(connection: ServerConnection) -> None:
        while request := connection.recv_request():
            if request.target == "/end":
                threading.Event().wait(0.2)
                connection.send_response(200, body=b"end")
                continue
            reached.set()
            if not is_between:
                go.wait(5)
            connection.send_response(302, [("Location", "/end")])

    def decide(_s: object, task: URLSessionTask, _r: object, new: object) -> object:
        if is_between:
            task.suspend()
        decided.set()
        return new

    delegate = RecordingDelegate({"task_will_perform_http_redirection": decide})
    with URLSession(configured(resource_s=1.2)) as session:
        task = session.data(serve(handle).url(), delegate=delegate)
        assert (decided if is_between else reached).wait(5)
        if not is_between:
            task.suspend()
        with pytest.raises(TimeoutError, match="goes on"):
            task.result(1.4)
        go.set()
        task.resume()

        assert task.result(5).data == b"end"


def test_connection_that_is_never_accepted_times_out(serve: Serve) -> None:
    """Progress means bytes of the reply or the request, not attempts."""
    server = serve(silent, tls=False)
    with URLSession(configured(request_s=0.2)) as session:
        # TLS to a server that does not speak it: it waits for more, we for it.
        task = session.data(server.url().replace("http:", "https:"))
        with pytest.raises(TimeoutError):
            task.result(5)

    assert wait_until(lambda: not server.open_connections)


def test_no_time_out_at_all_leaves_the_io_thread_alive(serve: Serve) -> None:
    """What is left to wait for then, libcurl's own limits, is 24 days away."""
    configuration = URLSessionConfiguration.default()
    configuration.timeout_interval_for_request = math.inf
    configuration.timeout_interval_for_resource = math.inf
    configuration.idle_connection_timeout = None
    server = serve(fixed_body(b"there"))
    with URLSession(configuration) as session:
        loads = [session.data(server.url("/")) for _ in range(8)]
        bodies = [load.result(10).data for load in loads]

    assert bodies == [b"there"] * 8
