"""Frames as they come; what a server may not send is in tests/conformance."""

from __future__ import annotations

import tracemalloc
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from urlsession.close_code import WebSocketCloseCode
from urlsession.loading.web_socket.reader import (
    CloseReceived,
    FrameReader,
    Ping,
    Pong,
    ProtocolViolation,
)

STREAM = (
    b"\x81\x05Hello"
    b"\x01\x03Hel" + b"\x89\x02hi" + b"\x80\x02lo"
    b"\x82\x7e\x01\x00" + bytes(256) + b"\x8a\x00"
    b"\x01\x01\xc3\x80\x01\xb6"
    b"\x88\x05\x03\xe8bye"
    b"\x81\x01x"
)
EXPECTED = [
    "Hello",
    Ping(b"hi"),
    "Hello",
    bytes(256),
    Pong(b""),
    "ö",
    CloseReceived(1000, b"bye"),
]


@given(st.lists(st.integers(0, len(STREAM)), max_size=20))
def test_pieces_may_be_cut_anywhere(cuts: list[int]) -> None:
    """The messages are the same; what follows a close frame is ignored."""
    reader = FrameReader(256)
    edges = [0, *sorted(cuts), len(STREAM)]
    got = [
        happening
        for start, end in pairwise(edges)
        for happening in reader.feed(STREAM[start:end])
    ]

    assert got == EXPECTED


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    """Nothing else is raised, whatever comes, and however it is cut."""

    def code(step: int) -> int:
        reader = FrameReader(64)
        try:
            for at in range(0, len(data), step):
                reader.feed(data[at : at + step])
        except ProtocolViolation as violation:
            return violation.code
        return 0

    assert code(1) == code(200) in (0, 1002, 1007, 1009)


def test_what_came_before_a_violation_is_told() -> None:
    """Messages of the same piece are not lost."""
    with pytest.raises(ProtocolViolation) as caught:
        FrameReader(64).feed(b"\x81\x01a" + b"\x81\x01b" + b"\xff\x00")

    assert caught.value.happenings == ["a", "b"]
    assert caught.value.code is WebSocketCloseCode.PROTOCOL_ERROR


def test_flood_of_fragments_costs_no_more_than_the_message() -> None:
    """A frame of two bytes is no object of its own."""
    count = 200_000
    fragments = b"\x02\x02ab" + b"\x00\x02cd" * (count - 2) + b"\x80\x02ef"
    reader = FrameReader(2 * count)
    tracemalloc.start()
    try:
        happenings = reader.feed(fragments)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert happenings == [b"ab" + b"cd" * (count - 2) + b"ef"]
    assert peak < 5 * 2 * count


def test_limit_holds_from_the_next_frame() -> None:
    """It may be changed while frames come."""
    reader = FrameReader(2)
    assert reader.feed(b"\x82\x02ab") == [b"ab"]
    reader.limit = 1

    with pytest.raises(ProtocolViolation, match="longer than the 1 bytes"):
        reader.feed(b"\x82\x02ab")
