"""Which lines of a run's heads belong to the final response.

Pure.
"""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ("last_head",)


def last_head(lines: Sequence[bytes]) -> Sequence[bytes]:
    """Return the lines of the final response's head: neither 1xx nor trailers.

    Empty if the server ended it before its end.
    """
    start = max(
        (n for n, line in enumerate(lines) if line.startswith(b"HTTP/")), default=0
    )
    for end in range(start, len(lines)):
        if lines[end] in (b"\r\n", b"\n"):
            return lines[start : end + 1]
    return ()
