"""The bodies for granian: its Rust core writes what this one call hands it.

granian's own static files would need no Python, but it sends them chunked, which
is another scenario than the body of known length that nginx sends.
"""

from __future__ import annotations

from typing import Protocol

__all__ = ("app",)

BODY = b"x" * 1024
LARGE = bytes(256 * 1024 * 1024)


class Scope(Protocol):
    """The part of granian's RSGI scope that is used here."""

    path: str


class Answer(Protocol):
    """The part of granian's RSGI protocol object that is used here."""

    def response_bytes(
        self, status: int, headers: list[tuple[str, str]], body: bytes
    ) -> object: ...


def _headers(body: bytes) -> list[tuple[str, str]]:
    return [
        ("content-type", "application/octet-stream"),
        ("content-length", str(len(body))),
    ]


HEADERS = _headers(BODY)
LARGE_HEADERS = _headers(LARGE)


async def app(scope: Scope, answer: Answer) -> None:
    """Answer ``/256m`` with that much, every other path with 1 KiB."""
    if scope.path == "/256m":
        answer.response_bytes(200, LARGE_HEADERS, LARGE)
    else:
        answer.response_bytes(200, HEADERS, BODY)
