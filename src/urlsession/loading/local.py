"""A load that needs no libcurl: what `data:`, `file:` and protocol classes share.

Decides the order in which a client is told, and that nothing is lost while it takes
no more. A producer, on any thread, offers a response, pieces of the body and an end;
they wait in a line, and whoever adds to it, or makes the client willing again, also
hands out what is in it, one thing at a time. No lock is held while the client is told.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from ..errors import URLError, URLErrorCode
from .client import Transaction
from .redirect import MAXIMUM_REDIRECTS, too_many_redirects

if TYPE_CHECKING:
    from ..challenge import AuthChallengeDisposition
    from ..connections import CallSite
    from ..credential import URLCredential
    from ..request import BodyStream, URLRequest
    from ..response import HTTPURLResponse, URLResponse
    from .caching import Proposal
    from .client import LoadClient, LoadContext

__all__ = ("HIGH_WATER", "LOW_WATER", "LocalLoad")

HIGH_WATER = 1024 * 1024  # bytes in the line at which the producer is asked to wait
LOW_WATER = 256 * 1024  # bytes in the line when it may go on


class LocalLoad:
    """Loads one request without the engine. Subclasses produce what is told.

    Attributes:
        request: The request.
        redirect_count: Redirects that led here.
        has_begun: Whether it was begun.
        is_streaming: Whether the client takes the body piece by piece.
        is_undecided: Whether a decision of the client is pending.
        reports_sent: Whether the client is told of what was sent; nothing is sent.
        asks_for_trust: Whether the client judges TLS connections; there are none.
        call_site: The user's line that asked for the load, if it was noted.
        is_from_cache: Whether a stored reply was the answer.
        proposal: A reply that may be stored, once the load has ended.
    """

    redirect_count: int = 0
    has_begun: bool = False
    is_streaming: bool = False
    is_undecided: bool = False
    reports_sent: bool = False
    asks_for_trust: bool = False
    call_site: CallSite | None = None
    is_from_cache: bool = False
    proposal: Proposal | None = None

    _response: HTTPURLResponse | None = None
    _begun_at: float = -1.0
    _size: int = 0
    _waiting_size: int = 0
    _offers: int = 0
    _is_telling: bool = False
    _is_held: bool = False
    _is_refused: bool = False
    _is_asked_again: bool = False
    _is_starved: bool = False
    _is_redirecting: bool = False
    _has_stopped: bool = False
    _earlier: list[Transaction] | None = None

    def __init__(
        self, client: LoadClient, context: LoadContext, request: URLRequest
    ) -> None:
        self._client: LoadClient | None = client
        self._context = context
        self.request = request
        self._lock = threading.RLock()
        self._line: deque[tuple[Callable[[], bool], int]] = deque()
        self._kept: list[bytes] = []

    # -- what a subclass does --------------------------------------------------------

    def start(self) -> None:
        """Begin to produce.

        Raises:
            URLError: The request cannot be loaded; nothing was begun.
        """
        raise NotImplementedError

    def go_on(self) -> None:
        """Produce more: what was offered has been taken."""

    def stop(self) -> None:
        """Produce no more. Called once, after the end too."""

    def complete(self, response: URLResponse) -> None:
        """See to a reply that has come whole, before the client is told."""

    # -- for the producer; any thread ------------------------------------------------

    def offer_response(self, response: URLResponse) -> None:
        """Hand over the response; first, and once."""
        head = cast("HTTPURLResponse", response)  # see `Reply.response`
        self._put(lambda: self._tell_response(head))

    def offer_data(self, data: bytes) -> bool:
        """Hand over a piece of the body.

        Returns:
            False if the client is behind: `go_on` is called when it no longer is.
        """
        self._put(lambda: self._tell_data(data), len(data))
        with self._lock:
            is_behind = self.is_behind
            if is_behind:
                self._is_starved = True
            return not is_behind

    def offer_end(self, error: URLError | None = None) -> None:
        """Say that this was all, or why there is no more; last, and once."""
        self._put(lambda: self._tell_end(error))

    def offer_redirect(self, request: URLRequest, response: HTTPURLResponse) -> None:
        """Say that the resource is elsewhere: the client decides what follows."""
        self._put(lambda: self._tell_redirect(request, response))

    @property
    def is_behind(self) -> bool:
        """Whether so much waits for the client that the producer should, too."""
        return self._waiting_size >= HIGH_WATER

    @property
    def is_waited_for(self) -> bool:
        """Whether it is the client that the load waits for now."""
        return self._is_held or self._is_refused or self._is_redirecting

    @property
    def is_over(self) -> bool:
        """Whether nobody wants to know any more."""
        return self._client is None

    # -- for the client; see `Load` ----------------------------------------------------

    def begin(self) -> None:
        """See `Load`."""
        self.has_begun = True
        self._begun_at = time.monotonic()
        self.start()

    def cancel(self) -> None:
        """See `Load`."""
        self._client = None
        with self._lock:
            self._line.clear()
            self._waiting_size = 0
        self._stop_once()

    def hold(self) -> None:
        """See `Load`."""
        self._is_held = True

    def proceed(self) -> None:
        """See `Load`."""
        self._is_held = False
        self._hand_out()

    def take_again(self) -> None:
        """See `Load`."""
        with self._lock:
            self._is_asked_again = True
            self._is_refused = False
        self._hand_out()

    def gather(self) -> None:
        """See `Load`: pieces that are not libcurl's are as large as their maker likes."""

    def follow(self, request: URLRequest) -> None:
        """Never called: a redirect of a local load is followed by another load."""
        raise NotImplementedError(f"a local load does not follow {request!r} itself")

    def follow_with_body(self, stream: BodyStream | None) -> None:
        """Never called, like `follow`."""
        raise NotImplementedError(f"a local load needs no body, not {stream!r}")

    def refuse_redirect(self) -> None:
        """See `Load`."""
        client, response = self._client, self._response
        if client is None or response is None:
            return
        if self.is_streaming:
            client.load_did_receive_response(response)
        self._is_redirecting = False
        self.offer_end()

    def answer_challenge(
        self,
        disposition: AuthChallengeDisposition,
        credential: URLCredential | None,
    ) -> None:
        """Nobody asks: what is loaded here belongs to the user."""

    def keep(self, data: bytes) -> None:
        """See `Load`."""
        self._kept.append(data)

    def transactions(self) -> list[Transaction]:
        """See `Load`."""
        transactions = list(self._earlier or ())
        if self.has_begun:
            size = self._size
            transactions.append(
                Transaction(
                    self.request,
                    self._response,
                    (),
                    self._begun_at,
                    None,
                    size,
                    self.is_from_cache,
                )
            )
        return transactions

    def come_after(self, earlier: list[Transaction], redirect_count: int) -> None:
        """See `Load`."""
        self._earlier = earlier
        self.redirect_count = redirect_count

    def count_of_bytes_sent(self) -> int:
        """See `Load`."""
        return 0

    def count_of_bytes_received(self) -> int:
        """See `Load`."""
        return self._size

    # -- inside -------------------------------------------------------------------------

    def _put(self, tell: Callable[[], bool], size: int = 0) -> None:
        if self._client is None:
            return
        with self._lock:
            self._offers += 1
            self._line.append((tell, size))
            self._waiting_size += size
        self._hand_out()

    def _hand_out(self) -> None:
        """Tell the client what waits, unless another thread is at it."""
        while True:
            with self._lock:
                if (
                    self._is_telling
                    or not self._line
                    or self._is_held
                    or self._is_refused
                    or self._is_redirecting
                ):
                    return
                self._is_telling = True
                self._is_asked_again = False
                tell, size = self._line[0]
            is_taken = True
            try:
                is_taken = tell()
            finally:
                must_go_on = self._told(size, is_taken=is_taken)
            if must_go_on:
                self.go_on()

    def _told(self, size: int, *, is_taken: bool) -> bool:
        with self._lock:
            self._is_telling = False
            if not is_taken:
                # Asked again meanwhile, on another thread: it is offered once more.
                self._is_refused = not self._is_asked_again
                return False
            if self._line:  # else it was cancelled meanwhile
                self._line.popleft()
                self._waiting_size -= size
            must_go_on = self._is_starved and self._waiting_size <= LOW_WATER
            if must_go_on:
                self._is_starved = False
            return must_go_on and self._client is not None

    def _tell_response(self, response: HTTPURLResponse) -> bool:
        self._response = response
        if self.is_streaming and self._client is not None:
            self._client.load_did_receive_response(response)
        return True

    def _tell_data(self, data: bytes) -> bool:
        client = self._client
        if client is None:
            return True
        if not self.is_streaming:
            self._kept.append(data)
        elif not client.load_did_receive_data(data):
            return False
        self._size += len(data)
        return True

    def _tell_end(self, error: URLError | None) -> bool:
        client, self._client = self._client, None
        response = self._response
        if client is not None and error is None and response is not None:
            self.complete(response)
        self._stop_once()
        if client is None:
            return True
        if error is None and response is None:
            message = "the load ended without a response"
            error = self.error(URLErrorCode.BAD_SERVER_RESPONSE, message)
        if error is not None:
            if error.failing_url is None:
                error.failing_url = self.request.url
            self._kept.clear()
            client.load_did_fail(error)
        elif response is not None:
            kept = self._kept
            body = kept[0] if len(kept) == 1 else b"".join(kept)
            self._kept = []
            client.load_did_finish(response, body)
        return True

    def _tell_redirect(self, request: URLRequest, response: HTTPURLResponse) -> bool:
        if self.redirect_count >= MAXIMUM_REDIRECTS:
            return self._tell_end(too_many_redirects(self.request.url))
        client = self._client
        self._response = response
        self._is_redirecting = True
        if client is not None:
            client.load_was_redirected(response, request)
        return True

    def _stop_once(self) -> None:
        with self._lock:
            if self._has_stopped or not self.has_begun:
                return
            self._has_stopped = True
        self.stop()

    def error(self, code: URLErrorCode, message: str) -> URLError:
        """Return an error about this load's request."""
        return URLError(code, message, failing_url=self.request.url)
