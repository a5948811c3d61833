"""Who starts a load, and what the two tell each other.

The client is called in two situations, and each method says which: *inside*, from
a libcurl callback under the pool's lock, where no user code may run; or *after*,
with no lock held.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from ..challenge import AuthChallengeDisposition, URLAuthenticationChallenge
    from ..connections import CallSite, Connection
    from ..credential import URLCredential
    from ..engine.pool import Pool
    from ..engine.transfer import TimeLimits
    from ..engine.wires import Wires
    from ..errors import URLError
    from ..request import BodyStream, URLRequest
    from ..response import HTTPURLResponse
    from .caching import LoadCache
    from .cookies import CookieHandling
    from .guarding import GuardMemory
    from .proxying import ProxyTable
    from .quiet import QuietURLs
    from .sites import Sites

__all__ = ("Load", "LoadClient", "LoadContext", "Transaction", "WorkQueue")


class WorkQueue(Protocol):
    """Where code runs that must not run on the thread that drives. Any thread."""

    def submit(self, act: Callable[[], None]) -> None:
        """Run `act` soon."""

    def finish(
        self,
        awaitable: Awaitable[Any],
        then: Callable[[Any, BaseException | None], None],
    ) -> None:
        """Run an awaitable to its end; only from code that runs here."""


@dataclass(slots=True, eq=False, kw_only=True)
class LoadContext:
    """What all loads of one session have in common. Not to be changed."""

    pool: Pool
    limits: TimeLimits
    fields: Sequence[tuple[str, str]]
    """Header fields that each request gets which lacks them."""
    cache: LoadCache
    """The session's use of its cache, if it has one."""
    sites: Sites
    """What hosts have said of how they want to be reached."""
    guard: GuardMemory
    """What the session has answered to challenges."""
    quiet: QuietURLs
    """Where a plain load goes without asking any of these."""
    proxies: ProxyTable | None = None
    """Which way each request takes; None for the environment's proxies, or none."""
    uses_environment: bool = True
    """Whether the environment may name proxies."""
    requires_secure_connection: bool = False
    """Whether a load without TLS is refused."""
    waits_for_connectivity: bool = False
    """Whether a load without a way to its host waits for one."""
    uses_early_data: bool = False
    """Whether GET and HEAD may go with TLS early data."""
    protocol_classes: Sequence[type] = ()
    """The configuration's protocol classes, in the order of asking."""
    user_code: WorkQueue | None = None
    """Where protocol classes run: the session's loop, or worker threads."""
    cookies: CookieHandling | None = None
    """How cookies are handled; None for not at all."""
    workers: WorkQueue | None = None
    """Threads that may block, for reading files."""
    wires: Wires | None = None
    """Times to act at, for loads without libcurl."""


class Transaction(NamedTuple):
    """What is known of one request and its response, for the metrics."""

    request: URLRequest
    response: HTTPURLResponse | None
    numbers: Sequence[int]
    begun_at: float
    connection: Connection | None
    decoded_size: int
    """Bytes of the body as delivered."""
    is_from_cache: bool = False
    """Whether the response was a stored one."""


class Load(Protocol):
    """One load, whoever does it, as its client sees it. Any thread, no lock held.

    Attributes:
        request: The request of the present transaction.
        redirect_count: Redirects followed so far.
        is_streaming: Whether the client takes head and body as they come.
        is_undecided: Whether a decision of the client is pending.
        reports_sent: Whether the client is told of what was sent of the body.
        asks_for_trust: Whether the client is asked about each new TLS connection.
        call_site: The user's line that asked for the load, if it was noted.
    """

    request: URLRequest
    redirect_count: int
    is_streaming: bool
    is_undecided: bool
    reports_sent: bool
    asks_for_trust: bool
    call_site: CallSite | None

    def begin(self) -> None:
        """Begin.

        Raises:
            URLError: The request cannot be loaded; nothing was begun then.
        """

    def cancel(self) -> None:
        """Stop, without a word to the client."""

    def hold(self) -> None:
        """Pause."""

    def proceed(self) -> None:
        """Go on after `hold`."""

    def take_again(self) -> None:
        """Go on after a piece of the body was not taken."""

    def gather(self) -> None:
        """Have what comes given by `load_did_receive_pieces`, if this load can do that.

        For `LoadClient.load_did_receive_data`.
        """

    def follow(self, request: URLRequest) -> None:
        """Follow the redirect with `request`."""

    def follow_with_body(self, stream: BodyStream | None) -> None:
        """Follow the redirect with a new stream for the body."""

    def refuse_redirect(self) -> None:
        """Let the 3xx response itself be the result."""

    def answer_challenge(
        self, disposition: AuthChallengeDisposition, credential: URLCredential | None
    ) -> None:
        """Go on after `LoadClient.load_was_challenged`.

        Raises:
            UsageError: The credential cannot be used for that. The challenge stands.
        """

    def keep(self, data: bytes) -> None:
        """Collect a piece of the body after all: nobody takes it."""

    def come_after(self, earlier: list[Transaction], redirect_count: int) -> None:
        """Take the place of a load that was redirected here."""

    def transactions(self) -> list[Transaction]:
        """Return what is known of each transaction so far, oldest first."""

    def count_of_bytes_sent(self) -> int:
        """Return the body bytes sent in this transaction."""

    def count_of_bytes_received(self) -> int:
        """Return the body bytes received in this transaction, before decoding."""


class LoadClient(Protocol):
    """Who a load tells, and asks."""

    @property
    def uses_cache(self) -> bool:
        """Whether the reply may come from the cache, and be stored there."""

    @property
    def current_request(self) -> URLRequest:
        """The request of the present transaction."""

    def load_is_offered(self, request: URLRequest) -> bool:
        """Whether a protocol class takes `request`, whatever its scheme. Inside."""

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

    def load_did_receive_pieces(self, pieces: Sequence[bytes]) -> bool:
        """Pieces of the body came, in order. Inside; after `Load.gather` only.

        Returns:
            False if there should be no more until `HTTPLoad.take_again`. These are
            taken all the same.
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

    def load_is_waiting_for_connectivity(self) -> None:
        """There is no way to the host: it waits for one; told once. After."""

    def load_was_challenged(self, challenge: URLAuthenticationChallenge) -> None:
        """Call `HTTPLoad.answer_challenge`, now or later.

        After; but inside if the load streams and the 401 or 407 has a body, as with
        redirects.
        """

    def load_was_refused_credentials(self) -> None:
        """The challenge was cancelled: cancel the load. After, or inside as above."""

    def load_needs_new_body(self) -> None:
        """Call `HTTPLoad.follow_with_body`, now or later. After."""

    def load_did_finish(self, response: HTTPURLResponse, body: bytes) -> None:
        """The load succeeded; `body` is empty if it was streamed. After."""

    def load_did_fail(self, error: URLError) -> None:
        """The load failed. After."""
