"""What the pools of httpcore tell: HTTP/2, TLS, and who reads."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Callable, Iterator
from types import ModuleType

import pytest
from tests.conftest import Serve

from urlsession.testing import LoopbackServer
from urlsession.testing.certificates import CertificateAuthority
from urlsession.testing.connection import ServerConnection
from urlsession.testing.h2_server import H2Handler, H2Stream
from urlsession.watch.adapters import HttpcoreAdapter, HttpxAdapter
from urlsession.watch.facts import ConnectionFacts
from urlsession.watch.observer import Observer

httpx = pytest.importorskip("httpx")
httpx2 = pytest.importorskip("httpx2")

pytestmark = pytest.mark.leaves_connections_open(reason="they are what is looked at")


@pytest.fixture
def observer() -> Iterator[Observer]:
    one = Observer(
        adapters=[
            *(HttpcoreAdapter(name) for name in ("httpcore", "httpcore2")),
            *(HttpxAdapter(name) for name in ("httpx", "httpx2")),
        ]
    )
    one.start()
    yield one
    one.stop()


@pytest.fixture
def h2_server(serve: Serve, ca: CertificateAuthority) -> LoopbackServer:
    """Return a server of HTTP/2 whose every reply has a body."""

    def answer(stream: H2Stream) -> None:
        stream.respond(200, [("x-a", "b")], b"x" * 100_000)

    return serve(H2Handler(answer), tls=ca.server_context(alpn=("h2",)))


@pytest.fixture
def trust(ca: CertificateAuthority) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=ca.path)


def seen(observer: Observer) -> ConnectionFacts:
    """Return the one connection that clients made."""
    (one,) = observer.check().connections
    return one.facts


@pytest.mark.parametrize("lib", [httpx, httpx2], ids=["httpx", "httpx2"])
def test_h2_connection_is_unread_until_the_response_is_read(
    observer: Observer,
    h2_server: LoopbackServer,
    trust: ssl.SSLContext,
    lib: ModuleType,
) -> None:
    """By its streams: a stream that has a head and no end."""
    with lib.Client(http2=True, verify=trust) as client:
        request = client.build_request("GET", h2_server.url("/"))
        reply = client.send(request, stream=True)
        before = seen(observer)
        reply.read()
        after = seen(observer)

    assert (before.protocol, before.has_unread_body, before.requests) == ("h2", True, 1)
    assert (after.has_unread_body, after.is_checked_out) == (False, False)


def test_async_h2_connection_has_client_and_line(
    observer: Observer, h2_server: LoopbackServer, trust: ssl.SSLContext
) -> None:
    """Through anyio's TLS, which connects in a task of its own."""

    async def load() -> ConnectionFacts:
        async with httpx.AsyncClient(http2=True, verify=trust) as client:
            await client.get(h2_server.url("/"))
            await client.get(h2_server.url("/"))
            return seen(observer)

    facts = asyncio.run(load())

    assert facts.owner is not None
    assert facts.opened_by is not None
    assert (facts.owner.type, facts.requests) == ("httpx.AsyncClient", 2)
    assert facts.opened_by.function.endswith("load")


def test_response_is_not_unread_while_a_thread_waits_for_more(
    observer: Observer, serve: Serve
) -> None:
    """A stream with long pauses."""
    ends = threading.Event()
    server = serve(lambda connection: send_slowly(connection, ends))

    with httpx.Client() as client:
        request = client.build_request("GET", server.url("/"))
        reply = client.send(request, stream=True)
        before = seen(observer)
        reader = threading.Thread(target=reply.read)
        reader.start()
        waits = wait_until(lambda: seen(observer).has_unread_body is False)
        during = seen(observer)
        ends.set()
        reader.join(5)

    assert before.has_unread_body is True
    assert waits
    assert during.is_checked_out


def send_slowly(connection: ServerConnection, ends: threading.Event) -> None:
    """Send a head and some of the body; the rest when `ends` is set."""
    connection.recv_request()
    connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")
    ends.wait(5)
    connection.send(b"world")
    connection.hold()


def wait_until(is_so: Callable[[], bool]) -> bool:
    """Return whether something comes to be so within a bound."""
    never = threading.Event()
    return any(is_so() or never.wait(0.01) for _ in range(500))


@pytest.mark.parametrize("library", [httpx, httpx2], ids=["httpx", "httpx2"])
def test_client_that_is_being_made_is_passed_over(
    observer: Observer, library: ModuleType
) -> None:
    """A check in one thread meets what another thread has only begun to make."""
    reports = []

    class Slow(library.Client):  # type: ignore[name-defined,misc]  # of either library
        def _init_transport(self, *args: object, **options: object) -> object:
            reports.append(observer.check())
            return super()._init_transport(*args, **options)

    with Slow():
        assert reports
    assert [one.problems for one in reports] == [()] * len(reports)
