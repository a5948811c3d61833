"""URLs of which nothing is known that a plain load would have to heed.

Decides that a load need ask neither cookies nor cache, nor who wants TLS, nor what was
answered to challenges: it asked before, and nothing has come since. That is one look
for most loads of a program in place of seven. Must not know what is in a store, only
whether there is anything: `storage.marks` tells when something comes.
"""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

from ..storage.marks import MARKS
from ..url import parse_url

if TYPE_CHECKING:
    from ..request import URLRequest
    from ..url import URLParts
    from .caching import LoadCache
    from .cookies import CookieHandling
    from .guarding import GuardMemory
    from .sites import Sites

__all__ = ("QuietURLs",)

_MAXIMUM = 1024  # URLs; as many as `parse_url` keeps

_monotonic = time.monotonic


class QuietURLs:
    """The URLs of one session's plain loads that nothing is known of. Any thread.

    Args:
        cookies: How the session handles cookies; None for not at all.
        cache: Its cache.
        sites: What it knows of hosts.
        guard: What it has answered to challenges.
        is_possible: Whether there is any URL that a load can go to at once: not if
            each has to be routed.
    """

    __slots__ = (
        "_cache",
        "_cookies",
        "_guard",
        "_is_possible",
        "_look_at",
        "_news",
        "_parts",
        "_sites",
    )

    def __init__(
        self,
        cookies: CookieHandling | None,
        cache: LoadCache,
        sites: Sites,
        guard: GuardMemory,
        *,
        is_possible: bool,
    ) -> None:
        self._cookies = cookies
        self._cache = cache
        self._sites = sites
        self._guard = guard
        self._is_possible = is_possible
        self._news: object = None
        self._look_at = -math.inf
        self._parts: dict[str, URLParts] = {}

    def find(self, request: URLRequest) -> URLParts | None:
        """Return the parts of a request's URL if a load may go there at once.

        None if there is something to heed, or might be: then every store is to be asked.

        Raises:
            URLError: See `parse_url`.
        """
        if len(request.__dict__) != 1:  # it is more than its URL
            return None
        if _monotonic() >= self._look_at:
            self._look_for_others_news()
        parts = self._parts
        if self._news is not MARKS.news:
            # Never emptied: another thread may be about to add to it what was true
            # before the news.
            self._news, parts = MARKS.news, {}
            self._parts = parts
        return parts.get(request.url) or self._ask(request, parts)

    def _look_for_others_news(self) -> None:
        """Have the stores learn of what other processes have left in their files."""
        now = _monotonic()
        look_at = self._cache.look_for_new(now)
        if self._cookies is not None:
            look_at = min(look_at, self._cookies.look_for_new())
            if look_at < now:
                self._parts = {}
        self._look_at = look_at

    def _ask(self, request: URLRequest, known: dict[str, URLParts]) -> URLParts | None:
        if not self._is_possible:
            return None
        parts = parse_url(request.url)
        sites = self._sites
        is_loud = (
            bool(sites.alternatives.known)
            if parts.scheme == "https"
            else sites.may_upgrade
        )
        if (
            is_loud
            or self._guard.is_needed
            or not self._cache.has_nothing_for(request, parts)
            or not (self._cookies is None or self._cookies.has_nothing_for(parts.host))
        ):
            return None
        if len(known) >= _MAXIMUM:
            known.clear()
        known[request.url] = parts
        return parts
