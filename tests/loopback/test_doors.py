"""One engine, two doors: awaiting, waiting, handlers and delegates, from anywhere."""

from __future__ import annotations

import asyncio
import math
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from urlsession import (
    Reply,
    URLError,
    URLErrorCode,
    URLRequest,
    URLSession,
    UsageError,
)
from urlsession.testing import (
    LoopbackServer,
    RecordingDelegate,
    ServerConnection,
    answering,
    fixed_body,
    wait_until,
)

if TYPE_CHECKING:
    from ..conftest import Serve

LoopFactory = Callable[[], asyncio.AbstractEventLoop]


@pytest.fixture
def server(serve: Serve) -> LoopbackServer:
    """Return a server that answers with the path."""
    return serve(answering(lambda request: (200, [], request.target.encode())))


class Gate:
    """A handler that answers when it is let."""

    def __init__(self) -> None:
        self.opened = threading.Event()

    def __call__(self, connection: ServerConnection) -> None:
        while connection.recv_request():
            self.opened.wait(10)
            connection.send_response(200, body=b"late")


# -- each door ---------------------------------------------------------------------


@pytest.mark.parity(
    "1:data(for:delegate:), data(from:delegate:)", "18:15 #3205 async on Linux"
)
def test_await_gives_data_and_response(
    server: LoopbackServer, loop_factory: LoopFactory
) -> None:
    """On the default loop and on uvloop."""

    async def story() -> Reply:
        async with URLSession() as session:
            data, response = await session.data(server.url("/a"))
            assert (data, response.status_code) == (b"/a", 200)
            return await session.data(URLRequest(server.url("/b")))

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        reply = runner.run(story())

    assert (reply.data, reply.text, reply.status_code) == (b"/b", "/b", 200)


@pytest.mark.parity("1:init(configuration:)")
def test_result_gives_data_and_response(server: LoopbackServer) -> None:
    """Without any loop."""
    with URLSession() as session:
        data, response = session.data(server.url("/a")).result(timeout=5)

    assert (data, response.status_code) == (b"/a", 200)


@pytest.mark.parity("1:dataTask(with:completionHandler:)", "16.5:completion handlers")
def test_handler_gets_data_response_and_no_error(
    server: LoopbackServer, loop_factory: LoopFactory
) -> None:
    """In a session on a loop, and in one without."""
    results: list[tuple[object, object, object]] = []

    def done(data: object, response: object, error: object) -> None:
        results.append((data, response, error))

    async def story() -> None:
        async with URLSession() as session:
            session.data_task(server.url("/a"), completion=done).resume()

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.run(story())
    with URLSession() as session:
        session.data_task(server.url("/a"), completion=done).resume()

    assert [(data, error) for data, _, error in results] == [(b"/a", None)] * 2


@pytest.mark.parity(
    "1:dataTask(with:)",
    "3.2:URLSessionDataTask",
    "4:URLSession:dataTask:didReceiveData:",
)
def test_delegate_gets_the_body_in_pieces(
    serve: Serve, loop_factory: LoopFactory
) -> None:
    """On either loop, all of it and in order."""
    body = bytes(range(256)) * 20_000
    server = serve(fixed_body(body))
    delegate = RecordingDelegate()

    async def story() -> None:
        async with URLSession(delegate=delegate) as session:
            session.data_task(server.url()).resume()

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.run(story())

    assert delegate.received == body
    assert delegate.count("data_task_did_receive_data") > 1


def test_failed_load_raises_in_either_door(serve: Serve) -> None:
    """The same error, each time it is asked for."""

    def reset(connection: ServerConnection) -> None:
        connection.recv_request()
        connection.reset()

    url = serve(reset).url()

    async def story() -> None:
        async with URLSession() as session:
            with pytest.raises(URLError):
                await session.data(url)

    asyncio.run(story())
    with URLSession() as session:
        task = session.data(url)
        for _ in range(2):
            with pytest.raises(URLError) as caught:
                task.result(5)
            assert caught.value is task.error
            assert caught.value.code is URLErrorCode.NETWORK_CONNECTION_LOST


def test_finished_task_may_be_awaited_and_asked_again(server: LoopbackServer) -> None:
    """Also after its session has ended, and in the other door."""

    async def story() -> tuple[Reply, Reply, Reply]:
        async with URLSession() as session:
            task = session.data(server.url("/a"))
            first = await task
        return first, await task, task.result()

    first, second, third = asyncio.run(story())

    assert first is second is third


