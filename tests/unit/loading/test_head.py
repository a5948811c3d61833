"""The lines of the final head."""

from __future__ import annotations

import pytest

from urlsession.loading.head import last_head

FINAL = [b"HTTP/1.1 200 OK\r\n", b"A: b\r\n", b"\r\n"]


@pytest.mark.parametrize(
    "lines",
    [
        FINAL,
        [b"HTTP/1.1 100 Continue\r\n", b"\r\n", *FINAL],
        [*FINAL, b"Trailer: x\r\n", b"\r\n"],
    ],
    ids=["alone", "after 1xx", "before trailers"],
)
def test_final_head_is_found(lines: list[bytes]) -> None:
    """Neither 1xx nor trailers belong to it."""
    assert list(last_head(lines)) == FINAL


@pytest.mark.parametrize("lines", [[], FINAL[:2]], ids=["nothing", "cut off"])
def test_head_without_end_is_none(lines: list[bytes]) -> None:
    """The server ended it."""
    assert list(last_head(lines)) == []
