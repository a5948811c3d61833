"""Upload tasks: a body from memory, a file or a stream, resumed if it can be.

Decides when an upload that was interrupted goes on by itself, what its user is told
of meanwhile (nothing: one upload, one response), and what its resume data holds. The
protocol's rules are `loading.resumable`'s.

Source: Foundation's ``URLSessionUploadTask``.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Any

from ..errors import URLError, URLErrorCode, UsageError
from ..loading import resumable
from ..loading.http import HTTPLoad
from ..request import URLRequest
from ..response import TRANSFER_SIZE_UNKNOWN
from .data_task import URLSessionDataTask
from .resume_data import ProducedResumeData, refused, seal, unseal
from .upload_source import ChangedFileError, UploadSource

if TYPE_CHECKING:
    from ..loading.resumable import Offer
    from ..response import HTTPURLResponse
    from ..session import URLSession

__all__ = ("URLSessionUploadTask", "request_in")

_KIND = "upload"
_VERSION = 1  # of the fields in resume data
_RESUME_DATA_KEY = "NSURLSessionUploadTaskResumeData"


class _Phase(enum.Enum):
    CREATING = enum.auto()
    """The whole body is on its way."""
    ASKING = enum.auto()
    """The server is asked how much it has."""
    APPENDING = enum.auto()
    """The rest, or a piece of it, is on its way."""


class URLSessionUploadTask(URLSessionDataTask):
    """A task that sends a body; its reply is that of a data task.

    A server that speaks the resumable-upload protocol is asked to; an upload that it
    offered to resume goes on by itself after a lost connection.

    Source: Foundation's ``URLSessionUploadTask``.
    """

    kind = "upload"

    _phase: _Phase = _Phase.CREATING
    _is_streamed: bool = False
    _offer: Offer | None = None
    _offset: int = 0
    _furthest: int = -1
    _is_silent: bool = False
    _tries: int = 0
    _interruption: URLError | None = None
    _refusal: URLError | None = None

    def __init__(
        self, session: URLSession, task_identifier: int, request: URLRequest
    ) -> None:
        super().__init__(session, task_identifier, request)
        self._tells_data = True  # a head that comes before the end has to be seen
        self._source = UploadSource.of(request)

    # -- what one may ask ------------------------------------------------------

    @property
    def count_of_bytes_sent(self) -> int:
        """Body bytes sent; of a resumed upload, with those that had arrived before."""
        if self._phase is _Phase.ASKING:
            return self._offset
        return self._offset + super().count_of_bytes_sent

    @property
    def count_of_bytes_expected_to_send(self) -> int:
        """Length of the whole body; -1 if a stream does not tell."""
        length = self._source.length
        if length is not None:
            return length
        told = self.original_request.value("Content-Length")
        if told is None and not self._is_streamed:
            return super().count_of_bytes_expected_to_send
        return int(told) if told and told.isdigit() else TRANSFER_SIZE_UNKNOWN

    def cancel_by_producing_resume_data(self) -> ProducedResumeData:
        """Stop, and produce what `URLSession.upload` needs to go on later.

        Returns:
            What to await, or to take the ``.result()`` of: the data, or None if the
            server offered no resumption, if the body came from memory or from a
            stream of the caller's, or if the upload was over.
        """
        data = None if self._has_ended else self._produce()
        error = self._error_of(URLErrorCode.CANCELLED, "task was cancelled")
        self._cancel(_with_resume_data(error, data))
        return ProducedResumeData(self, lambda: data)

    # -- for the session -------------------------------------------------------

    def resume_from(self, resume_data: bytes) -> None:
        """Begin with asking for the offset. Before the task is resumed.

        With data that cannot be read the task ends when it begins.
        """
        try:
            fields = unseal(resume_data, _KIND, _VERSION)
        except UsageError as error:
            self._refusal = refused(error)
            return
        self._offer = resumable.Offer(fields["upload_url"], fields["limit"])
        self._phase = _Phase.ASKING
        if fields["path"] is None:
            self._is_streamed = True
        else:
            self._source = UploadSource.of_file(
                fields["path"], fields["length"], fields["mtime_ns"]
            )

    # -- how it runs -----------------------------------------------------------

    def _request_to_load(self) -> URLRequest:
        if self._refusal is not None:
            raise self._refusal
        return self.original_request

    def _prepare_delivery(self) -> None:
        super()._prepare_delivery()
        self._tells_data = True

    def _begin(self, load: Any) -> None:
        if self._phase is _Phase.ASKING:
            assert self._offer is not None
            if not isinstance(load, HTTPLoad):
                message = "an upload is resumed over HTTP, not by a protocol class"
                raise self._error_of(URLErrorCode.UNSUPPORTED_URL, message)
            self._is_silent = True
            load.request = resumable.offset_request(load.request, self._offer)
            load.begin()
            return
        if isinstance(load, HTTPLoad):
            if not resumable.speaks_for_itself(load.request):
                load.request = resumable.creation_request(load.request)
            load.asks_for_body = self._is_streamed
        if not self._is_streamed:
            self._source.note()
            load.begin()
            self._note_length(load)
        elif not self._tell("task_need_new_body_stream", then=self._given_first_body):
            raise self._error_of(
                URLErrorCode.REQUEST_BODY_STREAM_EXHAUSTED,
                "a streamed upload needs a delegate with task_need_new_body_stream",
            )

    def _note_length(self, load: Any) -> None:
        if self._source.length is None:
            self._source.length = getattr(load, "body_length", None)

    def _given_first_body(self, value: Any, error: BaseException | None) -> None:
        load = self._load
        if self._has_ended or load is None:
            return
        name = "task_need_new_body_stream"
        if error is not None:
            self._refuse_decision(name, error)
            return
        if value is None:
            message = "the delegate gave no stream for the body"
            code = URLErrorCode.REQUEST_BODY_STREAM_EXHAUSTED
            self.load_did_fail(self._error_of(code, message))
            return
        try:
            load.request.http_body_stream = value
            load.begin()
        except URLError as failed:
            self.load_did_fail(failed)
        except (TypeError, ValueError, UsageError) as unusable:
            self._refuse_decision(name, unusable)
        else:
            self._note_length(load)
        self._stop_if_over(load)

    # -- LoadClient ------------------------------------------------------------

    def load_did_receive_informational(self, response: HTTPURLResponse) -> None:
        """See `LoadClient`."""
        load = self._load
        if self._phase is _Phase.CREATING and load is not None:
            offer = resumable.offer_in(response, load.request.url)
            if offer is not None and not resumable.speaks_for_itself(
                self.original_request
            ):
                self._offer = offer
        super().load_did_receive_informational(response)

    def load_needs_new_body(self) -> None:
        """See `LoadClient`."""
        load = self._load
        if self._phase is not _Phase.APPENDING or load is None:
            super().load_needs_new_body()
            return
        name = "task_need_new_body_stream_from_offset"  # of the rest, not the whole

        def given(value: Any, error: BaseException | None) -> None:
            if error is not None:
                self._refuse_decision(name, error)
                return
            try:
                load.follow_with_body(value)
            except (TypeError, ValueError, UsageError) as unusable:
                self._refuse_decision(name, unusable)

        if not self._tell(name, self._offset, then=given):
            load.follow_with_body(None)

    def load_did_receive_response(self, response: HTTPURLResponse) -> None:
        """See `LoadClient`."""
        self._is_silent = self._phase is _Phase.ASKING or (
            self._phase is _Phase.APPENDING and resumable.is_partial(response)
        )
        if not self._is_silent:
            super().load_did_receive_response(response)

    def load_did_receive_data(self, data: bytes) -> bool:
        """See `LoadClient`."""
        return True if self._is_silent else super().load_did_receive_data(data)

    def load_did_send(self, total_bytes_sent: int, increment: int) -> None:
        """See `LoadClient`."""
        super().load_did_send(self._offset + total_bytes_sent, increment)

    def load_did_finish(self, response: HTTPURLResponse, body: bytes) -> None:
        """See `LoadClient`."""
        if self._phase is _Phase.ASKING:
            self._told_offset(response)
        elif self._is_silent and self._tries >= resumable.MAXIMUM_TRIES:
            self._give_up("the server takes no more of the upload")
        elif self._is_silent:
            self._go_on()  # the next piece, or another offset: ask which
        else:
            super().load_did_finish(response, body)

    def load_did_fail(self, error: URLError) -> None:
        """See `LoadClient`."""
        if (
            self._offer is None
            or self._tries >= resumable.MAXIMUM_TRIES
            or not resumable.is_interruption(error)
            or not isinstance(self._load, HTTPLoad)
        ):
            self._fail_for_good(error)
            return
        self._interruption = error
        self._go_on()

    # -- resuming --------------------------------------------------------------

    def _go_on(self) -> None:
        """Ask for the offset, now or in a while."""
        delay_s = resumable.delay_s(self._tries)
        self._tries += 1
        self._phase = _Phase.ASKING
        if delay_s:
            self._core.pool.call_later(delay_s, self._ask)
        else:
            self._ask()

    def _ask(self) -> None:
        assert self._offer is not None
        self._is_silent = True
        request = resumable.offset_request(self.original_request, self._offer)
        self._run_next(request)

    def _run_next(
        self, request: URLRequest, offset: int = 0, limit: int | None = None
    ) -> None:
        load = self._load
        if self._has_ended or not isinstance(load, HTTPLoad):
            return
        load.run_next(self, request, offset=offset, limit=limit)
        self._stop_if_over(load)

    def _stop_if_over(self, load: Any) -> None:
        """Stop what was begun while another thread cancelled the task."""
        if self._has_ended:
            load.cancel()

    def _told_offset(self, response: HTTPURLResponse) -> None:
        offset, status = resumable.offset_in(response), response.status_code
        if status >= 500 and self._tries < resumable.MAXIMUM_TRIES:
            self._go_on()
        elif offset is None or not 200 <= status < 300:
            self._give_up(f"the server does not resume the upload (status {status})")
        elif resumable.is_completed(response):
            self._offer, self._offset = None, offset
            self._give_up("the upload is complete, but its response was lost")
        elif self._source.length is not None and offset > self._source.length:
            self._give_up(f"the server claims {offset} bytes, more than there are")
        else:
            if offset > self._furthest:
                self._furthest, self._tries = offset, 0
            self._offset = offset
            self._append()

    def _append(self) -> None:
        """Send the rest, or as much of it as the server takes at a time."""
        if self._is_streamed:
            name = "task_need_new_body_stream_from_offset"
            if not self._tell(name, self._offset, then=self._given_rest):
                self._give_up(f"no delegate has {name}")
            return
        request, limit = self._append_request()
        try:
            skipped = self._source.put_rest(request, self._offset, limit)
        except ChangedFileError as error:
            self._offer = None
            self._give_up(str(error), error)
        except OSError as error:
            self._give_up(f"the body cannot be read again: {error}", error)
        else:
            self._phase = _Phase.APPENDING
            self._run_next(request, skipped, limit)

    def _append_request(self) -> tuple[URLRequest, int | None]:
        """Return the request without its body, and how much it may send."""
        offer, length = self._offer, self._source.length
        assert offer is not None
        limit = offer.maximum_append_bytes
        if limit is not None and length is not None and length - self._offset <= limit:
            limit = None
        if length is None:
            limit = None  # where it ends is known at its end only
        request = resumable.append_request(
            self.original_request, offer, self._offset, is_last=limit is None
        )
        return request, limit

    def _given_rest(self, value: Any, error: BaseException | None) -> None:
        if self._has_ended:
            return
        name = "task_need_new_body_stream_from_offset"
        if error is not None:
            self._refuse_decision(name, error)
        elif value is None:
            self._give_up("the delegate gave no stream for the rest of the body")
        else:
            request, limit = self._append_request()
            try:
                request.http_body_stream = value
            except TypeError as unusable:
                self._refuse_decision(name, unusable)
                return
            self._phase = _Phase.APPENDING
            self._run_next(request, limit=limit)

    def _give_up(self, why: str, cause: BaseException | None = None) -> None:
        """End with the error that had interrupted the upload."""
        lost = self._interruption
        if isinstance(cause, ChangedFileError):
            code = URLErrorCode.REQUEST_BODY_STREAM_EXHAUSTED
        elif lost is not None:
            code = lost.code
        else:
            code = URLErrorCode.BAD_SERVER_RESPONSE
        error = self._error_of(code, why, cause or lost)
        if lost is not None:
            error.curl_code, error.os_errno = lost.curl_code, lost.os_errno
        self._fail_for_good(error)

    def _fail_for_good(self, error: URLError) -> None:
        super().load_did_fail(_with_resume_data(error, self._produce()))

    def _error_of(
        self, code: URLErrorCode, message: str, cause: BaseException | None = None
    ) -> URLError:
        return URLError(
            code,
            message,
            failing_url=self.original_request.url,
            task_id=self.task_identifier,
            underlying=cause,
        )

    def _produce(self) -> bytes | None:
        """Return resume data; None if there is nothing to go on with."""
        offer, source = self._offer, self._source
        if offer is None or (source.path is None and not self._is_streamed):
            return None
        request = self.original_request
        return seal(
            _KIND,
            _VERSION,
            {
                "url": request.url,
                "method": request.http_method,
                "headers": list(request.header_items()),
                "upload_url": offer.url,
                "limit": offer.maximum_append_bytes,
                "path": None if source.path is None else str(source.path.absolute()),
                "length": source.length,
                "mtime_ns": source.mtime_ns,
            },
        )


def request_in(resume_data: bytes) -> URLRequest:
    """Return the request of the upload that resume data is of.

    One without a URL if the data cannot be read: `resume_from` says why.
    """
    try:
        fields = unseal(resume_data, _KIND, _VERSION)
    except UsageError:
        return URLRequest("")
    headers = [(name, value) for name, value in fields["headers"]]
    return URLRequest(fields["url"], method=fields["method"], headers=headers)


def _with_resume_data(error: URLError, data: bytes | None) -> URLError:
    if data is not None:
        error.add_info(_RESUME_DATA_KEY, data)
    return error
