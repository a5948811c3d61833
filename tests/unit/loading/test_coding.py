"""What is offered, and decoding at the consumer's speed."""

from __future__ import annotations

import gzip
import zlib

import brotli
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from urlsession.loading.coding import BodyDecoder, CodingError, offered_codings
from urlsession.loading.unpacker import PIECE_BYTES

PLAIN = bytes(range(256)) * 40


def raw(data: bytes) -> bytes:
    """Return deflate without a head, as some servers send it."""
    return zlib.compress(data)[2:-4]


def decode(coding: str, *pieces: bytes) -> bytes:
    """Return the whole body of a consumer that takes everything."""
    decoder = BodyDecoder(coding)
    found: list[bytes] = []

    def deliver(piece: bytes) -> bool:
        found.append(piece)
        return True

    for piece in pieces:
        assert decoder.take(piece, deliver)
    decoder.finish()
    assert decoder.decoded_size == sum(map(len, found))
    return b"".join(found)


def test_what_is_offered_is_what_can_be_decoded() -> None:
    """Best known first; zstd comes with Python 3.14."""
    assert offered_codings().removesuffix(", zstd") == "gzip, deflate, br"


@pytest.mark.parametrize("coding", ["gzip", "x-gzip", " GZIP ", "identity, gzip"])
def test_gzip_is_decoded_by_each_of_its_names(coding: str) -> None:
    """Case and spaces do not count."""
    assert decode(coding, gzip.compress(PLAIN)) == PLAIN


@pytest.mark.parametrize("coded", [zlib.compress(PLAIN), raw(PLAIN)])
def test_deflate_is_decoded_with_and_without_its_head(coded: bytes) -> None:
    """Also where the first byte comes alone."""
    assert decode("deflate", coded) == PLAIN
    assert decode("deflate", coded[:1], coded[1:]) == PLAIN


def test_members_of_a_gzip_are_joined_and_padding_ignored() -> None:
    """As the gzip command has it."""
    coded = gzip.compress(b"a") + gzip.compress(b"") + gzip.compress(b"b") + bytes(9)

    assert decode("gzip", coded) == b"ab"
    assert decode("gzip", *(bytes([one]) for one in coded)) == b"ab"


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br"])
def test_body_without_a_byte_is_complete(coding: str) -> None:
    """HEAD, 204 and 304 name a coding and have no body."""
    assert decode(coding) == b""


@pytest.mark.parametrize("coding", ["compress", "gzipped", "*", "identity"])
def test_coding_that_was_not_offered_is_refused(coding: str) -> None:
    """By name."""
    with pytest.raises(CodingError, match="not asked for"):
        BodyDecoder(coding)


@pytest.mark.parametrize("coding", ["gzip, gzip", "br,gzip"])
def test_coding_within_a_coding_is_refused(coding: str) -> None:
    """Nobody sends it, and it would want a chain of decoders."""
    with pytest.raises(CodingError, match="one within the other"):
        BodyDecoder(coding)


@pytest.mark.parametrize(
    ("coding", "coded"),
    [
        ("br", b"no brotli"),
        ("br", brotli.compress(PLAIN) + b"x"),
        ("gzip", b"no gzip"),
        ("gzip", gzip.compress(PLAIN)[:-8] + bytes(8)),
        ("deflate", b"\xff\xff\xff"),
        ("deflate", zlib.compress(PLAIN)[:-4] + bytes(4)),
    ],
)
def test_broken_body_is_an_error(coding: str, coded: bytes) -> None:
    """Checksums count."""
    with pytest.raises(CodingError, match=r"cannot be decoded|after its end"):
        decode(coding, coded)


@pytest.mark.parametrize("left_out", [1, 8, 20])
def test_body_that_ends_early_is_an_error(left_out: int) -> None:
    """A byte is enough."""
    with pytest.raises(CodingError, match="before its end"):
        decode("gzip", gzip.compress(PLAIN)[:-left_out])
    with pytest.raises(CodingError, match="before its end"):
        decode("br", brotli.compress(PLAIN)[:-left_out])
    with pytest.raises(CodingError, match="before its end"):
        decode("gzip", b"\x1f")


def test_refused_piece_is_delivered_again_and_nothing_beyond_is_decoded() -> None:
    """A bomb grows no faster than its consumer eats."""
    coded = gzip.compress(bytes(100 * PIECE_BYTES))
    decoder = BodyDecoder("gzip")
    seen: list[int] = []

    def refuse(piece: bytes) -> bool:
        seen.append(len(piece))
        return False

    assert not decoder.take(coded, refuse)
    assert not decoder.take(coded, refuse)

    assert seen == [PIECE_BYTES, PIECE_BYTES]
    assert decoder.decoded_size == 0
    assert decoder.take(coded, lambda _piece: True)
    assert decoder.decoded_size == 100 * PIECE_BYTES


@given(
    coding=st.sampled_from(["gzip", "br"]),
    plain=st.binary(max_size=400).map(lambda one: one * 1000),
    cuts=st.lists(st.integers(1, 300), max_size=20),
    growths=st.lists(st.integers(0, 50), max_size=20),
    answers=st.lists(st.booleans(), max_size=40),
)
@example(coding="br", plain=b"x" * 400_000, cuts=[5], growths=[3], answers=[False])
@example(
    coding="gzip",
    plain=b"x" * 400_000,
    cuts=[5],
    growths=[3],
    answers=[False, True, False],
)
def test_body_comes_whole_however_it_is_cut_and_refused(
    coding: str,
    plain: bytes,
    cuts: list[int],
    growths: list[int],
    answers: list[bool],
) -> None:
    """After a refusal the same bytes are offered, and maybe some more."""
    coded = (
        gzip.compress(plain) if coding == "gzip" else brotli.compress(plain, quality=1)
    )
    decoder = BodyDecoder(coding)
    found: list[bytes] = []
    left = list(answers)

    def deliver(piece: bytes) -> bool:
        is_taken = left.pop(0) if left else True
        if is_taken:
            found.append(piece)
        return is_taken

    at = 0
    while at < len(coded):
        size = cuts.pop(0) if cuts else len(coded)
        while not decoder.take(coded[at : at + size], deliver):
            size += growths.pop(0) if growths else 0
        at += size
    decoder.finish()

    assert b"".join(found) == plain
