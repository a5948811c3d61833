"""One WebSocket: the handshake as a load over HTTP, then frames both ways.

Decides how libcurl carries it: in raw mode, so that every byte of the peer is judged
here and libcurl does connections, TLS, proxies and the handshake's HTTP. libcurl
reads (its pauses hold a slow consumer's peer back); frames are written on the same
connection. See docs/websockets.md for what else was tried.

Methods say where they run: *inside* is under the pool's lock.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

import pycurl

from ...close_code import WebSocketCloseCode
from ...errors import URLError, URLErrorCode
from ...response import HTTPURLResponse
from ..client import LoadClient
from ..http import HTTPLoad
from ..options import header_options
from .frame import MaskingKeys, Opcode, close_payload, encode_frame
from .handshake import as_http, as_web_socket, handshake_fields, new_key, refusal
from .outgoing import Outgoing
from .reader import CloseReceived, FrameReader, Ping, Pong, ProtocolViolation

if TYPE_CHECKING:
    from ...request import URLRequest
    from ..client import LoadContext, Transaction
    from .outgoing import Buffer, Sending
    from .reader import Happening

__all__ = ("CLOSE_TIMEOUT_S", "WebSocketClient", "WebSocketLoad")

CLOSE_TIMEOUT_S = 2.0  # seconds for the peer to answer a close frame; arbitrary

_WS_AND_WSS = 3 << 30  # libcurl's bits for them; pycurl has no names
_TUNNEL = (pycurl.HTTPPROXYTUNNEL, 1)  # a proxy for HTTP alone cannot pass frames on
_OPTIONS = (
    (pycurl.PROTOCOLS, _WS_AND_WSS),
    (pycurl.WS_OPTIONS, pycurl.WS_RAW_MODE),
    (pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1),
    _TUNNEL,
    (pycurl.PIPEWAIT, 0),
    (pycurl.ACCEPT_ENCODING, None),
)


class WebSocketClient(LoadClient, Protocol):
    """Who a WebSocket tells, besides what every load tells."""

    def web_socket_did_open(
        self, response: HTTPURLResponse, protocol: str | None
    ) -> None:
        """The handshake is done. Inside."""

    def web_socket_is_full(self) -> bool:
        """Whether to stop reading until `WebSocketLoad.take_again`. Inside."""

    def web_socket_did_receive(self, message: str | bytes) -> None:
        """A message came. Inside."""

    def web_socket_did_receive_pong(self, payload: bytes) -> None:
        """A pong came. Inside."""

    def web_socket_did_close(self, code: int, reason: bytes) -> None:
        """The peer's close frame came. Inside."""

    def web_socket_did_end(self, error: URLError | None, sent_code: int) -> None:
        """It is over, after it was open. After.

        Args:
            error: Why, if neither side closed in order.
            sent_code: The code that was closed with on our side; 0 if none was.
        """


