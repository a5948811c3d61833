"""The versions of TLS, for those who ask for them and those who report them."""

from __future__ import annotations

import enum

__all__ = ("TLSProtocolVersion",)


class TLSProtocolVersion(enum.IntEnum):
    """Versions of TLS, with their numbers on the wire."""

    TLSV10 = 0x0301
    TLSV11 = 0x0302
    TLSV12 = 0x0303
    TLSV13 = 0x0304
