"""A small real HTTP/2 server for loopback tests, on the h2 package.

It is a handler for `LoopbackServer`: the server accepts, speaks TLS and hears
FIN; this module speaks HTTP/2. Each request runs on its own thread, so that
streams are answered in any order; only the connection's own thread touches the
socket, because an SSL object may not be read and written at the same time.

Needs the extra ``urlsession[testing]`` (h2).
"""

from __future__ import annotations

import os
import select
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import h2.config
import h2.connection
import h2.events
import h2.exceptions

from .connection import SOCKET_TIMEOUT_S, Headers, ServerConnection

__all__ = ("H2Answer", "H2Handler", "H2Request", "H2Stream")

READ_BYTES = 64 * 1024
MAX_CONCURRENT_STREAMS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class H2Request:
    """One request that came on a stream.

    Attributes:
        method: ``:method``.
        path: ``:path``.
        authority: ``:authority``.
        headers: (name, value) pairs without the pseudo-headers.
        body: The whole body.
        stream_id: Which stream it came on.
    """

    method: str
    path: str
    authority: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    stream_id: int


class H2Stream:
    """The answering side of one stream. Used by the thread of its request."""

    def __init__(self, link: _Link, request: H2Request) -> None:
        self._link = link
        self.request = request

    def send_headers(
        self, status: int, headers: Headers = (), *, ends: bool = False
    ) -> None:
        """Send the head of the response."""
        pairs = [(":status", str(status)), *((n.lower(), v) for n, v in headers)]
        self._link.send_headers(self.request.stream_id, pairs, ends=ends)

    def send_data(self, data: bytes, *, ends: bool = False) -> None:
        """Send a piece of the body, as fast as flow control lets it."""
        self._link.send_data(self.request.stream_id, data, ends=ends)

    def respond(self, status: int, headers: Headers = (), body: bytes = b"") -> None:
        """Send a whole response."""
        self.send_headers(
            status, [*headers, ("content-length", str(len(body)))], ends=not body
        )
        if body:
            self.send_data(body, ends=True)

    def reset(self, error_code: int = 8) -> None:
        """End the stream by RST_STREAM (8 is CANCEL, RFC 9113 section 7)."""
        self._link.reset_stream(self.request.stream_id, error_code)


H2Answer = Callable[[H2Stream], object]
"""Called for each request, on a thread of its own."""


class H2Handler:
    """Serves HTTP/2 on a connection of a `LoopbackServer` whose TLS offers ``h2``.

    Args:
        answer: Called for each request; what it raises fails the server.
        max_concurrent_streams: What the server allows the client.

    Attributes:
        requests: Requests that arrived whole, in their order.
        peak_streams: The most requests that were under way on one connection.
    """

    def __init__(
        self,
        answer: H2Answer,
        *,
        max_concurrent_streams: int = MAX_CONCURRENT_STREAMS,
    ) -> None:
        self._answer = answer
        self._max_streams = max_concurrent_streams
        self._links: set[_Link] = set()
        self.requests: list[H2Request] = []
        self.peak_streams = 0

    def __call__(self, connection: ServerConnection) -> None:
        """Serve one connection until the client ends it."""
        link = _Link(connection, self)
        self._links.add(link)
        try:
            link.run(self._max_streams)
        finally:
            self._links.discard(link)

    def send_goaway(self) -> None:
        """Tell the client of every open connection to make no more streams."""
        for link in list(self._links):
            link.send_goaway()

    def send_fin(self) -> None:
        """Send FIN on every open connection, with neither GOAWAY nor close_notify."""
        for link in list(self._links):
            link.connection.shutdown_write()

    def begin(self, stream: H2Stream, under_way: int) -> None:
        """Answer a request that has arrived; runs on the thread of the request."""
        self.requests.append(stream.request)
        self.peak_streams = max(self.peak_streams, under_way)
        self._answer(stream)


