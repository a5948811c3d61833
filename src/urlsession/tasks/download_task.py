"""Download tasks: a reply's body in a file.

Decides who gets the file and when it is removed, how often progress is told, and what
happens when a download goes on where an earlier one ended.

Source: Foundation's ``URLSessionDownloadTask``.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeAlias

from ..errors import URLError, URLErrorCode, UsageError
from ..loading.coding import CodingError, IncompleteCodingError
from ..loading.http import HTTPLoad
from ..request import URLRequest
from .delivery import Callback, report_callback_error
from .download_state import DownloadState, without_user
from .partial_download import PartialDownload
from .reply import DownloadReply
from .resume_data import ProducedResumeData, refused
from .resumption import Answer
from .task import URLSessionTask

if TYPE_CHECKING:
    from ..response import HTTPURLResponse
    from ..session import URLSession
    from .data_task import URLSessionDataTask
    from .waiting import Waiter

__all__ = (
    "DownloadCompletion",
    "URLSessionDownloadTask",
    "resumed_request",
)

# A string, because the names are there for type checkers only.
DownloadCompletion: TypeAlias = (
    "Callable[[Path | None, HTTPURLResponse | None, URLError | None], object]"
)
"""Called once with (location, response, error) on the delegate queue."""

PROGRESS_PERIOD_S = 0.1  # seconds between two tellings; ten a second look smooth

_monotonic = time.monotonic


class URLSessionDownloadTask(URLSessionTask):
    """A task whose reply's body goes to a file.

    ``await task`` and ``task.result()`` give ``(location, response)``, and the file is
    then the caller's. A completion handler or a delegate's
    ``download_task_did_finish_downloading`` may move the file; it is removed when they
    have returned. A file that nobody takes is removed with the task.

    Source: Foundation's ``URLSessionDownloadTask``.
    """

    kind: ClassVar[str] = "download"
    prefers_incremental_delivery: bool = False

    _is_delegate_driven: bool = False
    _keeps_partial: bool = False
    _tells_progress: bool = False
    _is_telling_progress: bool = False
    _told_bytes: int = 0
    _told_at: float = 0.0
    _was_resumed_from: bool = False
    _refusal: URLError | None = None

    def __init__(
        self,
        session: URLSession,
        task_identifier: int,
        request: URLRequest,
        resume: DownloadState | URLError | None = None,
    ) -> None:
        if isinstance(resume, URLError):  # the task's end, once it begins
            self._refusal, resume = resume, None
        super().__init__(session, task_identifier, request)
        folder = session._configuration.download_directory
        self._tells_data = True
        self._was_resumed_from = resume is not None
        self._partial = PartialDownload(request, folder, resume)

    if TYPE_CHECKING:  # the base class serves tasks with other results too

        def __await__(self) -> Generator[Any, None, DownloadReply]: ...

        def result(self, timeout: float | None = None) -> DownloadReply:
            """Wait for the file; see `URLSessionTask.result`."""

    @property
    def count_of_bytes_received(self) -> int:
        """Body bytes received before decoding, an earlier download's included."""
        return self._partial.offset + super().count_of_bytes_received

    @property
    def count_of_bytes_expected_to_receive(self) -> int:
        """Length of the whole body: 0 before the head came, -1 if not known."""
        return 0 if self._response is None else self._partial.total

    def cancel_by_producing_resume_data(
        self, completion: Callable[[bytes | None], object] | None = None
    ) -> ProducedResumeData:
        """Cancel, and keep what came so far for a later download.

        There is no resume data (None) unless the request is a GET over HTTP, the
        server accepts ranges and named an ETag or a Last-Modified, and some of the
        body, not coded, has come. Then the file stays until it is resumed.

        Args:
            completion: Called with the resume data on the delegate queue.

        Returns:
            What to await, or to take the ``.result()`` of. Not asked for, it leaves
            no file behind.
        """
        self._keeps_partial = True
        error = URLError(
            URLErrorCode.CANCELLED,
            "task was cancelled",
            failing_url=self.original_request.url,
            task_id=self.task_identifier,
        )
        error.offer_resume_data(self._partial.take_resume_data)
        self._cancel(error)
        has_cancelled = self._error is error

        def produce() -> bytes | None:
            return error.download_task_resume_data if has_cancelled else None

        if completion is not None:
            self._core.queue.submit(partial(_call, completion, produce()))
        made = ProducedResumeData if has_cancelled else _NoResumeData
        return made(self, produce)

    # -- how it runs -----------------------------------------------------------

    @property
    def _tells_everything(self) -> bool:
        return self._is_delegate_driven and self._completion is None

    def _write_out(self) -> None:
        file = self._partial.file
        if file is not None:
            try:
                file.flush()
            except OSError as error:
                self._fail_by_file(URLErrorCode.CANNOT_WRITE_TO_FILE, error)

    def _prepare_delivery(self) -> None:
        super()._prepare_delivery()
        self._tells_progress = (
            self._delivery is not None
            and self._method("download_task_did_write_data") is not None
        )

    def _request_to_load(self) -> URLRequest:
        if self._refusal is not None:
            raise self._refusal
        fields = self._partial.open_left()
        if not fields:
            return self.original_request
        request = self.original_request.copy()
        for name, value in fields:
            request.set_value(name, value)
        return request

    @classmethod
    def _continuing(cls, data_task: URLSessionDataTask, session: URLSession) -> Self:
        """Make the task that a data task becomes; its load has begun already."""
        identifier = next(session._identifiers)
        made = cls(session, identifier, data_task.original_request)
        made._delegate = data_task._delegate
        made._delivery = data_task._delivery  # in one line: nothing overtakes
        made._load = data_task._load
        made._state = data_task._state
        made._suspensions = data_task._suspensions
        made._is_delegate_driven = True
        made._tells_progress = made._method("download_task_did_write_data") is not None
        return made

    def load_did_receive_response(self, response: HTTPURLResponse) -> None:
        """See `LoadClient`."""
        try:
            answer = self._partial.meet(response)
        except OSError as error:
            self._response = response
            self._fail_by_file(URLErrorCode.CANNOT_CREATE_FILE, error)
            return
        if answer is Answer.DOES_NOT_FIT:
            self._load_anew()
            return
        self._response = response
        self._told_bytes = self._partial.offset
        self._told_at = _monotonic()
        if self._was_resumed_from:
            self._was_resumed_from = False
            self._tell(
                "download_task_did_resume", self._partial.offset, self._partial.total
            )

    def load_did_receive_data(self, data: bytes) -> bool:
        """See `LoadClient`."""
        file = self._partial.file
        if file is None or self._response is None:  # it was asked for anew, or failed
            return True
        try:
            file.add(data)
        except OSError as error:
            self._fail_by_file(URLErrorCode.CANNOT_WRITE_TO_FILE, error)
            return True
        if self._tells_progress and not self._is_telling_progress:
            now = _monotonic()
            if now - self._told_at >= PROGRESS_PERIOD_S:
                self._told_at = now
                self._tell_progress()
        return True

    def _tell_progress(self) -> None:
        """Post one telling; a delegate that is slow gets fewer, not a queue of them."""
        file = self._partial.file
        method = self._method("download_task_did_write_data")
        if file is None or method is None or self._delivery is None:
            return
        self._is_telling_progress = True
        session = self._session

        def tell() -> Any:
            written = file.taken
            increment, self._told_bytes = written - self._told_bytes, written
            if increment <= 0:
                return None
            return method(session, self, increment, written, self._partial.total)

        self._delivery.post(Callback(tell, self._told_progress))

    def _told_progress(self, _value: object, _error: BaseException | None) -> None:
        self._is_telling_progress = False

    def _load_anew(self) -> None:
        """Ask for all of it: what came does not fit to what is there."""
        load = self._load
        assert load is not None
        self._response = None
        anew = self._make_load(self.original_request)
        if isinstance(anew, HTTPLoad) and isinstance(load, HTTPLoad):
            anew.keep_deadline(load)
        self._replace_load(load, anew)

    def load_did_finish(self, response: HTTPURLResponse, body: bytes) -> None:
        """See `LoadClient`."""
        if self._has_ended:
            return
        if self._partial.file is None:  # of a load that does not stream
            self.load_did_receive_response(response)
        file = self._partial.file
        if file is None:
            return
        try:
            if body:
                file.add(body)
            file.flush()
        except OSError as error:
            self._fail_by_file(URLErrorCode.CANNOT_WRITE_TO_FILE, error)
            return
        try:
            file.close()
        except OSError as error:
            self._fail_by_file(URLErrorCode.CANNOT_CLOSE_FILE, error)
            return
        if self._tells_progress:
            self._tell_progress()
        super().load_did_finish(response, b"")

    def load_did_fail(self, error: URLError) -> None:
        """See `LoadClient`."""
        cause = error.underlying
        if isinstance(cause, CodingError):
            error = URLError(
                URLErrorCode.DOWNLOAD_DECODING_FAILED_TO_COMPLETE
                if isinstance(cause, IncompleteCodingError)
                else URLErrorCode.DOWNLOAD_DECODING_FAILED_MID_STREAM,
                error.message,
                failing_url=error.failing_url,
                underlying=cause,
            )
        elif self._partial.can_go_on:
            self._keeps_partial = True
            error.offer_resume_data(self._partial.take_resume_data)
        super().load_did_fail(error)

    def _fail_by_file(self, code: URLErrorCode, cause: OSError) -> None:
        """End with an error of ours; inside, or with no lock held."""
        if self._load is not None:
            self._load.cancel()
        file = self._partial.file
        what = code.name.lower().replace("_", " ")
        where = "" if file is None else f" {file.path!r}"
        error = URLError(
            code,
            f"{what}{where}: {cause.strerror or cause}",
            failing_url=self.original_request.url,
            task_id=self.task_identifier,
            underlying=cause,
            os_errno=cause.errno,
        )
        self._end(error, self._response, b"")

    # -- the end ---------------------------------------------------------------

    def _tell_the_end(self) -> None:
        method = None
        if self._error is None and self._tells_everything:
            method = self._method("download_task_did_finish_downloading")
        if method is not None and self._delivery is not None:
            call = partial(method, self._session, self, self._location)
            self._delivery.post(Callback(call, self._was_taken))
        super()._tell_the_end()

    def _completion_callback(self, completion: Callable[..., object]) -> Callback:
        error = self._error
        location = None if error is not None else self._location
        response = None if error is not None else self._response
        call = partial(completion, location, response, error)
        return Callback(call, self._was_taken)

    def _was_taken(self, _value: object, _error: BaseException | None) -> None:
        """Whoever wanted the file has moved it by now."""
        if self._error is None:
            self._partial.discard()

    def _let_go(self, waiters: list[Waiter] | None, session: URLSession | None) -> None:
        if self._error is not None:
            if self._keeps_partial:
                self._partial.close()
            else:
                self._partial.discard()
        super()._let_go(waiters, session)

    @property
    def _location(self) -> Path:
        file = self._partial.file
        assert file is not None
        return Path(file.path)

    def _reply_value(self) -> DownloadReply:
        file, response = self._partial.file, self._response
        assert file is not None and response is not None
        return DownloadReply(Path(file.leave()), response)


