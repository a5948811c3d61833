"""Lines of a stream, however its chunks fall.

Pausing, dropping and cancelling need a transfer: tests/loopback/test_streams.py.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from urlsession.errors import URLError, URLErrorCode, UsageError
from urlsession.tasks.stream import AsyncBytes


class ReceivedTask:
    """A stream's task whose reply is here already, in chunks.

    Attributes:
        was_dropped: Whether the consumer gave up before the end.
    """

    def __init__(self, chunks: list[bytes], error: URLError | None = None) -> None:
        self._pieces = deque(chunks)
        self._taken = 0
        self._is_starved = False
        self.was_dropped = False
        self._error = error

    @property
    def is_exhausted(self) -> bool:
        return not self._pieces

    def take(self) -> bytes | None:
        if self._error is not None:
            raise self._error
        return None

    def next_future(self) -> Awaitable[None] | None:
        return None

    def wait_for_piece(self) -> None:
        raise AssertionError("everything is here already")

    def drop(self) -> None:
        self.was_dropped = True


def stream_of(task: ReceivedTask) -> AsyncBytes:
    """Return the stream of a task."""
    stand_in: Any = task
    return AsyncBytes(stand_in)


def lines_of(*chunks: bytes, limit: int = 1024) -> list[bytes]:
    """Return the lines of a stream of these chunks."""
    return list(stream_of(ReceivedTask([*chunks])).lines(limit))


@pytest.mark.parametrize(
    ("chunks", "lines"),
    [
        ([], []),
        ([b"a"], [b"a"]),
        ([b"a\n"], [b"a"]),
        ([b"a\r\n"], [b"a"]),
        ([b"a\r", b"\nb"], [b"a", b"b"]),
        ([b"\n\n"], [b"", b""]),
        ([b"a", b"b", b"\nc"], [b"ab", b"c"]),
        ([b"a\rb\n"], [b"a\rb"]),
        ([b"a\r\r\n"], [b"a\r"]),
        ([b"", b"a\n", b""], [b"a"]),
    ],
)
@pytest.mark.parity("1:AsyncBytes.lines/characters/unicodeScalars")
def test_lines_end_with_lf_or_crlf(chunks: list[bytes], lines: list[bytes]) -> None:
    """A lone CR ends none; the last line needs no end."""
    assert lines_of(*chunks) == lines


@given(st.lists(st.sampled_from([b"a", b"bc", b"\n", b"\r", b"\r\n", b""])))
@example([b"a", b"\r", b"\n"])
def test_lines_do_not_depend_on_how_the_chunks_fall(chunks: list[bytes]) -> None:
    """Byte by byte or in one piece, and in both doors."""

    async def read() -> list[bytes]:
        return [line async for line in stream_of(ReceivedTask(chunks)).lines()]

    expected = lines_of(b"".join(chunks))

    assert lines_of(*chunks) == expected
    assert asyncio.run(read()) == expected


@pytest.mark.parametrize(
    "chunks", [[b"12345\n"], [b"123", b"45"], [b"1\n12345\n"], [b"12345"]]
)
def test_line_that_is_too_long_is_an_error(chunks: list[bytes]) -> None:
    """Memory stays flat, also when no line ever ends."""
    with pytest.raises(ValueError, match="longer than 4 bytes"):
        lines_of(*chunks, limit=4)


def test_line_of_the_limit_is_not_too_long() -> None:
    """The limit is the longest that is allowed."""
    assert lines_of(b"1234\r\n1234\n1234", limit=5) == [b"1234"] * 3
    assert lines_of(b"1234\n1234", limit=4) == [b"1234"] * 2


def test_error_comes_after_the_lines_that_were_received() -> None:
    """What had no end is not passed off as a line."""
    error = URLError(URLErrorCode.NETWORK_CONNECTION_LOST)
    task = ReceivedTask([b"a\nb\nunfini"], error)
    got: list[bytes] = []

    with pytest.raises(URLError) as caught:
        got.extend(stream_of(task).lines())  # extends as far as it comes
    assert caught.value is error
    assert got == [b"a", b"b"]


def test_rest_is_read_in_one_piece() -> None:
    """In both doors."""

    async def read() -> bytes:
        return await stream_of(ReceivedTask([b"a", b"b"])).aread()

    assert stream_of(ReceivedTask([b"a", b"b"])).read() == b"ab"
    assert asyncio.run(read()) == b"ab"


def test_stream_is_read_once() -> None:
    """Its bytes are not kept."""
    stream = stream_of(ReceivedTask([b"a"]))
    stream.read()

    with pytest.raises(UsageError, match="only once"):
        iter(stream)


@pytest.mark.parametrize(
    ("chunks", "taken", "was_dropped"),
    [([b"a", b"b"], 0, True), ([b"a", b"b"], 1, True), ([b"a", b"b"], 2, False)],
)
def test_leaving_before_the_end_drops_the_transfer(
    chunks: list[bytes], taken: int, was_dropped: bool
) -> None:
    """At the end there is nothing left to cancel."""
    task = ReceivedTask(chunks)
    iterator = iter(stream_of(task))
    for _ in range(taken):
        next(iterator)
    del iterator

    assert task.was_dropped is was_dropped


def test_stream_that_nobody_reads_drops_the_transfer() -> None:
    """Closed, or let go."""
    closed, let_go = ReceivedTask([b"a"]), ReceivedTask([b"a"])
    with stream_of(closed):
        pass
    stream_of(let_go)

    assert closed.was_dropped
    assert let_go.was_dropped
