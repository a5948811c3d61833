"""Who starts a load, and what the two tell each other.

The client is called in two situations, and each method says which: *inside*, from
a libcurl callback under the pool's lock, where no user code may run; or *after*,
with no lock held.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from ..connections import Connection
    from ..engine.pool import Pool
    from ..engine.transfer import TimeLimits
    from ..errors import URLError
    from ..request import URLRequest
    from ..response import HTTPURLResponse
    from .proxying import ProxyTable

__all__ = ("LoadClient", "LoadContext", "Transaction")


class LoadContext(NamedTuple):
    """What all loads of one session have in common."""

    pool: Pool
    limits: TimeLimits
    fields: Sequence[tuple[str, str]]
    """Header fields that each request gets which lacks them."""
    proxies: ProxyTable | None = None
    """Which way each request takes; None for the environment's proxies, or none."""


class Transaction(NamedTuple):
    """What is known of one request and its response, for the metrics."""

    request: URLRequest
    response: HTTPURLResponse | None
    numbers: Sequence[int]
    begun_at: float
    connection: Connection | None
    decoded_size: int
    """Bytes of the body as delivered."""


class LoadClient(Protocol):
    """Who a load tells, and asks."""

    def load_did_receive_informational(self, response: HTTPURLResponse) -> None:
        """A 1xx response came. Inside."""

    def load_did_receive_response(self, response: HTTPURLResponse) -> None:
        """The head of the final response came. Inside; streaming loads only.

        For a 3xx that has no body it is called with no lock held, by
        `HTTPLoad.refuse_redirect`.
        """

    def load_did_receive_data(self, data: bytes) -> bool:
        """A piece of the body came. Inside; streaming loads only.

        Returns:
            False to be offered the same piece again after `HTTPLoad.take_again`.
        """

    def load_did_send(self, total_bytes_sent: int, increment: int) -> None:
        """More of the body went out. Inside; only if `HTTPLoad.reports_sent`."""

    def load_was_redirected(
        self, response: HTTPURLResponse, request: URLRequest
    ) -> None:
        """Call `HTTPLoad.follow` or `HTTPLoad.refuse_redirect`, now or later.

        After; but inside if the load streams and the redirect has a body. That then
        waits for the decision, on the wire: it may be the reply, of any length.
        """

    def load_needs_new_body(self) -> None:
        """Call `HTTPLoad.follow_with_body`, now or later. After."""

    def load_did_finish(self, response: HTTPURLResponse, body: bytes) -> None:
        """The load succeeded; `body` is empty if it was streamed. After."""

    def load_did_fail(self, error: URLError) -> None:
        """The load failed. After."""
