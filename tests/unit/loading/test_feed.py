"""A source that takes its time: what it gives arrives, in order, and no faster."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from urlsession.loading.feed import HIGH_WATER, Feed, checked_piece
from urlsession.testing.kernel import wait_until


class Woken(threading.Event):
    """Notes that the feed has something."""

    def __call__(self) -> None:
        """Be called by the feed."""
        self.set()


def drain(feed: Feed, woken: Woken, size: int = 7) -> bytes:
    """Take everything, as libcurl does: pause when there is nothing."""
    pieces: list[bytes] = []
    while (piece := feed.take(size)) != b"":
        if piece is None:
            assert woken.wait(5)
            woken.clear()
            continue
        assert len(piece) <= size
        pieces.append(piece)
    return b"".join(pieces)


async def stream(parts: list[bytes]) -> AsyncIterator[bytes]:
    """Give parts on a loop."""
    for part in parts:
        await asyncio.sleep(0)
        yield part


@given(st.lists(st.binary(max_size=20), max_size=8), st.integers(1, 30))
def test_pieces_of_an_iterable_arrive(parts: list[bytes], size: int) -> None:
    """Whatever their sizes; an empty one ends nothing."""
    woken = Woken()

    assert drain(Feed(iter(parts), woken, None), woken, size) == b"".join(parts)


def test_pieces_of_an_async_iterable_arrive_without_a_loop() -> None:
    """It gets one of its own."""
    woken = Woken()

    assert drain(Feed(stream([b"a", b"", b"b"]), woken, None), woken) == b"ab"


def test_nothing_is_asked_of_the_source_before_the_first_take() -> None:
    """A request that never got a connection has not used it up."""
    begun = threading.Event()

    def parts() -> Iterator[bytes]:
        begun.set()
        yield b"x"

    feed = Feed(parts(), Woken(), None)
    feed.close()

    assert not begun.is_set()


def test_source_waits_when_enough_lies_ahead() -> None:
    """And goes on when it was taken."""
    given_bytes, woken = 0, Woken()
    size = HIGH_WATER // 4

    def parts() -> Iterator[bytes]:
        nonlocal given_bytes
        for _ in range(16):
            given_bytes += size
            yield bytes(size)

    feed = Feed(parts(), woken, None)
    assert feed.take(1) is None
    assert wait_until(lambda: given_bytes >= HIGH_WATER, 5)
    threading.Event().wait(0.05)

    assert given_bytes <= HIGH_WATER + size
    assert len(drain(feed, woken, HIGH_WATER)) == 16 * size


@pytest.mark.parametrize("kind", ["iterable", "async"])
def test_error_comes_after_what_was_given(kind: str) -> None:
    """As the source had it."""
    woken = Woken()

    def parts() -> Iterator[bytes]:
        yield b"x"
        raise KeyError

    async def async_parts() -> AsyncIterator[bytes]:
        yield b"x"
        raise KeyError

    source: Any = parts() if kind == "iterable" else async_parts()
    feed = Feed(source, woken, None)
    assert feed.take(9) is None
    assert woken.wait(5)

    assert feed.take(9) == b"x"
    with pytest.raises(KeyError):
        drain(feed, woken)


def test_source_that_waits_for_room_is_closed_with_the_feed() -> None:
    """A generator's `finally` runs."""
    closed = threading.Event()

    def parts() -> Iterator[bytes]:
        try:
            while True:
                yield bytes(HIGH_WATER)
        finally:
            closed.set()

    woken = Woken()
    feed = Feed(parts(), woken, None)
    feed.take(1)
    assert woken.wait(5)
    feed.close()
    feed.close()

    assert closed.wait(5)


def test_async_source_runs_on_the_loop_that_is_given() -> None:
    """And is cancelled there."""
    threads: list[int] = []
    closed = asyncio.Event()

    async def parts() -> AsyncIterator[bytes]:
        threads.append(threading.get_ident())
        try:
            await asyncio.sleep(60)
            yield b""
        finally:
            closed.set()

    async def main() -> None:
        feed = Feed(parts(), Woken(), asyncio.get_running_loop())
        assert feed.take(1) is None
        while not threads:
            await asyncio.sleep(0)
        feed.close()
        await asyncio.wait_for(closed.wait(), 5)

    asyncio.run(main())
    assert threads == [threading.get_ident()]


@pytest.mark.parametrize("piece", ["text", 1, None])
def test_piece_that_is_no_bytes_is_refused(piece: object) -> None:
    """Text has no bytes of its own."""
    with pytest.raises(TypeError):
        checked_piece(piece)
