"""WebSockets against the servers of other people, and through proxies."""

from __future__ import annotations

import asyncio
import logging
import queue
import ssl
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from urlsession import (
    ProxyConfiguration,
    URLError,
    URLErrorCode,
    URLSession,
    URLSessionConfiguration,
)
from urlsession.testing.certificates import CertificateAuthority

from ..conftest import Serve
from .proxy_servers import free_port, microsocks, tinyproxy
from .web_socket_peer import Peer, web_socket_handler

Server: TypeAlias = Callable[[ssl.SSLContext | None], Any]
LIMIT = 16 * 1024 * 1024

needs_websockets = pytest.mark.needs(modules=("websockets",))
needs_aiohttp = pytest.mark.needs(modules=("aiohttp",))


@asynccontextmanager
async def websockets_server(context: ssl.SSLContext | None) -> AsyncIterator[int]:
    """Run an echo server of `websockets`, which offers compression; give its port."""
    import websockets

    async def echo(peer: Any) -> None:
        async for message in peer:
            if message == "close":
                await peer.close(4000, "as you wish")
                return
            await peer.send(message)

    def choose(_connection: Any, offered: Any) -> Any:
        return "v2" if "v2" in offered else None

    async with websockets.serve(
        echo,
        "127.0.0.1",
        0,
        ssl=context,
        max_size=None,
        select_subprotocol=choose,
        logger=logging.getLogger("quiet"),
    ) as server:
        yield next(iter(server.sockets)).getsockname()[1]


@asynccontextmanager
async def aiohttp_server(context: ssl.SSLContext | None) -> AsyncIterator[int]:
    """Run an echo server of aiohttp, which offers compression; give its port."""
    from aiohttp import WSMsgType, web

    async def echo(request: web.Request) -> web.WebSocketResponse:
        peer = web.WebSocketResponse(protocols=("v2",), max_msg_size=LIMIT)
        await peer.prepare(request)
        async for message in peer:
            if message.type is WSMsgType.TEXT and message.data == "close":
                await peer.close(code=4000, message=b"as you wish")
            elif message.type is WSMsgType.TEXT:
                await peer.send_str(message.data)
            else:
                await peer.send_bytes(message.data)
        return peer

    app = web.Application()
    app.router.add_get("/", echo)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
    await site.start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


@contextmanager
def running(server: Server, context: ssl.SSLContext | None = None) -> Iterator[str]:
    """Run a server on a loop of its own; give its URL."""
    started: queue.Queue[tuple[int, asyncio.AbstractEventLoop, asyncio.Event]]
    started = queue.Queue()

    async def main() -> None:
        end = asyncio.Event()
        async with server(context) as port:
            started.put((port, asyncio.get_running_loop(), end))
            await end.wait()

    thread = threading.Thread(target=lambda: asyncio.run(main()))
    thread.start()
    port, loop, end = started.get(timeout=10)
    try:
        yield f"{'ws' if context is None else 'wss'}://127.0.0.1:{port}/"
    finally:
        loop.call_soon_threadsafe(end.set)
        thread.join(10)


SERVERS = [
    pytest.param(websockets_server, id="websockets", marks=needs_websockets),
    pytest.param(aiohttp_server, id="aiohttp", marks=needs_aiohttp),
]


