"""The cookies of a program, or of a few sessions.

Decides who may store and who gets what, as far as the request and its document tell:
accept policies, third parties, same-site. The rules of a single field are `received`'s,
those of a single host `jar`'s.

Source: Foundation's ``HTTPCookieStorage``; RFC 6265bis, 5.2, 5.7 and 5.8.
"""

from __future__ import annotations

import math
import os
import threading
import weakref
from collections.abc import Callable, Iterable
from time import monotonic as _monotonic
from time import time as _wall_clock  # noqa: TID251  # see `now`
from typing import TYPE_CHECKING, ClassVar, Protocol

from ...errors import URLError, URLErrorCode
from ...setting import member, moment
from .jar import CookieJar
from .policy import CookieAcceptPolicy
from .site import domain_matches, is_same_site, url_parts

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from ...request import FilePath, URLRequest
    from ...url import URLParts
    from .cookie import HTTPCookie
    from .file import CookieFile

__all__ = ("CookieTask", "HTTPCookieStorage", "now")


class CookieTask(Protocol):
    """A task, as far as its cookies go."""

    @property
    def current_request(self) -> URLRequest:
        """The request of the present transaction."""


class _Shared:
    """The class property `HTTPCookieStorage.shared`."""

    def __get__(
        self, _instance: object, owner: type[HTTPCookieStorage]
    ) -> HTTPCookieStorage:
        with _shared_lock:
            if HTTPCookieStorage._shared is None:
                from ..location import data_directory_text

                folder = data_directory_text()
                path = None if folder is None else os.path.join(folder, "cookies.db")
                HTTPCookieStorage._shared = HTTPCookieStorage(path)
            return HTTPCookieStorage._shared


