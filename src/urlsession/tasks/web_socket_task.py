"""WebSocket tasks: messages both ways over one connection of their own.

Decides what a caller sees: calls in order, the close code, and when the task is over.
`conversation` has the buffers, `loading.web_socket` the protocol.

Source: Foundation's ``URLSessionWebSocketTask``, RFC 6455.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Self

from ..close_code import WebSocketCloseCode
from ..errors import URLError, URLErrorCode
from ..loading.web_socket.frame import Opcode, close_payload
from ..loading.web_socket.handshake import as_web_socket
from .conversation import Conversation
from .delivery import Callback, Delivery
from .state import TRANSITIONS, TaskEvent, TaskState
from .task import URLSessionTask
from .web_socket_call import Completion, ReceiveCall, SendCall, WebSocketCall

if TYPE_CHECKING:
    from ..loading.client import Load
    from ..request import URLRequest
    from ..response import HTTPURLResponse
    from ..session import URLSession

__all__ = ("MAXIMUM_MESSAGE_SIZE", "URLSessionWebSocketTask")

MAXIMUM_MESSAGE_SIZE = 1024 * 1024  # bytes; Foundation's default
_IN_ORDER = frozenset(
    (
        WebSocketCloseCode.NORMAL_CLOSURE,
        WebSocketCloseCode.GOING_AWAY,
        WebSocketCloseCode.NO_STATUS_RECEIVED,
    )
)
# Whoever has one of these is told of a WebSocket that the program has forgotten.
_NEWS = (
    "web_socket_task_did_open",
    "web_socket_task_did_close",
    "task_did_complete",
)


class URLSessionWebSocketTask(URLSessionTask):
    """A WebSocket: send and receive whole messages.

    ``async with session.web_socket(url) as ws:`` or, blocking, ``with``: entered when
    the handshake is done, left when both sides have closed. ``async for message in
    ws`` and ``for message in ws`` end when the server closes with 1000, 1001 or no
    code, and raise for every other end.

    A task that the program has dropped is closed at once, unless a call waits or a
    delegate wants to know of its end.

    Source: Foundation's ``URLSessionWebSocketTask``.
    """

    _maximum_message_size = MAXIMUM_MESSAGE_SIZE

    def __init__(
        self, session: URLSession, task_identifier: int, request: URLRequest
    ) -> None:
        super().__init__(session, task_identifier, request)
        self._conversation = Conversation(self, self._core, MAXIMUM_MESSAGE_SIZE)

    # -- what one may ask --------------------------------------------------------------

    @property
    def current_request(self) -> URLRequest:
        """The request of the present handshake; changes with a redirect."""
        if self._load is None:
            return self.original_request
        request = self._load.request.copy()
        request.url = as_web_socket(request.url)
        return request

    @property
    def maximum_message_size(self) -> int:
        """Bytes that a received message may have, all its frames together.

        A longer one ends the task: `receive` and the task fail with
        ``DATA_LENGTH_EXCEEDS_MAXIMUM``, and the server is told 1009. May be changed at
        any time, from the next frame on.
        """
        return self._maximum_message_size

    @maximum_message_size.setter
    def maximum_message_size(self, size: int) -> None:
        if not (type(size) is int and size > 0):
            raise ValueError(
                f"maximum_message_size must be a positive int, not {size!r}"
            )
        self._maximum_message_size = size
        self._conversation.load.limit_messages(size)

    @property
    def close_code(self) -> int:
        """Why it was closed: a `WebSocketCloseCode` or a number; 0 while it is open.

        The server's code if it sent one, else the one that was sent to it, else 1006
        (``ABNORMAL_CLOSURE``); 1005 stands for a close frame without a code.
        """
        return self._conversation.close_code

    @property
    def close_reason(self) -> bytes | None:
        """The reason that the server gave, UTF-8; None if it gave none."""
        return self._conversation.close_reason

    @property
    def protocol(self) -> str | None:
        """The subprotocol that the server chose; None for none."""
        return self._conversation.protocol

    # -- what one may do ----------------------------------------------------------------

    def send(
        self,
        message: str | bytes | bytearray | memoryview,
        completion: Completion | None = None,
    ) -> SendCall:
        """Send a message: a str as text, the others as binary.

        Messages go out in the order of the calls; those before the end of the
        handshake wait for it. Await the call, or take its ``.result()``, so as not to
        be faster than the peer: it is done when the kernel has the whole message.

        Args:
            message: What to send.
            completion: Called once with (None, error) on the delegate queue.

        Raises:
            TypeError: `message` is of another type.
            UnicodeEncodeError: The text has lone surrogates.

        Returns:
            The call. It raises `URLError`: ``NETWORK_CONNECTION_LOST`` if the WebSocket is
        closed or lost, ``CANCELLED`` if the task was, or why the handshake failed.
        """
        if isinstance(message, str):
            opcode, payload = Opcode.TEXT, message.encode()
        else:
            opcode, payload = Opcode.BINARY, _bytes_of(message)
        call = SendCall(self, completion)
        self._conversation.send(opcode, payload, call)
        return call

    def receive(self, completion: Completion | None = None) -> ReceiveCall:
        """Receive one whole message; calls are served in their order.

        A call that is given up (its awaiter was cancelled, its time-out passed, it
        was dropped) leaves the message to the next one.

        Args:
            completion: Called once with (message, error) on the delegate queue.

        Returns:
            The call. It gives a str for text and bytes for binary. It raises `URLError`:
        ``NETWORK_CONNECTION_LOST`` once the server has closed and every message
        before that was received, and as `send` does; ``BAD_SERVER_RESPONSE`` if the
        server broke the protocol, ``DATA_LENGTH_EXCEEDS_MAXIMUM`` if its message is
        longer than `maximum_message_size`.
        """
        call = ReceiveCall(self, completion)
        self._conversation.receive(call)
        return call

    def send_ping(self, completion: Completion | None = None) -> WebSocketCall[None]:
        """Send a ping; the call is done when the pong comes. Pongs come in order.

        Args:
            completion: Called once with (None, error) on the delegate queue.

        Returns:
            The call. It raises `URLError` as that of `send` does.
        """
        call: WebSocketCall[None] = WebSocketCall(self, completion)
        self._conversation.ping(call)
        return call

    def opened(self) -> WebSocketCall[None]:
        """Wait for the handshake; the call raises `URLError` if it failed."""
        call: WebSocketCall[None] = WebSocketCall(self)
        self._conversation.open(call)
        return call

    def cancel(self, close_code: int | None = None, reason: str | bytes = b"") -> None:
        """Close. Returns at once; the task ends with ``CANCELLED``.

        Nothing happens once the server has closed. Calls that wait fail at once, except for messages to be sent: they are sent
        before the close frame. The task ends when the server has answered that, after
        2 s at the latest. Before the handshake is done, or while the task is
        suspended, it ends at once.

        Args:
            close_code: A `WebSocketCloseCode` or a number from 3000 to 4999; None for
                a close frame without a code.
            reason: At most 123 bytes of UTF-8; needs a code.

        Raises:
            ValueError: The code must not be sent, or the reason cannot.
        """
        data = reason.encode() if isinstance(reason, str) else bytes(reason)
        close_payload(close_code, data)
        with self._core.lock:
            is_open = self._conversation.is_open and not self._has_ended
            may_close = is_open and self._state is TaskState.RUNNING
            if may_close and self._conversation.server_has_closed:
                return  # it ends by itself, in order, within `CLOSE_TIMEOUT_S`
            if self._state in (TaskState.CANCELING, TaskState.COMPLETED):
                return
            if self._conversation.has_ended:
                return  # another thread is about to say so
            if may_close:
                self._state = TRANSITIONS[self._state][TaskEvent.CANCEL]
        if may_close:
            self._conversation.begin_close(close_code, data)
        else:
            self._stop(close_code or WebSocketCloseCode.GOING_AWAY)

    def _stop(self, code: int) -> None:
        """End at once: a close frame if there is room for one, then FIN."""
        if self._conversation.has_ended:
            return
        if self._load is not None and self._conversation.is_open:
            self._conversation.load.abort(code)
        error = self._cancelled_error()
        self._conversation.end(error, code)
        if self._state is TaskState.CANCELING:  # it was closing, and took too long
            self._end(error, None, b"")
        else:
            self._cancel(error)

    # -- both doors ---------------------------------------------------------------------

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> str | bytes:
        try:
            return await self.receive()
        except URLError:
            if self._has_closed_in_order:
                raise StopAsyncIteration from None
            raise

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str | bytes:
        try:
            return self.receive().result()
        except URLError:
            if self._has_closed_in_order:
                raise StopIteration from None
            raise

    async def __aenter__(self) -> Self:
        self._begin_use()
        try:
            await self.opened()
        except BaseException:
            self.cancel()
            raise
        return self

    async def __aexit__(self, kind: object, _error: object, _traceback: object) -> None:
        self._end_use(is_error=kind is not None)
        try:
            await self
        except URLError:
            return  # whoever used it was told by its calls

    def __enter__(self) -> Self:
        self._begin_use()
        try:
            self.opened().result()
        except BaseException:
            self.cancel()
            raise
        return self

    def __exit__(self, kind: object, _error: object, _traceback: object) -> None:
        self._end_use(is_error=kind is not None)
        core = self._core
        if core.driver.is_current() or core.queue.is_current():
            return  # waiting here would never end; the task ends by itself
        try:
            self.result()
        except URLError:
            return  # whoever used it was told by its calls

    def _begin_use(self) -> None:
        if not self._was_resumed:
            self.resume()

    def _end_use(self, *, is_error: bool) -> None:
        code = WebSocketCloseCode.NORMAL_CLOSURE
        self.cancel(WebSocketCloseCode.GOING_AWAY if is_error else code)

    @property
    def _has_closed_in_order(self) -> bool:
        code = self._error.code if self._error is not None else None
        is_fine = code is None or code is URLErrorCode.CANCELLED
        return is_fine and self._conversation.close_code in _IN_ORDER

    def __del__(self) -> None:
        conversation = getattr(self, "_conversation", None)
        session = self._session
        if conversation is None or session is None or self._has_ended:
            return
        if not self._was_resumed or self._core.web_socket_pool.is_closed:
            return
        conversation.load.abort(WebSocketCloseCode.GOING_AWAY)
        session._forget(self)

    # -- for the session ------------------------------------------------------------------

    def _invalidate(self) -> None:
        self._stop(WebSocketCloseCode.GOING_AWAY)

    def _leave(self) -> None:
        self.cancel(WebSocketCloseCode.GOING_AWAY)

    def _abandon(self, message: str) -> None:
        self._conversation.forget_after_fork()
        super()._abandon(message)
        if self._error is not None:
            self._conversation.end(self._error, 0)

    # -- how it runs ----------------------------------------------------------------------

    @property
    def _tells_everything(self) -> bool:
        return True

    def _make_load(self, _request: URLRequest) -> Load:
        self._conversation.held = self
        return self._conversation.load

    def _follow(self, load: Load, request: URLRequest) -> None:
        load.follow(request)  # which knows what a redirected handshake may become

    def _post(self, call: Callable[[], object]) -> None:
        """Run a completion handler on the delegate queue, in its turn."""
        delivery = self._delivery
        if delivery is None:
            delivery = self._handlers
            if delivery is None:
                delivery = self._handlers = Delivery(self._core.queue)
        delivery.post(Callback(call))

    _handlers: Delivery | None = None

    def _did_open(self, response: HTTPURLResponse, protocol: str | None) -> None:
        self._response = response
        self._tell("web_socket_task_did_open", protocol)
        if self._delivery is None or not any(self._method(name) for name in _NEWS):
            self._conversation.held = None
            session = self._session
            if session is not None:
                session._hold_weakly(self)

    def _did_close(self, code: int, reason: bytes | None) -> None:
        self._tell("web_socket_task_did_close", code, reason)

    def load_did_fail(self, error: URLError) -> None:
        """See `LoadClient`; the handshake could not even begin."""
        self._conversation.load.name_url(error)
        super().load_did_fail(error)

    def _did_end(self, error: URLError | None) -> None:
        if error is not None:
            error.task_id = self.task_identifier
        self._end(error, self._response, b"")

    def _end(
        self, error: URLError | None, response: HTTPURLResponse | None, body: bytes
    ) -> None:
        self._conversation.end(error, 0)
        super()._end(error, response, body)
        self._conversation.held = None

    def _cancelled_error(self) -> URLError:
        return URLError(
            URLErrorCode.CANCELLED,
            "task was cancelled",
            failing_url=self.original_request.url,
            task_id=self.task_identifier,
        )


def _bytes_of(message: object) -> bytes:
    if isinstance(message, bytes | bytearray | memoryview):
        return bytes(message)
    kind = type(message).__name__
    raise TypeError(f"a message is a str or bytes-like, not {kind}")
