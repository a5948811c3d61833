"""Decoders that give no more than is asked for."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import brotli
import pytest

from urlsession.loading.unpacker import PIECE_BYTES, CodingError, Unpacker, unpackers

MEBIBYTE = 1024 * 1024


@pytest.fixture(autouse=True)
def anew() -> Iterator[None]:
    """Have each test look for the decoders itself."""
    unpackers.cache_clear()
    yield
    unpackers.cache_clear()


def drain(unpacker: Unpacker) -> list[int]:
    """Take all that can be had; return the sizes of the pieces."""
    sizes: list[int] = []
    while piece := unpacker.next_piece():
        sizes.append(len(piece))
    return sizes


def test_br_is_offered_with_the_package_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is an extra."""
    assert "br" in unpackers()
    unpackers.cache_clear()
    monkeypatch.setitem(sys.modules, "brotli", None)

    assert [name for name in unpackers() if name != "zstd"] == ["gzip", "deflate"]


@pytest.mark.parametrize(
    "module",
    [
        SimpleNamespace(Decompressor=type("Decompressor", (), {"process": None})),
        SimpleNamespace(decompress=None),
    ],
    ids=["before 1.2", "another package"],
)
def test_br_is_not_offered_by_a_package_that_cannot_stop(
    monkeypatch: pytest.MonkeyPatch, module: object
) -> None:
    """It would decode a bomb whole."""
    monkeypatch.setitem(sys.modules, "brotli", module)

    assert "br" not in unpackers()


def test_br_bomb_grows_no_faster_than_it_is_taken() -> None:
    """64 MiB of a hundred bytes, 96 KiB at a time."""
    unpacker = unpackers()["br"]()
    unpacker.feed(brotli.compress(bytes(64 * MEBIBYTE), quality=1))
    sizes = drain(unpacker)

    assert sum(sizes) == 64 * MEBIBYTE
    assert max(sizes) < 2 * PIECE_BYTES
    assert unpacker.is_complete


@pytest.mark.parametrize("size", [0, 1, PIECE_BYTES, 2 * PIECE_BYTES, MEBIBYTE])
def test_br_that_does_not_shrink_comes_whole(size: int) -> None:
    """Also where what is asked for is just what is there."""
    unpacker = unpackers()["br"]()
    unpacker.feed(brotli.compress(os.urandom(size), quality=1))

    assert sum(drain(unpacker)) == size
    assert unpacker.is_complete


@pytest.fixture
def zstd() -> Any:
    """Return Python 3.14's zstd."""
    return pytest.importorskip("compression.zstd", exc_type=ImportError)


def test_zstd_bomb_grows_no_faster_than_it_is_taken(zstd: Any) -> None:
    """In frames, one of which is empty."""
    unpacker = unpackers()["zstd"]()
    unpacker.feed(zstd.compress(bytes(8 * MEBIBYTE)) + zstd.compress(b""))
    unpacker.feed(zstd.compress(b"end"))
    sizes = drain(unpacker)

    assert sum(sizes) == 8 * MEBIBYTE + 3
    assert max(sizes) <= PIECE_BYTES
    assert unpacker.is_complete


def test_zstd_that_ends_early_is_not_complete(zstd: Any) -> None:
    """A byte is enough."""
    coded = zstd.compress(bytes(MEBIBYTE))
    for end in (1, 5, len(coded) - 1):
        unpacker = unpackers()["zstd"]()
        unpacker.feed(coded[:end])
        drain(unpacker)

        assert not unpacker.is_complete


def test_zstd_of_a_window_too_large_is_refused(zstd: Any) -> None:
    """RFC 9659: more than 8 MiB is not for a stranger to ask."""
    options = {zstd.CompressionParameter.window_log: 26}
    unpacker = unpackers()["zstd"]()
    unpacker.feed(zstd.compress(bytes(64 * MEBIBYTE) + b"x", options=options))

    with pytest.raises(CodingError, match="cannot be decoded"):
        unpacker.next_piece()
