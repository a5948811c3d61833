"""The parts of a body that replaces itself come out as they were put in."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from urlsession.loading.mixed import (
    HEAD_LIMIT,
    MixedReplaceError,
    PartReader,
    boundary_in,
)

Part = tuple[list[bytes], bytes]


def read(pieces: list[bytes], boundary: str = "B") -> list[Part]:
    """Return the parts, each as (head, body)."""
    reader = PartReader(boundary)
    parts: list[Part] = []
    for piece in pieces:
        for found in reader.feed(piece):
            if isinstance(found, bytes):
                head, body = parts[-1]
                parts[-1] = (head, body + found)
            else:
                parts.append((found, b""))
    if left := reader.finish():
        parts[-1] = (parts[-1][0], parts[-1][1] + left)
    return parts


def cut(data: bytes, size: int) -> list[bytes]:
    """Cut data into pieces."""
    return [data[at : at + size] for at in range(0, len(data), size)]


TWO = b"--B\r\nA: 1\r\n\r\none\r\n--B\r\nA: 2\r\n\r\ntwo\r\n--B--\r\n"


@pytest.mark.parametrize("size", range(1, len(TWO) + 1))
def test_parts_do_not_depend_on_how_the_body_is_cut(size: int) -> None:
    """Not even between the bytes of a delimiter."""
    assert read(cut(TWO, size)) == [([b"A: 1\r\n"], b"one"), ([b"A: 2\r\n"], b"two")]


@example([b"\n--B", b"\r\n--", b"\n--B \t x"], 1)
@given(st.lists(st.binary(max_size=30), min_size=1, max_size=4), st.integers(1, 20))
def test_any_bytes_come_through(bodies: list[bytes], size: int) -> None:
    """Delimiters that are none, too."""
    boundary = b"--0123456789abcdef"
    data = b"".join(boundary + b"\r\n\r\n" + body + b"\r\n" for body in bodies)

    found = read(cut(data + boundary + b"--", size), "0123456789abcdef")
    assert found == [([], body) for body in bodies]


@pytest.mark.parametrize(
    "body",
    [
        TWO.replace(b"\r\n", b"\n"),
        b"preamble\r\n" + TWO,
        b"\r\n" + TWO,
        TWO + b"epilogue\r\n--B\r\n\r\nmore",
        TWO.replace(b"--B\r\n", b"--B \t\r\n"),
        TWO.removesuffix(b"\r\n--B--\r\n"),
    ],
    ids=["LF", "preamble", "blank", "epilogue", "padding", "cut-off"],
)
def test_what_servers_send_is_taken(body: bytes) -> None:
    """RFC 2046 leaves some of it to senders, and cameras take the rest."""
    assert [part[1] for part in read([body])] == [b"one", b"two"]


def test_dashes_may_stand_in_the_parameter_already() -> None:
    """As with many cameras."""
    assert [part[1] for part in read([TWO], "--B")] == [b"one", b"two"]


def test_bytes_of_a_part_are_passed_on_before_the_next_begins() -> None:
    """All but the line's end, which may be the delimiter's."""
    reader = PartReader("B")

    assert list(reader.feed(b"--B\r\n\r\nimage\r\n")) == [[], b"image"]


@pytest.mark.parametrize("body", [b"--B\r\n" + b"A" * 9, b""])
def test_head_that_is_not_complete_is_no_part(body: bytes) -> None:
    """It was cut off."""
    assert read([body]) == []


@pytest.mark.parametrize("start", [b"--B\r\nA: ", b""], ids=["head", "preamble"])
def test_endless_head_is_refused(start: bytes) -> None:
    """Memory is bounded."""
    with pytest.raises(MixedReplaceError):
        read([start, *[b"x" * 1024] * (HEAD_LIMIT // 1024 + 1)])


@pytest.mark.parametrize(
    ("value", "boundary"),
    [
        ("multipart/x-mixed-replace; boundary=B", "B"),
        ('Multipart/X-Mixed-Replace ; x=y; Boundary="a b"', "a b"),
        ("multipart/x-mixed-replace;boundary=--B;x=y", "--B"),
        ("multipart/x-mixed-replace", None),
        ("multipart/mixed; boundary=B", None),
    ],
)
def test_boundary_is_read(value: str, boundary: str | None) -> None:
    """Of this type only."""
    assert boundary_in(value) == boundary
