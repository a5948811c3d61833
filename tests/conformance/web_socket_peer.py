"""The server's end of a WebSocket, frame by frame, also against the rules.

Wraps a `ServerConnection`; its own frame writer and reader, so that the client's are
not judged by themselves.
"""

from __future__ import annotations

import base64
import hashlib
import struct
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from urlsession.testing import PeerEndedError, ReceivedRequest, ServerConnection
from urlsession.testing.server import Handler

from .auth_server import basic_value

__all__ = (
    "BINARY",
    "CLOSE",
    "CONTINUATION",
    "PING",
    "PONG",
    "TEXT",
    "Frame",
    "Peer",
    "frame",
    "guarded_echo",
    "web_socket_handler",
)

TEXT, BINARY, CLOSE, PING, PONG, CONTINUATION = 1, 2, 8, 9, 10, 0
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class Frame(NamedTuple):
    """One frame of the client's, unmasked."""

    opcode: int
    payload: bytes
    is_final: bool = True

    @property
    def close_code(self) -> int | None:
        """The code of a close frame; None if it has none."""
        return int.from_bytes(self.payload[:2], "big") if self.payload else None


def frame(
    opcode: int,
    payload: bytes = b"",
    *,
    is_final: bool = True,
    reserved: int = 0,
    mask: bytes | None = None,
    length: int | None = None,
) -> bytes:
    """Return a frame as a server sends it, or as it must not.

    Args:
        opcode: From 0 to 15.
        payload: What it carries.
        is_final: Whether FIN is set.
        reserved: RSV1 to RSV3 as a number from 0 to 7.
        mask: A masking key, which a server must not use.
        length: What the frame says that its length is.
    """
    size = len(payload) if length is None else length
    bit = 0 if mask is None else 0x80
    first = (0x80 if is_final else 0) | reserved << 4 | opcode
    if size < 126:
        head = struct.pack("!BB", first, bit | size)
    elif size < 65536:
        head = struct.pack("!BBH", first, bit | 126, size)
    else:
        head = struct.pack("!BBQ", first, bit | 127, size)
    if mask is not None:
        payload = unmasked(payload, mask)
        head += mask
    return head + payload


def unmasked(payload: bytes, key: bytes) -> bytes:
    """Return the payload without its mask."""
    keys = (key * (len(payload) // 4 + 1))[: len(payload)]
    number = int.from_bytes(payload, "big") ^ int.from_bytes(keys, "big")
    return number.to_bytes(len(payload), "big")


class Peer:
    """One accepted WebSocket.

    Attributes:
        connection: What it runs over.
        request: The client's handshake.
    """

    def __init__(self, connection: ServerConnection, request: ReceivedRequest) -> None:
        self.connection = connection
        self.request = request
        self._received = b""

    def accept(
        self,
        headers: Iterable[tuple[str, str]] = (),
        *,
        after: bytes = b"",
        replaced: Mapping[str, str | None] | None = None,
    ) -> None:
        """Answer the handshake.

        Args:
            headers: More fields.
            after: Frames to send in the same segment.
            replaced: Other values of ``upgrade``, ``connection`` and ``accept``; None
                to leave the field out.
        """
        key = (self.request.header("Sec-WebSocket-Key") or "").encode()
        accept = base64.b64encode(hashlib.sha1(key + GUID).digest()).decode()
        fields: dict[str, str | None] = {
            "upgrade": "websocket",
            "connection": "Upgrade",
            "accept": accept,
            **(replaced or {}),
        }
        names = {"accept": "Sec-WebSocket-Accept"}
        lines = ["HTTP/1.1 101 Switching Protocols"]
        lines += [f"{names.get(n, n)}: {v}" for n, v in fields.items() if v is not None]
        lines += [f"{name}: {value}" for name, value in headers]
        self.connection.send("\r\n".join([*lines, "", ""]).encode() + after)

    def send(self, opcode: int, payload: bytes = b"", *, is_final: bool = True) -> None:
        """Send one frame."""
        self.connection.send(frame(opcode, payload, is_final=is_final))

    def close(self, code: int | None = 1000, reason: bytes = b"") -> None:
        """Send a close frame."""
        payload = b"" if code is None else code.to_bytes(2, "big") + reason
        self.send(CLOSE, payload)

    def recv(self) -> Frame:
        """Return the next frame.

        Raises:
            PeerEndedError: FIN came instead.
            AssertionError: The frame is not masked.
        """
        first, second = self._exactly(2)
        assert second & 0x80, "a client's frames are masked"
        size = second & 0x7F
        if size == 126:
            size = int.from_bytes(self._exactly(2), "big")
        elif size == 127:
            size = int.from_bytes(self._exactly(8), "big")
        key = self._exactly(4)
        payload = unmasked(self._exactly(size), key)
        return Frame(first & 0x0F, payload, bool(first & 0x80))

    def recv_until_close(self) -> list[Frame]:
        """Return the frames up to the close frame, or up to FIN."""
        frames: list[Frame] = []
        try:
            while not frames or frames[-1].opcode != CLOSE:
                frames.append(self.recv())
        except PeerEndedError:
            pass
        return frames

    def has_ended(self) -> bool:
        """Whether the client sends FIN now, after nothing else."""
        return not self._received and not self.connection.recv()

    def echo(self) -> None:
        """Send every message back, answer pings, and close when the client does."""
        while True:
            got = self.recv()
            if got.opcode == CLOSE:
                self.send(CLOSE, got.payload)
                return
            if got.opcode == PING:
                self.send(PONG, got.payload)
            else:
                self.send(got.opcode, got.payload, is_final=got.is_final)

    def _exactly(self, size: int) -> bytes:
        pieces = [self._received]
        have = len(self._received)
        while have < size:
            piece = self.connection.recv(1024 * 1024)
            if not piece:
                raise PeerEndedError(f"FIN with {size - have} bytes of a frame to come")
            pieces.append(piece)
            have += len(piece)
        data = b"".join(pieces)
        self._received = data[size:]
        return data[:size]


def web_socket_handler(
    talk: Callable[[Peer], object],
    *,
    accepts: bool = True,
    headers: Iterable[tuple[str, str]] = (),
) -> Callable[[ServerConnection], None]:
    """Return a server's handler that runs `talk` for every WebSocket.

    Args:
        talk: What the server does; a client that ends early ends it.
        accepts: Whether to answer the handshake first.
        headers: More fields for that answer.
    """

    def handle(connection: ServerConnection) -> None:
        request = connection.recv_request()
        if request is None:
            return
        peer = Peer(connection, request)
        if accepts:
            peer.accept(headers)
        try:
            talk(peer)
        except (PeerEndedError, ConnectionError):
            pass

    return handle


def guarded_echo(user: str, password: str) -> Handler:
    """Return a handler: a WebSocket that wants a password, and echoes."""

    def handle(connection: ServerConnection) -> None:
        while request := connection.recv_request():
            if request.header("Authorization") == basic_value(user, password):
                peer = Peer(connection, request)
                peer.accept()
                peer.echo()
                return
            field = ("WWW-Authenticate", 'Basic realm="r"')
            connection.send_response(401, [field], b"no")

    return handle
