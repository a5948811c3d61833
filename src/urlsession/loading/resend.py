"""Whether a request may be sent a second time when its connection is lost.

libcurl sends a request again, on another connection, if a *reused* one died before a
byte of the reply came. The first sending may have acted all the same: a request that
is not idempotent fails instead, with ``NETWORK_CONNECTION_LOST``, as on Apple's
platforms. libcurl has no switch for that, but asks before it sends.

What does not work: `FRESH_CONNECT` and `FORBID_REUSE` (a handshake for every POST);
refusing a socket in `OPENSOCKETFUNCTION` (another pooled connection may be taken).

Source: RFC 9110 section 9.2.2; Apple's technical Q&A QA1941.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pycurl

if TYPE_CHECKING:
    from ..request import URLRequest

__all__ = ("OneSending", "may_be_sent_again")

_IDEMPOTENT = frozenset(("GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"))


def may_be_sent_again(request: URLRequest) -> bool:
    """Whether sending it twice does no more than sending it once.

    So it is by its method, or because it says so: a server knows the second of two
    with one ``Idempotency-Key``.
    """
    return (
        request.http_method in _IDEMPOTENT
        or request.value("Idempotency-Key") is not None
    )


class OneSending:
    """libcurl's PREREQFUNCTION for a request that must not be sent twice.

    Args:
        has_reply: Whether a line of a reply has come. It was answered then, and is
            sent again for a reason: authentication.

    Attributes:
        has_refused: Whether libcurl wanted to send it again.
    """

    __slots__ = ("_end", "_has_reply", "has_refused")

    def __init__(self, has_reply: Callable[[], bool]) -> None:
        self.has_refused = False
        self._has_reply = has_reply
        self._end: tuple[str, int] | None = None

    def __call__(
        self, _remote_ip: str, local_ip: str, _remote_port: int, local_port: int
    ) -> int:
        """Let it go out, once; on the same connection libcurl knows what it does.

        (There it is an HTTP/2 stream that the server says it has not looked at.)
        """
        end = (local_ip, local_port)
        if self._end is None:
            self._end = end
        if self._end == end or self._has_reply():
            return int(pycurl.PREREQFUNC_OK)
        self.has_refused = True
        return int(pycurl.PREREQFUNC_ABORT)
