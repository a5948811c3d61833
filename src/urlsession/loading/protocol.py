"""A load by a protocol class, and the client that such a class talks to.

Decides when an instance is made, started and stopped, on which thread, and what
becomes of an instance that breaks the contract: response before data before end, and
exactly one end. Whoever breaks it is told at the call (`UsageError`), and the load
fails with what was raised.

Source: Foundation's ``URLProtocol`` and ``URLProtocolClient``.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from ..challenge import AuthChallengeDisposition
from ..engine.stall import ProgressWatch
from ..errors import URLError, URLErrorCode, UsageError
from ..request import URLRequest
from ..response import URLResponse
from ..storage.cached_response import CachedURLResponse, StoragePolicy
from .caching import Proposal
from .local import LocalLoad

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from ..challenge import URLAuthenticationChallenge
    from ..credential import URLCredential
    from ..engine.wires import Timer
    from ..response import HTTPURLResponse
    from .client import LoadClient, LoadContext, WorkQueue
    from .registry import ProtocolClass, ProtocolObject

__all__ = ("Answer", "ProtocolLoad", "URLProtocolClient")

Answer = Callable[["AuthChallengeDisposition", "URLCredential | None"], object]
"""Takes what was decided about a challenge, where protocol classes run."""


class ProtocolLoad(LocalLoad):
    """Has an instance of a protocol class load the request.

    Attributes:
        storage_policy: Whether a cache may keep the response, as the instance said.
    """

    storage_policy: StoragePolicy = StoragePolicy.NOT_ALLOWED

    _instance: ProtocolObject | None = None
    _is_starting: bool = False
    _must_stop: bool = False

    def __init__(
        self,
        client: LoadClient,
        context: LoadContext,
        request: URLRequest,
        kind: ProtocolClass,
    ) -> None:
        super().__init__(client, context, request)
        self._kind = kind
        self._loaded_for: LoadClient | None = client
        self._canonical: URLRequest | None = None
        self._collected: list[bytes] | None = None
        self._collected_size = 0
        self._answer: Answer | None = None
        self._room = threading.Condition(self._lock)
        self._wakers: list[Callable[[], object]] = []
        self._interrupt: Callable[[], object] | None = None
        self._timer: Timer | None = None
        self._watch = ProgressWatch(math.inf, math.inf, 0.0)

    # -- LocalLoad -------------------------------------------------------------------

    def start(self) -> None:
        """See `LocalLoad`."""
        self._watch_time()
        self._queue.submit(self._start_loading)

    def hold(self) -> None:
        """See `Load`."""
        self._observe(time.monotonic())
        super().hold()

    def proceed(self) -> None:
        """See `Load`."""
        self._observe(time.monotonic())
        super().proceed()

    def go_on(self) -> None:
        """See `LocalLoad`."""
        self._wake()

    def stop(self) -> None:
        """See `LocalLoad`."""
        self._wake()
        if self._timer is not None:
            self._timer.cancel()
        with self._lock:
            if not self._is_starting:
                self._must_stop = True  # nothing was started: nothing to stop
                self._loaded_for = None
                return
        self._queue.submit(self._stop_loading)

    # -- time -----------------------------------------------------------------------------

    def _watch_time(self) -> None:
        """Keep Foundation's two time-outs, as for a load over HTTP."""
        limits = self._context.limits
        idle_s = self.request.explicit_timeout_interval or limits.idle_s
        now = time.monotonic()
        self._watch = ProgressWatch(idle_s, now + limits.resource_s, now)
        self._look_again(now)

    def _look_again(self, now: float) -> None:
        wires, at = self._context.wires, self._watch.next_look(now)
        if wires is not None and at < math.inf:
            self._timer = wires.call_at(at, self._look)

    def _look(self) -> None:
        now = time.monotonic()
        self._observe(now)
        if self.is_over:
            return
        if not self._watch.is_expired(now):
            self._look_again(now)
            return
        message = f"{self.name} made no progress in time, or took too long in all"
        self.offer_end(self.error(URLErrorCode.TIMED_OUT, message))

    def _observe(self, now: float) -> None:
        self._watch.observe(
            self._offers,
            is_timed=not (self.is_undecided or self.is_waited_for),
            is_suspended=self._is_held,
            now=now,
        )

    # -- the instance ------------------------------------------------------------------

    @property
    def _queue(self) -> WorkQueue:
        queue = self._context.user_code
        assert queue is not None
        return queue

    @property
    def name(self) -> str:
        """The name of the protocol class."""
        return str(getattr(self._kind, "__qualname__", self._kind))

    def _start_loading(self) -> None:
        with self._lock:
            if self._must_stop:
                return
            self._is_starting = True
        instance: ProtocolObject | None = None
        try:
            request = self._canonical_request()
            cached = self._stored_for(request)
            if self.is_from_cache:
                return
            client = URLProtocolClient(self)
            instance = self._kind(request, cached, client, self._loaded_for)
            with self._lock:
                self._instance = instance
                is_wanted = not self.is_over
            if is_wanted:
                result = instance.start_loading()
                if hasattr(result, "__await__"):
                    self._queue.finish(self._run(result), self._has_started)
        except BaseException as error:  # user code
            self._raised("start_loading" if instance else "__init__", error)
            if not isinstance(error, Exception):
                raise

    # -- the cache ------------------------------------------------------------------------

    def _stored_for(self, request: URLRequest) -> CachedURLResponse | None:
        """Return what is stored for the request; it may be the answer already."""
        client, cache = self._loaded_for, self._context.cache
        self._canonical = request
        if client is None:
            return None
        cached, is_answer = cache.stored_for(client, request)
        if is_answer and cached is not None:
            self.serve(cached)
            self.offer_end()
        return cached

    def serve(self, cached: CachedURLResponse) -> None:
        """Hand over a stored reply, but for the end."""
        self.is_from_cache = True
        self.offer_response(cached.response)
        if cached.data:
            self.offer_data(cached.data)

    def offer_data(self, data: bytes) -> bool:
        """See `LocalLoad`; kept for the cache too, if that is wanted."""
        if self._collected is not None:
            cache = self._context.cache
            self._collected.append(data)
            self._collected_size += len(data)
            if self._collected_size > cache.limit():
                self._collected = None
        return super().offer_data(data)

    def may_be_stored(self, policy: StoragePolicy) -> None:
        """Collect what comes, for the cache."""
        cache, client = self._context.cache, self._loaded_for
        self.storage_policy = policy
        if (
            policy is not StoragePolicy.NOT_ALLOWED
            and cache.keeps
            and client is not None
            and client.uses_cache
            and not self.is_from_cache
        ):
            self._collected = []

    def complete(self, response: URLResponse) -> None:
        """See `LocalLoad`: propose to store the reply."""
        pieces, cache, request = self._collected, self._context.cache, self._canonical
        if pieces is None or request is None:
            return
        status_code = getattr(response, "status_code", 200)
        if request.http_method == "GET" and 200 <= status_code < 300:
            data, policy = b"".join(pieces), self.storage_policy
            cached = CachedURLResponse(response, data, storage_policy=policy)
            self.proposal = Proposal(cache, self._loaded_for, request, cached)

    # -- starting ---------------------------------------------------------------------------

    async def _run(self, starting: Awaitable[Any]) -> None:
        """Run an asynchronous ``start_loading``, until it ends or the load stops."""
        import asyncio

        me, loop = asyncio.current_task(), asyncio.get_running_loop()
        assert me is not None
        with self._lock:
            self._interrupt = partial(loop.call_soon_threadsafe, me.cancel)
            is_wanted = self._instance is not None
        try:
            if is_wanted:
                await starting
        finally:
            self._interrupt = None

    def _has_started(self, _value: Any, error: BaseException | None) -> None:
        if error is not None:
            self._raised("start_loading", error)

    def _canonical_request(self) -> URLRequest:
        request = self.request.copy()
        for name, value in self._context.fields:
            if request.value(name) is None:
                request.headers.add(name, value)
        made = self._kind.canonical_request(request)
        if not isinstance(made, URLRequest):
            raise TypeError(
                f"canonical_request returned a {type(made).__name__}, no URLRequest"
            )
        return made

    def _stop_loading(self) -> None:
        with self._lock:
            instance, self._instance = self._instance, None
            self._loaded_for = None
        if instance is None:
            return
        try:
            result = instance.stop_loading()
            if hasattr(result, "__await__"):
                self._queue.finish(result, self._has_stopped_loading)
        except Exception as error:  # the load is over: nobody is left to fail
            _log(f"{self.name}.stop_loading", error)
        interrupt = self._interrupt
        if interrupt is not None:
            try:
                interrupt()
            except RuntimeError:  # its loop has just ended, and the coroutine with it
                return

    def _has_stopped_loading(self, _value: Any, error: BaseException | None) -> None:
        if error is not None:
            _log(f"{self.name}.stop_loading", error)

    def _raised(self, method: str, error: BaseException) -> None:
        """Fail with what a method of the instance raised."""
        if self.is_over:
            if isinstance(error, Exception):
                _log(f"{self.name}.{method}", error)
            return
        if not isinstance(error, URLError):
            error = URLError(
                URLErrorCode.UNKNOWN,
                f"{self.name}.{method} raised {type(error).__name__}: {error}",
                failing_url=self.request.url,
                underlying=error,
            )
        self.offer_end(error)

    # -- for URLProtocolClient -----------------------------------------------------------

    def when_room(self, wake: Callable[[], object]) -> bool:
        """Call `wake` once the client is not behind; False if it is not now."""
        with self._lock:
            if not self.is_behind or self.is_over:
                return False
            self._is_starved = True
            self._wakers.append(wake)
            return True

    # -- challenges -------------------------------------------------------------------------

    def offer_challenge(
        self, challenge: URLAuthenticationChallenge, answer: Answer
    ) -> None:
        """Have the client decide; nothing else is told meanwhile."""
        self._put(lambda: self._tell_challenge(challenge, answer))

    def _tell_challenge(
        self, challenge: URLAuthenticationChallenge, answer: Answer
    ) -> bool:
        client = self._client
        if client is not None:
            self._answer = answer
            self.is_undecided = True
            client.load_was_challenged(challenge)
        return True

    def answer_challenge(
        self,
        disposition: AuthChallengeDisposition,
        credential: URLCredential | None,
    ) -> None:
        """See `Load`: the instance goes on, unless the load is to be cancelled."""
        answer, self._answer = self._answer, None
        client = self._client
        self.is_undecided = False
        if answer is None or client is None:
            return
        if disposition is AuthChallengeDisposition.CANCEL_AUTHENTICATION_CHALLENGE:
            client.load_was_refused_credentials()
            return
        self._queue.submit(partial(self._hand_answer, answer, disposition, credential))

    def _hand_answer(
        self,
        answer: Answer,
        disposition: AuthChallengeDisposition,
        credential: URLCredential | None,
    ) -> None:
        try:
            answer(disposition, credential)
        except Exception as error:  # user code
            self._raised("answer to a challenge", error)

    def withdraw_challenge(self) -> None:
        """Take no answer any more."""
        self._answer = None
        self.is_undecided = False

    # -- room ---------------------------------------------------------------------------------

    def _wake(self) -> None:
        with self._room:
            self._room.notify_all()
            wakers, self._wakers = self._wakers, []
        for wake in wakers:
            wake()

    def wait_for_room(self) -> None:
        """Block while the client is behind; returns at once where that would hang."""
        with self._room:
            while self.is_behind and not self.is_over:
                self._is_starved = True
                self._room.wait()

    def is_instance(self, protocol: object) -> bool:
        """Whether `protocol` is of the class that loads here."""
        return not isinstance(self._kind, type) or isinstance(protocol, self._kind)

    @property
    def may_block(self) -> bool:
        """Whether a protocol's thread is its own, for as long as it likes."""
        return self._context.user_code is self._context.workers


