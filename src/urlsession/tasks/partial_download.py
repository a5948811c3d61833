"""What came of a download so far: its file, and how it could go on.

Decides which file is written to when an answer comes, and what resume data say. Holds
neither task nor load, so that an error that offers resume data holds no more than it.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ..loading.temporary_file import TemporaryFile
from .download_state import DownloadState, kept_headers, without_user
from .resumption import (
    Answer,
    Validators,
    judge,
    range_fields,
    total_length,
    validators,
)

if TYPE_CHECKING:
    from ..request import URLRequest
    from ..response import HTTPURLResponse

__all__ = ("PartialDownload",)


class PartialDownload:
    """The file of one download, and what is known of where it comes from.

    Args:
        request: The request as the user gave it.
        folder: Where to make the file; None for the system's temporary folder.
        resume: What an earlier download left; None for none.

    Attributes:
        file: The file; None before there is one.
        offset: Where in the file the present transfer began.
        total: Length of the whole in bytes; -1 if not known.
    """

    def __init__(
        self, request: URLRequest, folder: str | None, resume: DownloadState | None
    ) -> None:
        self.file: TemporaryFile | None = None
        self.offset = 0
        self.total = -1
        self._request = request
        self._folder = folder
        self._left = resume  # until an answer has said what it is worth
        self._current_url = request.url
        self._validators: Validators | None = None

    def open_left(self) -> list[tuple[str, str]]:
        """Open what an earlier download left; return the fields that ask for the rest.

        None are returned where there is nothing to go on from.
        """
        resume = self._left
        if resume is None:
            return []
        file = TemporaryFile.reopen(resume.path, resume.offset)
        if file is None:
            self._left = None
            return []
        self.file = file
        self.total = resume.total
        self._current_url = resume.current_url
        self._validators = Validators(resume.etag, resume.last_modified)
        fields = range_fields(resume)
        if self._request.value("Accept-Encoding") is None:
            fields.append(("Accept-Encoding", "identity"))  # what is there is not coded
        return fields

    def meet(self, response: HTTPURLResponse) -> Answer:
        """Make the file ready for what comes with `response`.

        Raises:
            OSError: There can be no file, or it cannot be changed.
        """
        resume, self._left = self._left, None
        answer = Answer.STARTS_OVER
        if not hasattr(response, "status_code"):  # of a file, or of a user's protocol
            self._start_over(is_other=resume is not None)
            self.total = response.expected_content_length
            self._validators = None
            self.file = TemporaryFile.create(self._folder)
            return answer
        if resume is not None:
            answer = judge(resume, response)
        if resume is not None and answer is Answer.CONTINUES:
            self.offset = resume.offset
            total = total_length(response)
            self.total = resume.total if total < 0 else total
        else:
            self._start_over(is_other=answer is Answer.IS_OTHER)
            self.total = total_length(response)
            now = time.time()  # noqa: TID251 - a date of the calendar, not a duration
            self._validators = validators(self._request, response, now)
        self._current_url = response.url
        if self.file is None and answer is not Answer.DOES_NOT_FIT:
            self.file = TemporaryFile.create(self._folder)
        return answer

    def _start_over(self, *, is_other: bool) -> None:
        self.offset = 0
        if self.file is None:
            return
        if is_other:  # an error's page must not replace what came so far
            self.file.leave()
            self.file = None
        else:
            self.file.cut(0)

    @property
    def can_go_on(self) -> bool:
        """Whether there will be resume data, if nothing changes."""
        file = self.file
        if file is None:
            return self._left is not None
        return self._validators is not None and file.taken > 0

    def take_resume_data(self) -> bytes | None:
        """Close, and return what a later download needs; None if it could not go on.

        The file then stays; without resume data it is removed.
        """
        file = self.file
        if file is None:
            return None if self._left is None else self._left.to_bytes()
        try:
            file.flush()
            if 0 < self.total <= file.size:
                # A server has no range for nothing; the last byte can be had again.
                file.cut(self.total - 1)
        except OSError:  # what is not in the file can be loaded again
            pass
        if self._validators is None or file.size == 0:
            file.discard()
            return None
        size = file.size
        try:
            path = file.leave()
        except OSError:
            return None
        return DownloadState(
            original_url=without_user(self._request.url),
            current_url=without_user(self._current_url),
            method=self._request.http_method,
            headers=kept_headers(self._request.header_items()),
            offset=size,
            path=path,
            etag=self._validators.etag,
            last_modified=self._validators.last_modified,
            total=self.total,
            created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        ).to_bytes()

    def close(self) -> None:
        """Close the file, without a word if that fails: the download has."""
        if self.file is not None:
            try:
                self.file.close()
            except OSError:
                self.file.discard()

    def discard(self) -> None:
        """Remove the file, unless it is an earlier download's and was not changed."""
        if self.file is not None:
            self.file.discard()