def test_result_times_out_and_the_task_goes_on(serve: Serve) -> None:
    """`timeout` is for the waiting, not for the load."""
    gate = Gate()
    server = serve(gate)
    with URLSession() as session:
        task = session.data(server.url())
        begun = time.monotonic()
        with pytest.raises(TimeoutError):
            task.result(timeout=0.1)
        waited_s = time.monotonic() - begun
        gate.opened.set()
        reply = task.result(5)

    assert 0.1 <= waited_s < 1
    assert reply.data == b"late"


# -- where waiting would never end -------------------------------------------------


def test_result_on_the_loops_own_thread_raises_at_once(
    serve: Serve, loop_factory: LoopFactory
) -> None:
    """The load itself goes on."""
    gate = Gate()
    server = serve(gate)

    async def story() -> bytes:
        async with URLSession() as session:
            task = session.data(server.url())
            with pytest.raises(UsageError, match="await"):
                task.result()
            gate.opened.set()
            return (await task).data

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        assert runner.run(story()) == b"late"


@pytest.mark.parametrize("executor", [None, "own"])
def test_result_inside_a_callback_raises_at_once(
    server: LoopbackServer, executor: str | None
) -> None:
    """On the session's own queue and on a user's executor."""
    caught: list[BaseException] = []

    def done(*_: object) -> None:
        try:
            session.data(server.url("/b")).result(5)
        except UsageError as error:
            caught.append(error)

    queue = None if executor is None else ThreadPoolExecutor(1)
    with URLSession(delegate_queue=queue) as session:
        session.data_task(server.url("/a"), done).resume()
    if queue is not None:
        queue.shutdown()

    assert len(caught) == 1


def test_result_of_a_task_that_was_never_resumed_raises_at_once(
    server: LoopbackServer,
) -> None:
    """So does awaiting it."""

    async def story() -> None:
        async with URLSession() as session:
            with pytest.raises(UsageError, match="resume"):
                await session.data_task(server.url())

    with URLSession() as session, pytest.raises(UsageError, match="resume"):
        session.data_task(server.url()).result()
    asyncio.run(story())


def test_session_of_a_closed_loop_refuses_tasks(server: LoopbackServer) -> None:
    """Nobody would ever drive them."""

    async def story() -> URLSession:
        session = URLSession()
        await session.data(server.url())
        return session

    session = asyncio.run(story())

    with pytest.raises(UsageError, match="closed"):
        session.data(server.url())
    session.invalidate_and_cancel()


# -- across threads and loops ------------------------------------------------------


def test_session_without_a_loop_may_be_awaited_on_any_loop(
    server: LoopbackServer, loop_factory: LoopFactory
) -> None:
    """Made outside, used inside, one loop after the other."""
    with URLSession() as session:

        async def story() -> list[bytes]:
            tasks = [session.data(server.url(f"/{n}")) for n in range(10)]
            return [(await task).data for task in tasks]

        for _ in range(2):
            with asyncio.Runner(loop_factory=loop_factory) as runner:
                assert runner.run(story()) == [b"/%d" % n for n in range(10)]


def test_task_of_one_loop_may_be_awaited_on_another(
    server: LoopbackServer, loop_factory: LoopFactory
) -> None:
    """The other loop runs on another thread."""

    async def other(session: URLSession) -> bytes:
        return (await session.data(server.url("/a"))).data

    async def story() -> list[bytes]:
        async with URLSession() as session:
            return await asyncio.gather(
                *(asyncio.to_thread(asyncio.run, other(session)) for _ in range(4))
            )

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        assert runner.run(story()) == [b"/a"] * 4


def test_task_of_a_loop_may_be_waited_for_on_another_thread(
    server: LoopbackServer,
) -> None:
    """Blocking there is fine: the loop drives."""

    async def story() -> bytes:
        async with URLSession() as session:
            task = session.data(server.url("/a"))
            reply: Reply = await asyncio.to_thread(task.result, 5)
            return reply.data

    assert asyncio.run(story()) == b"/a"


def test_several_awaiters_get_the_same_reply(serve: Serve) -> None:
    """Two coroutines, and a thread that blocks."""
    gate = Gate()
    server = serve(gate)

    async def one(task: object) -> object:
        return await task  # type: ignore[misc]  # a task is awaitable

    async def story() -> list[object]:
        async with URLSession() as session:
            task = session.data(server.url())
            waiting = asyncio.gather(
                one(task), one(task), asyncio.to_thread(task.result, 5)
            )
            await asyncio.to_thread(server.wait_requests, 1)
            gate.opened.set()
            return list(await waiting)

    first, second, third = asyncio.run(story())

    assert first is second is third


def test_many_threads_load_over_one_session(server: LoopbackServer) -> None:
    """Each gets its own reply, over no more than six connections."""
    with URLSession() as session, ThreadPoolExecutor(16) as executor:

        def work(worker: int) -> int:
            return sum(
                session.data(server.url(f"/{worker}/{n}")).result(10).data
                == b"/%d/%d" % (worker, n)
                for n in range(50)
            )

        right = sum(executor.map(work, range(16)))

    assert right == 16 * 50
    assert server.peak_open <= 6


