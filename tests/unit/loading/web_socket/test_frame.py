"""Frames as they are sent."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from urlsession.loading.web_socket.frame import (
    MaskingKeys,
    Opcode,
    close_payload,
    encode_frame,
    mask,
)

KEY = b"\x37\xfa\x21\x3d"


def test_frame_of_the_rfc() -> None:
    """RFC 6455, 5.7: a masked "Hello"."""
    made = encode_frame(Opcode.TEXT, b"Hello", KEY)

    assert made == bytes.fromhex("818537fa213d7f9f4d5158")


@pytest.mark.parametrize(
    ("size", "head"),
    [
        (0, "8280"),
        (125, "82fd"),
        (126, "82fe007e"),
        (65535, "82feffff"),
        (65536, "82ff0000000000010000"),
    ],
)
def test_length_is_in_its_shortest_form(size: int, head: str) -> None:
    """One, three or nine bytes."""
    made = encode_frame(Opcode.BINARY, bytes(size), KEY)

    assert made.startswith(bytes.fromhex(head) + KEY)
    assert len(made) == len(head) // 2 + 4 + size


@given(st.binary(max_size=3000), st.binary(min_size=4, max_size=4))
def test_mask_is_byte_by_byte(data: bytes, key: bytes) -> None:
    """Short and long payloads are masked alike, and unmasked by the same."""
    masked = mask(data, key)

    assert masked == bytes(byte ^ key[n % 4] for n, byte in enumerate(data))
    assert mask(masked, key) == data


def test_keys_differ_and_cost_one_call_for_many() -> None:
    """Every key is four bytes of the entropy, and none is given twice."""
    calls = []

    def entropy(size: int) -> bytes:
        calls.append(size)
        return b"".join(n.to_bytes(4, "big") for n in range(size // 4))

    keys = MaskingKeys(entropy)
    given = [keys.next() for _ in range(256)]

    assert sorted(given) == [n.to_bytes(4, "big") for n in range(256)]
    assert calls == [1024]


def test_close_payload_is_code_and_reason() -> None:
    """Two bytes, then UTF-8; or nothing."""
    assert close_payload(1000, b"bye") == b"\x03\xe8bye"
    assert close_payload(None, b"") == b""


@pytest.mark.parametrize(
    ("code", "reason"),
    [(None, b"x"), (1005, b""), (70000, b""), (1000, b"x" * 124), (1000, b"\xff")],
)
def test_close_payload_refuses(code: int | None, reason: bytes) -> None:
    """What may not be sent is a ValueError."""
    with pytest.raises(ValueError, match=r"."):
        close_payload(code, reason)
