"""What a session has answered to challenges, for all its loads.

Decides what is remembered, and for whom. Light: every session has one, and most
are never challenged; what acts on it is `loading.guard`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..storage.marks import MARKS

if TYPE_CHECKING:
    from ..credential import URLCredential
    from ..storage.credentials import URLCredentialStorage
    from .authentication import Exchange, Try

__all__ = (
    "Address",
    "Answerer",
    "AuthenticationMemory",
    "GuardMemory",
    "Origin",
    "TrustMemory",
)

Origin = tuple[str, str, int]
"""(scheme, host, port)."""
Address = tuple[str, int]
"""(host, port) of our end of a connection."""
Answerer = tuple[str, ...]
"""Who is answered: ``("https", host, port)`` of a server, ``("proxy", url)``."""


class AuthenticationMemory:
    """The credentials that servers and proxies have accepted.

    Args:
        find_storage: Returns the session's credentials, or None.

    Attributes:
        has_answers: Whether a request may have to carry an answer from the start.
    """

    __slots__ = ("_find_storage", "_tries", "has_answers")

    def __init__(self, find_storage: Callable[[], URLCredentialStorage | None]) -> None:
        self._find_storage = find_storage
        self.has_answers = False
        self._tries: dict[Answerer, list[Try]] = {}

    @property
    def storage(self) -> URLCredentialStorage | None:
        """The session's credentials; None for none."""
        return self._find_storage()

    def forget_all(self) -> None:
        """Answer nothing before it is asked for."""
        self._tries.clear()
        self.has_answers = False

    def find(self, exchange: Exchange) -> Try | None:
        """Return what opened a place at or above the request's."""
        found: Try | None = None
        for one in self._tries.get(exchange.answerer, ()):
            is_below = exchange.is_proxy or exchange.parts.path.startswith(one.path)
            if is_below and (found is None or len(one.path) > len(found.path)):
                found = one
        if found is not None and not self._is_still_kept(found):
            self.forget(found)
            return None
        return found

    def keep(self, tried: Try) -> None:
        """Send this from the start, from now on, unless it is not to be kept."""
        if not tried.credential.persistence:
            return
        tries = self._tries.setdefault(tried.answerer, [])
        if tried not in tries:
            tries[:] = [one for one in tries if one.path != tried.path]
            tries.append(tried)
        self.has_answers = True
        MARKS.tell()

    def forget(self, tried: Try) -> None:
        """Do not send this from the start any more."""
        tries = self._tries.get(tried.answerer, [])
        if tried in tries:
            tries.remove(tried)

    def _is_still_kept(self, tried: Try) -> bool:
        storage = self.storage
        if storage is None or storage.may_block:  # it is being written, perhaps this
            return True
        kept = storage.credentials(tried.space)
        return kept.get(tried.credential.user or "") == tried.credential


class TrustMemory:
    """The connections of one session that were accepted.

    Attributes:
        approved: By the connection's own address, the origin it leads to.
        pins: By origin, the certificate accepted last that the system refuses.
    """

    __slots__ = ("_asked", "_lock", "approved", "pins")

    def __init__(self) -> None:
        self.approved: dict[Address, Origin] = {}
        self.pins: dict[Origin, bytes] = {}
        self._asked: dict[Address, list[Callable[[], None]]] = {}
        self._lock = threading.RLock()  # a finalizer may cancel a load at any moment

    def ask(self, address: Address) -> None:
        """Note that somebody is to be asked about a connection."""
        with self._lock:
            self._asked.setdefault(address, [])

    def wait(self, address: Address, then: Callable[[], None]) -> bool:
        """Have `then` called when a connection was decided on; False if nobody asks."""
        with self._lock:
            waiting = self._asked.get(address)
            if waiting is None:
                return False
            waiting.append(then)
            return True

    def decide(self, address: Address) -> None:
        """Note that a connection was decided on, or is gone."""
        with self._lock:
            waiting = self._asked.pop(address, ())
        for then in waiting:
            then()

    def keep_open(self, open_addresses: set[Address | None]) -> None:
        """Forget connections that are closed; their ports will be others'."""
        if None in open_addresses:  # one whose address is not known yet
            return
        for address in [one for one in self.approved if one not in open_addresses]:
            del self.approved[address]


class GuardMemory:
    """All of it.

    Args:
        find_storage: Returns the session's credentials, or None.

    Attributes:
        authentication: Answers to servers and proxies.
        trust: Connections that were accepted.
        identities: By origin, the client certificate that is shown.
        environment_proxies: By scheme, the proxy of the environment that was seen.
    """

    __slots__ = ("authentication", "environment_proxies", "identities", "trust")

    def __init__(self, find_storage: Callable[[], URLCredentialStorage | None]) -> None:
        self.authentication = AuthenticationMemory(find_storage)
        self.trust = TrustMemory()
        self.identities: dict[Origin, URLCredential] = {}
        self.environment_proxies: dict[str, str] = {}

    @property
    def is_needed(self) -> bool:
        """Whether a load has to be guarded that was challenged by nobody yet."""
        return self.authentication.has_answers or MARKS.has_identities

    def forget_all(self) -> None:
        """Ask everything anew; connections that are open stay accepted."""
        self.authentication.forget_all()
        self.identities.clear()
        self.trust.pins.clear()
