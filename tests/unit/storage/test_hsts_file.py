"""Where hosts that asked for TLS are kept, and what becomes of a bad file."""

from __future__ import annotations

import json
import logging
import stat
from pathlib import Path

import pytest

from urlsession.storage.hsts_file import (
    FILE_NAME,
    TransportSecurity,
    shared_transport_security,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a file in a folder that is not there yet."""
    return tmp_path / "home" / FILE_NAME


def test_what_is_learnt_is_there_in_the_next_run(path: Path) -> None:
    """In a file and a folder of the user's own."""
    TransportSecurity(path).note("a.example", "max-age=100")

    assert TransportSecurity(path).requires_tls("a.example")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [one.name for one in path.parent.iterdir()] == [FILE_NAME]


def test_nothing_is_made_before_there_is_something(path: Path) -> None:
    """Asking leaves no trace."""
    assert not TransportSecurity(path).requires_tls("a.example")
    assert not path.parent.exists()


def test_two_programs_merge_what_they_know(path: Path) -> None:
    """Neither forgets what the other wrote meanwhile."""
    one, other = TransportSecurity(path), TransportSecurity(path)
    assert not one.requires_tls("x") and not other.requires_tls("x")
    one.note("a.example", "max-age=100")
    other.note("b.example", "max-age=100")

    fresh = TransportSecurity(path)

    assert fresh.requires_tls("a.example") and fresh.requires_tls("b.example")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[]",
        b"null",
        b'{"version": 99, "hosts": {}}',
        b'{"version": 1}',
        b'{"version": 1, "hosts": {"a": 3}}',
        b'{"version": 1, "hosts": {"a": ["x", true]}}',
    ],
)
def test_bad_file_is_told_of_once_and_written_anew(
    path: Path, caplog: pytest.LogCaptureFixture, content: bytes
) -> None:
    """A program need not fail because of it."""
    path.parent.mkdir()
    path.write_bytes(content)
    known = TransportSecurity(path)
    with caplog.at_level(logging.WARNING, "urlsession"):
        assert not known.requires_tls("a")
        known.note("a.example", "max-age=100")

    assert len(caplog.records) == 1
    assert json.loads(path.read_text())["hosts"].keys() == {"a.example"}


def test_folder_that_cannot_be_written_leaves_memory(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """And one warning."""
    (tmp_path / "file").write_text("no folder")
    known = TransportSecurity(tmp_path / "file" / FILE_NAME)
    with caplog.at_level(logging.WARNING, "urlsession"):
        known.note("a.example", "max-age=100")
        known.note("b.example", "max-age=100")

    assert known.requires_tls("a.example") and known.requires_tls("b.example")
    assert len(caplog.records) == 1


def test_expired_hosts_are_not_read(path: Path) -> None:
    """What is over is over."""
    path.parent.mkdir()
    hosts = {"a.example": [1.0, True]}
    path.write_text(json.dumps({"version": 1, "hosts": hosts}))

    assert not TransportSecurity(path).requires_tls("a.example")


def test_purge_forgets_on_disk_too(path: Path) -> None:
    """And does no harm when repeated."""
    known = TransportSecurity(path)
    known.note("a.example", "max-age=100")
    known.purge()
    known.purge()

    assert known.is_idle
    assert not path.exists()


def test_memory_only_has_no_file() -> None:
    """An ephemeral session's."""
    known = TransportSecurity()

    assert known.is_idle
    known.note("a.example", "max-age=100")
    assert known.requires_tls("a.example")


def test_shared_one_is_one() -> None:
    """All sessions that are not ephemeral have it."""
    assert shared_transport_security() is shared_transport_security()
