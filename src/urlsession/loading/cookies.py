"""Cookies of a load: which go with a request, and what a response's head leaves.

Decides when cookies are looked at: anew for each transaction, so that one which the
last response has set goes along, and for every head that is a response, redirects and
challenges too. Any load can call this, it need not be HTTP's. The rules are
`storage.cookies`'.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from logging import Logger

    from ..configuration import URLSessionConfiguration
    from ..request import URLRequest
    from ..storage.cookies.cookie import HTTPCookie
    from ..storage.cookies.storage import CookieTask, HTTPCookieStorage
    from ..url import URLParts

__all__ = ("CookieHandling", "cookie_handling", "has_set_cookie")


def cookie_handling(configuration: URLSessionConfiguration) -> CookieHandling | None:
    """Return how a session handles cookies; None for not at all."""
    storage = configuration.http_cookie_storage
    return None if storage is None else CookieHandling(storage, configuration)


def has_set_cookie(lines: Sequence[bytes]) -> bool:
    """Return whether a head may set cookies; 0.3 µs, for every response asks this."""
    return b"set-cookie" in b"".join(lines).lower()


class CookieHandling:
    """How a session handles cookies. Any thread.

    Args:
        storage: Where they are.
        configuration: The session's own.

    Attributes:
        has_nothing_for: Whether no cookie can go to a host; the quick answer, 0.2 µs,
            to be asked for before `value_for`.
    """

    __slots__ = (
        "_policy",
        "_sends",
        "_storage",
        "_wants_asking",
        "_wants_telling",
        "has_nothing_for",
    )

    def __init__(
        self, storage: HTTPCookieStorage, configuration: URLSessionConfiguration
    ) -> None:
        self._storage = storage
        self._sends = configuration.http_should_set_cookies
        self._policy = configuration.http_cookie_accept_policy
        # Overridden methods get the task; otherwise it is quicker without.
        self._wants_asking = storage.has_own_get_cookies
        self._wants_telling = storage.has_own_store_cookies
        self.has_nothing_for: Callable[[str], bool] = (
            _never if self._wants_asking else storage.has_nothing_for
        )

    def look_for_new(self) -> float:
        """See `HTTPCookieStorage.look_for_new`."""
        return self._storage.look_for_new()

    def value_for(
        self, request: URLRequest, parts: URLParts, task: CookieTask
    ) -> bytes | None:
        """Return the value of the Cookie field for a request; None if there is none.

        Args:
            request: The request; a Cookie field of its own is left alone.
            parts: Its URL.
            task: Whom a storage is asked for that has its own `get_cookies_for`.
        """
        if (
            not self._sends
            or not request.http_should_handle_cookies
            or request.value("Cookie") is not None
        ):
            return None
        if self._wants_asking:
            cookies = self._ask(task)
        else:
            cookies = self._storage.matching(parts, request.main_document_url)
        if not cookies:
            return None
        text = "; ".join([cookie.pair for cookie in cookies])
        try:
            return text.encode("latin-1")  # as the server wrote them
        except UnicodeEncodeError:
            return text.encode()

    def receive(
        self,
        lines: Sequence[bytes],
        request: URLRequest,
        parts: URLParts,
        task: CookieTask,
    ) -> Callable[[], None] | None:
        """Store what a response's head sets.

        Args:
            lines: The head's raw lines.
            request: The request that it answers.
            parts: Its URL.
            task: Whom a storage is told of that has its own `store_cookies`.

        Returns:
            What to call next, when no lock is held, because it runs user code.
        """
        from ..storage.cookies.received import fields_of_head

        if not request.http_should_handle_cookies:
            return None
        fields = fields_of_head(lines)
        if self._wants_telling:
            return lambda: self._tell(fields, parts, task)
        storage = self._storage
        has_changed = storage.receive(
            fields, parts, request.main_document_url, self._policy
        )
        return storage.tell if has_changed and storage.on_change is not None else None

    def _ask(self, task: CookieTask) -> list[HTTPCookie]:
        try:
            return self._storage.get_cookies_for(task)
        except Exception:  # user code; the request goes without
            _logger().exception("get_cookies_for of %r raised", self._storage)
            return []

    def _tell(self, fields: list[str], parts: URLParts, task: CookieTask) -> None:
        from ..storage.cookies.cookie import HTTPCookie
        from ..storage.cookies.storage import now

        cookies = HTTPCookie.received(fields, parts, now())
        try:
            if cookies:
                self._storage.store_cookies(cookies, task)
        except Exception:  # user code; the response is delivered all the same
            _logger().exception("store_cookies of %r raised", self._storage)


def _never(_host: str) -> bool:
    return False


def _logger() -> Logger:
    import logging  # 5 ms that a program without trouble need not pay

    return logging.getLogger("urlsession")
