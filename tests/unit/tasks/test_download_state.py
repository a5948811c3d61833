"""Where a download stands: read back as it was made, and without secrets."""

from __future__ import annotations

import pytest

from urlsession.errors import UsageError
from urlsession.tasks.download_state import DownloadState, kept_headers, without_user
from urlsession.tasks.resume_data import seal

STATE = DownloadState(
    original_url="http://host/ü",
    current_url="https://elsewhere/",
    method="GET",
    headers=(("Accept", "a/b"), ("Accept", "c/d")),
    offset=1 << 40,
    path="/tmp/file",
    etag='"ä"',
    last_modified=None,
    total=-1,
    created_at="2026-11-24T12:00:00+00:00",
)


def test_state_comes_back() -> None:
    """All of it."""
    assert DownloadState.from_bytes(STATE.to_bytes()) == STATE


@pytest.mark.parametrize("fields", [{}, {"headers": 5}, {"headers": [["a"]]}])
def test_state_that_is_not_complete_is_refused(fields: dict[str, object]) -> None:
    """Even if it is sealed."""
    with pytest.raises(UsageError, match="not complete"):
        DownloadState.from_bytes(seal("download", 1, fields))


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://u:p@host/a@b", "http://host/a@b"),
        ("http://u@host", "http://host"),
        ("http://host/?q=a@b", "http://host/?q=a@b"),
        ("HTTPS://u:p%40@host/", "HTTPS://host/"),
    ],
)
def test_url_without_user(url: str, shown: str) -> None:
    """Nothing that logs in."""
    assert without_user(url) == shown


@pytest.mark.parametrize(
    "name",
    [
        "Authorization",
        "Proxy-Authorization",
        "Cookie",
        "X-API-Key",
        "X-Auth-Token",
        "X-Amz-Security-Token",
        "Api-Secret",
        "Password",
        "Range",
        "if-range",
    ],
)
def test_secret_fields_are_not_kept(name: str) -> None:
    """By their names, and what is made anew."""
    assert kept_headers([(name, "x"), ("Accept", "y")]) == (("Accept", "y"),)
