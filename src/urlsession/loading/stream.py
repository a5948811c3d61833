"""The load under a stream task: a connection made by libcurl, then a channel.

Decides how the connection is made: as for HTTP, through the session's proxies (a
tunnel through those that speak HTTP), by the fastest of the host's addresses; but
libcurl connects only, and its socket is taken from it. libcurl could not start TLS on
it later, nor close one side.
"""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Protocol

import pycurl

from ..engine.transfer import Transfer
from ..errors import URLError, URLErrorCode
from ..url import parse_url
from .channel import Channel

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..challenge import AuthChallengeDisposition, URLAuthenticationChallenge
    from ..connections import CallSite
    from ..credential import URLCredential
    from ..engine.wires import Wires
    from ..request import BodyStream, URLRequest
    from .client import LoadContext, Transaction
    from .proxying import Way

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
        self._accept: Callable[[], None] | None = None

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

    def judge(self, chain: list[bytes], accept: Callable[[], None]) -> None:
        """Have the client decide on a peer that the system trusts."""
        from ..challenge import URLAuthenticationChallenge
        from ..protection_space import AuthenticationMethod, URLProtectionSpace
        from ..server_trust import ServerTrust

        client = self._client()
        if client is None:
            return
        self._accept = accept
        port = 0 if self.connection is None else parse_url(self.url).port
        space = URLProtectionSpace(
            self.host,
            port,
            authentication_method=AuthenticationMethod.SERVER_TRUST,
            server_trust=ServerTrust(self.host, chain),
        )
        client.stream_was_challenged(URLAuthenticationChallenge(space))

    def answer_challenge(
        self,
        disposition: AuthChallengeDisposition,
        credential: URLCredential | None,  # noqa: ARG002  # the peer is trusted already
    ) -> None:
        """See `Load`: go on with TLS, unless the task is to be cancelled."""
        from ..challenge import AuthChallengeDisposition

        accept, self._accept = self._accept, None
        client = self._client()
        if accept is None or client is None:
            return
        if disposition is AuthChallengeDisposition.CANCEL_AUTHENTICATION_CHALLENGE:
            client.load_was_refused_credentials()
        else:
            accept()

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
        self.host = load.host
        self.connection, self.taken_fd = load.connection, load.taken_fd
        self._adopt(read_ahead)

    # -- Transfer -----------------------------------------------------------------------

    def did_finish(self) -> None:
        """See `Transfer`."""
        if self.taken_fd < 0:
            self._not_connected()
        else:
            self._adopt(b"")

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
