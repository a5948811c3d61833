"""Cancelling, from every side, never costs the pool a slot."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from urlsession import (
    TaskState,
    URLError,
    URLErrorCode,
    URLSession,
    URLSessionConfiguration,
)
from urlsession.testing import (
    LoopbackServer,
    ServerConnection,
    answering,
    fixed_body,
    wait_until,
)

if TYPE_CHECKING:
    from ..conftest import Serve

LoopFactory = Callable[[], asyncio.AbstractEventLoop]
CALLERS = 25
SLOTS = 10
CHURN_S = 5.0


def silent(connection: ServerConnection) -> None:
    """Take the request and say nothing."""
    connection.recv_request()
    connection.hold()


def slowly(connection: ServerConnection) -> None:
    """Answer after up to 4 ms, in two pieces."""
    pause = threading.Event()
    chance = random.Random(connection.peer_port)
    while connection.recv_request():
        pause.wait(chance.random() * 0.002)
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbo")
        pause.wait(chance.random() * 0.002)
        connection.send(b"dy")


def slots(count: int, certificates: Any = None) -> URLSessionConfiguration:
    """Return a configuration with so many connections per host."""
    configuration = URLSessionConfiguration.ephemeral()
    configuration.http_maximum_connections_per_host = count
    configuration.trusted_certificates = certificates
    return configuration


# -- asyncio's own ways --------------------------------------------------------------


def cancelled_by_wait_for(session: URLSession, url: str) -> Any:
    """Wait with a bound."""
    return asyncio.wait_for(_load(session, url), 0.25)


async def cancelled_by_timeout(session: URLSession, url: str) -> None:
    """Wait in a block with a bound."""
    async with asyncio.timeout(0.25):
        await session.data(url)


async def _load(session: URLSession, url: str) -> bytes:
    return (await session.data(url)).data


@pytest.mark.parametrize("way", [cancelled_by_wait_for, cancelled_by_timeout])
@pytest.mark.parity("18:9 #5412 deadlock when an awaited load is cancelled")
def test_asyncios_time_outs_cancel_the_load(
    serve: Serve, loop_factory: LoopFactory, way: Callable[..., Any]
) -> None:
    """The connection is closed, and nothing of the task stays."""
    server = serve(silent)

    async def story() -> None:
        async with URLSession() as session:
            with pytest.raises(TimeoutError):
                await way(session, server.url())

            assert session.all_tasks() == []
            assert await asyncio.to_thread(server.wait_accepted, 1)
            closed_at = await asyncio.to_thread(server.connections[0].wait_closed, 1)
            assert closed_at is not None

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.run(story())


@pytest.mark.parity("1:data(for:delegate:), data(from:delegate:)")
def test_cancelled_awaiter_ends_the_task_with_cancelled(serve: Serve) -> None:
    """The awaiter gets asyncio's error, everybody else Foundation's."""
    server = serve(silent)

    async def story() -> None:
        async with URLSession() as session:
            task = session.data(server.url())
            awaiter = asyncio.ensure_future(_wait(task))
            await asyncio.to_thread(server.wait_requests, 1)
            awaiter.cancel()
            with pytest.raises(asyncio.CancelledError):
                await awaiter
            with pytest.raises(URLError) as caught:
                await task
            assert caught.value.code is URLErrorCode.CANCELLED
            assert task.state is TaskState.COMPLETED

    asyncio.run(story())


async def _wait(task: Any) -> Any:
    return await task


def test_failing_task_group_cancels_the_loads_of_the_others(serve: Serve) -> None:
    """Structured concurrency closes what it leaves."""
    server = serve(silent)

    async def fail() -> None:
        await asyncio.to_thread(server.wait_requests, 3)
        raise ValueError

    async def grouped(session: URLSession) -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(3):
                group.create_task(_load(session, server.url()))
            group.create_task(fail())

    async def story() -> None:
        async with URLSession() as session:
            with pytest.raises(ExceptionGroup):
                await grouped(session)
            assert await asyncio.to_thread(server.wait_all_ended, 1)

    asyncio.run(story())


def test_cancelled_wait_for_a_stream_cancels_it(serve: Serve) -> None:
    """Before the head, and in the middle of the body."""

    def half(connection: ServerConnection) -> None:
        request = connection.recv_request()
        if request is not None and request.target == "/half":
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf")
        connection.hold()

    server = serve(half)

    async def read(session: URLSession) -> bytes:
        chunks, _ = await session.bytes(server.url("/half"))
        return await chunks.aread()

    async def story() -> None:
        async with URLSession() as session:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.25):
                    await session.bytes(server.url("/silent"))
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(read(session), 0.05)
            assert await asyncio.to_thread(server.wait_all_ended, 1)

    asyncio.run(story())


# -- from other threads --------------------------------------------------------------


def test_cancel_from_another_thread_wakes_who_waits(serve: Serve) -> None:
    """With the error, at once."""
    server = serve(silent)
    with URLSession() as session, ThreadPoolExecutor(1) as executor:
        task = session.data(server.url())
        waiting = executor.submit(task.result, 10)
        server.wait_requests(1)
        begun = time.monotonic()
        task.cancel()

        with pytest.raises(URLError) as caught:
            waiting.result(5)
        assert caught.value.code is URLErrorCode.CANCELLED
        assert time.monotonic() - begun < 0.5


def test_cancelled_task_that_waits_for_a_connection_frees_its_place(
    serve: Serve,
) -> None:
    """The one behind it comes on."""
    go = threading.Event()

    def gated(connection: ServerConnection) -> None:
        while request := connection.recv_request():
            if request.target == "/first":
                go.wait(5)
            connection.send_response(200, body=request.target.encode())

    server = serve(gated)
    with URLSession(slots(1)) as session:
        first = session.data(server.url("/first"))
        server.wait_requests(1)
        second = session.data(server.url("/second"))
        third = session.data(server.url("/third"))
        second.cancel()
        go.set()

        assert third.result(5).data == b"/third"
        assert first.result(5).data == b"/first"
    assert [one.target for one in server.requests] == ["/first", "/third"]


def test_cancelling_what_runs_lets_what_waits_run(serve: Serve) -> None:
    """A slot is free again as soon as its transfer is cancelled."""

    def handle(connection: ServerConnection) -> None:
        while request := connection.recv_request():
            if request.target == "/silent":
                connection.hold()
            connection.send_response(200, body=b"x")

    server = serve(handle)
    with URLSession(slots(2)) as session:
        stuck = [session.data(server.url("/silent")) for _ in range(2)]
        server.wait_requests(2)
        waiting = [session.data(server.url("/")) for _ in range(5)]
        for task in stuck:
            task.cancel()

        assert [task.result(5).data for task in waiting] == [b"x"] * 5


# -- churn -----------------------------------------------------------------------------


def check_all_slots(session: URLSession, server: LoopbackServer) -> None:
    """Load as many at once as there are slots, three times over."""
    for _ in range(3):
        tasks = [session.data(server.url()) for _ in range(SLOTS)]
        assert [task.result(5).data for task in tasks] == [b"body"] * SLOTS


@pytest.mark.slow
@pytest.mark.parametrize("tls", [False, True], ids=["http", "https"])
def test_churn_of_cancellations_on_a_loop_leaves_every_slot_free(
    serve: Serve, loop_factory: LoopFactory, ca: Any, tls: bool
) -> None:
    """25 callers on 10 slots, cancelled at any moment; then every load succeeds."""
    server = serve(slowly, tls=tls)
    counts = {"done": 0, "cancelled": 0}
    longest_s = 0.08 if tls else 0.02  # a handshake takes its time on a busy machine

    async def caller(session: URLSession, number: int, end: float) -> None:
        chance = random.Random(number)
        while time.monotonic() < end:
            try:
                await asyncio.wait_for(
                    _load(session, server.url()), chance.random() * longest_s
                )
                counts["done"] += 1
            except TimeoutError:
                counts["cancelled"] += 1

    async def story() -> None:
        async with URLSession(slots(SLOTS, ca.path)) as session:
            end = time.monotonic() + CHURN_S / 4
            await asyncio.gather(*(caller(session, n, end) for n in range(CALLERS)))
            assert session.all_tasks() == []
            await asyncio.to_thread(check_all_slots, session, server)

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.run(story())

    assert counts["done"] > 0
    assert counts["cancelled"] > 0


@pytest.mark.slow
def test_churn_of_cancellations_on_threads_leaves_every_slot_free(
    serve: Serve,
) -> None:
    """The same, five seconds long, with threads that cancel what others wait for."""
    server = serve(slowly)
    counts = {"done": 0, "cancelled": 0}

    def caller(session: URLSession, number: int, end: float) -> None:
        chance = random.Random(number)
        while time.monotonic() < end:
            task = session.data(server.url())
            try:
                task.result(chance.random() * 0.02)
                counts["done"] += 1
            except TimeoutError:
                task.cancel()
                counts["cancelled"] += 1

    with URLSession(slots(SLOTS)) as session:
        end = time.monotonic() + CHURN_S
        with ThreadPoolExecutor(CALLERS) as executor:
            for one in [
                executor.submit(caller, session, n, end) for n in range(CALLERS)
            ]:
                one.result()
        assert session.all_tasks() == []
        check_all_slots(session, server)
        assert wait_until(lambda: len(server.open_connections) <= SLOTS)
        assert len(session.connections()) == len(server.open_connections)

    assert counts["done"] > 0
    assert counts["cancelled"] > 0


def test_session_is_fine_after_every_task_was_cancelled_at_once(serve: Serve) -> None:
    """Also those that had not begun."""
    server = serve(fixed_body(b"body"))
    with URLSession() as session:
        for _ in range(20):
            tasks = [session.data(server.url()) for _ in range(20)]
            for task in tasks:
                task.cancel()
        assert session.data(server.url()).result(5).data == b"body"


def test_cancel_in_a_handler_of_another_task_is_fine(serve: Serve) -> None:
    """User code may cancel whatever it likes."""
    server = serve(answering(lambda request: (200, [], b"x" * int(request.target[1:]))))
    with URLSession() as session:
        other = session.data(server.url("/5000000"))
        task = session.data_task(server.url("/1"), lambda *_: other.cancel())
        task.resume()
        task.result(5)
        wait_until(lambda: other.state is TaskState.COMPLETED)

    assert other.state is TaskState.COMPLETED