def test_threads_may_use_the_session_of_a_loop(server: LoopbackServer) -> None:
    """Calls are handed over; the loop's own loads go on meanwhile."""

    async def story() -> int:
        async with URLSession() as session:

            def work(worker: int) -> int:
                return sum(
                    session.data(server.url(f"/{worker}/{n}")).result(10).data
                    == b"/%d/%d" % (worker, n)
                    for n in range(30)
                )

            async def here(n: int) -> int:
                return int((await session.data(server.url(f"/{n}"))).data == b"/%d" % n)

            counts = await asyncio.gather(
                *(asyncio.to_thread(work, worker) for worker in range(4)),
                *(here(n) for n in range(100)),
            )
            return sum(counts)

    assert asyncio.run(story()) == 4 * 30 + 100


@pytest.mark.parity("1:thread safety")
def test_tasks_are_resumed_suspended_and_cancelled_from_many_threads(
    server: LoopbackServer,
) -> None:
    """Whoever wins, each task ends exactly once, and the session with them."""
    ends: list[object] = []
    threads = 6
    with URLSession() as session, ThreadPoolExecutor(threads) as executor:
        for n in range(150):
            task = session.data_task(
                server.url(f"/{n}"), lambda *result: ends.append(result)
            )
            ready = threading.Barrier(threads)

            def act(worker: int, task: object = task, ready: object = ready) -> None:
                ready.wait()  # type: ignore[attr-defined]  # bound above
                name = ("resume", "resume", "suspend", "resume", "cancel", "resume")
                getattr(task, name[worker])()

            list(executor.map(act, range(threads)))
            task.cancel()
        reply = session.data(server.url("/last")).result(5)

    assert reply.data == b"/last"
    assert len(ends) == 150


def test_one_waiter_does_not_keep_another_from_its_time_out(serve: Serve) -> None:
    """A thread that waits lends itself to the pool, and serves the others too."""
    gate = Gate()
    server = serve(gate)
    with URLSession() as session, ThreadPoolExecutor(1) as executor:
        slow = executor.submit(session.data(server.url()).result, 10)
        server.wait_requests(1)
        request = URLRequest(server.url())
        request.timeout_interval = 0.2
        begun = time.monotonic()
        with pytest.raises(TimeoutError):
            session.data(request).result(5)
        waited_s = time.monotonic() - begun
        gate.opened.set()
        assert slow.result(5).data == b"late"

    assert 0.2 <= waited_s < 1


def test_waiting_thread_keeps_no_timer_from_another(serve: Serve) -> None:
    """Not even if the other's connection is never accepted, so that nothing comes."""
    gate = Gate()
    server = serve(gate)
    with ExitStack() as stack:
        full = stack.enter_context(socket.socket())
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for _ in range(3):  # more than its queue holds
            one = stack.enter_context(socket.socket())
            one.setblocking(False)
            one.connect_ex(full.getsockname())
        session = stack.enter_context(URLSession())
        executor = stack.enter_context(ThreadPoolExecutor(1))
        slow = session.data(URLRequest(server.url(), timeout_interval=math.inf))
        server.wait_requests(1)
        waiting = executor.submit(slow.result, 10)
        assert wait_until(lambda: session._core.pool.leader)
        request = URLRequest(
            f"http://127.0.0.1:{full.getsockname()[1]}/", timeout_interval=0.2
        )
        begun = time.monotonic()
        with pytest.raises(TimeoutError):
            session.data(request).result(5)
        waited_s = time.monotonic() - begun
        slow.cancel()
        assert waiting.exception(5) is slow.error
        gate.opened.set()

    assert 0.2 <= waited_s < 0.5


# -- the shared session ------------------------------------------------------------


@pytest.mark.leaves_connections_open("the shared session keeps its epoll for good")
@pytest.mark.parity("1:shared")
def test_shared_session_serves_one_loop_after_the_other(
    serve: Serve, loop_factory: LoopFactory
) -> None:
    """It is bound to none, and cannot be invalidated."""
    server = serve(fixed_body(b"x"))

    async def story() -> bytes:
        return (await URLSession.shared.data(server.url())).data

    for _ in range(2):
        with asyncio.Runner(loop_factory=loop_factory) as runner:
            assert runner.run(story()) == b"x"
    assert URLSession.shared.data(server.url()).result(5).data == b"x"
    with pytest.raises(UsageError):
        URLSession.shared.invalidate_and_cancel()
    assert server.accepted == 1
    server.stop()
