"""Which libcurl will do."""

from __future__ import annotations

import pycurl
import pytest

from urlsession.engine.requirement import refusal


def test_linked_libcurl_will_do() -> None:
    """The one that these tests run with."""
    assert refusal(pycurl.version_info()[2]) is None


@pytest.mark.parametrize(
    ("version_number", "version"),
    [(0x081500, "8.21.0"), (0x075801, "7.88.1"), (0x0816FF, "8.22.255")],
)
def test_older_libcurl_is_refused_by_name(version_number: int, version: str) -> None:
    """The message names the version that was found, and the cure."""
    message = refusal(version_number)

    assert message is not None
    assert version in message
    assert "pip install" in message


@pytest.mark.parametrize("version_number", [0x081700, 0x081800, 0x090000])
def test_newer_libcurl_will_do(version_number: int) -> None:
    """From the first that is known to be good."""
    assert refusal(version_number) is None
