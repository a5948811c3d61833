"""The 1 KiB body for granian: its Rust core writes what this one call hands it.

granian's own static files would need no Python, but it sends them chunked, which
is another scenario than the body of known length that nginx sends.
"""

from __future__ import annotations

from typing import Protocol

__all__ = ("app",)

BODY = b"x" * 1024
HEADERS = [
    ("content-type", "application/octet-stream"),
    ("content-length", str(len(BODY))),
]


class Answer(Protocol):
    """The part of granian's RSGI protocol object that is used here."""

    def response_bytes(
        self, status: int, headers: list[tuple[str, str]], body: bytes
    ) -> object: ...


async def app(_scope: object, answer: Answer) -> None:
    """Answer every path alike."""
    answer.response_bytes(200, HEADERS, BODY)
