"""What a WebSocket has received and who waits for it, between load and task.

Decides who gets a message, when a slow receiver makes the peer wait, and that a task
which nobody can use any more is let go: the load holds this object, this object
holds the task only while the handshake runs or a delegate is there to be told; calls
that wait hold the task themselves.
"""

from __future__ import annotations

import dataclasses
import threading
import weakref
from bisect import insort
from collections import deque
from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, Any, ClassVar

from ..close_code import WebSocketCloseCode, close_code_of
from ..errors import URLError, URLErrorCode
from ..loading.web_socket.frame import Opcode, encode_frame
from ..loading.web_socket.handshake import as_web_socket
from ..loading.web_socket.load import WebSocketLoad
from .web_socket_call import ReceiveCall, SendCall, WebSocketCall

if TYPE_CHECKING:
    from ..challenge import URLAuthenticationChallenge
    from ..request import URLRequest
    from ..response import HTTPURLResponse
    from .core import SessionCore
    from .web_socket_task import URLSessionWebSocketTask

__all__ = ("HIGH_WATER", "LOW_WATER", "Conversation")

HIGH_WATER = 1024 * 1024  # bytes of messages in memory at which reading pauses
LOW_WATER = 256 * 1024  # bytes at which it goes on
MESSAGE_COST = 64  # bytes that a message counts for besides its own