class WebSocketLoad(HTTPLoad):
    """Opens a WebSocket and carries it.

    Attributes:
        is_open: Whether the handshake is done and the end has not come.
        protocols: Subprotocols to offer.
        keys: Masking keys for its frames.
    """

    protocols: Sequence[str] = ()

    is_streaming = True
    is_open = False
    speaks_http3 = False
    _is_over = False
    _is_closing = False
    _peer_has_closed = False
    _end_error: URLError | None = None
    _sent_code = 0

    def __init__(
        self,
        client: WebSocketClient,
        context: LoadContext,
        request: URLRequest,
        message_limit: int,
    ) -> None:
        url = as_http(request.url)
        if url is not None:
            request = request.copy()
            request.url = url
        super().__init__(client, context, request)
        self._is_web_socket_url = url is not None
        self._socket_client: WebSocketClient | None = client
        self._offered: Sequence[str] = ()
        self.keys = MaskingKeys(os.urandom)
        self._key = ""
        self._frames = FrameReader(message_limit)
        self._outgoing = Outgoing()

    # -- for the client; any thread, no lock held --------------------------------

    def count_of_bytes_sent(self) -> int:
        """Return the bytes of the frames that were sent."""
        return self.written_bytes

    def transactions(self) -> list[Transaction]:
        """Return the handshakes so far; frames count as the body of the last."""
        return [self._named(one) for one in super().transactions()]

    def _named(self, transaction: Transaction) -> Transaction:
        request = transaction.request.copy()
        request.url = as_web_socket(request.url)
        return transaction._replace(request=request)

    def begin(self) -> None:
        """Send the handshake; see `HTTPLoad.begin`."""
        if not self._is_web_socket_url:
            message = "a WebSocket needs a URL with ws or wss"
            raise URLError(
                URLErrorCode.UNSUPPORTED_URL, message, failing_url=self.request.url
            )
        super().begin()

    def follow(self, request: URLRequest) -> None:
        """Follow the redirect; a ws URL is as good as its http form."""
        url = as_http(request.url)
        if url is not None:
            request = request.copy()
            request.url = url
        super().follow(request)

    def name_url(self, error: URLError) -> None:
        """Have `error` name the URL as the caller writes it."""
        if self._is_web_socket_url and error.failing_url is not None:
            error.failing_url = as_web_socket(error.failing_url)

    def limit_messages(self, limit: int) -> None:
        """Set how many bytes a message may have, from the next frame on."""
        self._frames.limit = limit

    def send(self, frame: bytes, sending: Sending | None) -> None:
        """Write a frame when it is its turn; before the handshake too.

        `sending` is told when the kernel has it.
        """
        pool = self._context.pool
        pool.write(self, lambda: self._send(frame, sending))

    def close(self, code: int | None, reason: bytes) -> None:
        """Begin the closing handshake: what is queued, then a close frame.

        Ends when the peer has answered, or after `CLOSE_TIMEOUT_S`.
        """
        payload = close_payload(code, reason)
        self._context.pool.write(self, lambda: self._close(code, payload))

    def abort(self, code: int) -> None:
        """End at once: a close frame if there is room for one, then FIN.

        Nothing is told.
        """
        payload = close_payload(code, b"")
        self._socket_client = None
        pool = self._context.pool
        pool.write(self, lambda: self._abort(payload))
        pool.perform(self.cancel)  # after what the other has put into the inbox

    def proceed(self) -> None:
        """Go on after `hold`; see `HTTPLoad.proceed`."""
        super().proceed()
        self._context.pool.write(self)

    def give_up(self) -> None:
        """Forget the frames that were not written, and tell who waits for them."""
        self._context.pool.perform(self._give_up)

    # -- inside ---------------------------------------------------------------------

    def _give_up(self) -> None:
        self._is_over = True
        self._outgoing.drop_all()

    def _send(self, frame: bytes, sending: Sending | None) -> None:
        is_taken = not self._is_over and self._outgoing.put(frame, sending)
        if not is_taken and sending is not None:
            sending.was_dropped()

    def _close(self, code: int | None, payload: bytes) -> None:
        self._is_closing = True
        self._put_close(code or WebSocketCloseCode.NO_STATUS_RECEIVED, payload)

    def _abort(self, payload: bytes) -> None:
        self._outgoing.drop_waiting()
        self._outgoing.put_close(self._frame(Opcode.CLOSE, payload))
        self._is_over = True
        self.is_suspended = False

    def _put_close(self, code: int, payload: bytes) -> None:
        if not self._outgoing.is_ending:
            self._sent_code = code
            self._outgoing.put_close(self._frame(Opcode.CLOSE, payload))
        self._context.pool.limit_time(self, CLOSE_TIMEOUT_S)

    def _frame(self, opcode: int, payload: bytes) -> bytes:
        return encode_frame(opcode, payload, self.keys.next())

    def _prepare_stream(self, request: URLRequest) -> None:
        self.url = as_web_socket(self.url)
        self._key = request.value("Sec-WebSocket-Key") or new_key(os.urandom(16))
        given = request.value("Sec-WebSocket-Protocol")
        self._offered = self.protocols
        if given is not None:
            self._offered = [name.strip() for name in given.split(",")]
        fields = handshake_fields(request, self.protocols, self._key)
        made = header_options(request, [*fields, *self._context.fields])
        self.options = [*self.options, *made, *_OPTIONS]

    def _take_route(self) -> None:
        super()._take_route()
        self.options = [*self.options, _TUNNEL]

    def _head_is_complete(self) -> None:
        if int(self._lines[0].split(None, 2)[1]) != 101:
            super()._head_is_complete()
            if self._response is not None:
                self._response.url = as_web_socket(self._response.url)
            if self._location is not None:
                self._location = as_http(self._location) or self._location
            return
        client = self._socket_client
        url = as_web_socket(self.request.url)
        response = HTTPURLResponse.from_raw(url, 101, self._lines)
        self._response = response
        reason = refusal(response, self._key, self._offered)
        if reason is not None:
            message = f"server's handshake opens no WebSocket: {reason}"
            self._end_with(self._error(URLErrorCode.BAD_SERVER_RESPONSE, message))
        elif client is not None:
            if (then := self._keep_cookies(self._lines)) is not None:
                self._context.pool.afterwards(then)
            if (guard := self._guard) is not None:
                self._context.pool.afterwards(lambda: guard.was_let_in(response))
            self.is_open = self.is_duplex = True
            protocol = response.value("Sec-WebSocket-Protocol")
            client.web_socket_did_open(response, protocol and protocol.strip())
            if self._outgoing:
                self._context.pool.write(self)

    def receive_body(self, data: bytes) -> int | None:
        """Take a piece of the frames; see `Transfer`."""
        client = self._socket_client
        if not self.is_open or client is None or self._peer_has_closed:
            return None
        if self._is_over:
            return None
        if not self._is_closing and client.web_socket_is_full():
            self._context.pool.note_paused(self)
            return int(pycurl.WRITEFUNC_PAUSE)
        self._decoded_size += len(data)
        try:
            happenings = self._frames.feed(data)
        except ProtocolViolation as violation:
            self._take(client, violation.happenings)
            self._fail_connection(violation)
        else:
            self._take(client, happenings)
        return None

    def _take(self, client: WebSocketClient, happenings: Sequence[Happening]) -> None:
        for one in happenings:
            if isinstance(one, str | bytes):
                if not self._is_closing:
                    client.web_socket_did_receive(one)
            elif isinstance(one, Ping):
                self._outgoing.put_pong(self._frame(Opcode.PONG, one.payload))
                self._context.pool.write(self)
            elif isinstance(one, Pong):
                client.web_socket_did_receive_pong(one.payload)
            else:
                self._take_close(client, one)

    def _take_close(self, client: WebSocketClient, close: CloseReceived) -> None:
        self._peer_has_closed = True
        client.web_socket_did_close(close.code, close.reason)
        self._refuse_rest()
        if self._outgoing.has_ended:  # it is the answer to ours
            self._over()
            return
        is_empty = close.code == WebSocketCloseCode.NO_STATUS_RECEIVED
        payload = b"" if is_empty else close.code.to_bytes(2, "big")
        self._put_close(close.code, payload)
        self._context.pool.write(self)

    def _fail_connection(self, violation: ProtocolViolation) -> None:
        code = URLErrorCode.BAD_SERVER_RESPONSE
        if violation.code == WebSocketCloseCode.MESSAGE_TOO_BIG:
            code = URLErrorCode.DATA_LENGTH_EXCEEDS_MAXIMUM
        self._end_error = self._error(code, str(violation))
        self._peer_has_closed = True  # nothing that follows is read
        self._refuse_rest()
        self._put_close(violation.code, close_payload(violation.code, b""))
        self._context.pool.write(self)

    def _refuse_rest(self) -> None:
        """Nothing but a close frame is written any more."""
        if not self._outgoing.is_ending:
            self._outgoing.drop_waiting()

    def write_to(self, send: Callable[[Buffer], int]) -> bool:
        """Write frames; see `Transfer`."""
        outgoing = self._outgoing
        try:
            is_all = outgoing.write(send)
        except pycurl.error:
            # What the peer sent before it went may still be there to be read: reading
            # tells the end, and why.
            outgoing.drop_all()
            outgoing.is_ending = outgoing.has_ended = is_all = True
        self.written_bytes = outgoing.written_bytes
        if outgoing.has_ended and self._peer_has_closed:
            self._over()
        return is_all

    def _over(self) -> None:
        if not self._is_over:
            self._is_over = True
            self._context.pool.end(self)

    def _end_with(self, error: URLError) -> None:
        self._end_error = error
        self._over()

    # -- after ------------------------------------------------------------------------

    def did_end(self) -> None:
        """Tell the end; see `Transfer`."""
        self._tell_end(self._end_error)

    def did_finish(self) -> None:
        """Tell the end, or what the handshake came to; see `Transfer`."""
        if self.is_open or self._is_over:
            self._tell_end(self._end_error or self._error_of_loss())
            return
        if self.result_code == pycurl.E_HTTP_RETURNED_ERROR:
            self.result_code = 0  # libcurl takes every head but 101 for a failure
        super().did_finish()

    def did_time_out(self) -> None:
        """Tell that a time-out passed: closing took too long, or see `HTTPLoad`."""
        if self._is_closing or self._peer_has_closed:
            self._tell_end(self._end_error)
        else:
            super().did_time_out()

    def _error_of_loss(self) -> URLError | None:
        if self._peer_has_closed or self._is_closing:
            return None
        # To libcurl a connection without a byte after the head is an empty reply.
        if self.result_code not in (0, pycurl.E_GOT_NOTHING):
            return self._error_of_run()
        message = "the connection was lost: server sent FIN without a close frame"
        return self._error(URLErrorCode.NETWORK_CONNECTION_LOST, message)

    def _tell_end(self, error: URLError | None) -> None:
        client, self._socket_client = self._socket_client, None
        self._client = None
        self.is_open = False
        self._is_over = True
        if client is not None:
            client.web_socket_did_end(error, self._sent_code)
