"""What a load gives back: the pair (data, response), with what one asks of it."""

from __future__ import annotations

from typing import Any, NamedTuple

from ..errors import URLError, URLErrorCode, UsageError
from ..response import HTTPURLResponse

__all__ = ("Reply",)


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
        status_code = getattr(self.response, "status_code", None)
        if status_code is None:
            raise UsageError(f"{self.response!r} is no HTTP response: it has no status")
        return int(status_code)

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
        status_code = getattr(self.response, "status_code", 200)
        if status_code < 400:
            return self
        code = {
            401: URLErrorCode.USER_AUTHENTICATION_REQUIRED,
            403: URLErrorCode.NO_PERMISSIONS_TO_READ_FILE,
            404: URLErrorCode.FILE_DOES_NOT_EXIST,
        }.get(status_code, URLErrorCode.BAD_SERVER_RESPONSE)
        phrase = HTTPURLResponse.localized_string(status_code)
        raise URLError(
            code,
            f"server answered {status_code} {phrase}",
            failing_url=self.response.url,
        )
