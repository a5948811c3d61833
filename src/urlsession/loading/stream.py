"""The load under a stream task: a connection made by libcurl, then a channel.

Decides how the connection is made: as for HTTP, through the session's proxies (a
tunnel through those that speak HTTP), by the fastest of the host's addresses; but
libcurl connects only, and its socket is taken from it. libcurl could not start TLS on
it later, nor close one side. And who has the last word on the peer of that TLS.
"""

from __future__ import annotations

import weakref
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, Protocol

import pycurl

from ..engine.transfer import Transfer
from ..errors import URLError, URLErrorCode
from ..url import parse_url
from .channel import Channel

if TYPE_CHECKING:
    from ..challenge import AuthChallengeDisposition, URLAuthenticationChallenge
    from ..configuration import URLSessionConfiguration
    from ..connections import CallSite
    from ..credential import URLCredential
    from ..engine.wires import Wire, Wires
    from ..request import BodyStream, URLRequest
    from ..server_trust import ServerTrust
    from .channel import Decide, Settle
    from .client import LoadContext, Transaction
    from .proxying import Way
    from .tls import TLSPipe

__all__ = ("StreamClient", "StreamLoad", "stream_url")


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


class _Question(NamedTuple):
    """Whether a peer is to be spoken to.

    Attributes:
        trust: What is to be decided on.
        refusal: What the stream ends with by default; None if the system trusts it.
        decide: Takes the decision.
    """

    trust: ServerTrust
    refusal: URLError | None
    decide: Decide


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
        self._ways: list[Way] | None = None
        self._is_over = False
        self._question: _Question | None = None

    # -- Load ---------------------------------------------------------------------------

    def begin(self) -> None:
        """See `Load`."""
        parts = parse_url(self.request.url.replace("tcp:", "http:", 1) + "/")
        self.url = parts.request_url
        self.host = parts.host
        self.limits = self._context.limits
        self.takes_socket = True
        self.options = ((pycurl.CONNECT_ONLY, 1), (pycurl.HTTPPROXYTUNNEL, 1))
        proxies = self._context.proxies
        if proxies is not None:
            if self._ways is None:
                # As for https: what is spoken is no business of the proxy's.
                self._ways = proxies.ways("https", parts.host)
            way = self._ways.pop(0)
            self.options = (*self.options, *way.options)
            self.proxy = None if way.proxy is None else way.proxy.url
            if way.proxy is not None and way.proxy.is_secure:
                message = "a stream cannot go through a proxy that TLS is spoken to"
                raise self.error(URLErrorCode.CANNOT_CONNECT_TO_HOST, message)
        self._context.pool.start(self)

    def cancel(self) -> None:
        """See `Load`."""
        if self._is_over:
            return
        self._is_over = True
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
        if question is None or client is None:
            return
        if disposition is AuthChallengeDisposition.CANCEL_AUTHENTICATION_CHALLENGE:
            client.load_was_refused_credentials()
            return
        is_used = disposition is AuthChallengeDisposition.USE_CREDENTIAL
        accepted = credential.trust if is_used and credential is not None else None
        refusal = question.refusal
        if accepted is not None:
            refusal = None
            if accepted.certificate != question.trust.certificate:
                refusal = question.refusal or self.error(
                    URLErrorCode.SERVER_CERTIFICATE_UNTRUSTED,
                    "another certificate was accepted than the one that was shown",
                )
        question.decide(refusal)

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

    # -- Transfer -----------------------------------------------------------------------

    def did_finish(self) -> None:
        """See `Transfer`."""
        if self.taken_fd < 0:
            self._not_connected()
        else:
            self._adopt(b"")

    def _judge(
        self, configuration: URLSessionConfiguration, pipe: TLSPipe, decide: Decide
    ) -> None:
        """Have the client decide on a peer that was not verified."""
        from ..challenge import URLAuthenticationChallenge
        from ..protection_space import AuthenticationMethod, URLProtectionSpace
        from .tls import judge, refusal_of

        client = self._client()
        if client is None:
            return
        url = self.request.url
        try:
            trust = judge(pipe, configuration, self.host, url)
        except URLError as error:
            decide(error)
            return
        refusal = None
        if not trust.is_trusted:
            refusal = refusal_of(trust.verify_result, trust.verify_message, url)
        self._question = _Question(trust, refusal, decide)
        space = URLProtectionSpace(
            self.host,
            parse_url(self.url).port,
            authentication_method=AuthenticationMethod.SERVER_TRUST,
            server_trust=trust,
        )
        client.stream_was_challenged(URLAuthenticationChallenge(space, error=refusal))

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
        if self._is_over:
            return
        try:
            if self._ways and self.result_code in _PROXY_NOT_REACHED:
                self.numbers = ()
                self.begin()
                return
        except URLError as refusal:
            self.channel.fail(refusal)
            return
        from ..engine.result_code import error_for  # 1 ms that a good one need not pay

        error = error_for(
            self.result_code,
            self.message,
            os_errno=self.os_errno,
            url=self.request.url,
        )
        self.channel.fail(error)

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


_PROXY_NOT_REACHED = (pycurl.E_COULDNT_RESOLVE_PROXY, pycurl.E_COULDNT_CONNECT)