class URLProtocolClient:
    """What an instance of a `URLProtocol` tells of its load.

    First one `did_receive_response`, then any number of `did_load`, then either
    `did_finish_loading` or `did_fail`, once. Or `was_redirected`, and nothing after it.
    Calls after the load was stopped are ignored. As on Apple's platforms, calls come
    from the thread that called ``start_loading``; any other is accepted here, so long
    as one call has returned before the next is made.

    Source: Foundation's ``URLProtocolClient``.
    """

    def __init__(self, load: ProtocolLoad) -> None:
        self._load = load
        self._has_response = False
        self._has_ended = False

    @property
    def is_stopped(self) -> bool:
        """Whether nobody wants anything any more; ``stop_loading`` was called, or will be."""
        return self._load.is_over

    @property
    def is_behind(self) -> bool:
        """Whether 1 MiB waits for the reader: better wait before `did_load`.

        Where a protocol has a thread of its own (a session without a loop),
        `did_load` waits itself. On a loop it cannot: ``await client.drained()``.
        """
        return self._load.is_behind

    async def drained(self) -> None:
        """Wait until the reader is not behind, or nobody reads any more."""
        import asyncio

        loop, has_room = asyncio.get_running_loop(), asyncio.Event()
        while self._load.when_room(lambda: loop.call_soon_threadsafe(has_room.set)):
            await has_room.wait()
            has_room.clear()

    def did_receive_response(
        self,
        protocol: object,
        response: URLResponse,
        policy: StoragePolicy = StoragePolicy.NOT_ALLOWED,
    ) -> None:
        """Hand over the response.

        Args:
            protocol: The instance that calls.
            response: An `HTTPURLResponse` for HTTP-like loads.
            policy: Whether the session's cache may keep the reply. Data tasks' only,
                to GET, with a status of 200 to 299 if it has one.

        Raises:
            UsageError: The load has a response already, or has ended.
            TypeError: `response` is no `URLResponse`.
        """
        if not isinstance(response, URLResponse):
            raise TypeError(
                f"response must be a URLResponse, not {type(response).__name__}"
            )
        self._expect(
            protocol, not self._has_response, "did_receive_response", "it had one"
        )
        self._has_response = True
        self._load.may_be_stored(StoragePolicy(policy))
        self._load.offer_response(response)

    def cached_response_is_valid(
        self, protocol: object, cached_response: CachedURLResponse
    ) -> None:
        """Hand over a stored reply, whole, as response and data; the end is to follow.

        Args:
            protocol: The instance that calls.
            cached_response: What the instance was given, mostly.

        Raises:
            UsageError: The load has a response already, or has ended.
        """
        self._expect(
            protocol, not self._has_response, "cached_response_is_valid", "it had one"
        )
        self._has_response = True
        self._load.serve(cached_response)

    def did_load(self, protocol: object, data: bytes | bytearray | memoryview) -> None:
        """Hand over the next piece of the body: new bytes only.

        Raises:
            UsageError: There was no response yet, or the load has ended.
            TypeError: `data` is not bytes.
        """
        if not isinstance(data, bytes | bytearray | memoryview):
            raise TypeError(f"data must be bytes, not {type(data).__name__}")
        self._expect(
            protocol, self._has_response, "did_load", "there was no response yet"
        )
        if not data:
            return
        if not self._load.offer_data(bytes(data)) and self._load.may_block:
            self._load.wait_for_room()

    def did_finish_loading(self, protocol: object) -> None:
        """Say that the body is complete.

        Raises:
            UsageError: There was no response, or the load has ended.
        """
        self._expect(
            protocol, self._has_response, "did_finish_loading", "there was no response"
        )
        self._has_ended = True
        self._load.offer_end()

    def did_fail(self, protocol: object, error: Exception) -> None:
        """Say that the load failed.

        Args:
            protocol: The instance that calls.
            error: A `URLError`; anything else becomes the cause of one with the code
                ``UNKNOWN``.

        Raises:
            UsageError: The load has ended.
        """
        self._expect(protocol, True, "did_fail", "")
        self._has_ended = True
        if not isinstance(error, URLError):
            error = URLError(
                URLErrorCode.UNKNOWN,
                f"{self._load.name} failed: {error}",
                failing_url=self._load.request.url,
                underlying=error,
            )
        self._load.offer_end(error)

    def did_receive_challenge(
        self,
        protocol: object,
        challenge: URLAuthenticationChallenge,
        answer: Answer,
    ) -> None:
        """Ask the delegate how to answer a challenge; before the response.

        Tell nothing until `answer` is called. It is not called if the delegate cancels
        the challenge, which cancels the task.

        Args:
            protocol: The instance that calls.
            challenge: What is asked; an instance makes it itself.
            answer: Called with the disposition and the credential, where
                ``start_loading`` runs (on another worker, if that is a worker).
                ``PERFORM_DEFAULT_HANDLING`` if there is no delegate's method.

        Raises:
            UsageError: The load has a response already, or has ended.
        """
        self._expect(
            protocol,
            not self._has_response,
            "did_receive_challenge",
            "there was a response already",
        )
        self._load.offer_challenge(challenge, answer)

    def did_cancel_challenge(
        self,
        protocol: object,
        challenge: URLAuthenticationChallenge,  # noqa: ARG002  # there is one at a time
    ) -> None:
        """Take a challenge back: what the delegate answers is ignored.

        Raises:
            UsageError: The load has ended.
        """
        self._expect(protocol, True, "did_cancel_challenge", "")
        self._load.withdraw_challenge()

    def was_redirected(
        self, protocol: object, request: URLRequest, response: HTTPURLResponse
    ) -> None:
        """Say that the resource is elsewhere. Nothing must follow.

        The delegate is asked like after a redirect over HTTP; what it decides on is
        loaded by whichever protocol takes that.

        Raises:
            UsageError: There was a response already, or the load has ended.
            TypeError: `request` is no `URLRequest`.
        """
        if not isinstance(request, URLRequest):
            raise TypeError(
                f"request must be a URLRequest, not {type(request).__name__}"
            )
        self._expect(
            protocol,
            not self._has_response,
            "was_redirected",
            "there was a response already",
        )
        self._has_ended = True
        self._load.offer_redirect(request.copy(), response)

    def _expect(
        self, protocol: object, is_so: bool, method: str, otherwise: str
    ) -> None:
        if not self._load.is_instance(protocol):
            raise TypeError(f"{method}: the first argument is the protocol that calls")
        if self._load.is_over and not self._has_ended:
            return  # stopped: whatever comes is ignored
        if self._has_ended:
            otherwise = "the load has ended"
        elif is_so:
            return
        raise UsageError(f"{self._load.name} called {method}: {otherwise}")


def _log(where: str, error: BaseException) -> None:
    import logging  # 5 ms that a program without errors need not pay

    logging.getLogger("urlsession").error(
        "%s raised %s", where, type(error).__name__, exc_info=error
    )
