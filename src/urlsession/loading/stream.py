"""The load under a stream task: a connection made by libcurl, then a channel.

Decides how the connection is made: as for HTTP, through the session's proxies (a
tunnel through those that speak HTTP), by the fastest of the host's addresses; but
libcurl connects only, and its socket is taken from it. libcurl could not start TLS on
it later, nor close one side. And who has the last word on the peer of that TLS.
"""

from __future__ import annotations

import weakref
from functools import partial
from typing import TYPE_CHECKING, Protocol

import pycurl

from ..engine.transfer import Transfer
from ..errors import URLError, URLErrorCode
from ..request import URLRequest
from ..url import parse_url
from .channel import Channel
from .options import with_options
from .route import Route

if TYPE_CHECKING:
    from ..challenge import AuthChallengeDisposition, URLAuthenticationChallenge
    from ..configuration import URLSessionConfiguration
    from ..connections import CallSite
    from ..credential import URLCredential
    from ..engine.wires import Wire, Wires
    from ..request import BodyStream
    from .channel import Decide, Settle
    from .client import LoadContext, Transaction
    from .guard import Guard
    from .peer import PeerQuestion
    from .tls import TLSPipe

__all__ = ("StreamClient", "StreamLoad", "stream_url")

_OPTIONS = (
    (pycurl.CONNECT_ONLY, 1),
    (pycurl.HTTPPROXYTUNNEL, 1),
    # No proxy has this key. Through one that TLS is spoken to, what the stream writes
    # would go past that TLS, in plain sight; and libcurl alone knows whether a proxy of
    # the environment is one.
    (pycurl.PROXY_PINNEDPUBLICKEY, "sha256//" + "A" * 43 + "="),
)


class StreamClient(Protocol):
    """Who is told of a stream. Any thread, no lock held."""

    def stream_read_closed(self) -> None:
        """No more bytes will come; some may still be unread."""

    def stream_write_closed(self) -> None:
        """No more bytes will go."""

    def stream_was_captured(self, channel: Channel) -> None:
        """Everything before the capture is done; `channel` is the client's now."""

    def stream_is_resting(self) -> None:
        """Nothing that was asked for is pending."""

    def stream_was_challenged(self, challenge: URLAuthenticationChallenge) -> None:
        """Call `StreamLoad.answer_challenge`, now or later."""

    def load_was_refused_credentials(self) -> None:
        """The challenge was cancelled: cancel the load."""

    def stream_ended(self, error: URLError | None) -> None:
        """The connection is closed; last, once."""


def stream_url(host: str, port: int) -> str:
    """Return what stands for a URL in the errors of a stream."""
    return f"tcp://[{host}]:{port}" if ":" in host else f"tcp://{host}:{port}"


