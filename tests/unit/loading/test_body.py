"""Reading a streamed body, as libcurl asks for it."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pycurl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from urlsession.loading.body import BodyReader


def drain(reader: BodyReader, size: int = 7) -> bytes:
    """Read a body to its end, `size` bytes at a time."""
    pieces: list[bytes] = []
    while piece := reader.read_for_curl(size):
        assert isinstance(piece, bytes)
        assert len(piece) <= size
        pieces.append(piece)
    return b"".join(pieces)


@given(st.lists(st.binary(max_size=20)), st.integers(1, 30))
def test_iterable_is_read_whole_in_pieces_of_any_size(
    parts: list[bytes], size: int
) -> None:
    """Empty parts end nothing."""
    assert drain(BodyReader(iter(parts)), size) == b"".join(parts)


@given(st.binary(max_size=100), st.integers(0, 100), st.integers(1, 30))
def test_file_object_is_read_from_where_it_stands(
    data: bytes, start: int, size: int
) -> None:
    """Its length is what is left; a second reading begins there too."""
    file = io.BytesIO(data)
    file.seek(start)
    reader = BodyReader(file)
    left = data[start:]

    assert max(0, reader.length or 0) == len(left)
    assert drain(reader, size) == left
    reader.rewind()
    assert drain(reader, size) == left


def test_path_is_opened_and_closed_by_the_reader(tmp_path: Path) -> None:
    """Its length is the file's."""
    path = tmp_path / "body"
    path.write_bytes(b"body")
    reader = BodyReader(path)

    assert (reader.length, reader.can_rewind) == (4, True)
    assert drain(reader) == b"body"
    reader.close()
    reader.close()


def test_file_object_of_the_caller_stays_open() -> None:
    """Whoever opened it closes it."""
    file = io.BytesIO(b"body")
    BodyReader(file).close()

    assert not file.closed


def test_pipe_has_neither_length_nor_a_way_back() -> None:
    """It is read as it comes."""
    reading, writing = os.pipe()
    os.write(writing, b"body")
    os.close(writing)
    with open(reading, "rb", buffering=0) as file:
        reader = BodyReader(file)

        assert (reader.length, reader.can_rewind) == (None, False)
        assert drain(reader) == b"body"


def test_object_that_can_only_read_is_enough() -> None:
    """No `seek`, no `tell`."""

    class Minimal:
        def __init__(self) -> None:
            self._parts = [b"bo", b"dy"]

        def read(self, _size: int) -> bytes:
            return self._parts.pop(0) if self._parts else b""

    source: Any = Minimal()
    reader = BodyReader(source)

    assert (reader.length, reader.can_rewind) == (None, False)
    assert drain(reader) == b"body"


@pytest.mark.parametrize("kind", [bytearray, memoryview])
def test_other_bytes_are_bytes_too(kind: Any) -> None:
    """What comes out is bytes."""
    assert drain(BodyReader(iter([kind(b"body")]))) == b"body"


@pytest.mark.parametrize("piece", ["text", 1, None])
def test_piece_that_is_no_bytes_breaks_the_reading_off(piece: Any) -> None:
    """The transfer is told to stop, the task why."""
    reader = BodyReader(iter([piece]))

    assert reader.read_for_curl(10) == pycurl.READFUNC_ABORT
    assert isinstance(reader.error, TypeError)


def test_error_of_the_source_is_kept() -> None:
    """It cannot be raised through C."""

    def broken() -> Iterator[bytes]:
        yield b"x"
        raise KeyError("gone")

    reader = BodyReader(broken())

    assert reader.read_for_curl(10) == b"x"
    assert reader.read_for_curl(10) == pycurl.READFUNC_ABORT
    assert isinstance(reader.error, KeyError)


@pytest.mark.parametrize("offset", [0, 2, 4])
def test_libcurl_may_go_back_in_a_file(offset: int) -> None:
    """Counted from where the body begins."""
    file = io.BytesIO(b"skipbody")
    file.seek(4)
    reader = BodyReader(file)
    drain(reader)

    assert reader.seek_for_curl(offset, os.SEEK_SET) == pycurl.SEEKFUNC_OK
    assert drain(reader) == b"body"[offset:]


def test_libcurl_may_not_go_back_in_an_iterable() -> None:
    """It is told so, and fails the request rather than sending half a body."""
    reader = BodyReader(iter([b"body"]))

    assert reader.seek_for_curl(0, os.SEEK_SET) == pycurl.SEEKFUNC_CANTSEEK
    assert not reader.can_rewind


def test_libcurl_may_not_go_anywhere_else() -> None:
    """It never asks, and would be misunderstood."""
    reader = BodyReader(io.BytesIO(b"body"))

    assert reader.seek_for_curl(0, os.SEEK_END) == pycurl.SEEKFUNC_CANTSEEK


def test_path_that_is_not_there_raises_at_once(tmp_path: Path) -> None:
    """Before anything is sent."""
    with pytest.raises(FileNotFoundError):
        BodyReader(tmp_path / "missing")
