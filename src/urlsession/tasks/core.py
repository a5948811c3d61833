"""What a session and its tasks share, and what must not hold the session.

Decides how a configuration becomes what loads have in common, and who has connections
of a session.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from ..engine.pool import Pool
from ..engine.wires import Wires
from ..errors import UsageError
from ..loading.caching import LoadCache
from ..loading.client import LoadContext
from ..loading.cookies import cookie_handling
from ..loading.guarding import GuardMemory
from ..loading.plan import plan_for
from ..loading.quiet import QuietURLs
from ..loading.sites import sites_of
from .queue import WORKERS

if TYPE_CHECKING:
    from ..configuration import URLSessionConfiguration
    from ..connections import Owner
    from ..engine.driver import Driver
    from .queue import CallbackQueue

__all__ = ("SessionCore",)


class SessionCore:
    """What a session and its tasks share, and what must not hold the session.

    Attributes:
        lock: Guards task and session states; held for moments only.
        driver: Who gives the pool its turns.
        pool: The connections.
        wires: Connections that libcurl does not use, and times to act at.
        queue: Where user code runs.
        context: What all loads have in common.
        guard: What was answered to challenges.
    """

    __slots__ = (
        "_handles",
        "_web_socket_pool",
        "context",
        "driver",
        "guard",
        "lock",
        "pool",
        "queue",
        "wires",
    )

    def __init__(
        self,
        configuration: URLSessionConfiguration,
        owner: Owner,
        driver: Driver,
        queue: CallbackQueue,
        user_code: CallbackQueue = WORKERS,
    ) -> None:
        # Re-entrant: the collector may run a finalizer that cancels a stream
        # wherever memory is allocated, under this lock too.
        self.lock = threading.RLock()
        self.driver = driver
        self.queue = queue
        plan = plan_for(configuration)
        self.pool = Pool(
            driver,
            owner,
            handles=plan.handles,
            maximum_connections_per_host=plan.maximum_connections_per_host,
            policy=plan.policy,
            sockets=plan.sockets,
        )
        self.wires = Wires(driver, owner)
        self.guard = GuardMemory(lambda: configuration.url_credential_storage)
        cache = LoadCache(
            configuration.url_cache, configuration.request_cache_policy, plan.fields
        )
        cookies, sites = cookie_handling(configuration), sites_of(configuration)
        self.context = LoadContext(
            pool=self.pool,
            limits=plan.limits,
            fields=plan.fields,
            cache=cache,
            sites=sites,
            guard=self.guard,
            quiet=QuietURLs(
                cookies,
                cache,
                sites,
                self.guard,
                is_possible=plan.proxies is None
                and not configuration.requires_secure_connection,
            ),
            proxies=plan.proxies,
            uses_environment=plan.uses_environment,
            requires_secure_connection=configuration.requires_secure_connection,
            waits_for_connectivity=configuration.waits_for_connectivity,
            uses_early_data=configuration.enables_early_data,
            protocol_classes=configuration.protocol_classes,
            cookies=cookies,
            user_code=user_code,
            workers=WORKERS,
            wires=self.wires,
        )
        self._handles = plan.handles
        self._web_socket_pool: Pool | None = None

    @property
    def web_socket_pool(self) -> Pool:
        """Connections of WebSockets, which count against no limit for a host.

        They live for as long as they are wanted: six of them would keep every other
        load for their host waiting.
        """
        with self.lock:
            pool = self._web_socket_pool
            if pool is None:
                pool = self._web_socket_pool = self.pool.make_another(
                    self._handles, maximum_connections_per_host=0
                )
        return pool

    def rosters(self) -> list[Pool | Wires]:
        """Return whoever has connections of this session."""
        other = self._web_socket_pool
        return [self.pool, self.wires, *(() if other is None else (other,))]

    @property
    def was_used(self) -> bool:
        """Whether anything was ever loaded."""
        other = self._web_socket_pool
        return self.pool.was_used or (other is not None and other.was_used)

    def close(self) -> None:
        """Close every connection. Harmless when repeated."""
        for one in self.rosters():
            one.close()

    def refuse_waiting(self, what: object) -> None:
        """Raise if waiting on this thread would never end.

        Raises:
            UsageError: This thread drives the load, runs its callbacks, or nobody
                drives it any more.
        """
        if self.driver.is_current():
            raise UsageError(
                f"{what!r} is driven by this thread: waiting for it here would never "
                "end; use `await` instead of .result()"
            )
        if self.queue.is_current():
            raise UsageError(
                f"{what!r} is told of on this thread: waiting for it in a delegate "
                "method or completion handler would never end"
            )
        if self.driver.is_closed():
            raise UsageError(f"the event loop that drives {what!r} is closed")