class Conversation:
    """The `WebSocketClient` of one task.

    Attributes:
        lock: Guards everything here, and the states of calls; never held while the
            pool's lock is waited for.
        load: The load, made at once so that what is sent early can wait in it.
        held: The task, while it must live though nobody refers to it.
        close_code: As `URLSessionWebSocketTask.close_code`.
        close_reason: As `URLSessionWebSocketTask.close_reason`.
        protocol: The subprotocol that the server chose; None for none.
        opened: Done when the handshake is.
        is_open: Whether the handshake is done; stays set at the end.
        server_has_closed: Whether the server's close frame has come.
        has_ended: Whether it is over; the task is about to be.
    """

    def __init__(
        self,
        task: URLSessionWebSocketTask,
        core: SessionCore,
        message_limit: int,
    ) -> None:
        self.lock = threading.RLock()
        self._task = weakref.ref(task)
        self._core = core
        self._pool = core.web_socket_pool
        context = dataclasses.replace(core.context, pool=self._pool)
        request = task.original_request
        self.load = WebSocketLoad(self, context, request, message_limit)
        self.held: URLSessionWebSocketTask | None = None
        self.close_code: int = WebSocketCloseCode.INVALID
        self.close_reason: bytes | None = None
        self.protocol: str | None = None
        self.is_open = False
        self.server_has_closed = False
        self._messages: deque[tuple[int, str | bytes]] = deque()
        self._message_count = 0
        self._buffered = 0
        self._is_starved = False
        self._receives: deque[ReceiveCall] = deque()
        self._pings: deque[tuple[bytes, WebSocketCall[None]]] = deque()
        self._openings: list[WebSocketCall[None]] = []
        self._ping_count = 0
        self._error: URLError | None = None  # for calls, once the end has come
        self.has_ended = False
        self._was_cancelled = False

    # -- for the task; any thread ----------------------------------------------------

    def send(self, opcode: int, payload: bytes, call: SendCall) -> None:
        """Write a message when it is its turn."""
        if self.has_ended:
            call.was_dropped()
        else:
            self.load.send(encode_frame(opcode, payload, self.load.keys.next()), call)

    def receive(self, call: ReceiveCall) -> None:
        """Give `call` the next message that no call before it gets."""
        must_go_on = False
        with self.lock:
            if self._messages and not self._receives:
                call.serial, message = self._messages.popleft()
                self._buffered -= len(message) + MESSAGE_COST
                must_go_on = self._is_starved and self._buffered <= LOW_WATER
                if must_go_on:
                    self._is_starved = False
                call.resolve(message)
            elif self.has_ended or self._was_cancelled:
                call.resolve(None, self.error_of_calls())
            else:
                self._receives.append(call)
        if must_go_on:
            self.load.take_again()

    def ping(self, call: WebSocketCall[None]) -> None:
        """Send a ping; `call` is done when it is answered."""
        with self.lock:
            if self.has_ended or self._was_cancelled:
                call.resolve(None, self.error_of_calls())
                return
            self._ping_count += 1
            payload = self._ping_count.to_bytes(4, "big")
            self._pings.append((payload, call))
        self.load.send(encode_frame(Opcode.PING, payload, self.load.keys.next()), None)

    def open(self, call: WebSocketCall[None]) -> None:
        """Have `call` done when the handshake is."""
        with self.lock:
            if self.is_open:
                call.resolve(None)
            elif self.has_ended:
                call.resolve(None, self.error_of_calls())
            else:
                self._openings.append(call)

    def abandon(self, call: WebSocketCall[Any]) -> None:
        """Nobody waits for `call` any more; its message goes to the next one."""
        if not isinstance(call, ReceiveCall):
            return
        with self.lock:
            message = call.take_back()
            if message is None:
                if call in self._receives:
                    self._receives.remove(call)
            elif self._receives:
                self._give(call.serial, message)
            else:
                insort(self._messages, (call.serial, message), key=itemgetter(0))
                self._buffered += len(message) + MESSAGE_COST

    def begin_close(self, code: int | None, reason: bytes) -> None:
        """Close in order; what still comes is not wanted."""
        with self.lock:
            self._was_cancelled = True
            self._messages.clear()
            self._buffered = 0
            must_go_on, self._is_starved = self._is_starved, False
            calls = self._take_calls()
        self._fail(calls)
        self.load.close(code, reason)
        if must_go_on:
            self.load.take_again()

    def end(self, error: URLError | None, code: int) -> None:
        """It is over: nothing is received any more, and calls fail.

        Args:
            error: Why; None if the server closed.
            code: The close code, unless the server gave one; 0 if there is none.
        """
        with self.lock:
            self.has_ended = True
            if error is not None:
                self._error = error
            if self.close_code == WebSocketCloseCode.INVALID and self.is_open:
                code = code or WebSocketCloseCode.ABNORMAL_CLOSURE
                self.close_code = close_code_of(code)
            calls = self._take_calls()
        self._fail(calls)
        self.load.give_up()

    def error_of_calls(self) -> URLError:
        """Return what fails a call from now on."""
        error = self._error
        if error is None:
            code = URLErrorCode.NETWORK_CONNECTION_LOST
            message = "the WebSocket is closed"
            if self._was_cancelled:
                code, message = URLErrorCode.CANCELLED, "the WebSocket was cancelled"
            elif self.close_code:
                message = f"server closed the WebSocket with {self.close_code:d}"
                if self.close_reason:
                    message += f" ({self.close_reason.decode(errors='replace')})"
            url = as_web_socket(self.load.request.url)
            error = self._error = URLError(code, message, failing_url=url)
        return error

    def rouse(self) -> None:
        """Have a thread that drives the pool look again at what it waits for."""
        if self._pool.leader:
            self._core.driver.rouse(self._pool)

    def forget_after_fork(self) -> None:
        """In a forked child: the lock may be held by a thread that is not here."""
        self.lock = threading.RLock()
        self.has_ended = True

    def _take_calls(self) -> list[WebSocketCall[Any]]:
        calls: list[WebSocketCall[Any]] = [*self._receives, *self._openings]
        calls += [call for _, call in self._pings]
        self._receives.clear()
        self._pings.clear()
        self._openings.clear()
        return calls

    def _fail(self, calls: Iterable[WebSocketCall[Any]]) -> None:
        for call in calls:
            call.resolve(None, self.error_of_calls())

    # -- WebSocketClient ---------------------------------------------------------------

    def web_socket_did_open(
        self, response: HTTPURLResponse, protocol: str | None
    ) -> None:
        """See `WebSocketClient`."""
        task = self._task()
        with self.lock:
            self.is_open = True
            self.protocol = protocol
            openings, self._openings = self._openings, []
        if task is not None:
            task._did_open(response, protocol)
        for call in openings:
            call.resolve(None)

    def web_socket_is_full(self) -> bool:
        """See `WebSocketClient`."""
        with self.lock:
            if self._buffered >= HIGH_WATER:
                self._is_starved = True
            return self._is_starved

    def web_socket_did_receive(self, message: str | bytes) -> None:
        """See `WebSocketClient`."""
        with self.lock:
            self._message_count = serial = self._message_count + 1
            if self._receives:
                self._give(serial, message)
                return
            self._messages.append((serial, message))
            self._buffered += len(message) + MESSAGE_COST

    def _give(self, serial: int, message: str | bytes) -> None:
        call = self._receives.popleft()
        call.serial = serial
        call.resolve(message)

    def web_socket_did_receive_pong(self, payload: bytes) -> None:
        """See `WebSocketClient`."""
        with self.lock:
            position = next(
                (n for n, (sent, _) in enumerate(self._pings) if sent == payload), -1
            )
            # A peer may answer the latest of several pings only: RFC 6455, 5.5.3.
            answered = [self._pings.popleft()[1] for _ in range(position + 1)]
        for call in answered:
            call.resolve(None)

    def web_socket_did_close(self, code: int, reason: bytes) -> None:
        """See `WebSocketClient`."""
        with self.lock:
            self.server_has_closed = True
            self.close_code = close_code_of(code)
            self.close_reason = reason or None
            calls = self._take_calls()
        task = self._task()
        if task is not None:
            task._did_close(self.close_code, self.close_reason)
        self._fail(calls)

    def web_socket_did_end(self, error: URLError | None, sent_code: int) -> None:
        """See `WebSocketClient`."""
        self._finish(error, sent_code)

    # -- LoadClient ----------------------------------------------------------------------

    uses_cache: ClassVar[bool] = False

    @property
    def current_request(self) -> URLRequest:
        """See `LoadClient`."""
        return self.load.request

    def load_is_offered(self, _request: URLRequest) -> bool:
        """See `LoadClient`; protocol classes open no WebSockets."""
        return False

    def load_did_receive_informational(self, response: HTTPURLResponse) -> None:
        """See `LoadClient`."""
        task = self._task()
        if task is not None:
            task.load_did_receive_informational(response)

    def load_did_receive_response(self, response: HTTPURLResponse) -> None:
        """See `LoadClient`."""
        task = self._task()
        if task is not None:
            task._response = response

    def load_did_receive_data(self, _data: bytes) -> bool:
        """See `LoadClient`; the body of a refusal is not kept."""
        return True

    def load_did_receive_pieces(self, _pieces: Sequence[bytes]) -> bool:
        """See `LoadClient`; never asked for."""
        return True

    def load_did_send(self, _total_bytes_sent: int, _increment: int) -> None:
        """See `LoadClient`; a handshake has no body."""

    def load_was_redirected(
        self, response: HTTPURLResponse, request: URLRequest
    ) -> None:
        """See `LoadClient`."""
        task = self._task()
        if task is not None:
            request.url = as_web_socket(request.url)
            task.load_was_redirected(response, request)

    def load_is_waiting_for_connectivity(self) -> None:
        """See `LoadClient`."""
        task = self._task()
        if task is not None:
            task.load_is_waiting_for_connectivity()

    def load_was_challenged(self, challenge: URLAuthenticationChallenge) -> None:
        """See `LoadClient`."""
        task = self._task()
        if task is not None:
            task.load_was_challenged(challenge)

    def load_was_refused_credentials(self) -> None:
        """See `LoadClient`."""
        task = self._task()
        if task is not None:
            task.load_was_refused_credentials()

    def load_needs_new_body(self) -> None:
        """See `LoadClient`; a handshake has no body."""

    def load_did_finish(self, response: HTTPURLResponse, _body: bytes) -> None:
        """See `LoadClient`: the handshake was answered with something else than 101."""
        task = self._task()
        if task is not None:
            task._response = response
        error = URLError(
            URLErrorCode.BAD_SERVER_RESPONSE,
            f"server refused the WebSocket with status {response.status_code}",
            failing_url=self.load.request.url,
        )
        self._finish(error, 0)

    def load_did_fail(self, error: URLError) -> None:
        """See `LoadClient`."""
        self._finish(error, 0)

    def _finish(self, error: URLError | None, sent_code: int) -> None:
        if error is not None:
            self.load.name_url(error)
        task = self._task()
        if self._was_cancelled and task is not None:
            error = task._cancelled_error()
        self.end(error, sent_code)
        self.held = None
        if task is not None:
            task._did_end(error)