class HTTPCookieStorage:
    """Cookies, in memory; those with an expiry also in a file, if there is one.

    Safe for threads and forks. Processes may share a file: what one has stored goes
    with the requests that the others begin from a millisecond later on.

    There are at most 180 cookies of one domain and 3000 in all; what was used least
    recently has to go. A subclass may override `store_cookies` and `get_cookies_for`,
    which loads then go through.

    Args:
        path: The file, made with its folder when there is something to keep; None:
            in memory only. Ours, not Foundation's.

    Attributes:
        on_change: Called with the storage after this process has changed it, on the
            thread that did so, without any lock; what it raises is logged. None:
            nobody.

    Source: Foundation's ``HTTPCookieStorage``.
    """

    _shared: ClassVar[HTTPCookieStorage | None] = None
    shared: ClassVar[_Shared] = _Shared()
    """The program's own: kept below `URLSESSION_HOME` or in the user's data folder."""

    on_change: Callable[[HTTPCookieStorage], object] | None = None

    def __init__(self, path: FilePath | str | None = None) -> None:
        # Re-entrant: the collector may run anything wherever memory is allocated.
        self._lock = threading.RLock()
        self._jar = CookieJar()
        self._policy = CookieAcceptPolicy.ALWAYS
        self._file: CookieFile | None = None
        if path is not None:
            from .file import CookieFile

            self._file = CookieFile(os.path.abspath(path))
        _STORAGES.add(self)

    @property
    def cookie_accept_policy(self) -> CookieAcceptPolicy:
        """Which cookies are stored; `ALWAYS` unless set.

        Sessions use their `http_cookie_accept_policy` in place of it.
        """
        return self._policy

    @cookie_accept_policy.setter
    def cookie_accept_policy(self, policy: CookieAcceptPolicy) -> None:
        self._policy = member(CookieAcceptPolicy)("cookie_accept_policy", policy)

    @property
    def path(self) -> Path | None:
        """The file; None if everything is in memory."""
        if self._file is None:
            return None
        from pathlib import Path

        return Path(self._file.path)

    @property
    def cookies(self) -> list[HTTPCookie]:
        """All cookies, those of one domain together."""
        with self._lock:
            self._refresh()
            found = list(self._jar)
        present = now()
        return [
            one for one in found if one.expires_at is None or one.expires_at > present
        ]

    def cookies_for(self, url: str) -> list[HTTPCookie]:
        """Return the cookies that go to a URL: longest path first, then oldest first.

        None go to a URL of a scheme that has no cookies.

        Raises:
            URLError: ``BAD_URL``, it cannot be read.
        """
        try:
            parts = url_parts(url)
        except URLError as error:
            if error.code is URLErrorCode.UNSUPPORTED_URL:
                return []
            raise
        return self.matching(parts, None)

    def set_cookie(self, cookie: HTTPCookie) -> None:
        """Store a cookie, in the place of the one of its name, domain and path.

        One that has expired takes that one away. Nothing happens if the policy is
        `NEVER`.

        Raises:
            TypeError: It is no `HTTPCookie`.
        """
        _check([cookie])
        if self._policy is not CookieAcceptPolicy.NEVER:
            self._change(lambda present: self._jar.put(cookie, present))

    def delete_cookie(self, cookie: HTTPCookie) -> None:
        """Take away the cookie of this name, domain and path, if there is one."""
        self._change(lambda _: self._jar.remove(cookie.key))

    def remove_cookies_since(self, date: datetime) -> None:
        """Take away the cookies that were stored, or stored anew, after a date.

        Raises:
            TypeError: It is no datetime.
            ValueError: The date has no time zone.
        """
        since = moment("date", date)
        self._change(lambda _: self._jar.remove_stored_after(since))

    def purge(self) -> None:
        """Take away all cookies."""
        self._change(lambda _: self._jar.clear())

    def set_cookies(
        self,
        cookies: Iterable[HTTPCookie],
        url: str,
        main_document_url: str | None = None,
    ) -> None:
        """Store cookies that came from a URL, as far as policy and rules let them.

        Left out are a cookie of another host; one that needs TLS if the URL has none,
        and one that would hide such a cookie; one for the same site only, if the
        document is another site's. With `ONLY_FROM_MAIN_DOCUMENT_DOMAIN` nothing is
        stored for a URL of another site than its document's; a URL without a document
        is its own.

        Args:
            cookies: For instance those of `HTTPCookie.cookies_from_response`.
            url: Where they came from.
            main_document_url: The document that the URL was loaded for.

        Raises:
            TypeError: What is not an `HTTPCookie` is among them.
            URLError: A URL cannot be read, or its scheme is not supported.
        """
        parts = url_parts(url)
        if self._store(_check(cookies), parts, main_document_url, self._policy):
            self.tell()

    def store_cookies(self, cookies: list[HTTPCookie], task: CookieTask) -> None:
        """Store the cookies of a task's response. To be overridden.

        An override is called without any lock, before the task goes on.
        """
        request = task.current_request
        self.set_cookies(cookies, request.url, request.main_document_url)

    def get_cookies_for(self, task: CookieTask) -> list[HTTPCookie]:
        """Return the cookies for a task's present request. To be overridden.

        An override is called at the start of each transaction, on the thread that
        starts it, and must be quick. It is not asked about a request that has a
        Cookie field of its own, or that is not to handle cookies.
        """
        request = task.current_request
        return self.matching(request.parts, request.main_document_url)

    def close(self) -> None:
        """Close the file, if there is one; a later use opens it again."""
        if self._file is not None:
            self._file.close()

    def __repr__(self) -> str:
        where = "in memory" if self._file is None else f"in {self._file.path!r}"
        return f"<HTTPCookieStorage of {len(self._jar)} cookies {where}>"

    # -- for loads ---------------------------------------------------------------------

    @property
    def has_own_get_cookies(self) -> bool:
        """Whether `get_cookies_for` is overridden."""
        return type(self).get_cookies_for is not HTTPCookieStorage.get_cookies_for

    @property
    def has_own_store_cookies(self) -> bool:
        """Whether `store_cookies` is overridden."""
        return type(self).store_cookies is not HTTPCookieStorage.store_cookies

    def has_nothing_for(self, host: str) -> bool:
        """Return whether no cookie can go to a host; quick, mostly right.

        False if that is not known yet.
        """
        file = self._file
        if file is not None and _monotonic() >= file.look_at and file.is_stale():
            return False
        return self._jar.by_host.get(host) == ()

    def look_for_new(self) -> float:
        """Look whether another process has stored cookies; they are read when needed.

        Returns:
            When to look again, in monotonic seconds; minus infinity if one has.
        """
        file = self._file
        if file is None:
            return math.inf
        return -math.inf if file.is_stale() else file.look_at

    def matching(
        self, parts: URLParts, main_document_url: str | None
    ) -> list[HTTPCookie]:
        """Return the cookies that go to a URL for a document; they count as used."""
        with self._lock:
            self._refresh()
            candidates = self._jar.candidates(parts.host)
            if not candidates:
                return []
            return self._jar.matching(
                candidates,
                parts.path,
                now(),
                is_secure=parts.is_secure,
                is_same_site=_is_of_site(parts, main_document_url),
            )

    def receive(
        self,
        fields: Iterable[str],
        parts: URLParts,
        main_document_url: str | None,
        policy: CookieAcceptPolicy,
    ) -> bool:
        """Store what the Set-Cookie fields of a response say, as `set_cookies` does.

        Args:
            fields: Their values.
            parts: The URL that answered.
            main_document_url: The document that it was loaded for.
            policy: In place of the storage's own.

        Returns:
            Whether anything has changed. Call `tell` then, when no lock is held.
        """
        from .cookie import (
            HTTPCookie,  # 2 ms that a program without cookies need not pay
        )

        cookies = HTTPCookie.received(fields, parts, now())
        return self._store(cookies, parts, main_document_url, policy)

    def tell(self) -> None:
        """Tell `on_change` that something has changed."""
        on_change = self.on_change
        if on_change is None:
            return
        try:
            on_change(self)
        except Exception:  # user code; the cookies are stored all the same
            import logging

            logging.getLogger("urlsession").exception("on_change of %r raised", self)

    # -- inside ------------------------------------------------------------------------

    def _store(
        self,
        cookies: list[HTTPCookie],
        parts: URLParts,
        main_document_url: str | None,
        policy: CookieAcceptPolicy,
    ) -> bool:
        if not cookies or policy is CookieAcceptPolicy.NEVER:
            return False
        is_of_site = _is_of_site(parts, main_document_url)
        if policy is not CookieAcceptPolicy.ALWAYS and not is_of_site:
            return False
        is_secure = parts.is_secure
        jar = self._jar

        def put(present: float) -> None:
            for cookie in cookies:
                if not _is_of_host(cookie, parts.host) or not (
                    is_of_site or cookie.same_site_policy is None
                ):
                    continue
                if is_secure or not (
                    cookie.is_secure or jar.would_overlay_secure(cookie)
                ):
                    jar.put(cookie, present)

        return self._apply(put)

    def _change(self, act: Callable[[float], None]) -> None:
        if self._apply(act):
            self.tell()

    def _apply(self, act: Callable[[float], None]) -> bool:
        """Change the jar, given the present, and the file with it."""
        present = now()
        with self._lock:
            self._refresh()
            act(present)
            changes = self._jar.take_changes()
            if changes and self._file is not None:
                self._file.save(changes, present)
        return bool(changes)

    def _refresh(self) -> None:
        file = self._file
        if file is not None and file.is_stale():
            file.refresh(self._jar, now())


