"""WebSocket frames as they come from a server, put together to messages.

Decides what a server may send: everything that RFC 6455 forbids is a
`ProtocolViolation`, found as soon as the bytes say so: a length before its payload,
wrong UTF-8 before the end of its message. Pure; holds one unfinished message and one
unfinished frame head, never more than the limit.

Source: RFC 6455 sections 5, 7.4 and 8.1.
"""

from __future__ import annotations

import codecs
from typing import NamedTuple

from ...close_code import WebSocketCloseCode, is_sendable
from .frame import Opcode

__all__ = (
    "CloseReceived",
    "FrameReader",
    "Happening",
    "Ping",
    "Pong",
    "ProtocolViolation",
)

_CONTROL_LIMIT = 125  # bytes
_CONTINUATION, _TEXT, _BINARY = Opcode.CONTINUATION, Opcode.TEXT, Opcode.BINARY
# Pieces of a message that are kept apart: an object costs more than two bytes do.
_PARTS_LIMIT = 1024
_WHOLE = (0x80 | _TEXT, 0x80 | _BINARY)  # first bytes of messages of one frame
_KNOWN = frozenset((*range(3), *range(8, 11)))


class ProtocolViolation(Exception):  # noqa: N818  # what the peer did, not our error
    """The peer did what RFC 6455 forbids, or sent more than is taken.

    Attributes:
        code: What to close with.
        happenings: What was complete before that, in the same piece.
    """

    def __init__(self, code: WebSocketCloseCode, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.happenings: list[Happening] = []


class Ping(NamedTuple):
    """To be answered with a pong of the same payload."""

    payload: bytes


class Pong(NamedTuple):
    """The answer to a ping, or unasked for."""

    payload: bytes


class CloseReceived(NamedTuple):
    """The last frame of the peer; what comes after it is ignored."""

    code: int
    reason: bytes


Happening = str | bytes | Ping | Pong | CloseReceived
"""A whole message, or a control frame."""


class FrameReader:
    """Takes bytes in pieces of any size and gives what they come to.

    Attributes:
        limit: Bytes that one message may have, all its frames together.
    """

    __slots__ = (
        "_buffer",
        "_decoder",
        "_is_closed",
        "_is_final",
        "_left",
        "_opcode",
        "_parts",
        "_size",
        "limit",
    )

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._buffer = b""  # an unfinished head, or an unfinished control frame
        self._opcode = 0  # of the message that is under way; 0 if none is
        self._is_final = False  # the present data frame is its last
        self._left = -1  # payload of the present data frame still to come; -1: a head
        self._size = 0  # of the message so far, the present frame's whole payload too
        self._parts: list[bytes | bytearray] = []
        self._decoder: codecs.IncrementalDecoder | None = None
        self._is_closed = False

    def feed(self, data: bytes) -> list[Happening]:
        """Return what is complete now, in order.

        Raises:
            ProtocolViolation: The peer broke the protocol, or its message is longer
                than `limit`. The reader is of no more use then.
        """
        happenings: list[Happening] = []
        try:
            self._read(data, happenings)
        except ProtocolViolation as violation:
            violation.happenings = happenings
            raise
        return happenings

    def _read(self, data: bytes, happenings: list[Happening]) -> None:
        at = 0
        if self._buffer:
            data, self._buffer = self._buffer + data, b""
        end = len(data)
        while at < end and not self._is_closed:
            if self._left >= 0:
                at = self._read_payload(data, at, happenings)
                continue
            # The usual frame: short, whole, a message of its own.
            size = data[at + 1] if end - at >= 2 else 127
            first = data[at]
            if (
                size < 126
                and end - at >= 2 + size
                and not self._opcode
                and first in _WHOLE
                and size <= self.limit
            ):
                at += 2 + size
                payload = data[at - size : at]
                happenings.append(_text(payload) if first == 0x81 else payload)
                continue
            start = self._read_head(data, at, happenings)
            if start < 0:
                self._buffer = data[at:]
                return
            at = start

    def _read_head(self, data: bytes, at: int, happenings: list[Happening]) -> int:
        """Return where the payload begins; -1 if the head is not complete.

        A control frame is read whole, and the return value is its end.
        """
        opcode = _checked_opcode(data[at])
        if len(data) - at < 2:
            return -1
        if data[at + 1] & 0x80:
            raise _error("a server's frame is masked")
        is_final = bool(data[at] & 0x80)
        if opcode >= 8:
            return self._read_control(data, at, opcode, is_final, happenings)
        if opcode == _CONTINUATION and not self._opcode:
            raise _error("a continuation continues nothing")
        if opcode != _CONTINUATION and self._opcode:
            raise _error("a message begins inside another")
        size, start = _data_size(data, at)
        if size < 0:
            return -1
        self._begin_frame(opcode, size, is_final=is_final)
        if not size:
            self._end_frame(happenings)
        return start

    def _read_control(
        self,
        data: bytes,
        at: int,
        opcode: int,
        is_final: bool,
        happenings: list[Happening],
    ) -> int:
        size = data[at + 1]
        if not is_final:
            raise _error("a control frame is fragmented")
        if size > _CONTROL_LIMIT:
            raise _error(f"a control frame is longer than {_CONTROL_LIMIT} bytes")
        stop = at + 2 + size
        if len(data) < stop:
            return -1
        payload = data[at + 2 : stop]
        if opcode == Opcode.PING:
            happenings.append(Ping(payload))
        elif opcode == Opcode.PONG:
            happenings.append(Pong(payload))
        else:
            happenings.append(_close(payload))
            self._is_closed = True
        return stop

    def _begin_frame(self, opcode: int, size: int, *, is_final: bool) -> None:
        if opcode != _CONTINUATION:
            self._opcode = opcode
            self._size = 0
        self._size += size
        if self._size > self.limit:
            raise ProtocolViolation(
                WebSocketCloseCode.MESSAGE_TOO_BIG,
                f"a message is longer than the {self.limit} bytes of "
                "maximum_message_size",
            )
        self._left = size
        self._is_final = is_final

    def _read_payload(self, data: bytes, at: int, happenings: list[Happening]) -> int:
        stop = at + self._left
        if not at and stop > len(data):
            piece, stop = data, len(data)  # nothing to cut: no copy
        else:
            piece = data[at:stop]
            stop = at + len(piece)
        self._left -= len(piece)
        is_whole = not self._left and self._is_final and not self._parts
        if self._opcode == _TEXT and not is_whole:
            self._check_text(piece)
        self._add(piece)
        if not self._left:
            self._end_frame(happenings)
        return stop

    def _add(self, piece: bytes) -> None:
        parts = self._parts
        if parts and isinstance(parts[-1], bytearray):
            parts[-1] += piece
        elif len(parts) < _PARTS_LIMIT:
            parts.append(piece)
        else:
            self._parts = [bytearray(b"".join(parts)) + piece]

    def _check_text(self, piece: bytes) -> None:
        if self._decoder is None:
            self._decoder = codecs.getincrementaldecoder("utf-8")()
        try:
            self._decoder.decode(piece)
        except UnicodeDecodeError as error:
            raise _bad_text() from error
        begun = self._decoder.getstate()[0]
        # Python waits for the third byte of half a surrogate pair, which no third
        # byte makes good.
        if len(begun) == 2 and begun[0] == 0xED and begun[1] >= 0xA0:
            raise _bad_text()

    def _end_frame(self, happenings: list[Happening]) -> None:
        self._left = -1
        if not self._is_final:
            return
        parts, self._parts = self._parts, []
        whole = parts[0] if len(parts) == 1 else b"".join(parts)
        payload = bytes(whole)  # which copies only what a flood of fragments made
        happenings.append(_text(payload) if self._opcode == _TEXT else payload)
        self._opcode = 0
        self._decoder = None


def _checked_opcode(first: int) -> int:
    if first & 0x70:
        raise _error("reserved bits are set, and no extension was agreed on")
    opcode = first & 0x0F
    if opcode not in _KNOWN:
        raise _error(f"opcode {opcode} has no meaning")
    return opcode


def _data_size(data: bytes, at: int) -> tuple[int, int]:
    """Return (payload size, where the payload begins); a size of -1: not yet known."""
    short, start = data[at + 1], at + 2
    if short < 126:
        return short, start
    start += 2 if short == 126 else 8
    if len(data) < start:
        return -1, start
    size = int.from_bytes(data[at + 2 : start], "big")
    if size >> 63:
        raise _error("a frame's length has its highest bit set")
    if size < (126 if short == 126 else 65536):
        raise _error("a frame's length is not in its shortest form")
    return size, start


def _text(payload: bytes) -> str:
    try:
        return payload.decode()
    except UnicodeDecodeError as error:
        raise _bad_text() from error


def _close(payload: bytes) -> CloseReceived:
    if not payload:
        return CloseReceived(WebSocketCloseCode.NO_STATUS_RECEIVED, b"")
    code = int.from_bytes(payload[:2], "big")
    if len(payload) == 1 or not is_sendable(code):
        raise _error("a close frame has no code that may be sent")
    _text(payload[2:])
    return CloseReceived(code, payload[2:])


def _error(message: str) -> ProtocolViolation:
    return ProtocolViolation(WebSocketCloseCode.PROTOCOL_ERROR, message)


def _bad_text() -> ProtocolViolation:
    code = WebSocketCloseCode.INVALID_FRAME_PAYLOAD_DATA
    return ProtocolViolation(code, "a text message is not UTF-8")
