"""Which close codes there are, and which may be sent."""

from __future__ import annotations

import pytest

from urlsession.close_code import WebSocketCloseCode, close_code_of, is_sendable


def test_codes_have_foundation_numbers() -> None:
    """Section 3.3 of the reference."""
    assert [int(code) for code in WebSocketCloseCode] == [
        0,
        *range(1000, 1004),
        *range(1005, 1012),
        1015,
    ]


@pytest.mark.parametrize("code", [1000, 1003, 1007, 1011, 1014, 3000, 4999])
def test_code_may_be_sent(code: int) -> None:
    """Registered, or of a library's or program's own."""
    assert is_sendable(code)


@pytest.mark.parametrize("code", [-1, 0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000])
def test_code_must_not_be_sent(code: int) -> None:
    """RFC 6455, 7.4."""
    assert not is_sendable(code)


def test_unknown_number_is_a_close_code() -> None:
    """Known ones are members, others plain numbers."""
    assert close_code_of(1001) is WebSocketCloseCode.GOING_AWAY
    assert type(close_code_of(4001)) is int
