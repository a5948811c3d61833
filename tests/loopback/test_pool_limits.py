"""How many connections a session opens, and who waits for one."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

import pytest

from urlsession import URLSession, URLSessionConfiguration
from urlsession.testing import LoopbackServer, ServerConnection, fixed_body

if TYPE_CHECKING:
    from urlsession.testing.certificates import CertificateAuthority

    from ..conftest import Serve


class Gate:
    """A handler that answers once it is let."""

    def __init__(self) -> None:
        self.opened = threading.Event()

    def __call__(self, connection: ServerConnection) -> None:
        while connection.recv_request():
            self.opened.wait(10)
            connection.send_response(200, body=b"x")


def limited(count: int | None, ca: CertificateAuthority) -> URLSessionConfiguration:
    """Return a configuration with so many connections per host; None for default."""
    configuration = URLSessionConfiguration.ephemeral()
    configuration.trusted_certificates = ca.path
    if count is not None:
        configuration.http_maximum_connections_per_host = count
    return configuration


@pytest.mark.parametrize("tls", [False, True], ids=["http", "https"])
@pytest.mark.parametrize(("limit", "expected"), [(None, 6), (1, 1), (10, 10)])
@pytest.mark.parity("2:httpMaximumConnectionsPerHost")
def test_no_more_connections_are_opened_to_a_host_than_allowed(
    serve: Serve,
    ca: CertificateAuthority,
    tls: bool,
    limit: int | None,
    expected: int,
) -> None:
    """The rest wait for one, and all of them finish; the default is six."""
    gate = Gate()
    server = serve(gate, tls=tls)
    with URLSession(limited(limit, ca)) as session:
        tasks = [session.data(server.url()) for _ in range(30)]
        assert server.wait_requests(expected)
        gate.opened.set()
        replies = [task.result(10).data for task in tasks]

    assert replies == [b"x"] * 30
    assert server.accepted == server.peak_open == expected


def test_limit_holds_on_a_loop_too(serve: Serve) -> None:
    """With hundreds of loads at once."""
    server = serve(fixed_body(b"x"))

    async def story() -> int:
        async with URLSession() as session:
            replies = await asyncio.gather(
                *(_load(session, server.url()) for _ in range(300))
            )
            return len(replies)

    assert asyncio.run(story()) == 300
    assert server.peak_open <= 6


async def _load(session: URLSession, url: str) -> bytes:
    return (await session.data(url)).data


def test_limit_is_for_each_host_by_itself(serve: Serve, ca: object) -> None:
    """A slow host does not keep another waiting."""
    gate = Gate()
    slow, quick = serve(gate), serve(fixed_body(b"y"))
    with URLSession() as session:
        stuck = [session.data(slow.url()) for _ in range(10)]
        slow.wait_requests(6)

        assert session.data(quick.url()).result(5).data == b"y"
        gate.opened.set()
        for task in stuck:
            task.result(5)


@pytest.mark.parity("16.4:scope of the pool", "16.4:equal configurations share nothing")
def test_limit_is_for_each_session_by_itself(serve: Serve) -> None:
    """Two sessions share nothing."""
    gate = Gate()
    server = serve(gate)
    with URLSession() as one, URLSession() as other:
        tasks = [each.data(server.url()) for each in (one, other) for _ in range(8)]
        server.wait_requests(12)
        gate.opened.set()
        for task in tasks:
            task.result(5)

    assert server.peak_open == 12


@pytest.mark.parity("16.4:after a task completes")
def test_one_load_after_another_uses_one_connection(serve: Serve) -> None:
    """Counts do not flake: one connection, whatever the door."""
    server = serve(fixed_body(b"x"))

    async def story() -> None:
        async with URLSession() as session:
            for _ in range(20):
                await session.data(server.url())

    asyncio.run(story())
    with URLSession() as session:
        for _ in range(20):
            session.data(server.url()).result(5)

    assert server.accepted == 2


def suspend_all(server: LoopbackServer, session: URLSession) -> None:
    """Begin ten loads, suspend them all, and resume them."""
    tasks = [session.data(server.url()) for _ in range(10)]
    for task in tasks:
        task.suspend()
    for task in reversed(tasks):
        task.resume()
    for task in tasks:
        assert task.result(5).data == b"x"


def test_task_that_waits_for_a_connection_may_be_suspended(serve: Serve) -> None:
    """What has no connection cannot be paused; this is taken back."""
    server = serve(fixed_body(b"x"))
    with URLSession() as session:
        for _ in range(5):
            suspend_all(server, session)


def test_suspended_task_does_not_take_a_connection_it_waits_for(serve: Serve) -> None:
    """Others pass it by; it comes when it is resumed."""
    gate = Gate()
    server = serve(gate)
    configuration = URLSessionConfiguration.ephemeral()
    configuration.http_maximum_connections_per_host = 1
    with URLSession(configuration) as session:
        first = session.data(server.url())
        server.wait_requests(1)
        second, third = session.data(server.url()), session.data(server.url())
        second.suspend()
        gate.opened.set()
        first.result(5)
        third.result(5)
        assert server.request_count == 2
        second.resume()

        assert second.result(5).data == b"x"