class _Link:
    """HTTP/2 on one connection."""

    def __init__(self, connection: ServerConnection, handler: H2Handler) -> None:
        config = h2.config.H2Configuration(client_side=False, header_encoding="utf-8")
        self._h2 = h2.connection.H2Connection(config)
        self._handler = handler
        self._lock = threading.Lock()
        self._window = threading.Condition(self._lock)
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._heads: dict[int, list[tuple[str, str]]] = {}
        self._bodies: dict[int, bytearray] = {}
        self._threads: list[threading.Thread] = []
        self._errors: list[Exception] = []
        self._unframed = bytearray()
        self._is_over = False
        self.connection = connection

    # The connection's thread.

    def run(self, max_streams: int) -> None:
        sock = self.connection.socket
        sock.setblocking(False)
        try:
            with self._lock:
                self._h2.local_settings.max_concurrent_streams = max_streams
                self._h2.initiate_connection()
            while self._step(sock):
                pass
        except h2.exceptions.ProtocolError:
            self._flush(sock)
        finally:
            with self._lock:
                self._is_over = True
                self._window.notify_all()
                os.close(self._wake)
            for thread in self._threads:
                thread.join(SOCKET_TIMEOUT_S)
        if self._errors:
            raise ExceptionGroup("answers on HTTP/2 streams raised", self._errors)

    def _step(self, sock: socket.socket) -> bool:
        self._flush(sock)
        pending = isinstance(sock, ssl.SSLSocket) and sock.pending() > 0
        if not pending:
            ready = _wait_for(select.POLLIN, sock.fileno(), self._wake)
            if self._wake in ready:
                os.eventfd_read(self._wake)
            if sock.fileno() not in ready:
                return True
        try:
            data = sock.recv(READ_BYTES)
        except (ssl.SSLWantReadError, BlockingIOError):
            return True
        if not data:
            return False
        with self._lock:
            events = self._h2.receive_data(data)
            for event in events:
                self._take(event)
        return True

    def _flush(self, sock: socket.socket) -> None:
        with self._lock:
            data = memoryview(self._h2.data_to_send() + bytes(self._unframed))
            self._unframed.clear()
        while data:
            try:
                data = data[sock.send(data) :]
            except (ssl.SSLWantWriteError, BlockingIOError):
                _wait_for(select.POLLOUT, sock.fileno())

    def _take(self, event: h2.events.Event) -> None:
        match event:
            case h2.events.RequestReceived():
                self._heads[event.stream_id] = _pairs(event.headers)
                self._bodies[event.stream_id] = bytearray()
            case h2.events.DataReceived():
                self._bodies[event.stream_id] += event.data
                if event.flow_controlled_length:
                    self._h2.acknowledge_received_data(
                        event.flow_controlled_length, event.stream_id
                    )
            case h2.events.StreamEnded():
                self._start(event.stream_id)
            case h2.events.WindowUpdated() | h2.events.RemoteSettingsChanged():
                self._window.notify_all()
            case h2.events.StreamReset():
                self._window.notify_all()

    def _start(self, stream_id: int) -> None:
        head = self._heads.pop(stream_id)
        pseudo = {name: value for name, value in head if name.startswith(":")}
        request = H2Request(
            method=pseudo[":method"],
            path=pseudo[":path"],
            authority=pseudo.get(":authority", ""),
            headers=tuple(pair for pair in head if not pair[0].startswith(":")),
            body=bytes(self._bodies.pop(stream_id)),
            stream_id=stream_id,
        )
        thread = threading.Thread(
            target=self._answer,
            args=(H2Stream(self, request),),
            name=f"loopback-h2-{self.connection.peer_port}-{stream_id}",
            daemon=True,
        )
        self._threads = [one for one in self._threads if one.is_alive()]
        self._threads.append(thread)
        thread.start()

    # A request's thread.

    def _answer(self, stream: H2Stream) -> None:
        with self._lock:
            under_way = self._h2.open_inbound_streams
        try:
            self._handler.begin(stream, under_way)
        except (ConnectionError, h2.exceptions.ProtocolError):
            pass  # the client left, or reset the stream
        except Exception as error:
            self._errors.append(error)

    def send_headers(
        self, stream_id: int, pairs: Iterable[tuple[str, str]], *, ends: bool
    ) -> None:
        with self._lock:
            self._h2.send_headers(stream_id, list(pairs), end_stream=ends)
            self._poke()

    def send_data(self, stream_id: int, data: bytes, *, ends: bool) -> None:
        left = memoryview(data)
        while True:
            with self._lock:
                size = self._wait_window(stream_id, len(left))
                piece, left = left[:size], left[size:]
                self._h2.send_data(
                    stream_id, bytes(piece), end_stream=ends and not left
                )
                self._poke()
            if not left:
                return

    def reset_stream(self, stream_id: int, error_code: int) -> None:
        with self._lock:
            self._h2.reset_stream(stream_id, error_code)
            self._poke()

    def send_goaway(self) -> None:
        with self._lock:
            # By hand: h2's own close_connection() ends the running streams too.
            last = self._h2.highest_inbound_stream_id
            self._unframed += struct.pack("!HBBBIII", 0, 8, 7, 0, 0, last, 0)
            self._poke()

    def _wait_window(self, stream_id: int, wanted: int) -> int:
        """Return how much of `wanted` may be sent; with the lock held."""
        end = time.monotonic() + SOCKET_TIMEOUT_S
        while True:
            if self._is_over:
                raise ConnectionError("the client ended the connection")
            allowed = min(
                wanted,
                self._h2.local_flow_control_window(stream_id),
                self._h2.max_outbound_frame_size,
            )
            if allowed > 0 or not wanted:
                return allowed
            if not self._window.wait(end - time.monotonic()):
                raise TimeoutError("the client opened no window")

    def _poke(self) -> None:
        if not self._is_over:
            os.eventfd_write(self._wake, 1)


def _wait_for(events: int, *fds: int) -> list[int]:
    # poll, not select: a test may hold more than 1,024 descriptors.
    poll = select.poll()
    for fd in fds:
        poll.register(fd, events)
    return [fd for fd, _ in poll.poll()]


def _pairs(headers: Iterable[tuple[str | bytes, str | bytes]]) -> list[tuple[str, str]]:
    # `header_encoding` decodes; the annotation of h2 allows for both.
    return [
        (
            name if isinstance(name, str) else name.decode(),
            value if isinstance(value, str) else value.decode(),
        )
        for name, value in headers
    ]
