"""The half of a load that is about what is sent.

Decides how a request becomes libcurl's options, where its body is read from, what was
sent of it, and whether it may be sent once more. Must not know of replies more than
that a line of one has come, and nothing of redirects.
"""

from __future__ import annotations

import io
import weakref
from collections.abc import Sequence
from typing import TYPE_CHECKING

import pycurl

from ..engine.transfer import Transfer
from ..errors import URLError, URLErrorCode
from .body import BodyReader
from .feed import Feed
from .hints import hint_options, traffic_class
from .options import body_options, header_options
from .resend import OneSending, may_be_sent_again

if TYPE_CHECKING:
    from ..request import BodyStream, URLRequest
    from .client import LoadClient, LoadContext
    from .feed import FeedSource

__all__ = ("SendingLoad",)

_MAXIMUM_BODIES_LOST = 3  # on dead connections; as many as would be bad luck


class SendingLoad(Transfer):
    """A transfer that sends a request.

    Attributes:
        request: The request of the present transaction.
        reports_sent: Whether the client is told of what was sent of the body.
        body_length: Bytes of the present transaction's body; None if not known.
        priority_urgency: How urgent the reply is, from 0 (most) to 7; None to say
            nothing.
    """

    reports_sent: bool = False
    body_length: int | None = None
    priority_urgency: int | None = None
    _reader: BodyReader | None = None
    _given_size: int | None = None
    _uploaded: int = 0
    _one_sending: OneSending | None = None
    _has_reply: bool = False
    _body_offset: int = 0
    _body_limit: int | None = None
    _bodies_lost: int = 0
    _reads_first: bool = False

    def __init__(
        self, client: LoadClient, context: LoadContext, request: URLRequest
    ) -> None:
        self._client: LoadClient | None = client
        self._context = context
        self.request = request

    def count_of_bytes_sent(self) -> int:
        """Return the body bytes sent in this transaction."""
        return self._without_framing(self._figure(pycurl.SIZE_UPLOAD_T, 9))

    def count_of_bytes_received(self) -> int:
        """Return the body bytes received in this transaction, before decoding."""
        return self._figure(pycurl.SIZE_DOWNLOAD_T, 11)

    def _request_options(self, request: URLRequest) -> list[tuple[int, object]]:
        has_body = request.http_body or request.http_body_stream is not None
        if has_body and request.http_method in ("GET", "HEAD"):
            message = f"a {request.http_method} request cannot have a body"
            raise self._error(URLErrorCode.DATA_LENGTH_EXCEEDS_MAXIMUM, message)
        stream = request.http_body_stream
        if stream is not None and self._reader is None:
            self._reader = self._open_body(stream)
        if self._reader is not None:
            self.body_length = self._reader.length
        fields = header_options(request, self._own_fields())
        self.traffic_class = traffic_class(request.network_service_type) or None
        options = [
            *body_options(request, self._reader, fields, self._read_body),
            *hint_options(request, uses_early_data=self._context.uses_early_data),
        ]
        if not may_be_sent_again(request):
            options = [*options, self._sending_once()]
        if self.reports_sent:
            self._uploaded = 0
            options = [
                *options,
                (pycurl.NOPROGRESS, 0),
                (pycurl.XFERINFOFUNCTION, self._sent),
            ]
        return options

    def _own_fields(self) -> Sequence[tuple[str, str]]:
        fields = self._context.fields
        if self.priority_urgency is None:
            return fields
        return [*fields, ("Priority", f"u={self.priority_urgency}")]

    def _sending_once(self) -> tuple[int, object]:
        load = weakref.ref(self)  # its options must not hold a load

        def has_reply() -> bool:
            this = load()
            return this is not None and this._has_reply_line()

        self._one_sending = OneSending(has_reply)
        return pycurl.PREREQFUNCTION, self._one_sending

    def _has_reply_line(self) -> bool:
        collected = self.head if self.handle is None else self.handle.head
        return self._has_reply or bool(collected)

    def _was_lost_unanswered(self) -> bool:
        """Whether libcurl wanted to send again what must not be, or could not."""
        sending = self._one_sending
        return sending is not None and (
            sending.has_refused
            or (
                self.result_code == pycurl.E_SEND_FAIL_REWIND
                and not self._has_reply_line()
            )
        )

    def _open_body(self, stream: BodyStream) -> BodyReader:
        try:
            return BodyReader(
                stream,
                self._make_feed,
                offset=self._body_offset,
                limit=self._body_limit,
            )
        except (io.UnsupportedOperation, ValueError) as error:
            code = URLErrorCode.REQUEST_BODY_STREAM_EXHAUSTED
            raise self._error(code, f"cannot read the body: {error}") from error
        except OSError as error:
            codes: dict[type[OSError], URLErrorCode] = {
                FileNotFoundError: URLErrorCode.FILE_DOES_NOT_EXIST,
                IsADirectoryError: URLErrorCode.FILE_IS_DIRECTORY,
                PermissionError: URLErrorCode.NO_PERMISSIONS_TO_READ_FILE,
            }
            code = codes.get(type(error), URLErrorCode.CANNOT_OPEN_FILE)
            raise self._error(code, f"cannot read the body: {error}") from error

    def _make_feed(self, source: FeedSource) -> Feed:
        return Feed(source, self._send_again, self._context.pool.event_loop())

    def _read_body(self, size: int) -> bytes | int:
        """Libcurl's READFUNCTION."""
        reader = self._reader
        if reader is None:  # cancelled, on another thread
            return int(pycurl.READFUNC_ABORT)
        # Once for each piece: what is there to read may be no word of HTTP.
        self._reads_first = not self._reads_first and self._context.pool.reads_first(
            self
        )
        if self._reads_first:
            return int(pycurl.READFUNC_PAUSE)
        piece = reader.read_for_curl(size)
        self.is_starved = reader.is_waiting
        return piece

    def _send_again(self) -> None:
        """The body's source has more."""
        self._context.pool.take_again(self)

    def _close_reader(self) -> None:
        if self._reader is not None:
            self._given_size = self._reader.given_bytes
            self._reader.close()
            self._reader = None

    def _must_give_body_again(self) -> bool:
        """Whether a reused connection died under a body, and libcurl left it at that.

        It could not read the body again; or noticed while it was sending, where it
        does not look whether the connection was a reused one.
        """
        if self._bodies_lost >= _MAXIMUM_BODIES_LOST or self._was_lost_unanswered():
            return False
        if self.result_code == pycurl.E_SEND_FAIL_REWIND:
            return True
        return (
            self.result_code == pycurl.E_SEND_ERROR
            and self.connection is not None
            and self.connection.loads > 1
            and not self._has_reply_line()
            and may_be_sent_again(self.request)
        )

    def _sent(self, _down: int, _downed: int, _up: int, uploaded: int) -> None:
        """Libcurl's XFERINFOFUNCTION."""
        uploaded = self._without_framing(uploaded)
        self._uploaded = min(self._uploaded, uploaded)  # it began anew
        if uploaded > self._uploaded and self._client is not None:
            increment, self._uploaded = uploaded - self._uploaded, uploaded
            self._client.load_did_send(uploaded, increment)

    def _without_framing(self, uploaded: int) -> int:
        # libcurl counts the frames of a chunked body too.
        reader = self._reader
        given = self._given_size if reader is None else reader.given_bytes
        return uploaded if given is None else min(uploaded, given)

    def _figure(self, info: int, index: int) -> int:
        handle = self.handle
        if handle is not None:
            try:
                return int(handle.curl.getinfo(info))
            except pycurl.error:  # it has just ended on another thread
                pass
        numbers = self._context.pool.figures(self)
        return numbers[index] if numbers else 0

    def _error(self, code: URLErrorCode, message: str) -> URLError:
        return URLError(code, message, failing_url=self.request.url)
