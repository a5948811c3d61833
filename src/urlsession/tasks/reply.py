"""What a load gives back: the pair (data, response), with what one asks of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import URLError, URLErrorCode, UsageError
from ..response import HTTPURLResponse

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ("DownloadReply", "Reply")


class Reply(NamedTuple):
    """The result of a data task; unpacks to ``data, response``.

    Attributes:
        data: The whole body, decoded (gzip, deflate, br).
        response: The head of the final response. What no HTTP server sent (``data:``,
            ``file:``, some protocol classes) has a plain `URLResponse`: it is typed as
            the usual case, and has neither status nor fields.
    """

    data: bytes
    response: HTTPURLResponse

    @property
    def status_code(self) -> int:
        """The HTTP status.

        Raises:
            UsageError: The response is not one of HTTP.
        """
        return _status_code(self.response)

    @property
    def text(self) -> str:
        """The body as text, by the response's charset, UTF-8 if it names none.

        What cannot be decoded is replaced, never raised.
        """
        name = self.response.text_encoding_name or "utf-8"
        try:
            return self.data.decode(name, "replace")
        except LookupError:  # a charset that Python does not know
            return self.data.decode("utf-8", "replace")

    def json(self) -> Any:
        """Return the body parsed as JSON.

        Raises:
            ValueError: It is not JSON (`json.JSONDecodeError`).
        """
        import json  # most programs have it loaded; the others need not pay

        return json.loads(self.data)

    def raise_for_status(self) -> Reply:
        """Return this reply if its status is below 400, or if it has none.

        Raises:
            URLError: ``BAD_SERVER_RESPONSE``, or ``USER_AUTHENTICATION_REQUIRED`` for
                401 and ``NO_PERMISSIONS_TO_READ_FILE`` for 403, as Foundation's
                loaders do, with the status in the message.
        """
        if not _is_refused(self.response):
            return self
        raise _error_of_status(self.response)


class DownloadReply(NamedTuple):
    """The result of a download task; unpacks to ``location, response``.

    Attributes:
        location: The file with the whole body, decoded. It is the caller's: move it,
            or remove it.
        response: The head of the final response; see `Reply`.
    """

    location: Path
    response: HTTPURLResponse

    @property
    def status_code(self) -> int:
        """The HTTP status; see `Reply.status_code`."""
        return _status_code(self.response)

    def raise_for_status(self) -> DownloadReply:
        """Return this reply if its status is below 400; else remove the file.

        Raises:
            URLError: As for `Reply.raise_for_status`.
        """
        if not _is_refused(self.response):
            return self
        self.location.unlink(missing_ok=True)
        raise _error_of_status(self.response)


def _status_code(response: HTTPURLResponse) -> int:
    status_code = getattr(response, "status_code", None)
    if status_code is None:
        raise UsageError(f"{response!r} is no HTTP response: it has no status")
    return int(status_code)


def _is_refused(response: HTTPURLResponse) -> bool:
    status_code: int = getattr(response, "status_code", 200)
    return status_code >= 400


def _error_of_status(response: HTTPURLResponse) -> URLError:
    status_code = response.status_code
    code = {
        401: URLErrorCode.USER_AUTHENTICATION_REQUIRED,
        403: URLErrorCode.NO_PERMISSIONS_TO_READ_FILE,
        404: URLErrorCode.FILE_DOES_NOT_EXIST,
    }.get(status_code, URLErrorCode.BAD_SERVER_RESPONSE)
    phrase = HTTPURLResponse.localized_string(status_code)
    return URLError(
        code, f"server answered {status_code} {phrase}", failing_url=response.url
    )
