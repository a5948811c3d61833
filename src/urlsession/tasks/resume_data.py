"""Resume data: what a later task needs to go on where an earlier one stopped.

Decides the form of the bytes: one line that says what they are, in which version and
with which checksum, then JSON. What stands in the JSON is the business of downloads
and uploads. The checksum finds what was damaged or edited; it is no signature.

Source: Foundation's ``cancel(byProducingResumeData:)``, whose bytes are opaque too.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from ..errors import URLError, URLErrorCode, UsageError

if TYPE_CHECKING:
    from .task import URLSessionTask

__all__ = ("ProducedResumeData", "ResumeData", "refused", "seal", "unseal")

ResumeData: TypeAlias = bytes
"""Opaque bytes; to be kept, and given to a later task."""

_MAGIC = b"urlsession-resume-data"
_ENDS_WITH = b"\n"


class ProducedResumeData:
    """Resume data of a task that is being cancelled: await it, or take its `result`.

    Args:
        task: The task, cancelled already.
        produce: Returns the data once the task is over; None if there is none.
    """

    def __init__(
        self, task: URLSessionTask, produce: Callable[[], bytes | None]
    ) -> None:
        self._task = task
        self._produce = produce

    def result(self, timeout: float | None = None) -> bytes | None:
        """Wait until the task is over; return the data, None if there is none.

        Raises:
            TimeoutError: `timeout` seconds passed.
            UsageError: As for `URLSessionTask.result`.
        """
        try:
            self._task.result(timeout)
        except URLError:
            pass  # cancelled is what it should be
        return self._produce()

    def __await__(self) -> Generator[Any, None, bytes | None]:
        try:
            yield from self._task.__await__()
        except URLError:
            pass
        return self._produce()


def seal(kind: str, version: int, fields: Mapping[str, object]) -> bytes:
    """Return resume data.

    Args:
        kind: What it resumes: ``download`` or ``upload``.
        version: Version of the fields, from 1.
        fields: What `unseal` is to give back; anything JSON can hold.
    """
    import json  # only tasks that are resumed need both

    text = json.dumps(dict(fields), ensure_ascii=True, sort_keys=True).encode()
    head = b" ".join(
        (_MAGIC, kind.encode(), str(version).encode(), _checksum(kind, version, text))
    )
    return head + _ENDS_WITH + text


def unseal(data: bytes, kind: str, version: int) -> dict[str, Any]:
    """Return the fields of resume data.

    Args:
        data: What `seal` made.
        kind: What it has to resume.
        version: The newest version that the caller can read.

    Raises:
        UsageError: It is no resume data, of another kind, of a newer version, or was
            damaged.
        TypeError: `data` is not bytes.
    """
    import json

    if not isinstance(data, bytes | bytearray):
        raise TypeError(f"resume data is bytes, not {type(data).__name__}")
    head, _, text = bytes(data).partition(_ENDS_WITH)
    words = head.split(b" ")
    if len(words) != 4 or words[0] != _MAGIC or not words[2].isdigit():
        raise UsageError("this is no resume data: begin anew")
    found, number = words[1].decode("latin-1"), int(words[2])
    if words[3] != _checksum(found, number, text):
        raise UsageError("the resume data was damaged or changed: begin anew")
    if found != kind:
        raise UsageError(f"this is resume data of a {found}, not of a {kind}")
    if number > version:
        raise UsageError(
            f"the resume data is of version {number}, made by a newer urlsession; "
            f"this one reads up to {version}"
        )
    fields = json.loads(text)
    assert isinstance(fields, dict)
    return fields


def refused(error: UsageError) -> URLError:
    """Return what a task ends with whose resume data cannot be read.

    Not a mistake of the caller's: the data were kept somewhere. The code is that of
    Foundation's open-source twin.
    """
    return URLError(URLErrorCode.UNSUPPORTED_URL, str(error), underlying=error)


def _checksum(kind: str, version: int, text: bytes) -> bytes:
    import hashlib

    whole = b"%b %d\n%b" % (kind.encode("latin-1"), version, text)
    return hashlib.sha256(whole).hexdigest().encode()
