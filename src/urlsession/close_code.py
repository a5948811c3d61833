"""Why a WebSocket was closed: the codes, and which of them may go on the wire.

Pure. Must not know frames or tasks.

Source: RFC 6455 section 7.4, Foundation's ``URLSessionWebSocketTask.CloseCode``.
"""

from __future__ import annotations

import enum

__all__ = ("WebSocketCloseCode", "close_code_of", "is_sendable")


class WebSocketCloseCode(enum.IntEnum):
    """Foundation's close codes; a peer may use others, from 3000 on as it likes."""

    INVALID = 0
    NORMAL_CLOSURE = 1000
    GOING_AWAY = 1001
    PROTOCOL_ERROR = 1002
    UNSUPPORTED_DATA = 1003
    NO_STATUS_RECEIVED = 1005
    ABNORMAL_CLOSURE = 1006
    INVALID_FRAME_PAYLOAD_DATA = 1007
    POLICY_VIOLATION = 1008
    MESSAGE_TOO_BIG = 1009
    MANDATORY_EXTENSION_MISSING = 1010
    INTERNAL_SERVER_ERROR = 1011
    TLS_HANDSHAKE_FAILURE = 1015


# 1012 to 1014 were registered after the RFC; 1004 never got a meaning, and 1005, 1006
# and 1015 say what was not received.
_REGISTERED = frozenset((*range(1000, 1004), *range(1007, 1015)))


def is_sendable(code: int) -> bool:
    """Whether a close frame may carry `code`."""
    return code in _REGISTERED or 3000 <= code <= 4999


def close_code_of(code: int) -> int:
    """Return `code` as a `WebSocketCloseCode` if it is one, else the number."""
    try:
        return WebSocketCloseCode(code)
    except ValueError:
        return code