class _NoResumeData(ProducedResumeData):
    """Of a task that was over already, and whose file must not be taken by asking."""

    def result(self, timeout: float | None = None) -> None:  # noqa: ARG002 - nothing to wait for
        return None

    def __await__(self) -> Generator[Any, None, None]:
        yield from ()


def resumed_request(
    data: bytes, request: URLRequest | str | None
) -> tuple[DownloadState | URLError, URLRequest | str]:
    """Read resume data; return them, and the request that goes on from there.

    Args:
        data: What an earlier download left.
        request: What gives the header fields; None for those in `data`.

    Returns:
        In place of data that cannot be read, what the task ends with.

    Raises:
        UsageError: `data` is of another URL than `request`.
    """
    try:
        resume = DownloadState.from_bytes(data)
    except UsageError as error:
        return refused(error), "" if request is None else request
    if request is None:
        headers = list(resume.headers)
        return resume, URLRequest(resume.original_url, headers=headers)
    if isinstance(request, str):
        request = URLRequest(request)
    url = without_user(request.url)
    if url != resume.original_url or request.http_method != resume.method:
        raise UsageError(
            f"the resume data is of {resume.method} {resume.original_url}, not of "
            f"{request.http_method} {url}"
        )
    return resume, request


def _call(completion: Callable[[bytes | None], object], data: bytes | None) -> None:
    try:
        completion(data)
    except Exception as error:  # user code
        report_callback_error(error)