class StreamLoad(Transfer):
    """Connects to a host, and moves bytes.

    Args:
        client: Who is told; held weakly, so that a task that is dropped goes.
        context: What the session's loads have in common.
        wires: Where the socket is driven.
        request: What stands for the request.

    Attributes:
        channel: The stream; may be asked for things before it is connected.
    """

    redirect_count = 0
    reports_sent = False
    asks_for_trust = False

    def __init__(
        self,
        client: StreamClient,
        context: LoadContext,
        wires: Wires,
        request: URLRequest,
    ) -> None:
        self._client = weakref.ref(client)
        self._context = context
        self._wires = wires
        self.request = request
        self.call_site: CallSite | None = None
        self.channel = Channel(self, wires, request.url)
        self._route: Route | None = None
        self._guard: Guard | None = None
        self._is_over = False
        self._question: PeerQuestion | None = None

    # -- Load ---------------------------------------------------------------------------

    def begin(self) -> None:
        """See `Load`."""
        authority = self.request.url.removeprefix("tcp:")
        parts = parse_url(f"http:{authority}/")
        self.url = parts.request_url
        self.host = parts.host
        self.limits = self._context.limits
        self.takes_socket = True
        # As for https: what is spoken is no business of the proxy's.
        secure = parse_url(f"https:{authority}/")
        self._route = Route(
            self._context, secure, assumes_http3=False, may_use_http3=False
        )
        self._connect()

    def _connect(self) -> None:
        assert self._route is not None
        self.numbers = ()
        self.proxy = self._route.proxy
        self.options = [*_OPTIONS, *self._route.options]
        if self._guard is not None or self._context.guard.authentication.has_answers:
            guard = self._guard or self._make_guard()
            more = guard.options(proxy=self._proxy_url(), is_tunnelled=True)
            self.options = with_options(self.options, more)
        self._context.pool.start(self)

    def cancel(self) -> None:
        """See `Load`."""
        if self._is_over:
            return
        self._is_over = True
        self._guard = None
        self._context.pool.cancel(self)
        self.channel.owner = None
        self.channel.fail(
            self.error(URLErrorCode.CANCELLED, "the stream was cancelled")
        )

    def hold(self) -> None:
        """See `Load`."""
        self._context.pool.hold(self)
        self.channel.hold()

    def proceed(self) -> None:
        """See `Load`."""
        self._context.pool.resume(self)
        self.channel.proceed()

    def take_again(self) -> None:
        """Nothing is ever refused: a stream is read as it is asked for."""

    def gather(self) -> None:
        """Nothing comes unasked: see `take_again`."""

    def follow(self, request: URLRequest) -> None:
        """Nothing redirects a stream."""

    def follow_with_body(self, stream: BodyStream | None) -> None:
        """Nothing redirects a stream."""

    def secure(
        self, configuration: URLSessionConfiguration, settle: Settle, *, asks: bool
    ) -> None:
        """Speak TLS, after everything that was asked for; see `Channel.secure`.

        Args:
            configuration: The session's.
            settle: Called once TLS is spoken.
            asks: Whether the client has the last word on the peer.
        """

        def make_pipe(wire: Wire) -> TLSPipe:
            from .tls import make_tls_pipe  # 20 ms that one without TLS need not pay

            url = self.request.url
            return make_tls_pipe(wire, configuration, self.host, url, verifies=not asks)

        judge = partial(self._judge, configuration) if asks else None
        self.channel.secure(make_pipe, settle, judge)

    def answer_challenge(
        self, disposition: AuthChallengeDisposition, credential: URLCredential | None
    ) -> None:
        """See `Load`: go on with TLS, or end."""
        from ..challenge import AuthChallengeDisposition

        question, self._question = self._question, None
        client = self._client()
        if client is None:
            return
        if disposition is AuthChallengeDisposition.CANCEL_AUTHENTICATION_CHALLENGE:
            client.load_was_refused_credentials()
        elif question is not None:
            question.answer(disposition, credential)
        elif self._guard is not None:
            self._guard.answer(disposition, credential)

    def refuse_redirect(self) -> None:
        """Nothing redirects a stream."""

    def keep(self, data: bytes) -> None:
        """Nothing is handed out that was not asked for."""

    def come_after(self, earlier: list[Transaction], redirect_count: int) -> None:
        """Nothing redirects to a stream."""

    def transactions(self) -> list[Transaction]:
        """See `Load`: a stream has none."""
        return []

    def count_of_bytes_sent(self) -> int:
        """See `Load`."""
        return 0 if self.connection is None else self.connection.bytes_sent

    def count_of_bytes_received(self) -> int:
        """See `Load`."""
        return 0 if self.connection is None else self.connection.bytes_received

    def error(self, code: URLErrorCode, message: str) -> URLError:
        """Return an error about this stream."""
        return URLError(code, message, failing_url=self.request.url)

    def take_over(self, load: Transfer, read_ahead: bytes) -> None:
        """Go on with the socket that another load has taken, and what it read of it."""
        self.host, self.url = load.host, load.url
        self.connection, self.taken_fd = load.connection, load.taken_fd
        self._adopt(read_ahead)

    # -- Guarded: what a proxy asks before it lets the stream through -------------------

    def guarded_request(self) -> URLRequest:
        """See `Guarded`."""
        return URLRequest(self.url)

    def ask(self, challenge: URLAuthenticationChallenge) -> None:
        """See `Guarded`."""
        if client := self._client():
            client.stream_was_challenged(challenge)

    def run_again(self) -> None:
        """See `Guarded`."""
        if not self._is_over:
            self._connect()

    def send_again(self) -> None:
        """Nothing is sent that a server could ask about."""

    def let_in(self) -> None:
        """No response is anybody's: a stream has none."""

    def end_with(self, error: URLError) -> None:
        """See `Guarded`."""
        self._guard = None
        self.channel.fail(error)

    def cancel_by_challenge(self) -> None:
        """See `Guarded`."""
        if client := self._client():
            client.load_was_refused_credentials()

    def error_of_end(self) -> URLError:
        """See `Guarded`."""
        if self.result_code == pycurl.E_SSL_PINNEDPUBKEYNOTMATCH:
            message = "a stream cannot go through a proxy that TLS is spoken to"
            return self.error(URLErrorCode.CANNOT_CONNECT_TO_HOST, message)
        from ..engine.result_code import error_for  # 1 ms that a good one need not pay

        return error_for(
            self.result_code,
            self.message,
            os_errno=self.os_errno,
            url=self.request.url,
        )

    def _make_guard(self) -> Guard:
        from .guard import Guard

        context = self._context
        self._guard = Guard(
            context.guard, self, context.pool, self._client(), asks_for_trust=False
        )
        return self._guard

    def _proxy_url(self) -> str:
        """Return the URL of the proxy in use; empty for none, or if it is not known."""
        if self.proxy is not None:
            return self.proxy
        seen = self._context.guard.environment_proxies
        if self.connection is not None and self.connection.proxy is not None:
            seen["http"] = f"http://{self.connection.proxy}"
        return seen.get("http", "")

    # -- Transfer -----------------------------------------------------------------------

    def did_finish(self) -> None:
        """See `Transfer`."""
        if self.taken_fd < 0:
            self._not_connected()
            return
        guard, self._guard = self._guard, None
        if guard is not None:
            guard.was_let_in(None)
        self._adopt(b"")

    def _judge(
        self, configuration: URLSessionConfiguration, pipe: TLSPipe, decide: Decide
    ) -> None:
        """Have the client decide on a peer that was not verified."""
        from .peer import PeerQuestion

        place = self.host, parse_url(self.url).port
        try:
            self._question = PeerQuestion.about(
                pipe, configuration, place, self.request.url, decide
            )
        except URLError as error:
            decide(error)
        else:
            self.ask(self._question.challenge)

    def _adopt(self, read_ahead: bytes) -> None:
        connection = self.connection
        assert connection is not None
        wire = self._wires.adopt(connection, self.taken_fd, self.channel.go_on)
        if self._is_over:
            wire.close()
        else:
            self.channel.connected(wire, read_ahead)

    def did_time_out(self) -> None:
        """See `Transfer`."""
        message = "the connection was not made in time"
        self.channel.fail(self.error(URLErrorCode.TIMED_OUT, message))

    def _not_connected(self) -> None:
        route = self._route
        if self._is_over or route is None:
            return
        if route.moves_on(self.result_code, self.message, may_repeat=False):
            self.run_again()
            return
        guard = self._guard
        if guard is None and "response 407" in self.message:
            guard = self._make_guard()
        if guard is None or not guard.takes_end(self._proxy_url()):
            self.end_with(self.error_of_end())

    # -- ChannelOwner ---------------------------------------------------------------------

    def channel_read_closed(self) -> None:
        """See `ChannelOwner`."""
        if client := self._client():
            client.stream_read_closed()

    def channel_write_closed(self) -> None:
        """See `ChannelOwner`."""
        if client := self._client():
            client.stream_write_closed()

    def channel_was_captured(self) -> None:
        """See `ChannelOwner`."""
        self._is_over = True
        if client := self._client():
            client.stream_was_captured(self.channel)

    def channel_is_resting(self) -> None:
        """See `ChannelOwner`."""
        if client := self._client():
            client.stream_is_resting()

    def channel_ended(self, error: URLError | None) -> None:
        """See `ChannelOwner`."""
        self._is_over = True
        if client := self._client():
            client.stream_ended(error)
