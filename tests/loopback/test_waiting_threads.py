"""A thread that waits for one result after the other drives its session's pool.

Between two results it keeps the pool; the I/O thread takes it back when that thread
does something else, or when somebody else has an interest.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from tests.conftest import Serve

from urlsession import URLSession
from urlsession.engine.io_thread import TICK_S
from urlsession.engine.pool import Pool
from urlsession.testing import ServerConnection
from urlsession.testing.handlers import fixed_body

WITHIN_S = 2.0  # the time-outs' first look, after 3.75 s, would find it too
LOADS = 30  # far more than make a streak


class Slow:
    """A handler whose replies take longer than a kept pool is nobody's."""

    def __init__(self) -> None:
        self.delay_s = 0.0
        self.connections: list[ServerConnection] = []

    def __call__(self, connection: ServerConnection) -> None:
        """Answer each request after `delay_s`."""
        self.connections.append(connection)
        while connection.recv_request():
            if self.delay_s:
                threading.Event().wait(self.delay_s)
            connection.send_response(body=b"late")


@pytest.fixture
def handler() -> Slow:
    """What the server answers with."""
    return Slow()


@pytest.fixture
def url(serve: Serve, handler: Slow) -> str:
    """The URL to load."""
    return serve(handler).url()


@pytest.fixture
def session(url: str) -> Iterator[URLSession]:
    """A session that a thread waits on over and over, until it keeps the pool."""
    with URLSession() as session:
        keep(session, url)
        yield session


def keep(session: URLSession, url: str) -> None:
    """Wait for results until this thread keeps the pool: a busy machine may break in."""
    assert until(lambda: load_and_look(session, url))


def load_and_look(session: URLSession, url: str) -> bool:
    session.data(url).result(WITHIN_S)
    return pool_of(session).is_kept


def pool_of(session: URLSession) -> Pool:
    return session._core.pool


def until(is_so: Callable[[], bool]) -> bool:
    """Whether something becomes true in time."""
    deadline = time.monotonic() + WITHIN_S
    while not is_so():
        if time.monotonic() > deadline:
            return False
        threading.Event().wait(TICK_S / 4)
    return True


def test_one_result_does_not_keep_the_pool(url: str) -> None:
    """A program that loads now and then has its I/O thread as before."""
    with URLSession() as session:
        session.data(url).result(WITHIN_S)

        assert not pool_of(session).is_kept


def test_kept_pool_is_given_back_when_nobody_waits(session: URLSession) -> None:
    """Its idle connections are listened to again."""
    assert until(lambda: not pool_of(session).is_kept)


def test_fin_on_a_kept_pool_is_heard(session: URLSession, handler: Slow) -> None:
    """The connection is closed although nobody waits for anything any more."""
    (peer,) = handler.connections
    peer.shutdown_write()

    assert until(lambda: peer.peer_ended_at is not None)
    assert session.connections() == []


def test_completion_handler_is_called_after_a_streak(
    session: URLSession, url: str, handler: Slow
) -> None:
    """Nobody waits: the I/O thread drives at once, not when it happens to look."""
    is_told = threading.Event()
    handler.delay_s = 0.02
    task = session.data_task(url, lambda *_reply: is_told.set())
    task.resume()

    assert not pool_of(session).is_kept
    assert is_told.wait(WITHIN_S)


def test_task_that_nobody_waits_for_yet_goes_on(
    session: URLSession, url: str, handler: Slow
) -> None:
    """The one case that has to wait for the I/O thread to look."""
    handler.delay_s = 0.02
    task = session.data(url)

    assert until(lambda: task.response is not None)
    assert task.result(0).data == b"late"


def test_second_load_at_once_ends_the_keeping(
    session: URLSession, url: str, handler: Slow
) -> None:
    """Several loads are the I/O thread's, whoever waits for one of them."""
    handler.delay_s = 0.02
    tasks = [session.data(url) for _ in range(3)]

    assert not pool_of(session).is_kept
    assert [task.result(WITHIN_S).data for task in tasks] == [b"late"] * 3


def test_load_awaited_in_a_loop_ends_the_keeping(
    session: URLSession, url: str, handler: Slow
) -> None:
    """A session that was made without a loop may be awaited in one."""
    handler.delay_s = 0.02

    async def load() -> bytes:
        task = session.data(url)
        waiting = asyncio.ensure_future(_wait_for(task))
        await asyncio.sleep(0)
        assert not pool_of(session).is_kept
        return await waiting

    async def _wait_for(task: object) -> bytes:
        return (await task).data  # type: ignore[misc,no-any-return]  # a data task

    assert asyncio.run(load()) == b"late"


def test_two_threads_take_turns(serve: Serve) -> None:
    """Each waits for its own results, on one pool, at the same time."""
    url = serve(fixed_body(b"both")).url()
    got: list[bytes] = []

    with URLSession() as session:

        def load() -> None:
            got.extend(session.data(url).result(WITHIN_S).data for _ in range(LOADS))

        threads = [threading.Thread(target=load) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(WITHIN_S * 4)

    assert got == [b"both"] * (2 * LOADS)
