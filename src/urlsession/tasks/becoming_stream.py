"""How a data task becomes a stream task, where that is possible.

Decides which connections can be handed over: those whose bytes are the body as it is.
That is HTTP/1 without TLS, without a transfer coding and without a content coding, also
after a 101. TLS and HTTP/2 live inside libcurl, which hands over neither; of a chunked
body the frames would be left in the stream.

Source: Foundation's ``URLSession.ResponseDisposition.becomeStream``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import URLError, URLErrorCode
from ..loading.http import HTTPLoad

if TYPE_CHECKING:
    from ..loading.client import Load
    from ..response import HTTPURLResponse

__all__ = ("take_connection",)

_VERSIONS = ("HTTP/1.1", "HTTP/1.0")


def take_connection(load: Load | None, response: HTTPURLResponse | None) -> HTTPLoad:
    """Take the connection of a load that is under way from libcurl.

    The load's client is handed what libcurl has of the body before this returns, and
    nothing after that.

    Returns:
        The load, whose ``taken_fd`` is the connection's socket.

    Raises:
        URLError: ``UNSUPPORTED_URL``: that cannot be done; the message says why.
    """
    reason = _obstacle(load, response)
    if reason is None and isinstance(load, HTTPLoad):
        if load.give_socket():
            return load
        reason = "the body has ended"
    raise URLError(
        URLErrorCode.UNSUPPORTED_URL,
        f"the task cannot become a stream: {reason}",
        failing_url=None if response is None else response.url,
    )


def _obstacle(load: Load | None, response: HTTPURLResponse | None) -> str | None:
    if not isinstance(load, HTTPLoad) or response is None:
        return "it is not loaded over HTTP"
    if load.is_secure:
        return "its connection speaks TLS, which cannot be handed over"
    if response.http_version not in _VERSIONS:
        return "only connections of HTTP/1 can be handed over"
    for name in ("Transfer-Encoding", "Content-Encoding"):
        value = response.value(name)
        if value is not None and value.strip().lower() not in ("", "identity"):
            return f"its body is not sent as it is ({name}: {value})"
    return None
