"""WebSocket frames as they are sent by a client.

Pure: what is random comes in as an argument. `reader` is the other direction.

Source: RFC 6455 section 5.
"""

from __future__ import annotations

from collections.abc import Callable

from ...close_code import is_sendable

__all__ = (
    "CLOSE_REASON_LIMIT",
    "MaskingKeys",
    "Opcode",
    "close_payload",
    "encode_frame",
    "mask",
)

Buffer = bytes | bytearray | memoryview

CLOSE_REASON_LIMIT = 123
"""Bytes of a close frame's reason: a control frame carries 125, two are the code."""

_KEYS_AT_ONCE = 256  # keys for each call of the system, which costs as much as a frame
_LITTLE_LIMIT = 700  # bytes; from here on four strides are faster than one number


class Opcode:
    """What a frame is; plain numbers, they are compared for every frame."""

    CONTINUATION = 0
    TEXT = 1
    BINARY = 2
    CLOSE = 8
    PING = 9
    PONG = 10


class MaskingKeys:
    """Gives keys that nobody can foresee; asks for entropy once for many.

    Args:
        entropy: Returns so many random bytes, for instance `os.urandom`.
    """

    __slots__ = ("_entropy", "_keys")

    def __init__(self, entropy: Callable[[int], bytes]) -> None:
        self._entropy = entropy
        self._keys: list[bytes] = []

    def next(self) -> bytes:
        """Return the next key. Any thread."""
        try:
            return self._keys.pop()
        except IndexError:
            random = self._entropy(4 * _KEYS_AT_ONCE)
            self._keys += [random[at : at + 4] for at in range(4, len(random), 4)]
            return random[:4]


def encode_frame(opcode: int, payload: Buffer, key: bytes) -> bytes:
    """Return a whole frame (FIN is set), masked.

    Args:
        opcode: One of `Opcode`.
        payload: What it carries; at most 125 bytes in a control frame.
        key: Four bytes that nobody can foresee (section 10.3).
    """
    size = len(payload)
    if size < 126:
        head = bytes((0x80 | opcode, 0x80 | size))
    elif size < 65536:
        head = bytes((0x80 | opcode, 0xFE, size >> 8, size & 0xFF))
    else:
        head = bytes((0x80 | opcode, 0xFF)) + size.to_bytes(8, "big")
    return b"".join((head, key, mask(payload, key)))


def mask(data: Buffer, key: bytes) -> bytes | bytearray:
    """Return `data` combined with `key` by exclusive or; done twice it is undone."""
    size = len(data)
    if size < _LITTLE_LIMIT:
        keys = key * (size >> 2) + key[: size & 3]
        number = int.from_bytes(data, "little") ^ int.from_bytes(keys, "little")
        return number.to_bytes(size, "little")
    masked = bytearray(size)
    for stride in range(4):
        column = bytes(data[stride::4])
        masked[stride::4] = column.translate(_table(key[stride]))
    return masked


def close_payload(code: int | None, reason: bytes) -> bytes:
    """Return what a close frame carries.

    Args:
        code: The close code; None to give none, and then no reason either.
        reason: UTF-8, at most `CLOSE_REASON_LIMIT` bytes.

    Raises:
        ValueError: The code may not be sent, or the reason is too long, not UTF-8
            or without a code.
    """
    if code is None:
        if reason:
            raise ValueError("a close frame cannot carry a reason without a code")
        return b""
    if not is_sendable(code):
        raise ValueError(f"close code {code} must not be sent (RFC 6455, 7.4)")
    if len(reason) > CLOSE_REASON_LIMIT:
        limit = f"{CLOSE_REASON_LIMIT} bytes"
        raise ValueError(f"a close reason has at most {limit}, not {len(reason)}")
    reason.decode()  # UnicodeDecodeError is a ValueError
    return code.to_bytes(2, "big") + reason


def _table(byte: int) -> bytes:
    table = _tables.get(byte)
    if table is None:
        table = _tables[byte] = bytes(value ^ byte for value in range(256))
    return table


_tables: dict[int, bytes] = {}
