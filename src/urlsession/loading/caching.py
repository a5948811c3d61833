"""What a load asks of the cache, and what it leaves there.

Decides, for each transaction, whether a stored reply answers it, is validated, or does
not count; and which replies are stored. The rules are `storage.cache_rules`, the cache
is `storage.url_cache`; here they meet a load. Must not know tasks or delegates.

A plain request whose reply is not cacheable pays for `LoadCache.has_nothing_for` and for a
glance at the head, `is_of_interest`.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..errors import URLError, URLErrorCode
from ..request import CachePolicy
from ..response import HTTPURLResponse
from ..storage.cache_control import Directives
from ..storage.cache_rules import (
    STORED_COOKIES,
    Use,
    conditions,
    decide,
    has_conditions,
    is_for_everybody,
    is_of_interest,
    is_storable,
    is_validated_by,
    may_serve_after_error,
    merged_lines,
    request_directives,
)
from ..storage.cached_response import CachedURLResponse, Entry, StoragePolicy
from ..storage.url_cache import (
    SlowReadError,
    URLCache,
    entry_of,
    key_for,
    key_of,
    user_information,
)

if TYPE_CHECKING:
    from ..request import URLRequest
    from ..storage.cache_rules import ValueOf
    from ..url import URLParts
    from .client import LoadClient
    from .http import HTTPLoad

__all__ = ("LoadCache", "Proposal")

_monotonic = time.monotonic
_wall_clock = time.time  # noqa: TID251 - ages are told in dates of HTTP

_OF_ANY_AGE = (
    CachePolicy.RETURN_CACHE_DATA_ELSE_LOAD,
    CachePolicy.RETURN_CACHE_DATA_DONT_LOAD,
)
_NOT_READ = (
    CachePolicy.RELOAD_IGNORING_LOCAL_CACHE_DATA,
    CachePolicy.RELOAD_IGNORING_LOCAL_AND_REMOTE_CACHE_DATA,
)
_OVERRIDABLE = (
    "cached_response",
    "get_cached_response",
    "store_cached_response",
    "store_cached_response_for_task",
    "remove_cached_response",
    "remove_cached_response_for_task",
)


class LoadCache:
    """A session's use of its cache.

    Args:
        cache: The cache; None for none, which the policies then find empty.
        policy: The policy of requests that have none of their own.
        fields: Header fields that each request gets which lacks them.

    Attributes:
        keeps: Whether there is a cache to store anything in.
    """

    def __init__(
        self,
        cache: URLCache | None,
        policy: CachePolicy,
        fields: Sequence[tuple[str, str]],
    ) -> None:
        self.keeps = cache is not None
        self._cache = URLCache(0, 0) if cache is None else cache
        self._policy = policy
        self._fields = {name.lower(): value for name, value in fields}
        kind = type(self._cache)
        self._is_overridden = any(
            getattr(kind, name) is not getattr(URLCache, name) for name in _OVERRIDABLE
        )
        self._is_simple = not self._policy and not self._is_overridden

    # -- before the request is sent ---------------------------------------------------

    def has_nothing_for(self, request: URLRequest, parts: URLParts) -> bool:
        """Whether a plain request need not be looked up: a quick answer, or no.

        Args:
            request: The request; it is `URLRequest.is_plain`.
            parts: Its URL.
        """
        return (
            self._is_simple
            and not request.cache_policy
            and not self._cache.may_have(parts.request_url, _monotonic())
            and parts.user is None
        )

    def look_for_new(self, now: float) -> float:
        """See `URLCache.look_for_new`."""
        return self._cache.look_for_new(now)

    def consult(self, load: HTTPLoad, request: URLRequest) -> URLRequest | None:
        """Return the request to send: the given one, or one with conditions.

        Returns:
            None if the load has been answered, or will begin again: when a large reply
            was read from disk, elsewhere.

        Raises:
            URLError: Only the cache may answer, and it cannot:
                ``RESOURCE_UNAVAILABLE`` by the policy, ``CANNOT_LOAD_FROM_NETWORK`` by
                the request's ``Cache-Control: only-if-cached``.
        """
        if load.client is None or not load.client.uses_cache:
            return request
        load.concerns_cache = self.keeps
        policy = self._policy_of(request)
        headers = request.headers if request.header_items() else None
        asked = request_directives(headers)
        is_readable = request.http_method in ("GET", "HEAD") and policy not in _NOT_READ
        if policy not in _OF_ANY_AGE and has_conditions(headers):
            is_readable = False  # the answer is the caller's
        try:
            entry = self._find(load, request) if is_readable else None
        except SlowReadError:
            key = key_of(request)
            load.find_elsewhere(lambda: (key, self._find(load, request, may_wait=True)))
            return None
        load.is_cache_doubtful = entry is not None or policy in _NOT_READ
        validity = None if entry is None else entry.validity
        use = decide(policy, validity, asked, _wall_clock())
        if use is Use.FAIL:
            raise _unavailable(request, policy)
        if use is Use.LOAD or entry is None:
            return _without_caches_between(request, policy)
        if use is Use.SERVE:
            _serve(load, entry)
            return None
        load.validated = entry
        sent = request.copy()
        for name, value in conditions(entry.validity):
            sent.set_value(name, value)
        return sent

    def _find(
        self, load: HTTPLoad, request: URLRequest, *, may_wait: bool = False
    ) -> Entry | None:
        if load.found is not None:
            (key, entry), load.found = load.found, None
            if key == key_of(request):
                return entry
        if self._is_overridden and load.client is not None:
            cached = self._cache.get_cached_response(load.client)
            if not isinstance(cached, CachedURLResponse):
                return None
            return entry_of(
                cached, key_of(request), self._value_of(request, load.cookie)
            )
        value_of = self._value_of(request, load.cookie)
        entry = self._cache.find(key_of(request), value_of, may_wait=may_wait)
        if entry is None and request.http_method == "HEAD":
            key = key_for("GET", request.url)
            entry = self._cache.find(key, value_of, may_wait=may_wait)
        return entry

    # -- when a reply has come ------------------------------------------------------------

    def collects(self, load: HTTPLoad, response: HTTPURLResponse) -> bool:
        """Whether the pieces of a streamed body are to be kept for the cache. Inside."""
        length = response.expected_content_length
        return (
            self._is_used_by(load)
            and length <= self._cache.largest()
            and self._is_wanted(load, load.head_lines)
            and self._is_storable(load, response)
        )

    def limit(self) -> int:
        """Return the bytes of the largest body that can be stored."""
        return self._cache.largest()

    def is_replaced(self, load: HTTPLoad, response: HTTPURLResponse) -> bool:
        """Whether the stored reply stands in for this one, whose head has come."""
        entry = load.validated
        if entry is None:
            return False
        if response.status_code == 304:
            return is_validated_by(entry.validity, response.headers)
        return may_serve_after_error(
            entry.validity, _asked(load.request), response.status_code, _wall_clock()
        )

    def takes_over(
        self, load: HTTPLoad, response: HTTPURLResponse, body: bytes | None
    ) -> bool:
        """See to a reply that is complete; whether the load is answered otherwise.

        Sets `HTTPLoad.proposal` if it may be stored.

        Args:
            load: The load.
            response: The head that came.
            body: The body; None if it was not collected.
        """
        if not self._is_used_by(load):
            return False
        if load.validated is not None and self._has_validated(load, response):
            return True
        if load.request.http_method != "GET" and self._is_unsafe(load, response):
            return False
        is_kept = (
            body is not None
            and self._is_wanted(load, load.head_lines)
            and self._is_storable(load, response)
        )
        if is_kept and body is not None:
            cached = CachedURLResponse(
                response, body, requested_at=self._requested_at(load)
            )
            load.proposal = Proposal(
                self, load.client, load.request, cached, load.cookie
            )
        elif load.is_cache_doubtful and response.status_code < 500:
            self._remove(load)  # what is stored is no longer so
        return False

    def bridges(self, load: HTTPLoad) -> bool:
        """Whether the stored reply has stood in for a failure of the network."""
        entry = load.validated
        if entry is None or not may_serve_after_error(
            entry.validity, _asked(load.request), None, _wall_clock()
        ):
            return False
        _serve(load, entry)
        return True

    def stored_for(
        self, client: LoadClient, request: URLRequest
    ) -> tuple[CachedURLResponse | None, bool]:
        """Return what a protocol class is given that loads `request`.

        Returns:
            The stored reply or None, and whether that is the answer by the policy. It
            is the class's to know whether a reply is still good: HTTP's rules are not
            asked.

        Raises:
            URLError: ``RESOURCE_UNAVAILABLE``: only the cache may answer, and cannot.
        """
        policy = self._policy_of(request)
        if not client.uses_cache or policy in _NOT_READ:
            return None, False
        cached = self._cache.cached_response(request)
        if cached is None and policy == CachePolicy.RETURN_CACHE_DATA_DONT_LOAD:
            raise _unavailable(request, policy)
        return cached, cached is not None and policy in _OF_ANY_AGE

    def keep_redirect(self, load: HTTPLoad, response: HTTPURLResponse) -> None:
        """Store a redirect that is followed, if it may be."""
        if load.is_from_cache or not self._is_used_by(load):
            return
        if load.request.http_method != "GET" and self._is_unsafe(load, response):
            return
        if load.is_streaming and response.expected_content_length != 0:
            return  # its body was not kept, and may be the reply another time
        if self._is_wanted(load, load.head_lines) and self._is_storable(load, response):
            requested_at = self._requested_at(load)
            cached = CachedURLResponse(response, load.body, requested_at=requested_at)
            self.store(load.client, load.request, cached, load.cookie)

    def store(
        self,
        client: LoadClient | None,
        request: URLRequest,
        cached: CachedURLResponse,
        cookie: bytes | None = None,
    ) -> None:
        """Store a reply to a request, which was sent with some stored cookies."""
        if self._is_overridden and client is not None:
            self._cache.store_cached_response_for_task(cached, client)
            return
        entry = entry_of(cached, key_of(request), self._value_of(request, cookie))
        if entry is not None:
            self._cache.store(entry)

    # -- inside ---------------------------------------------------------------------------

    def _is_used_by(self, load: HTTPLoad) -> bool:
        client = load.client
        return self.keeps and client is not None and client.uses_cache

    def _policy_of(self, request: URLRequest) -> CachePolicy:
        return request.cache_policy or self._policy

    def _is_wanted(self, load: HTTPLoad, lines: Sequence[bytes]) -> bool:
        """Whether anybody may ever use the reply, going by a glance at its head."""
        return (
            is_of_interest(lines)
            or load.proposes_always
            or self._policy_of(load.request) in _OF_ANY_AGE
        )

    def _is_storable(self, load: HTTPLoad, response: HTTPURLResponse) -> bool:
        request = load.request
        if load.is_authenticated and not is_for_everybody(response.headers):
            return False
        return is_storable(
            request.http_method, response.status_code, response.headers, _asked(request)
        )

    def _requested_at(self, load: HTTPLoad) -> float:
        return _wall_clock() - (_monotonic() - load.begun_at)

    def _has_validated(self, load: HTTPLoad, response: HTTPURLResponse) -> bool:
        entry = load.validated
        if entry is None:
            return False
        if response.status_code != 304:
            if self.is_replaced(load, response):
                _serve(load, entry)
                return True
            load.validated = None
            return False
        if not is_validated_by(entry.validity, response.headers):
            # About another reply than ours (RFC 9111 4.3.4): ask without conditions.
            self._remove(load)
            load.repeat()
        else:
            _serve(load, self._merged(load, entry))
        return True

    def _merged(self, load: HTTPLoad, entry: Entry) -> Entry:
        """Store, and return, the stored reply with what a 304 or a HEAD brought."""
        merged = HTTPURLResponse.from_raw(
            entry.url, entry.status, merged_lines(entry.lines, load.head_lines)
        )
        cached = CachedURLResponse(
            merged, entry.data, entry.user_info, entry.policy, self._requested_at(load)
        )
        fresh = entry_of(cached, entry.key, self._value_of(load.request, load.cookie))
        if fresh is None:  # it varies by everything from now on
            self._remove(load)
            return entry
        if not self._is_storable(load, merged):
            self._remove(load)
        elif self._is_overridden:
            self.store(load.client, load.request, cached, load.cookie)
        else:
            self._cache.store(fresh)
        return fresh

    def _is_unsafe(self, load: HTTPLoad, response: HTTPURLResponse) -> bool:
        """See to the methods but GET; whether it is one that changes things."""
        request = load.request
        if request.http_method == "HEAD":
            self._freshen_by_head(load, response)
            return False
        if request.http_method in ("OPTIONS", "TRACE", "CONNECT"):
            return True
        if 200 <= response.status_code < 400:  # RFC 9111 4.4
            self._invalidate(request.url)
            self._remove(load)
            for name in ("Location", "Content-Location"):
                target = response.value(name)
                if target is not None:
                    self._invalidate_beside(request, target)
        return True

    def _freshen_by_head(self, load: HTTPLoad, response: HTTPURLResponse) -> None:
        key = key_for("GET", load.request.url)
        if response.status_code != 200 or not self._cache.may_have(key, _monotonic()):
            return
        entry = self._cache.find(key, self._value_of(load.request, load.cookie))
        if entry is None:
            return
        stored = HTTPURLResponse.from_raw(entry.url, entry.status, entry.lines)
        names = ("ETag", "Last-Modified", "Content-Length")
        if any(stored.value(name) != response.value(name) for name in names):
            self._cache.remove(key)
        else:
            self._merged(load, entry)

    def _invalidate_beside(self, request: URLRequest, target: str) -> None:
        """Invalidate a URL that a reply names, if it is of the same origin."""
        from urllib.parse import urljoin  # 2 ms, for replies that name another URL

        from ..url import parse_url

        try:
            url = urljoin(request.url, target)
            if parse_url(url).origin == request.parts.origin:
                self._invalidate(url)
        except (ValueError, URLError):  # no URL: nothing is stored under it
            return

    def _invalidate(self, url: str) -> None:
        for method in ("GET", "HEAD"):
            self._cache.remove(key_for(method, url))

    def _remove(self, load: HTTPLoad) -> None:
        if self._is_overridden and load.client is not None:
            self._cache.remove_cached_response_for_task(load.client)
        else:
            self._cache.remove(key_of(load.request))

    def _value_of(self, request: URLRequest, cookie: bytes | None) -> ValueOf:
        def value_of(name: str) -> str | None:
            if name == STORED_COOKIES:
                return None if cookie is None else cookie.decode("latin-1")
            value = request.value(name)
            if value is None:
                value = self._fields.get(name)
            if value is None and name == "authorization":
                value = user_information(request.url)
            return value

        return value_of


class Proposal:
    """A reply that will be stored, unless whoever asked for it decides otherwise."""

    __slots__ = ("_cache", "_client", "_cookie", "_request", "cached")

    def __init__(
        self,
        cache: LoadCache,
        client: LoadClient | None,
        request: URLRequest,
        cached: CachedURLResponse,
        cookie: bytes | None = None,
    ) -> None:
        self._cache = cache
        self._client = client
        self._cookie = cookie
        self._request = request
        self.cached = cached

    def store(self) -> None:
        """Store it as it is."""
        self._cache.store(self._client, self._request, self.cached, self._cookie)

    def store_changed(self, cached: CachedURLResponse) -> None:
        """Store another in its place."""
        if cached.storage_policy != StoragePolicy.NOT_ALLOWED:
            self.cached = cached
            self.store()


def _serve(load: HTTPLoad, entry: Entry) -> None:
    """Answer a load with a stored reply."""
    response = entry.response(load.request.url)
    if not isinstance(response, HTTPURLResponse):  # stored by the program
        response = HTTPURLResponse(
            load.request.url, 200, headers={"Content-Type": response.mime_type or ""}
        )
    is_head = load.request.http_method == "HEAD"
    load.answer(response, b"" if is_head else entry.data)


def _asked(request: URLRequest) -> Directives:
    return request_directives(request.headers if request.header_items() else None)


def _without_caches_between(request: URLRequest, policy: CachePolicy) -> URLRequest:
    if policy != CachePolicy.RELOAD_IGNORING_LOCAL_AND_REMOTE_CACHE_DATA:
        return request
    sent = request.copy()
    for name in ("Cache-Control", "Pragma"):
        if sent.value(name) is None:
            sent.set_value(name, "no-cache")
    return sent


def _unavailable(request: URLRequest, policy: CachePolicy) -> URLError:
    if policy == CachePolicy.RETURN_CACHE_DATA_DONT_LOAD:
        code = URLErrorCode.RESOURCE_UNAVAILABLE
        message = "it is not in the cache, and the policy is not to load"
    else:
        code = URLErrorCode.CANNOT_LOAD_FROM_NETWORK
        message = "no stored reply may be used, and the request is only-if-cached"
    return URLError(code, message, failing_url=request.url)
