"""Cookies in memory: found by host, bounded in number.

Decides which cookies a request gets and in which order, which cookie takes another's
place, and which ones have to go when there are too many. Must not know where else
they are kept: `take_changes` tells whoever keeps them what became different.

Source: RFC 6265bis, 5.7 and 5.8.3.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from ..marks import MARKS
from .site import domain_matches, is_address, path_matches

if TYPE_CHECKING:
    from .cookie import HTTPCookie

__all__ = ("Candidate", "CookieJar", "Key")

Key = tuple[str, str, str]
"""(domain, path, name)."""

MAXIMUM_PER_DOMAIN = 180  # cookies; Chromium's number, RFC 6265bis asks for 50
MAXIMUM_IN_ALL = 3000  # cookies; RFC 6265bis's
_FEWER_PER_DOMAIN = 150  # how many are left when there were too many: a server that
_FEWER_IN_ALL = 2700  # sets one after the other has us look for the oldest rarely
_MAXIMUM_HOSTS = 512  # hosts whose cookies are kept looked up


class Candidate:
    """A cookie with what the jar knows about it."""

    __slots__ = ("cookie", "stored_at", "used_at")

    def __init__(self, cookie: HTTPCookie, stored_at: float) -> None:
        self.cookie = cookie
        self.stored_at = stored_at
        self.used_at = stored_at


class CookieJar:
    """Cookies, each the only one of its domain, path and name.

    Every `now` is in seconds since 1970.

    Attributes:
        by_host: The candidates of hosts that were asked for lately.
    """

    def __init__(self) -> None:
        self._domains: dict[str, dict[tuple[str, str], Candidate]] = {}
        self._count = 0
        self._secure_names: dict[str, int] = {}
        self.by_host: dict[str, tuple[Candidate, ...]] = {}
        self._changes: dict[Key, HTTPCookie | None] = {}

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[HTTPCookie]:
        for domain in self._domains.values():
            for entry in domain.values():
                yield entry.cookie

    def put(
        self, cookie: HTTPCookie, now: float, *, stored_at: float | None = None
    ) -> None:
        """Store a cookie in the place of the one of its key.

        One that has expired takes that one away and is not stored. The time of birth
        of the older one stays, which keeps the order in which they are sent.

        Args:
            cookie: The cookie.
            now: The present.
            stored_at: When it was stored first, if that was earlier.
        """
        stored_at = now if stored_at is None else stored_at
        expires_at = cookie.expires_at
        if expires_at is not None and expires_at <= now:
            self.remove(cookie.key)
            return
        domain = self._domains.setdefault(cookie.domain, {})
        place = (cookie.path, cookie.name)
        entry = domain.get(place)
        if entry is None:
            domain[place] = Candidate(cookie, stored_at)
            self._count += 1
            self._count_secure(cookie.name, cookie.is_secure)
            self.by_host.clear()
            MARKS.tell()
            self._changes[cookie.key] = cookie
            self._make_room(cookie.domain, now)
            return
        old = entry.cookie
        entry.stored_at = stored_at
        if old != cookie:
            entry.cookie = cookie.created_when(old.created_at)
            self._count_secure(cookie.name, cookie.is_secure - old.is_secure)
            self._changes[cookie.key] = entry.cookie

    def remove(self, key: Key) -> None:
        """Take away the cookie of a key, if there is one."""
        domain = self._domains.get(key[0])
        entry = None if domain is None else domain.pop((key[1], key[2]), None)
        if domain is None or entry is None:
            return
        if not domain:
            del self._domains[key[0]]
        self._count -= 1
        self._count_secure(key[2], -entry.cookie.is_secure)
        self.by_host.clear()
        self._changes[key] = None

    def remove_stored_after(self, moment: float) -> None:
        """Take away what was stored, or stored anew, after a moment."""
        for domain in list(self._domains.values()):
            for entry in list(domain.values()):
                if entry.stored_at > moment:
                    self.remove(entry.cookie.key)

    def clear(self) -> None:
        """Take away everything."""
        for cookie in list(self):
            self.remove(cookie.key)

    def get(self, key: Key) -> HTTPCookie | None:
        """Return the cookie of a key."""
        entry = self._domains.get(key[0], {}).get((key[1], key[2]))
        return None if entry is None else entry.cookie

    def candidates(self, host: str) -> tuple[Candidate, ...]:
        """Return what may go to a host, in the order it goes: see `matching`.

        Looked up once, until a cookie comes or goes.
        """
        entries = self.by_host.get(host)
        return self._look_up(host) if entries is None else entries

    def matching(
        self,
        candidates: Iterable[Candidate],
        path: str,
        now: float,
        *,
        is_secure: bool,
        is_same_site: bool,
    ) -> list[HTTPCookie]:
        """Return the cookies that go to a URL: longest path first, then oldest first.

        Args:
            candidates: Those for the URL's host.
            path: The URL's.
            now: The present; the cookies are noted as used then.
            is_secure: Whether the URL is asked for over TLS.
            is_same_site: Whether the one who asks belongs to the URL's site.
        """
        found: list[HTTPCookie] = []
        expired: list[Key] = []
        for entry in candidates:
            cookie = entry.cookie
            if cookie.expires_at is not None and cookie.expires_at <= now:
                expired.append(cookie.key)
            elif (
                (is_secure or not cookie.is_secure)
                and (is_same_site or cookie.same_site_policy is None)
                and (cookie.path == "/" or path_matches(path, cookie.path))
            ):
                entry.used_at = now
                found.append(cookie)
        for key in expired:
            self.remove(key)
        return found

    def would_overlay_secure(self, cookie: HTTPCookie) -> bool:
        """Return whether a cookie set without TLS would hide one that needs TLS.

        Source: RFC 6265bis, 5.7, step 16.
        """
        if cookie.name not in self._secure_names:
            return False
        domain = cookie.domain.removeprefix(".")
        for name, entries in self._domains.items():
            other = name.removeprefix(".")
            if not (domain_matches(domain, other) or domain_matches(other, domain)):
                continue
            for (path, cookie_name), entry in entries.items():
                if (
                    cookie_name == cookie.name
                    and entry.cookie.is_secure
                    and path_matches(cookie.path, path)
                ):
                    return True
        return False

    def take_changes(self) -> dict[Key, HTTPCookie | None]:
        """Return what became different since the last call: the cookie, None if gone."""
        changes, self._changes = self._changes, {}
        return changes

    def _look_up(self, host: str) -> tuple[Candidate, ...]:
        found = list(self._domains.get(host, {}).values())
        if not is_address(host):
            below = host
            while below:
                found += self._domains.get(f".{below}", {}).values()
                below = below.partition(".")[2]
        found.sort(key=lambda one: (-len(one.cookie.path), one.cookie.created_at))
        entries = tuple(found)
        if len(self.by_host) >= _MAXIMUM_HOSTS:
            self.by_host.clear()
        self.by_host[host] = entries
        return entries

    def _count_secure(self, name: str, more: int) -> None:
        """Keep the number of cookies of a name that need TLS; none is not kept."""
        if more:
            self._secure_names[name] = self._secure_names.get(name, 0) + more
            if not self._secure_names[name]:
                del self._secure_names[name]

    def _make_room(self, domain: str, now: float) -> None:
        """Take away the cookies that are needed least, if there are too many."""

        def has_not_expired(entry: Candidate) -> bool:
            expires_at = entry.cookie.expires_at
            return expires_at is None or expires_at > now

        entries = self._domains[domain]
        if len(entries) > MAXIMUM_PER_DOMAIN:
            self._evict(
                entries.values(),
                len(entries) - _FEWER_PER_DOMAIN,
                lambda one: (has_not_expired(one), one.cookie.is_secure, one.used_at),
            )
        if self._count > MAXIMUM_IN_ALL:
            self._evict(
                (one for each in self._domains.values() for one in each.values()),
                self._count - _FEWER_IN_ALL,
                lambda one: (has_not_expired(one), True, one.used_at),
            )

    def _evict(
        self,
        entries: Iterable[Candidate],
        count: int,
        need: Callable[[Candidate], tuple[bool, bool, float]],
    ) -> None:
        from heapq import nsmallest  # for those who have too many

        for entry in nsmallest(count, entries, key=need):
            self.remove(entry.cookie.key)
