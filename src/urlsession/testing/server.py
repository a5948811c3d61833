"""A loopback server that does what a test's handler says, and writes down when.

One thread accepts and listens for FIN on every connection (`EPOLLRDHUP`), so
that the time of a FIN is known whether or not anybody reads; one thread per
connection runs the handler. Everything is joined within a bound when the server
stops, and an error in a handler fails the test that started the server.
"""

from __future__ import annotations

import os
import select
import socket
import ssl
import threading
import time
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Self

from .connection import PeerEndedError, ReceivedRequest, ServerConnection

__all__ = ("Handler", "LoopbackServer")

Handler = Callable[[ServerConnection], object]
"""Called once for each accepted connection, which is closed when it returns."""

BACKLOG = 1024  # connections; more than any test opens before one is accepted
JOIN_S = 5.0  # bound for every thread together when a server stops
EAR_S = 0.05  # for the ear to hear a FIN that has woken the handler first
HISTORY = 2000  # connections and requests remembered; a server must not grow


class LoopbackServer:
    """A TCP or TLS server on a loopback port that the kernel chose.

    A context manager: listens when entered, and has joined its threads and closed
    its descriptors when left. What the client does to the connection (leaving
    early, resetting, failing the handshake) is no error of a handler; anything
    else that a handler raises is raised again by `stop()`.

    Args:
        handler: Called for each connection, on a thread of its own.
        tls: Context to speak TLS with; None for plain TCP.
        host: Loopback address to bind, ``127.0.0.1`` or ``::1``.

    Attributes:
        connections: Accepted connections, oldest first (the last 2,000).
        requests: Requests read by `recv_request`, oldest first (the last 2,000).
        accepted: How many connections were accepted.
        request_count: How many requests were read by `recv_request`.
        peak_open: The most connections that were open at the same time.
        errors: What handlers raised.
    """

    def __init__(
        self,
        handler: Handler,
        *,
        tls: ssl.SSLContext | None = None,
        host: str = "127.0.0.1",
    ) -> None:
        self._handler = handler
        self._tls = tls
        self._changed = threading.Condition()
        self._threads: dict[threading.Thread, ServerConnection] = {}
        self._by_fd: dict[int, ServerConnection] = {}
        self._is_stopping = False
        self.host = host
        self.connections: deque[ServerConnection] = deque(maxlen=HISTORY)
        self.requests: deque[ReceivedRequest] = deque(maxlen=HISTORY)
        self.accepted = 0
        self.request_count = 0
        self.peak_open = 0
        self.errors: list[Exception] = []
        self._listener = socket.create_server(
            (host, 0),
            family=socket.AF_INET6 if ":" in host else socket.AF_INET,
            backlog=BACKLOG,
        )
        self.port: int = self._listener.getsockname()[1]
        self._listener.setblocking(False)
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._epoll = select.epoll()
        self._epoll.register(self._listener, select.EPOLLIN)
        self._epoll.register(self._wake, select.EPOLLIN)
        self._ear = threading.Thread(
            target=self._listen, name=f"loopback-{self.port}", daemon=True
        )

    # Life.

    def start(self) -> Self:
        """Begin to accept; clients may have connected before."""
        self._ear.start()
        return self

    def stop(self) -> None:
        """End every connection, join every thread, close every descriptor.

        Raises:
            ExceptionGroup: Handlers had raised.
            RuntimeError: A thread did not end within 5 seconds.
        """
        self._stop()
        if self.errors:
            raise ExceptionGroup(f"handlers of {self.url()} raised", self.errors)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if exc is None:
            self.stop()
        else:  # the test's own failure says more than the handlers'
            self._stop()

    # Facts.

    def url(self, path: str = "/") -> str:
        """Return the URL of `path` on this server."""
        scheme = "http" if self._tls is None else "https"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{scheme}://{host}:{self.port}{path}"

    @property
    def open_connections(self) -> list[ServerConnection]:
        """The connections that neither side has ended."""
        return [one for one in list(self.connections) if one.is_open]

    def connection_from(self, peer_port: int) -> ServerConnection:
        """Return the newest connection that came from a client's port.

        Raises:
            LookupError: None came from it.
        """
        for one in reversed(self.connections):
            if one.peer_port == peer_port:
                return one
        raise LookupError(f"no connection from port {peer_port} was accepted")

    def wait_accepted(self, count: int, within_s: float = 5.0) -> bool:
        """Wait until `count` connections have been accepted since the start."""
        with self._changed:
            return self._changed.wait_for(lambda: self.accepted >= count, within_s)

    def wait_requests(self, count: int, within_s: float = 5.0) -> bool:
        """Wait until `count` requests have been read whole."""
        with self._changed:
            return self._changed.wait_for(lambda: self.request_count >= count, within_s)

    def wait_all_ended(self, within_s: float = 5.0) -> bool:
        """Wait until no accepted connection is open."""
        with self._changed:
            return self._changed.wait_for(lambda: not self.open_connections, within_s)

    # The ear's thread.

    def _listen(self) -> None:
        while not self._is_stopping:
            ready = dict(self._epoll.poll())
            now = time.monotonic()
            may_accept = ready.pop(self._listener.fileno(), 0)
            ready.pop(self._wake, None)
            # Before accepting, which may use a descriptor number again.
            for fd, events in ready.items():
                self._hear(fd, events, now)
            if may_accept:
                self._accept()

    def _accept(self) -> None:
        while True:
            try:
                sock, address = self._listener.accept()
            except BlockingIOError:
                return
            except OSError:  # the client was gone before it was accepted
                continue
            connection = ServerConnection(sock, address[1], self._note_request)
            with self._changed:
                self._by_fd[sock.fileno()] = connection
                self.connections.append(connection)
                self.accepted += 1
                self.peak_open = max(self.peak_open, len(self._by_fd))
                self._changed.notify_all()
            self._epoll.register(sock, select.EPOLLRDHUP | select.EPOLLONESHOT)
            thread = threading.Thread(
                target=self._serve,
                args=(connection, sock.fileno()),
                name=f"loopback-{self.port}-{connection.peer_port}",
                daemon=True,
            )
            self._threads[thread] = connection
            thread.start()

    def _hear(self, fd: int, events: int, now: float) -> None:
        with self._changed:
            connection = self._by_fd.pop(fd, None)
            if connection is not None:
                was_reset = bool(events & select.EPOLLERR)
                connection.note_peer_ended(now, was_reset=was_reset)
                self._changed.notify_all()

    # A handler's thread.

    def _serve(self, connection: ServerConnection, fd: int) -> None:
        try:
            if self._tls is None or connection.start_tls(self._tls):
                self._handler(connection)
        except (PeerEndedError, ConnectionError, ssl.SSLError):
            pass
        except Exception as error:
            if not self._is_stopping:  # a handler cut short may raise anything
                self.errors.append(error)
        finally:
            if connection.has_read_end and not self._is_stopping:
                connection.wait_closed(EAR_S)
            self._end(connection, fd)
            self._threads.pop(threading.current_thread(), None)

    def _end(self, connection: ServerConnection, fd: int) -> None:
        with self._changed:
            # Out of the table before the number can be used again.
            if self._by_fd.get(fd) is connection:
                del self._by_fd[fd]
            connection.close()
            self._changed.notify_all()

    def _note_request(self, request: ReceivedRequest) -> None:
        with self._changed:
            self.requests.append(request)
            self.request_count += 1
            self._changed.notify_all()

    def _stop(self) -> None:
        if self._is_stopping:
            return
        self._is_stopping = True
        os.eventfd_write(self._wake, 1)
        end = time.monotonic() + JOIN_S
        if self._ear.ident is not None:  # it was started
            self._ear.join(JOIN_S)
        self._listener.close()
        serving = dict(self._threads)
        for connection in serving.values():
            connection.abort()
        threads = [self._ear, *serving]
        for thread in serving:
            thread.join(max(0.0, end - time.monotonic()))
        late = [thread.name for thread in threads if thread.is_alive()]
        self._epoll.close()
        os.close(self._wake)
        if late:
            raise RuntimeError(f"threads did not end within {JOIN_S} s: {late}")
