"""`reset`, `flush` and the lists of tasks."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from urlsession import (
    HTTPCookieStorage,
    URLCache,
    URLSession,
    URLSessionConfiguration,
    UsageError,
)
from urlsession.storage.emptying import DISTANT_PAST, empty_store, write_store_out
from urlsession.testing import (
    ReceivedRequest,
    ServerConnection,
    answering,
    fixed_body,
    wait_until,
)
from urlsession.testing.h2_server import H2Handler, H2Stream

from ..loopback.lifetimes.doors import AsyncioDoor, BlockingDoor, Door, Site

if TYPE_CHECKING:
    from urlsession.testing.certificates import CertificateAuthority

    from ..conftest import Serve

RESET = "1:reset(completionHandler:)"
FLUSH = "1:flush(completionHandler:)"
POOL = "16.4:reset / flush"
both = pytest.mark.parametrize("name", ["reset", "flush"])


@pytest.fixture(params=["asyncio", "blocking"])
def door(request: pytest.FixtureRequest) -> Door:
    """Return either door."""
    if request.param == "blocking":
        return BlockingDoor()
    return AsyncioDoor("asyncio", asyncio.new_event_loop)


@pytest.fixture(params=["http", "https"])
def site(
    request: pytest.FixtureRequest, serve: Serve, ca: CertificateAuthority
) -> Site:
    """Return what starts servers, of each scheme in turn."""
    return Site(request.param == "https", serve, ca)


class Halves:
    """Serves a body whose second half comes when `release` is set."""

    def __init__(self) -> None:
        self.release = threading.Event()

    def __call__(self, connection: ServerConnection) -> None:
        while request := connection.recv_request():
            if request.target != "/slow":
                connection.send_response(200, [], b"quick")
                continue
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf")
            self.release.wait(10)
            connection.send(b"half")


@both
@pytest.mark.parity(RESET, FLUSH, POOL, "18:27 #3479, #3480 reset, flush")
def test_idle_connections_are_closed_at_once(door: Door, site: Site, name: str) -> None:
    """The next load opens another one."""
    server = site.start(fixed_body(b"x"))

    async def story(door: Door) -> None:
        session = URLSession(site.configuration())
        await door.load(session, server.url())
        (first,) = session.connections()
        getattr(session, name)()
        assert session.connections() == []
        await door.load(session, server.url())
        (second,) = session.connections()
        assert first.id != second.id
        assert await door.until(lambda: server.connections[0].peer_ended_at is not None)
        session.finish_tasks_and_invalidate()

    door.run(story)

    assert server.accepted == 2
    assert not any(one.was_reset for one in server.connections)


@both
@pytest.mark.parity(RESET, FLUSH, POOL, "18:27 #3479, #3480 reset, flush")
def test_running_task_keeps_its_connection_and_then_closes_it(
    door: Door, site: Site, name: str
) -> None:
    """FIN after its end; a later load has a connection of its own meanwhile."""
    halves = Halves()
    server = site.start(halves)

    async def story(door: Door) -> None:
        session = URLSession(site.configuration())
        slow = session.data(server.url("/slow"))
        assert await door.until(lambda: len(server.requests) == 1)
        assert await door.until(lambda: slow.count_of_bytes_received == 4)
        getattr(session, name)()
        await door.load(session, server.url())
        assert server.accepted == 2
        old, new = session.connections()
        halves.release.set()
        reply = await door.finish(slow)
        assert reply.data == b"halfhalf"
        assert await door.until(lambda: server.connections[0].peer_ended_at is not None)
        assert [one.id for one in session.connections()] == [new.id]
        assert old.id != new.id
        await door.load(session, server.url())
        assert server.accepted == 2
        session.finish_tasks_and_invalidate()

    door.run(story)

    assert not any(one.was_reset for one in server.connections)


@pytest.mark.parity(RESET, POOL)
def test_many_flushes_with_loads_in_between(door: Door, site: Site) -> None:
    """Each running load keeps its own; in the end nothing is left."""
    halves = Halves()
    server = site.start(halves)

    async def story(door: Door) -> None:
        session = URLSession(site.configuration())
        running = []
        for count in range(1, 5):
            running.append(session.data(server.url("/slow")))
            assert await door.until(
                lambda: all(one.count_of_bytes_received == 4 for one in running)
            )
            assert len(server.requests) == count
            session.flush()
            session.flush()
        running[1].cancel()
        halves.release.set()
        for task in (running[0], running[2], running[3]):
            assert (await door.finish(task)).data == b"halfhalf"
        assert await door.until(lambda: session.connections() == [])
        session.finish_tasks_and_invalidate()

    door.run(story)

    assert server.accepted == 4


@pytest.mark.parity(POOL)
def test_load_that_waits_for_a_slot_uses_a_new_connection(site: Site) -> None:
    """It is a later one: the limit is that of the new connections."""
    halves = Halves()
    server = site.start(halves)
    configuration = site.configuration()
    configuration.http_maximum_connections_per_host = 1
    with URLSession(configuration) as session:
        slow = session.data(server.url("/slow"))
        assert wait_until(lambda: slow.count_of_bytes_received == 4)
        waiting = session.data(server.url())
        session.flush()
        assert waiting.result(5).data == b"quick"
        halves.release.set()
        assert slow.result(5).data == b"halfhalf"


@pytest.mark.parity(POOL)
def test_invalidation_closes_what_was_retired_too(site: Site) -> None:
    """Cancelled tasks, and their connections, are gone at once."""
    halves = Halves()
    server = site.start(halves)
    with URLSession(site.configuration()) as session:
        slow = session.data(server.url("/slow"))
        assert wait_until(lambda: slow.count_of_bytes_received == 4)
        session.flush()
        session.data(server.url()).result(5)
        session.invalidate_and_cancel()
    halves.release.set()

    assert server.wait_all_ended()


@pytest.mark.parity(POOL)
def test_http2_connection_is_closed_after_its_last_stream(
    serve: Serve, ca: CertificateAuthority
) -> None:
    """Streams under way end as they would have."""
    release = threading.Event()

    def answer(stream: H2Stream) -> None:
        if stream.request.path == "/slow":
            release.wait(10)
        stream.respond(200, body=stream.request.path.encode())

    handler = H2Handler(answer)
    server = serve(handler, tls=ca.server_context(alpn=("h2",)))
    configuration = URLSessionConfiguration.ephemeral()
    configuration.trusted_certificates = ca.pem
    with URLSession(configuration) as session:
        session.data(server.url("/a")).result(5)
        slow = [session.data(server.url("/slow")) for _ in range(3)]
        assert wait_until(lambda: len(handler.requests) >= 4)
        session.flush()
        assert session.data(server.url("/b")).result(5).data == b"/b"
        release.set()
        assert [one.result(5).data for one in slow] == [b"/slow"] * 3
        assert wait_until(lambda: len(session.connections()) == 1)


class Store:
    """A store with the methods of one kind."""

    def __init__(self, name: str) -> None:
        self.calls: list[object] = []
        if name:
            setattr(self, name, self._called)

    def flush(self) -> None:
        """Be written out."""
        self.calls.append("flush")

    def _called(self, *arguments: object) -> None:
        self.calls.append(arguments)


@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("remove_all_cached_responses", ()),
        ("remove_cookies_since", (DISTANT_PAST,)),
        ("remove_all", ()),
    ],
)
def test_store_is_emptied_by_its_own_method(
    method: str, arguments: tuple[datetime, ...]
) -> None:
    """Whoever made it; `flush` writes it out."""
    store = Store(method)

    empty_store(store)
    write_store_out(store)
    empty_store(Store(""))
    write_store_out(object())

    assert store.calls == [arguments, "flush"]


@pytest.mark.parity(RESET, FLUSH)
def test_reset_empties_the_stores_and_flush_does_not(
    serve: Serve, tmp_path: Path
) -> None:
    """Cookies and cached replies, in memory and on disk."""

    def answer(request: ReceivedRequest) -> tuple[int, list[tuple[str, str]], bytes]:
        fields = [
            ("Set-Cookie", "a=1; Max-Age=1000"),
            ("Cache-Control", "max-age=1000"),
        ]
        return 200, fields, (request.header("Cookie") or "none").encode()

    server = serve(answering(answer))
    configuration = URLSessionConfiguration.default()
    cookies = HTTPCookieStorage(tmp_path / "cookies")
    configuration.http_cookie_storage = cookies
    configuration.url_cache = URLCache(1 << 20, 1 << 20, tmp_path / "cache")

    def counts(session: URLSession) -> list[int]:
        session.data(server.url()).result(5)
        session.data(server.url("/again")).result(5)
        return [len(server.requests), len(cookies.cookies)]

    with URLSession(configuration) as session:
        assert counts(session) == [2, 1]
        assert counts(session) == [2, 1]
        session.flush()
        assert counts(session) == [2, 1]
        session.reset()
        assert cookies.cookies == []
        assert session.data(server.url()).result(5).data == b"none"
        assert counts(session) == [4, 1]
    cookies.close()


@pytest.mark.parity(RESET, FLUSH, "17:reset, flush")
@both
@pytest.mark.parametrize("is_async", [False, True])
def test_completion_runs_on_the_delegate_queue_afterwards(
    door: Door, serve: Serve, name: str, *, is_async: bool
) -> None:
    """Once; and what is returned can be awaited, or waited for, until it has run."""
    threads: list[int] = []

    def plain() -> None:
        threads.append(threading.get_ident())

    async def later() -> None:
        await asyncio.sleep(0)
        threads.append(threading.get_ident())

    completion: Callable[[], object] = later if is_async else plain

    async def story(door: Door) -> None:
        session = URLSession(URLSessionConfiguration.ephemeral())
        chore = getattr(session, name)(completion)
        if isinstance(door, BlockingDoor):
            chore.result(5)
        else:
            await chore
            assert threads == [threading.get_ident()]
        assert len(threads) == 1
        chore.result(0)
        session.finish_tasks_and_invalidate()

    door.run(story)


def test_completion_cannot_be_waited_for_where_it_runs() -> None:
    """It would never come."""

    async def story() -> None:
        async with URLSession(URLSessionConfiguration.ephemeral()) as session:
            chore = session.reset(lambda: None)
            with pytest.raises(UsageError):
                chore.result(1)
            await chore

    asyncio.run(story())


@pytest.mark.parity("1:getTasksWithCompletionHandler / tasks")
def test_tasks_come_by_kind(serve: Serve) -> None:
    """In lists, at once or awaited; finished and never resumed ones are in none."""
    halves = Halves()
    server = serve(halves)
    with URLSession(URLSessionConfiguration.ephemeral()) as session:
        running = session.data(server.url("/slow"))
        session.data_task(server.url())
        session.data(server.url()).result(5)
        data, upload, download = session.tasks()
        halves.release.set()
        running.result(5)
        after = session.tasks()

    assert (data, upload, download) == ([running], [], [])
    assert after == ([], [], [])


@pytest.mark.parity("1:getTasksWithCompletionHandler / tasks")
def test_tasks_may_be_awaited() -> None:
    """As on Apple's platforms."""

    async def story() -> None:
        async with URLSession(URLSessionConfiguration.ephemeral()) as session:
            data, upload, download = await session.tasks()
            assert (data, upload, download) == ([], [], [])

    asyncio.run(story())
