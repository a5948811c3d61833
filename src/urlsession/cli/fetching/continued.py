"""``--resume``: a file that a load goes on with, and keeps when it fails.

Decides what is asked for, whether an answer goes on with the file or begins it anew,
and that an error's page never takes its place. Unlike other files this one is written
to under its own name: what came stays, also if the process is killed.

What tells whether the resource is still the same stands in a file beside it until all
is there. Without that file (another program began) the resource must be no younger
than the file; if the server does not say, it is believed.
"""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import UsageError
from ...tasks.download_state import DownloadState, kept_headers, without_user
from ...tasks.resumption import (
    Answer,
    Validators,
    judge,
    range_fields,
    total_length,
    validators,
)
from .sink import OutputError, write_all
from .waterfall import size_text

if TYPE_CHECKING:
    from ...request import URLRequest
    from ...response import HTTPURLResponse

__all__ = ("SUFFIX", "AlreadyWholeError", "ContinuedSink", "StartOverError")

SUFFIX = ".urlsession-resume"  # of the file beside the file
_UNSATISFIED = re.compile(r"bytes \*/(\d{1,19})", re.IGNORECASE)


class StartOverError(Exception):
    """The answer does not fit to the file: ask for all of it."""


class AlreadyWholeError(Exception):
    """The file is complete already."""


class ContinuedSink:
    """Writes to a file, from where it ends if the server goes on there.

    Args:
        path: The file.
        request: What is loaded into it.
        say: Tells the user in one line.
    """

    def __init__(
        self, path: Path, request: URLRequest, say: Callable[[str], None]
    ) -> None:
        self._name = str(path)
        self._path = Path(os.path.realpath(path))
        self._beside = self._path.with_name(self._path.name + SUFFIX)
        self._request = request
        self._say = say
        self._fd = -1
        self._state: DownloadState | None = None
        self._age_s = 0.0
        self._asks_for_rest = False
        self._is_new = not self._path.exists()

    def prepare(self, *, is_anew: bool = False) -> URLRequest:
        """Open the file; return the request for what it lacks.

        Args:
            is_anew: Ask for all of it, whatever is there.

        Raises:
            OutputError: The file cannot be opened, or is in use.
        """
        if self._fd < 0:
            self._open()
        request = self._request.copy()
        if request.value("Accept-Encoding") is None:
            request.set_value("Accept-Encoding", "identity")
        state = self._state
        self._asks_for_rest = state is not None and not is_anew
        if state is not None and not is_anew:
            for name, value in range_fields(state):
                if value:  # without a validator there is no If-Range
                    request.set_value(name, value)
        return request

    async def begin(self, response: HTTPURLResponse) -> None:
        """See `Sink`.

        Raises:
            StartOverError: Call `prepare` with `is_anew`, and load again.
            AlreadyWholeError: There is nothing to load.
            OutputError: The file cannot be written.
        """
        state = self._state
        if state is not None and self._asks_for_rest:
            if _says_whole(response, state.offset):
                self._beside.unlink(missing_ok=True)
                raise AlreadyWholeError
            answer = judge(state, response)
            if answer is Answer.CONTINUES and not self._is_younger(state, response):
                self._say(f"{self._name}: going on at {size_text(state.offset)}")
                return
            if answer is not Answer.STARTS_OVER:
                raise StartOverError
        if state is not None:
            self._say(
                f"{self._name}: beginning anew, {size_text(state.offset)} dropped"
            )
        self._begin_anew(response)

    async def write(self, data: bytes) -> None:
        """See `Sink`."""
        try:
            write_all(self._fd, data)
        except OSError as error:
            raise self._error(error) from error

    async def finish(self) -> str | None:
        """See `Sink`."""
        self._close()
        self._beside.unlink(missing_ok=True)
        return self._name

    async def abandon(self) -> None:
        """See `Sink`; what came stays."""
        if self._fd >= 0 and (size := os.fstat(self._fd).st_size):
            self._say(f"{self._name}: {size_text(size)} kept, for --resume")
        self.discard()

    def discard(self) -> None:
        """See `Sink`; what came stays."""
        if self._fd >= 0:
            is_empty = os.fstat(self._fd).st_size == 0
            self._close()
            if is_empty:
                self._beside.unlink(missing_ok=True)
                if self._is_new:
                    self._path.unlink(missing_ok=True)

    def _close(self) -> None:
        fd, self._fd = self._fd, -1
        os.close(fd)

    def _open(self) -> None:
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_APPEND
            self._fd = os.open(self._path, flags, 0o666)
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            facts = os.fstat(self._fd)
        except BlockingIOError as error:
            self._close()
            raise OutputError(f"{self._name!r} is in use by another download") from (
                error
            )
        except OSError as error:
            raise self._error(error) from error
        if facts.st_size == 0:
            return
        self._age_s = datetime.now(UTC).timestamp() - facts.st_mtime
        self._state = self._noted_state(facts.st_size) or self._state_of(
            facts.st_size, -1, Validators(None, None)
        )

    def _noted_state(self, size: int) -> DownloadState | None:
        """Return what stands beside the file; None if it is of no use."""
        try:
            state = DownloadState.from_bytes(self._beside.read_bytes())
        except (OSError, UsageError):
            return None
        if state.original_url != without_user(self._request.url):
            return None
        if 0 <= state.total < size:
            return None
        return replace(state, offset=size)

    def _state_of(self, offset: int, total: int, found: Validators) -> DownloadState:
        url = without_user(self._request.url)
        return DownloadState(
            original_url=url,
            current_url=url,
            method=self._request.http_method,
            headers=kept_headers(self._request.header_items()),
            offset=offset,
            path=str(self._path),
            etag=found.etag,
            last_modified=found.last_modified,
            total=total,
            created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        )

    def _is_younger(self, state: DownloadState, response: HTTPURLResponse) -> bool:
        """Whether the resource has changed since a file without a validator."""
        if state.etag or state.last_modified:
            return False  # then If-Range has answered that
        modified = _date(response.value("Last-Modified"))
        now = _date(response.value("Date")) or datetime.now(UTC).timestamp()
        # By the server's clock for the resource and by ours for the file.
        return modified is not None and now - modified < self._age_s - 1

    def _begin_anew(self, response: HTTPURLResponse) -> None:
        now = datetime.now(UTC).timestamp()
        found = validators(self._request, response, now)
        try:
            os.ftruncate(self._fd, 0)
            self._state = None
            if found is None:
                self._beside.unlink(missing_ok=True)
            else:
                state = self._state_of(0, total_length(response), found)
                self._beside.write_bytes(state.to_bytes())
        except OSError as error:
            raise self._error(error) from error

    def _error(self, error: OSError) -> OutputError:
        return OutputError(f"cannot write {self._name!r}: {error.strerror or error}")


def _says_whole(response: HTTPURLResponse, size: int) -> bool:
    found = _UNSATISFIED.fullmatch((response.value("Content-Range") or "").strip())
    return response.status_code == 416 and found is not None and int(found[1]) == size


def _date(value: str | None) -> float | None:
    try:
        return parsedate_to_datetime(value or "").timestamp()
    except (ValueError, TypeError, OverflowError):
        return None