def now() -> float:
    """Return the present in seconds since 1970.

    Not by `datetime`: a session that goes in a program's last collection asks, when
    Python 3.13.0 crashes for who calls ``datetime.now(UTC)``.
    """
    return _wall_clock()


def _check(cookies: Iterable[HTTPCookie]) -> list[HTTPCookie]:
    from .cookie import HTTPCookie  # as in `receive`

    found = list(cookies)
    for one in found:
        if not isinstance(one, HTTPCookie):
            raise TypeError(f"a cookie is an HTTPCookie, not {type(one).__name__}")
    return found


def _is_of_site(parts: URLParts, main_document_url: str | None) -> bool:
    """Return whether a URL belongs to the site of the document it is loaded for."""
    if main_document_url is None:
        return True
    try:
        return is_same_site(parts.host, url_parts(main_document_url).host)
    except URLError:  # about:blank, a file: no site
        return False


def _is_of_host(cookie: HTTPCookie, host: str) -> bool:
    domain = cookie.domain
    if domain.startswith("."):
        return domain_matches(host, domain[1:])
    return domain == host


_shared_lock = threading.Lock()
_STORAGES: weakref.WeakSet[HTTPCookieStorage] = weakref.WeakSet()


def _after_fork_in_child() -> None:
    global _shared_lock
    _shared_lock = threading.Lock()
    for storage in list(_STORAGES):
        # It may be held by a thread that is not here.
        storage._lock = threading.RLock()


os.register_at_fork(after_in_child=_after_fork_in_child)
