"""Decoders of content codings that give no more than is asked for.

Decides which codings can be decoded piece by piece on this machine: gzip and
deflate always, br with the `brotli` package, zstd with Python 3.14. Of HTTP it
knows the names only; who takes the pieces is `coding`'s business.

What does not work: `brotli` before 1.2, and every other package of that name. They
decode all that they are given, and a KiB of br may stand for a GiB.

Source: RFC 1950 to 1952, RFC 7932, RFC 8878; RFC 9659 for the window of zstd.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from functools import cache, partial
from importlib import import_module
from typing import Any, Protocol

__all__ = ("PIECE_BYTES", "CodingError", "Unpacker", "unpackers")

PIECE_BYTES = 64 * 1024  # decoded at a time, about; libcurl's pieces are of 16 KiB

_GZIP, _ZLIB, _RAW = 31, 15, -15  # zlib's names for what is around the data
_GZIP_MAGIC = b"\x1f\x8b"
_ZSTD_WINDOW_LOG = 23  # 8 MiB, the most that a sender may ask a receiver for


class CodingError(ValueError):
    """The body is not what its Content-Encoding says."""


class Unpacker(Protocol):
    """Decodes one body."""

    def feed(self, coded: bytes) -> None:
        """Add bytes as they came."""

    def next_piece(self) -> bytes:
        """Return some decoded bytes; empty if there is nothing to make them of.

        Raises:
            CodingError: The bytes are not what the coding says.
        """

    @property
    def is_complete(self) -> bool:
        """Whether the body may end here; an empty one may, as after HEAD."""


@cache
def unpackers() -> Mapping[str, Callable[[], Unpacker]]:
    """Return what can be decoded here, by name, best known first.

    The first call imports the decoders, 0.3 ms for `brotli`; a program that reads
    no streams need not pay that.
    """
    found: dict[str, Callable[[], Unpacker]] = {
        "gzip": partial(_Inflater, is_gzip=True),
        "deflate": partial(_Inflater, is_gzip=False),
    }
    brotli = _imported("brotli")
    if hasattr(getattr(brotli, "Decompressor", None), "can_accept_more_data"):
        found["br"] = partial(_BrotliUnpacker, brotli)
    zstd = _imported("compression.zstd")
    if hasattr(zstd, "ZstdDecompressor"):
        found["zstd"] = partial(_ZstdUnpacker, zstd)
    return found


def _imported(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError:
        return None


class _Inflater:
    """Both sorts of what HTTP calls deflate, and gzip of any number of members."""

    def __init__(self, *, is_gzip: bool) -> None:
        self._is_gzip = is_gzip
        self._inflater: zlib._Decompress | None = None
        self._coded = b""

    def feed(self, coded: bytes) -> None:
        self._coded += coded

    @property
    def is_complete(self) -> bool:
        inflater = self._inflater
        return not self._coded if inflater is None else inflater.eof

    def next_piece(self) -> bytes:
        while self._can_inflate():
            inflater = self._inflater
            assert inflater is not None
            try:
                piece = inflater.decompress(self._coded, PIECE_BYTES)
            except zlib.error as error:
                raise _undecodable(error) from error
            ended = inflater.eof
            self._coded = inflater.unused_data if ended else inflater.unconsumed_tail
            if piece or not ended:
                return piece
        return b""

    def _can_inflate(self) -> bool:
        """Whether there is an inflater that has not ended; makes it if need be."""
        inflater = self._inflater
        if inflater is not None and not inflater.eof:
            return True
        if len(self._coded) < 2:
            return False
        if inflater is None:
            self._inflater = zlib.decompressobj(self._wrapping())
            return True
        if self._is_gzip and self._coded.startswith(_GZIP_MAGIC):
            self._inflater = zlib.decompressobj(_GZIP)  # of several members
            return True
        self._coded = b""  # padding behind the end, which every client ignores
        return False

    def _wrapping(self) -> int:
        """Say what is around the data: of deflate there are two sorts in use."""
        first, second = self._coded[:2]
        is_zlib = first & 0x0F == 8 and (first << 8 | second) % 31 == 0
        return _GZIP if self._is_gzip else _ZLIB if is_zlib else _RAW


class _BrotliUnpacker:
    """br; its window, and so its memory, is 16 MiB at most."""

    def __init__(self, brotli: Any) -> None:
        self._decompressor = brotli.Decompressor()
        self._error = brotli.error
        self._coded = b""
        self._has_begun = False

    def feed(self, coded: bytes) -> None:
        self._has_begun = self._has_begun or bool(coded)
        self._coded += coded

    @property
    def is_complete(self) -> bool:
        return not self._has_begun or self._decompressor.is_finished()

    def next_piece(self) -> bytes:
        decompressor = self._decompressor
        while not decompressor.is_finished():
            coded = b""
            if decompressor.can_accept_more_data():
                coded, self._coded = self._coded, b""
            try:
                piece: bytes = decompressor.process(
                    coded, output_buffer_limit=PIECE_BYTES
                )
            except self._error as error:
                raise _undecodable(error) from error
            if piece or not self._coded:
                return piece
        if self._coded:  # which libcurl does not accept either
            raise CodingError("the coded body goes on after its end")
        return b""


class _ZstdUnpacker:
    """zstd of any number of frames."""

    def __init__(self, zstd: Any) -> None:
        self._zstd = zstd
        self._frame: Any = None  # a decompressor that has not ended
        self._coded = b""

    def feed(self, coded: bytes) -> None:
        self._coded += coded

    @property
    def is_complete(self) -> bool:
        return self._frame is None and not self._coded

    def next_piece(self) -> bytes:
        while self._frame is not None or self._coded:
            frame = self._frame = self._frame or self._new_frame()
            coded, self._coded = self._coded, b""
            try:
                piece: bytes = frame.decompress(coded, PIECE_BYTES)
            except self._zstd.ZstdError as error:
                raise _undecodable(error) from error
            if frame.eof:
                self._frame, self._coded = None, frame.unused_data
            if piece or not self._coded:
                return piece
        return b""

    def _new_frame(self) -> Any:
        limit = self._zstd.DecompressionParameter.window_log_max
        return self._zstd.ZstdDecompressor(options={limit: _ZSTD_WINDOW_LOG})


def _undecodable(error: Exception) -> CodingError:
    return CodingError(f"the body cannot be decoded: {error}")
