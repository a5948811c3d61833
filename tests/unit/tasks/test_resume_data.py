"""Resume data is read back as it was made, or refused with the reason."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from urlsession.errors import URLError, URLErrorCode, UsageError
from urlsession.tasks.resume_data import ProducedResumeData, seal, unseal

FIELDS = {"url": "http://host/ü", "offset": 1 << 40, "headers": [["A", "b"]]}
SEALED = seal("upload", 1, FIELDS)


def test_fields_come_back() -> None:
    """Whatever JSON can hold."""
    assert unseal(SEALED, "upload", 1) == FIELDS


def test_older_version_is_read() -> None:
    """The reader knows what it meant."""
    assert unseal(SEALED, "upload", 2) == FIELDS


@given(st.integers(0, len(SEALED) - 1), st.integers(1, 255))
def test_change_of_any_byte_is_refused(index: int, change: int) -> None:
    """Nothing of it is believed."""
    changed = bytearray(SEALED)
    changed[index] ^= change

    with pytest.raises(UsageError):
        unseal(bytes(changed), "upload", 1)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "no resume data"),
        (b"anything\n{}", "no resume data"),
        (SEALED[:-1], "damaged"),
        (seal("download", 1, FIELDS), "of a download"),
        (seal("upload", 2, FIELDS), "newer"),
    ],
    ids=["empty", "foreign", "cut", "kind", "version"],
)
def test_what_cannot_be_resumed_is_refused(data: bytes, reason: str) -> None:
    """The message says why."""
    with pytest.raises(UsageError, match=reason):
        unseal(data, "upload", 1)


def test_what_is_no_bytes_is_refused() -> None:
    """A path, for instance."""
    text: Any = "path"
    with pytest.raises(TypeError):
        unseal(text, "upload", 1)


class FakeTask:
    """A task that was cancelled."""

    def result(self, _timeout: float | None) -> None:
        """Raise as a cancelled task does."""
        raise URLError(URLErrorCode.CANCELLED)


def test_result_waits_for_the_task_and_takes_no_offence() -> None:
    """That it was cancelled is no error here."""
    task: Any = FakeTask()

    assert ProducedResumeData(task, lambda: b"data").result(1) == b"data"
