"""One load over HTTP: the transactions of a task, one after the other.

Decides when a transaction is the last. Whoever started the load (a task) is its
`LoadClient` and answers the questions that have an answer; a load knows neither
tasks nor delegates.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import pycurl

from ..engine.transfer import TimeLimits
from ..errors import URLError, URLErrorCode
from ..response import HTTPURLResponse
from ..storage.cache_rules import glance, is_of_interest
from ..url import parse_url
from .client import Transaction
from .coding import CodingError
from .cookies import has_set_cookie
from .head import last_head
from .options import (
    BUFFER_SIZE,
    header_options,
    with_options,
)
from .receiving import ReceivingLoad
from .redirect import (
    MAXIMUM_REDIRECTS,
    is_redirect,
    location_of,
    redirected_request,
    too_many_redirects,
)
from .resend import may_be_sent_again
from .route import Route

if TYPE_CHECKING:
    from ..challenge import AuthChallengeDisposition, URLAuthenticationChallenge
    from ..credential import URLCredential
    from ..request import BodyStream, URLRequest
    from ..storage.cached_response import Entry
    from ..url import URLParts
    from .caching import Proposal
    from .client import LoadClient
    from .cookies import CookieHandling
    from .guard import Guard
    from .sites import Sites

__all__ = ("HTTPLoad",)

_CHALLENGES = (401, 407)
_REDIRECT_BODY_LIMIT = 64 * 1024  # bytes read so that the connection can be kept


def _has_no_status(line: bytes) -> bool:
    """Whether a status line has more digits than a status; libcurl reads three.

    Source: RFC 9112, 4.
    """
    return line[12:13].isdigit()  # after "HTTP/1.1 200"; in HTTP/2 a line break


class HTTPLoad(ReceivingLoad):
    """Loads one request, and what it redirects to.

    Attributes:
        redirect_count: Redirects followed so far.
        has_begun: Whether a transaction was ever handed to the pool.
        speaks_http3: Whether it may go over HTTP/3.
        asks_for_body: Whether the client is asked for each resend's body, although
            the one it gave could be read again.
        proposes_always: Whether the client decides on the storing of each reply that
            may be stored, useful or not.
        validated: The stored reply that the present transaction asks about.
        found: A key, and the stored reply that was read for it elsewhere.
        is_from_cache: Whether the present transaction was answered by a stored reply.
        concerns_cache: Whether the cache is to see the reply, whatever its head says.
        is_cache_doubtful: Whether a stored reply is no longer true if this one cannot
            take its place.
        proposal: The reply, if it is to be stored; set when the load has succeeded.
        asks_for_trust: Whether the client is asked about each new TLS connection.
    """

    _earlier: list[Transaction] | None = None
    _response: HTTPURLResponse | None = None
    _location: str | None = None
    _kept: list[bytes] | None = None
    _next_request: URLRequest | None = None
    _is_asking: bool = False
    _dropped_size: int = 0
    _held_at: float | None = None
    _lines: list[bytes]
    _is_head_done: bool = False
    _route: Route | None = None
    _attempts: int = 0
    _ignores_stored: bool = False
    _is_replaced: bool = False
    _may_be_useful: bool = True
    _waiting: tuple[HTTPURLResponse, bytes] | None = None
    proposes_always: bool = False
    validated: Entry | None = None
    found: tuple[str, Entry | None] | None = None
    is_from_cache: bool = False
    concerns_cache: bool = False
    is_cache_doubtful: bool = False
    proposal: Proposal | None = None
    _guard: Guard | None = None
    _has_challenge: bool = False
    asks_for_trust: bool = False
    redirect_count: int = 0
    has_begun: bool = False
    speaks_http3: bool = True
    asks_for_body: bool = False

    # -- for the client; any thread, no lock held --------------------------------

    def begin(self) -> None:
        """Send the request.

        Raises:
            URLError: It cannot be sent: bad URL, a GET with a body, a body that
                cannot be opened. Nothing was begun then.
        """
        context = self._context
        parts = context.quiet.find(self.request)
        if parts is None or not self._is_unmarked():
            if not self._heed():
                return
        else:
            self.url = parts.request_url
            self.host = parts.host
            self.is_secure = parts.scheme == "https"
            self.limits = context.limits
        self.has_begun = True
        context.pool.start(self)
        if self._client is None and not self.head:
            # It has not ended, but was cancelled meanwhile, on another thread.
            context.pool.cancel(self)

    def _is_unmarked(self) -> bool:
        """Whether nothing was asked of this load but its request."""
        return not (
            self.is_streaming
            or self.asks_for_trust
            or self.priority_urgency is not None
            or self._guard is not None
            or self._route is not None
        )

    def _heed(self) -> bool:
        """Set what the stores know of the request; False if it was answered."""
        context = self._context
        sites, request = context.sites, self.request
        parts = parse_url(request.url)
        if parts.scheme != "https" and sites.may_upgrade:
            request = self._upgrade(sites)
            parts = parse_url(request.url)
        self.url = parts.request_url
        self.host = parts.host
        if parts.scheme == "https":
            self.is_secure = True
        elif context.requires_secure_connection:
            raise self._error(
                URLErrorCode.APP_TRANSPORT_SECURITY_REQUIRES_SECURE_CONNECTION,
                "the session's configuration requires TLS for every load",
            )
        self.limits = context.limits
        if context.cookies is not None and not context.cookies.has_nothing_for(
            parts.host
        ):
            self._take_cookies(context.cookies, parts)
        cache, is_plain = context.cache, request.is_plain
        if not (is_plain and cache.has_nothing_for(request, parts)):
            sent = request if self._ignores_stored else cache.consult(self, request)
            if sent is None:
                return False
            request, is_plain = sent, sent.is_plain
        if not is_plain or self.priority_urgency is not None:
            self._prepare(request, context.limits)
        if self.is_streaming:
            self._prepare_stream(request)
        if (
            self._route is not None
            or context.proxies is not None
            or (
                self.is_secure
                and (sites.alternatives.known or request.assumes_http3_capable)
            )
        ):
            self._take_route()
        if self._guard is not None or self.asks_for_trust or context.guard.is_needed:
            self._guard_run()
        return True

    @property
    def client(self) -> LoadClient | None:
        """Who is told; None once the load is over."""
        return self._client

    @property
    def is_authenticated(self) -> bool:
        """Whether the session has put a credential of its own into the request."""
        if self._guard is None or self.request.value("Authorization") is not None:
            return False
        for option, value in self.options:
            if option in (pycurl.HTTPAUTH, pycurl.USERPWD, pycurl.USERNAME):
                return True
            if option == pycurl.HTTPHEADER and isinstance(value, list):
                lines: list[bytes] = value
                if any(one.lower().startswith(b"authorization:") for one in lines):
                    return True
        return False

    @property
    def head_lines(self) -> Sequence[bytes]:
        """The raw lines of the head that came; of all heads, if there were several."""
        return self._lines if self.is_streaming else self.head

    def cancel(self) -> None:
        """Stop, without a word to the client; a connection in use is closed."""
        self._client = None
        if self._attempts:
            from ..engine.connectivity import lookout

            lookout().leave(self._try_again)
        self._context.pool.cancel(self)
        self._close_reader()
        if self._guard is not None:
            self._guard.let_go()

    def hold(self) -> None:
        """Pause; both timers pause too."""
        self._held_at = time.monotonic()
        self._context.pool.hold(self)

    def proceed(self) -> None:
        """Go on after `hold`."""
        held_at, self._held_at = self._held_at, None
        if held_at is not None and self.handle is None and self.started_at >= 0:
            # Between two runs, or taken out of the queue for a connection: nobody
            # has looked at the timers meanwhile.
            held_s = time.monotonic() - held_at
            self.started_at += held_s
            if self.watch is not None:
                self.watch.resource_deadline += held_s
        self._context.pool.resume(self)
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            self.answer(*waiting)

    def take_again(self) -> None:
        """Go on after a piece of the body was not taken."""
        self._context.pool.take_again(self)

    def follow(self, request: URLRequest) -> None:
        """Follow the redirect with `request`."""
        is_asking = self._is_asking  # first: the other thread clears it
        self._next_request = request
        if is_asking:  # the run goes on to its end, see `_receive_redirect_body`
            self._context.pool.take_again(self)
        else:
            self._follow()

    def _follow(self) -> None:
        request = self._next_request
        if self._client is None or request is None:
            return
        if not self._has_challenge:
            self.redirect_count += 1
            if self._guard is not None:
                self._guard.was_let_in(self._response)
        self._note_transaction()
        reader = self._reader
        if reader is None or request.http_body_stream is None:
            self._run_again()
        elif reader.can_rewind and not self.asks_for_body:
            reader.rewind()
            self._run_again()
        else:
            self._client.load_needs_new_body()

    def follow_with_body(self, stream: BodyStream | None) -> None:
        """Send the request with a new stream for the body; None if there is none."""
        if self._client is None:
            return
        if stream is None:
            message = "the body's stream cannot be read again"
            code = URLErrorCode.REQUEST_BODY_STREAM_EXHAUSTED
            self._fail(self._error(code, message))
            return
        assert self._next_request is not None
        self._close_reader()
        self._next_request.http_body_stream = stream
        self._run_again()

    def run_next(
        self,
        client: LoadClient,
        request: URLRequest,
        *,
        offset: int = 0,
        limit: int | None = None,
    ) -> None:
        """Run another request, for a client that does not take the end for one.

        The task's time goes on, and its metrics get one more transaction. Called with
        no lock held, after the client was told that the load had finished or failed.

        Args:
            client: Who is told, again.
            request: What to load.
            offset: Bytes of the request's stream to leave out.
            limit: Bytes of the request's stream to send at most.
        """
        if self.has_begun:
            self._note_transaction()
        self._client = client
        self._body_offset, self._body_limit = offset, limit
        self._kept = None
        self._next_request = request
        self._run_again()

    def answer(self, response: HTTPURLResponse, body: bytes) -> None:
        """Take a stored reply as that of this transaction. After; for `LoadCache`."""
        client = self._client
        if client is None:
            return
        if self._held_at is not None:  # suspended: `proceed` comes here again
            self._waiting = response, body
            return
        if self.validated is not None:
            self._note_transaction()  # the one that asked if it still holds
            self.validated = None
        self._forget_transaction()
        self.is_from_cache = True
        self.connection = None
        self.begun_at = time.monotonic()
        self._response = response
        self.body = body
        if 300 <= response.status_code < 400:
            location = location_of(response)
            if is_redirect(response.status_code, location):
                self._location = location
                self._ask_about_redirect()
                return
        if self.is_streaming:
            self._decoded_size = len(body)
            self._give_stored(client, response)
        self._succeed()

    def _give_stored(self, client: LoadClient, response: HTTPURLResponse) -> None:
        client.load_did_receive_response(response)
        body, self.body = self.body, b""
        if body:
            client.load_did_receive_data(body)  # the first piece is always taken

    def find_elsewhere(self, find: Callable[[], tuple[str, Entry | None]]) -> None:
        """Begin again with what `find` gives for `found`. For `LoadCache`.

        Args:
            find: Called on a thread that may wait.
        """

        def act() -> None:
            found = find()
            if self._client is not None:
                self.found = found
                self._begin_again()
                self.found = None

        workers = self._context.workers
        assert workers is not None
        workers.submit(act)

    def repeat(self) -> None:
        """Send the request of this transaction without conditions. For `LoadCache`."""
        self._note_transaction()
        self._ignores_stored = True
        self._begin_again()

    def refuse_redirect(self) -> None:
        """Let the 3xx response itself be the result."""
        client, response = self._client, self._response
        if client is None:
            return
        is_asking = self._is_asking  # first: the other thread clears it
        self._location = None
        self._has_challenge = False
        if is_asking:  # now the body is wanted
            self._context.pool.take_again(self)
            return
        if self.is_streaming and response is not None:
            self._give_stored(client, response)
        self._succeed()

    def give_socket(self) -> bool:
        """Take the present connection from libcurl: `taken_fd` is its socket then.

        The client gets what libcurl has read of the body before this returns, and
        nothing more. Not for TLS and HTTP/2.

        Returns:
            False if there is no connection any more: the run has ended.
        """
        is_taken = self._context.pool.take_socket(self)
        if is_taken:
            self._client = None
            self._close_reader()
        return is_taken

    def keep_deadline(self, load: HTTPLoad) -> None:
        """End when `load`, in whose place this one goes on, would have had to."""
        load._restart_idle_timer()
        self.started_at = load.started_at

    def keep(self, data: bytes) -> None:
        """Collect a piece of the body after all: nobody takes it. Inside."""
        if self._kept is None:
            self._kept = []
        self._kept.append(data)

    def come_after(self, earlier: list[Transaction], redirect_count: int) -> None:
        """Take the place of a load that was redirected here."""
        self._earlier = earlier
        self.redirect_count = redirect_count

    # -- challenges; see `loading.guard` -----------------------------------------------

    def answer_challenge(
        self, disposition: AuthChallengeDisposition, credential: URLCredential | None
    ) -> None:
        """Go on after `LoadClient.load_was_challenged`.

        Raises:
            UsageError: The credential cannot be used for that. The challenge stands.
        """
        if self._client is not None and self._guard is not None:
            self._guard.answer(disposition, credential)

    def guarded_request(self) -> URLRequest:
        """See `Guarded`."""
        return self.request

    def ask(self, challenge: URLAuthenticationChallenge) -> None:
        """See `Guarded`."""
        if self._client is not None:
            self._client.load_was_challenged(challenge)

    def run_again(self) -> None:
        """See `Guarded`."""
        if self._client is None:
            return
        self._begin_again()

    def send_again(self) -> None:
        """See `Guarded`."""
        self.follow(self.request.copy())

    def let_in(self) -> None:
        """See `Guarded`."""
        self.refuse_redirect()

    def end_with(self, error: URLError) -> None:
        """See `Guarded`."""
        self._fail(error)

    def cancel_by_challenge(self) -> None:
        """See `Guarded`."""
        if self._client is not None:
            self._client.load_was_refused_credentials()

    def error_of_end(self) -> URLError:
        """See `Guarded`."""
        return self._error_of_run()

    def _make_guard(self) -> Guard:
        from .guard import Guard  # 3 ms for a program that is never challenged

        context = self._context
        self._guard = Guard(
            context.guard,
            self,
            context.pool,
            self._client,
            asks_for_trust=self.asks_for_trust,
        )
        return self._guard

    def _guard_run(self) -> None:
        guard = self._guard or self._make_guard()
        route = self._route
        options = guard.options(
            proxy=self._proxy_url(),
            is_tunnelled=self.is_secure or (route is not None and route.tunnels),
        )
        if not options:
            return
        if all(option != pycurl.HTTPHEADER for option, _ in self.options):
            # What the handle has of itself gives way to the fields of a challenge.
            fields = header_options(self.request, self._own_fields())
            self.options = [*self.options, *fields]
        self.options = with_options(self.options, options)

    def _guard_takes_end(self) -> bool:
        guard = self._guard
        if guard is None:
            if not self.result_code or "response 407" not in self.message:
                return False
            guard = self._make_guard()
        return guard.takes_end(self._proxy_url())

    def _is_challenged(self, response: HTTPURLResponse) -> bool:
        guard = self._guard or self._make_guard()
        is_asking = response.status_code == 407
        return guard.reads(response, self._proxy_url(is_asking=is_asking))

    def _proxy_url(self, *, is_asking: bool = False) -> str:
        """Return the URL of the proxy in use; empty for none, or if it is not known."""
        if self.proxy is not None:
            return self.proxy
        seen = self._context.guard.environment_proxies
        connection, scheme = self.connection, self.request.parts.scheme
        if connection is not None and connection.proxy is not None:
            seen[scheme] = f"http://{connection.proxy}"
        elif scheme not in seen and is_asking and self.handle is not None:
            for opened in self.handle.opened:  # and it is a proxy that has answered
                host, port = opened.remote
                shown = f"[{host}]" if ":" in host else host
                seen[scheme] = f"http://{shown}:{port}"
        return seen.get(scheme, "")

    def transactions(self) -> list[Transaction]:
        """Return what is known of each transaction so far, oldest first."""
        transactions = list(self._earlier or ())
        if self.has_begun or self.is_from_cache:
            transactions.append(self._transaction())
        return transactions

    # -- from the pool --------------------------------------------------------------

    def receive_head_line(self, line: bytes) -> int | None:
        """Gather the head; see `Transfer`."""
        if line.startswith(b"HTTP/"):
            self._lines = [line]
            self._has_reply = True
            self._is_head_done = False
            if _has_no_status(line):
                return -1  # `_error_of_run` says why
        elif self._is_head_done:
            return None  # trailers
        elif line in (b"\r\n", b"\n"):
            self._is_head_done = True
            self._head_is_complete()
        else:
            self._lines.append(line)
        return None

    def receive_body(self, data: bytes) -> int | None:
        """Pass a piece of the body on; see `Transfer`."""
        if self._is_replaced:
            return None
        if self._location is not None or self._has_challenge or self._is_asking:
            return self._receive_redirect_body(data)
        return self._receive_wanted(data)

    def did_finish(self) -> None:
        """Decide whether that was all; see `Transfer`."""
        if self._client is None:
            return
        if self.result_code and self._has_whole_reply():
            self.result_code = 0  # the peer wanted no more of the body
        if (self._guard is not None or self.result_code) and self._guard_takes_end():
            return
        if self._route is not None and self._has_another_way():
            self._begin_again()
            return
        if not self.is_streaming and not self.result_code:
            self._head_was_collected()
        elif self._coding_error is not None and not self._is_undelivered:
            self._fail(self._error_of_coding(self._coding_error))
        elif self.result_code and not self._has_left_redirect_body():
            if self._must_give_body_again():
                self._send_body_again()
            elif self._context.waits_for_connectivity and self._lacks_connectivity():
                self._wait_for_connectivity()
            else:
                self._fail(self._error_of_run())
        elif not self._is_undelivered:
            self._succeed()
        elif self._is_asking:
            self._is_asking = False
            self._follow()
        else:
            self._ask_what_next()

    def _ask_what_next(self) -> None:
        if self._has_challenge and self._guard is not None:
            self._guard.go_on()
        else:
            self._ask_about_redirect()

    def _has_whole_reply(self) -> bool:
        """Whether all of the reply had come when sending failed."""
        if self.result_code != pycurl.E_SEND_ERROR:
            return False
        response = self._response
        if response is None:
            lines = last_head(self.head)
            response = HTTPURLResponse.from_raw(self.request.url, 0, lines)
        length = response.value("Content-Length")
        return length is not None and length == str(self.count_of_bytes_received())

    def _lacks_connectivity(self) -> bool:
        # Not loaded by a program that never waits.
        from ..engine.connectivity import has_default_route, is_about_connectivity

        return not self._has_reply_line() and is_about_connectivity(
            self.result_code, self.os_errno, has_default_route
        )

    def _wait_for_connectivity(self) -> None:
        from ..engine.connectivity import lookout, retry_delay_s

        client = self._client
        if client is None:
            return
        self._attempts += 1
        if self._attempts == 1:
            client.load_is_waiting_for_connectivity()
        retry_at = time.monotonic() + retry_delay_s(self._attempts)
        lookout().enter(self._try_again, min(retry_at, self._ends_at()))
        if self._client is None:  # cancelled meanwhile, on another thread
            lookout().leave(self._try_again)

    def _try_again(self) -> None:
        """There is news of the network, or the time has come. No lock is held."""
        if self._client is None:
            return
        if self._held_at is None and time.monotonic() >= self._ends_at():
            self.did_time_out()
            return
        self._restart_idle_timer()
        self._begin_again()

    def _ends_at(self) -> float:
        """Return when ``timeoutIntervalForResource`` is over."""
        if self.watch is not None:
            return self.watch.resource_deadline
        limits = self._context.limits if self.limits is None else self.limits
        return self.started_at + limits.resource_s

    def _send_body_again(self) -> None:
        assert self._client is not None
        reader = self._reader
        self._bodies_lost += 1
        self._note_transaction()
        self._next_request = self.request.copy()
        if reader is not None and (self.asks_for_body or not reader.can_rewind):
            self._client.load_needs_new_body()
            return
        if reader is not None:
            reader.rewind()
        self._run_again()

    def did_time_out(self) -> None:
        """Fail with ``TIMED_OUT``; see `Transfer`."""
        limits = self._context.limits if self.limits is None else self.limits
        self._fail(
            self._error(
                URLErrorCode.TIMED_OUT,
                f"no progress for {limits.idle_s:g} s, or more than "
                f"{limits.resource_s:g} s in all",
            )
        )

    # -- inside ---------------------------------------------------------------------

    def _head_is_complete(self) -> None:
        client, lines = self._client, self._lines
        status_code = int(lines[0].split(None, 2)[1])
        response = HTTPURLResponse.from_raw(self.request.url, status_code, lines)
        if client is None:
            return
        if status_code < 200 and status_code != 101:
            client.load_did_receive_informational(response)
            return
        self._response = response
        if self.is_secure:
            self._context.sites.learn(parse_url(self.request.url), lines)
        if has_set_cookie(lines) and (then := self._keep_cookies(lines)) is not None:
            self._context.pool.afterwards(then)
        self._expect_coding(response)
        if 300 <= status_code < 400:
            location = location_of(response)
            if is_redirect(status_code, location):
                self._location = location
                return
        if status_code in _CHALLENGES and self._is_challenged(response):
            self._has_challenge = True
            return
        if self.concerns_cache or self.proposes_always or is_of_interest(lines):
            cache = self._context.cache
            if cache.is_replaced(self, response):
                self._is_replaced = True
                return
            if cache.collects(self, response):
                self._collected = []
        client.load_did_receive_response(response)

    def _take_cookies(self, cookies: CookieHandling, parts: URLParts) -> None:
        if self._client is not None:
            self.cookie = cookies.value_for(self.request, parts, self._client)

    def _keep_cookies(self, lines: Sequence[bytes]) -> Callable[[], None] | None:
        """Store the cookies that a head sets; returns what runs user code after."""
        cookies, client = self._context.cookies, self._client
        if cookies is None or client is None:
            return None
        request = self.request
        return cookies.receive(lines, request, parse_url(request.url), client)

    def _receive_redirect_body(self, data: bytes) -> int | None:
        """Ask where to go while the body waits: it is the reply if nowhere."""
        if not self._is_asking:
            self._ask_early()
        if not self._is_undelivered:
            self._is_asking = False
            if self._client is not None and self._response is not None:
                self._client.load_did_receive_response(self._response)
            return self._receive_wanted(data)
        if self._is_asking and self._next_request is None:
            # What was read already costs nothing; and libcurl hands it over inside
            # of its `pause`, where a refusal would cost the transaction's figures.
            self._dropped_size = -BUFFER_SIZE
            self._context.pool.note_paused(self)
            return int(pycurl.WRITEFUNC_PAUSE)
        self._dropped_size += len(data)
        if self._dropped_size > _REDIRECT_BODY_LIMIT:
            return -1  # not worth reading: libcurl ends the run, `did_finish` goes on
        return None

    def _ask_early(self) -> None:
        client, response, location = self._client, self._response, self._location
        if client is not None and self._has_challenge and self._guard is not None:
            self._is_asking = True
            self._guard.go_on()
            return
        if client is None or response is None or location is None:
            return
        try:
            request = self._redirected(response, location, client)
        except URLError:  # there is nothing to ask: `did_finish` fails with it
            return
        self._is_asking = True
        client.load_was_redirected(response, request)

    # -- after ------------------------------------------------------------------------

    def _head_was_collected(self) -> None:
        lines = self.head
        if not lines or lines[-1] != b"\r\n" or lines.count(b"\r\n") > 1:
            lines = last_head(lines)
            if not lines:
                self._succeed()  # without a response, which is none
                return
        if _has_no_status(lines[0]):
            self._fail(self._error_of_status(lines[0]))
            return
        response = HTTPURLResponse.from_raw(self.request.url, self.status_code, lines)
        self._response = response
        if self.is_secure:
            self._context.sites.learn(parse_url(self.request.url), lines)
        head = b"".join(lines).lower()
        if b"set-cookie" in head and (then := self._keep_cookies(lines)) is not None:
            then()
        self._may_be_useful = glance(head)
        if 300 <= self.status_code < 400:
            self._location = location_of(response)
            if is_redirect(self.status_code, self._location):
                self._ask_about_redirect()
                return
        elif self.status_code in _CHALLENGES and self._is_challenged(response):
            assert self._guard is not None
            self._has_challenge = True
            self._guard.go_on()
            return
        self._succeed()

    @property
    def _is_undelivered(self) -> bool:
        """Whether the response is not the result, unless that is decided yet."""
        return self._location is not None or self._has_challenge

    def _has_left_redirect_body(self) -> bool:
        return self._is_undelivered and self.result_code == pycurl.E_WRITE_ERROR

    def _ask_about_redirect(self) -> None:
        response, location = self._response, self._location
        client = self._client
        assert response is not None and location is not None and client is not None
        try:
            request = self._redirected(response, location, client)
        except URLError as error:
            self._fail(error)
            return
        client.load_was_redirected(response, request)

    def _redirected(
        self, response: HTTPURLResponse, location: str, client: LoadClient
    ) -> URLRequest:
        """Return where to go, unless that would be once too often: nobody is asked."""
        if self.redirect_count >= MAXIMUM_REDIRECTS:
            raise too_many_redirects(self.request.url)
        return redirected_request(
            self.request, response.status_code, location, client.load_is_offered
        )

    def _upgrade(self, sites: Sites) -> URLRequest:
        url = sites.upgraded(parse_url(self.request.url))
        if url is not None:
            self.request = self.request.copy()
            self.request.url = url
        return self.request

    def _take_route(self) -> None:
        route = self._route
        if route is None:
            route = self._route = Route(
                self._context,
                parse_url(self.request.url),
                assumes_http3=self.request.assumes_http3_capable,
                may_use_http3=self.speaks_http3,
            )
        self.options = [*self.options, *route.options]
        self.proxy = route.proxy

    def _has_another_way(self) -> bool:
        route, reader = self._route, self._reader
        assert route is not None
        if not self.result_code:
            route.succeeded()
            return False
        has_sent = reader is not None and reader.given_bytes > 0
        if self._has_reply_line() or (
            reader is not None and has_sent and not reader.can_rewind
        ):
            return False
        if not route.moves_on(
            self.result_code,
            self.message,
            may_repeat=may_be_sent_again(self.request),
        ):
            return False
        if reader is not None and has_sent:
            reader.rewind()
        return True

    def _run_again(self) -> None:
        request = self._next_request
        assert request is not None
        response = self._response
        if response is not None and self._location is not None:
            self._context.cache.keep_redirect(self, response)
        self._next_request = None
        self.request = request
        self._route = None
        self._ignores_stored = False
        self._begin_again()

    def _begin_again(self) -> None:
        """Run the present request from its start."""
        self._forget_transaction()
        self.validated = self.proposal = None
        self.concerns_cache = self.is_cache_doubtful = False
        self._restart_idle_timer()
        self.options = ()
        self.cookie = None
        self.is_secure = False
        try:
            self.begin()
        except URLError as error:
            self._fail(error)

    def _forget_transaction(self) -> None:
        self._has_reply = False
        self.head = ()
        self._response = self._location = None
        self._has_challenge = False
        self.body = b""
        self._is_head_done = False
        self._decoded_size = 0
        self._decodes = False
        self._decoder = self._coding_error = None
        self._dropped_size = 0
        self._given_size = None
        self.is_starved = False
        self.body_length = None
        self.numbers = ()
        self.is_from_cache = self._is_replaced = False
        self._collected = None
        self._collected_size = 0

    def _restart_idle_timer(self) -> None:
        """Begin a new watch, with the deadline that `hold` has moved."""
        watch, self.watch = self.watch, None
        limits = self.limits
        if watch is not None and limits is not None and limits.resource_s < math.inf:
            self.started_at = watch.resource_deadline - limits.resource_s

    def _succeed(self) -> None:
        client, response = self._client, self._response
        if response is None:
            message = "server ended the reply before its head was complete"
            self._fail(self._error(URLErrorCode.BAD_SERVER_RESPONSE, message))
            return
        body, self.body = self.body, b""
        if self._decoder is not None:
            try:
                self._decoder.finish()
            except CodingError as error:
                self._fail(self._error_of_coding(error))
                return
        if self._guard is not None:
            self._guard.was_let_in(response)
        if (
            self.concerns_cache
            or self.proposes_always
            or (self._may_be_useful and is_of_interest(self.head_lines))
        ) and self._is_taken_over(response, body):
            return
        self._client = self._guard = None  # which holds this load
        if self._reader is not None:
            self._close_reader()
        if self._kept is not None:
            body, self._kept = b"".join(self._kept), None
        if not self.is_streaming:
            self._decoded_size = len(body)
        if client is not None:
            client.load_did_finish(response, body)

    def _is_taken_over(self, response: HTTPURLResponse, body: bytes) -> bool:
        """Show the cache a reply; whether the load is answered otherwise."""
        if self.is_from_cache:
            return False
        whole: bytes | None = body
        if self.is_streaming:
            pieces = self._collected
            whole = None if pieces is None else b"".join(pieces)
        return self._context.cache.takes_over(self, response, whole)

    def _fail(self, error: URLError) -> None:
        if (
            self.validated is not None
            and self._response is None
            and self._context.cache.bridges(self)
        ):
            return
        client, self._client = self._client, None
        self._close_reader()
        if self._guard is not None:
            self._guard.let_go()
            self._guard = None
        self.body = b""
        if client is not None:
            client.load_did_fail(error)

    def _prepare(self, request: URLRequest, limits: TimeLimits) -> None:
        """Set what a request has that is more than a URL."""
        self.options = self._request_options(request)
        idle_s = request.explicit_timeout_interval
        if idle_s is not None and idle_s != limits.idle_s:
            self.limits = TimeLimits(idle_s, limits.resource_s)

    def _note_transaction(self) -> None:
        if self._earlier is None:
            self._earlier = []
        self._earlier.append(self._transaction())

    def _transaction(self) -> Transaction:
        return Transaction(
            self.request,
            self._response,
            () if self.is_from_cache else self._context.pool.figures(self),
            self.begun_at,
            self.connection,
            self._decoded_size,
            self.is_from_cache,
        )

    def _error_of_run(self) -> URLError:
        from ..engine.result_code import error_for  # 1 ms that a good run need not pay

        cause = None if self._reader is None else self._reader.error
        if cause is not None:
            return URLError(
                URLErrorCode.REQUEST_BODY_STREAM_EXHAUSTED,
                f"reading the request's body raised {type(cause).__name__}",
                failing_url=self.request.url,
                underlying=cause,
                curl_code=self.result_code,
            )
        if self._was_lost_unanswered():
            return URLError(
                URLErrorCode.NETWORK_CONNECTION_LOST,
                "connection was lost before a reply came; the request is not "
                f"idempotent ({self.request.http_method}), so it is not sent again",
                failing_url=self.request.url,
                curl_code=self.result_code,
            )
        if self.is_streaming and self._has_reply and _has_no_status(self._lines[0]):
            return self._error_of_status(self._lines[0])
        error = error_for(
            self.result_code,
            self.message,
            os_errno=self.os_errno,
            verify_result=self.verify_result,
            url=self.request.url,
        )
        return error if self._guard is None else self._guard.error_of_run(error)

    def _error_of_status(self, line: bytes) -> URLError:
        shown = line.strip().decode("latin-1")[:40]
        message = f"the reply begins with {shown!r}: a status has three digits"
        return self._error(URLErrorCode.BAD_SERVER_RESPONSE, message)

    def _error_of_coding(self, cause: CodingError) -> URLError:
        return URLError(
            URLErrorCode.CANNOT_DECODE_RAW_DATA,
            str(cause),
            failing_url=self.request.url,
            underlying=cause,
        )