@pytest.mark.parity("3.3:handshake", "3.3:send", "3.3:receive", "3.3:closeCode")
@pytest.mark.parametrize("is_secure", [False, True], ids=["ws", "wss"])
@pytest.mark.parametrize("server", SERVERS)
def test_server_of_another_library_understands(
    server: Server, ca: CertificateAuthority, is_secure: bool
) -> None:
    """Messages, pings, subprotocols and closing, in both doors; no compression."""
    configuration = URLSessionConfiguration.ephemeral()
    configuration.trusted_certificates = ca.pem
    sizes = [0, 1, 125, 126, 65535, 65536, 3_000_000]

    async def talk(url: str) -> None:
        async with URLSession(configuration) as session:
            async with session.web_socket(url, ["v1", "v2"]) as ws:
                ws.maximum_message_size = LIMIT
                assert ws.protocol == "v2"
                for size in sizes:
                    await ws.send("µ" * size)
                    assert await ws.receive() == "µ" * size
                    await ws.send(bytes(size))
                    assert await ws.receive() == bytes(size)
                await ws.send_ping()
            assert ws.close_code == 1000

    context = ca.server_context() if is_secure else None
    with running(server, context) as url:
        asyncio.run(talk(url))
        with URLSession(configuration) as session:
            with session.web_socket(url, ["v2"]) as ws:
                calls = [ws.receive() for _ in range(200)]
                for n in range(200):
                    ws.send(f"{n}")
                assert [call.result(10) for call in calls] == [
                    f"{n}" for n in range(200)
                ]
                ws.send("close")
                with pytest.raises(URLError, match="as you wish"):
                    ws.receive().result(10)
            assert (ws.close_code, ws.close_reason) == (4000, b"as you wish")


@pytest.mark.parity("3.3:handshake")
@pytest.mark.parametrize("is_secure", [False, True], ids=["ws", "wss"])
@pytest.mark.parametrize("kind", ["http", "http_connect", "environment"])
@pytest.mark.needs(programs=("tinyproxy",))
def test_http_proxy_is_asked_for_a_tunnel(
    serve: Serve,
    ca: CertificateAuthority,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    is_secure: bool,
) -> None:
    """By CONNECT, for ws too: frames are not HTTP."""
    server = serve(web_socket_handler(Peer.echo), tls=is_secure)
    url = server.url("/").replace("http", "ws", 1).replace("127.0.0.1", "localhost")
    configuration = URLSessionConfiguration.ephemeral()
    configuration.trusted_certificates = ca.pem

    with tinyproxy(tmp_path) as port:
        if kind == "environment":
            for name in ("http_proxy", "https_proxy", "ws_proxy", "wss_proxy"):
                monkeypatch.setenv(name, f"http://127.0.0.1:{port}")
            for name in ("no_proxy", "NO_PROXY"):
                monkeypatch.delenv(name, raising=False)
        else:
            make = getattr(ProxyConfiguration, kind)
            configuration.proxy_configurations = [make("127.0.0.1", port)]
        with URLSession(configuration) as session, session.web_socket(url) as ws:
            (connection,) = session.connections()
            assert connection.remote == ("127.0.0.1", port)
            for message in ("x", b"y" * 1_000_000):
                ws.send(message)
                assert ws.receive().result(10) == message


@pytest.mark.parity("3.3:handshake")
@pytest.mark.needs(programs=("microsocks",))
def test_socks_proxy_carries_frames(serve: Serve) -> None:
    """As it carries everything."""
    server = serve(web_socket_handler(Peer.echo))
    url = server.url("/").replace("http", "ws", 1)
    configuration = URLSessionConfiguration.ephemeral()

    with microsocks() as port:
        configuration.proxy_configurations = [
            ProxyConfiguration.socksv5("127.0.0.1", port)
        ]
        with URLSession(configuration) as session, session.web_socket(url) as ws:
            (connection,) = session.connections()
            assert connection.remote == ("127.0.0.1", port)
            ws.send("x")
            assert ws.receive().result(10) == "x"


def test_proxy_that_is_not_there_is_an_error(serve: Serve) -> None:
    """It is not gone round."""
    server = serve(web_socket_handler(Peer.echo))
    configuration = URLSessionConfiguration.ephemeral()
    configuration.proxy_configurations = [
        ProxyConfiguration.http("127.0.0.1", free_port())
    ]

    with URLSession(configuration) as session, pytest.raises(URLError) as caught:
        session.web_socket(f"ws://127.0.0.1:{server.port}/").opened().result(5)

    assert caught.value.code is URLErrorCode.CANNOT_CONNECT_TO_HOST
    assert not server.connections
