"""One accepted connection of a loopback server, as its handler sees it.

Raw on purpose: a handler says which bytes go out and when the socket is shut,
so that a test can play any peer, also one that breaks every rule. Never sends
what it was not told to send; in particular no TLS close_notify.
"""

from __future__ import annotations

import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

__all__ = ("Headers", "PeerEndedError", "ReceivedRequest", "ServerConnection")

Headers = Iterable[tuple[str, str]]
"""(name, value) pairs in the order they are sent."""

HEAD_LIMIT_BYTES = 32 * 1024 * 1024  # arbitrary; larger than any head a test sends
READ_BYTES = 64 * 1024
SOCKET_TIMEOUT_S = 15.0  # below the suite's limit for one test, so that it is told


class PeerEndedError(ConnectionError):
    """The peer closed in the middle of what the handler was reading."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedRequest:
    """One request as it came over the wire.

    Attributes:
        method: For instance ``GET``.
        target: As sent, for instance ``/path?query``.
        version: For instance ``HTTP/1.1``.
        headers: (name, value) pairs, spelt and ordered as sent.
        body: The whole body, without chunk framing.
    """

    method: str
    target: str
    version: str
    headers: tuple[tuple[str, str], ...]
    body: bytes = b""

    def header(self, name: str) -> str | None:
        """Return the first value of a header; None if it was not sent."""
        folded = name.lower()
        return next((v for n, v in self.headers if n.lower() == folded), None)


class ServerConnection:
    """A server's end of one connection. Used by the handler's thread.

    `close()`, `reset()`, `shutdown_write()` and the waiting methods may be called
    from any thread.

    Attributes:
        peer_port: The client's own port.
        opened_at: When it was accepted, in monotonic seconds.
        peer_ended_at: When the peer's FIN or RST arrived; None while it has not.
            Seen by the server's own ear, whether or not the handler reads.
        was_reset: Whether the peer ended it by RST.
        requests: Requests read from it.
        has_read_end: Whether reading came to the end: FIN, RST or close_notify.
        tls_error: Why the TLS handshake failed; None if it did not.
    """

    def __init__(
        self,
        sock: socket.socket,
        peer_port: int,
        note_request: Callable[[ReceivedRequest], None],
    ) -> None:
        self._socket = sock
        self._note_request = note_request
        self._received = bytearray()
        self._peer_ended = threading.Event()
        self._ended = threading.Event()
        self.peer_port = peer_port
        self.opened_at = time.monotonic()
        self.peer_ended_at: float | None = None
        self.closed_at: float | None = None
        self.was_reset = False
        self.requests = 0
        self.has_read_end = False
        self.tls_error: OSError | None = None
        sock.settimeout(SOCKET_TIMEOUT_S)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    # What the server tells the connection.

    def start_tls(self, context: ssl.SSLContext) -> bool:
        """Do the handshake; return False if the peer did not go through with it."""
        # The wrapped socket takes over the descriptor: it must be in place before
        # the handshake begins, or `abort()` could not wake it.
        tls_socket = context.wrap_socket(
            self._socket, server_side=True, do_handshake_on_connect=False
        )
        self._socket = tls_socket
        try:
            tls_socket.do_handshake()
        except (ssl.SSLError, ConnectionError) as error:
            self.tls_error = error
            return False
        return True

    def note_peer_ended(self, at: float, *, was_reset: bool) -> None:
        """Record the peer's FIN or RST; called by the server's ear."""
        self.peer_ended_at = at
        self.was_reset = was_reset
        self._peer_ended.set()
        self._ended.set()

    def abort(self) -> None:
        """Wake the handler, whatever it waits for; called when the server stops."""
        self._ended.set()
        try:
            # Not SSLSocket.shutdown: it would take the TLS object from under a
            # handler that reads on another thread.
            socket.socket.shutdown(self._socket, socket.SHUT_RDWR)
        except OSError:  # closed or reset already
            pass

    # What a handler asks.

    @property
    def is_open(self) -> bool:
        """Whether neither side has ended it."""
        return self.closed_at is None and self.peer_ended_at is None

    @property
    def alpn(self) -> str | None:
        """The protocol agreed on by ALPN; None without TLS or agreement."""
        if isinstance(self._socket, ssl.SSLSocket):
            return self._socket.selected_alpn_protocol()
        return None

    @property
    def socket(self) -> socket.socket:
        """The socket itself, for protocols that do their own reading."""
        return self._socket

    def recv(self, size: int = READ_BYTES) -> bytes:
        """Return some bytes; ``b""`` when the peer has sent FIN."""
        if self._received:
            data = bytes(self._received[:size])
            del self._received[:size]
            return data
        return self._read(size)

    def recv_head(self) -> ReceivedRequest | None:
        """Read up to the end of a request's head; None if the peer sent FIN instead.

        Raises:
            PeerEndedError: FIN came in the middle of the head.
        """
        head = self._read_to(b"\r\n\r\n")
        if head is None:
            return None
        lines = head.decode("latin-1").split("\r\n")
        method, target, version = lines[0].split(" ", 2)
        pairs = (line.partition(":") for line in lines[1:])
        return ReceivedRequest(
            method=method,
            target=target,
            version=version,
            headers=tuple((name, value.strip()) for name, _, value in pairs),
        )

    def recv_request(self) -> ReceivedRequest | None:
        """Read one whole request; None if the peer sent FIN instead of one.

        A client that expects ``100 Continue`` is sent it.

        Raises:
            PeerEndedError: FIN came in the middle of the request.
        """
        head = self.recv_head()
        if head is None:
            return None
        if (head.header("Expect") or "").lower() == "100-continue":
            self.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        request = ReceivedRequest(
            method=head.method,
            target=head.target,
            version=head.version,
            headers=head.headers,
            body=b"".join(self.iter_body(head)),
        )
        self.requests += 1
        self._note_request(request)
        return request

    def iter_body(self, head: ReceivedRequest) -> Iterator[bytes]:
        """Read the body that belongs to `head`, piece by piece."""
        if "chunked" in (head.header("Transfer-Encoding") or "").lower():
            while size := int(self._line().partition(b";")[0], 16):
                yield self._exactly(size)
                self._line()
            while self._line():  # trailers
                pass
            return
        left = int(head.header("Content-Length") or 0)
        while left:
            piece = self.recv(min(left, READ_BYTES))
            if not piece:
                raise PeerEndedError(f"peer sent FIN with {left} bytes of body to come")
            left -= len(piece)
            yield piece

    # What a handler says.

    def send(self, data: bytes) -> None:
        """Send these very bytes."""
        self._socket.sendall(data)

    def send_response(
        self,
        status: int = 200,
        headers: Headers = (),
        body: bytes = b"",
        *,
        chunked: bool = False,
        reason: str = "Reason",
    ) -> None:
        """Send a whole response in one piece.

        Args:
            status: Status code.
            headers: Sent as they are; the length is added unless one is among them.
            body: The body; framed by Content-Length, or as one chunk.
            chunked: Whether to frame it as a chunk.
            reason: Reason phrase.
        """
        lines = [f"HTTP/1.1 {status} {reason}"]
        lines += [f"{name}: {value}" for name, value in headers]
        names = {line.partition(":")[0].lower() for line in lines[1:]}
        if chunked:
            lines.append("Transfer-Encoding: chunked")
            body = (b"%x\r\n%b\r\n" % (len(body), body) if body else b"") + b"0\r\n\r\n"
        elif "content-length" not in names and status >= 200 and status != 204:
            lines.append(f"Content-Length: {len(body)}")
        self.send("\r\n".join([*lines, "", ""]).encode("latin-1") + body)

    def send_chunk(self, data: bytes) -> None:
        """Send one chunk of a chunked body; an empty one ends the body."""
        self.send(b"%x\r\n%b\r\n" % (len(data), data))

    def shutdown_write(self) -> None:
        """Send FIN (without TLS close_notify) and go on reading."""
        socket.socket.shutdown(self._socket, socket.SHUT_WR)

    def close_notify(self) -> None:
        """Send TLS close_notify, and wait for the peer's."""
        assert isinstance(self._socket, ssl.SSLSocket)
        self._socket = self._socket.unwrap()

    def close(self) -> None:
        """Close the socket: FIN, or RST if there is unread data, as TCP has it."""
        if self.closed_at is None:
            self.closed_at = time.monotonic()
            self._ended.set()
            self._socket.close()

    def reset(self) -> None:
        """Close the socket by RST."""
        self._socket.setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
        )
        self.close()

    # What anyone may wait for.

    def wait_closed(self, within_s: float = 5.0) -> float | None:
        """Wait for the peer's FIN or RST; return when it came, in monotonic seconds.

        Returns None if it did not come within the bound.
        """
        self._peer_ended.wait(within_s)
        return self.peer_ended_at

    def hold(self, within_s: float = SOCKET_TIMEOUT_S) -> None:
        """Do nothing until the peer has ended or the server stops."""
        self._ended.wait(within_s)

    def _read_to(self, end: bytes) -> bytes | None:
        searched = 0
        while (found := self._received.find(end, searched)) < 0:
            searched = max(0, len(self._received) - len(end) + 1)
            if not self._fill():
                if not self._received:
                    return None
                raise PeerEndedError(
                    f"peer sent FIN after {bytes(self._received[:200])!r}"
                )
        data = bytes(self._received[:found])
        del self._received[: found + len(end)]
        return data

    def _line(self) -> bytes:
        line = self._read_to(b"\r\n")
        if line is None:
            raise PeerEndedError("peer sent FIN in the middle of a chunked body")
        return line

    def _exactly(self, size: int) -> bytes:
        while len(self._received) < size:
            if not self._fill():
                raise PeerEndedError(f"peer sent FIN inside a chunk of {size} bytes")
        data = bytes(self._received[:size])
        del self._received[:size]
        return data

    def _fill(self) -> bool:
        if len(self._received) > HEAD_LIMIT_BYTES:
            raise ValueError(f"more than {HEAD_LIMIT_BYTES} bytes without an end")
        data = self._read(READ_BYTES)
        self._received += data
        return bool(data)

    def _read(self, size: int) -> bytes:
        try:
            data = self._socket.recv(size)
        except ConnectionResetError:
            data = b""
        self.has_read_end = not data
        return data
