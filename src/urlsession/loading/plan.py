"""What a configuration comes to: everything that all loads of a session share.

Decides nothing itself; puts together what `options` and the rules of the engine
need, and keeps the last result, because programs that make session after session
mostly make them alike.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from ..configuration import MultipathServiceType
from ..engine.handle import HandleStore
from ..engine.reaper import ReapPolicy
from ..engine.sockets import SocketKind
from ..engine.transfer import TimeLimits
from ..request import URLRequest
from .hints import traffic_class
from .options import header_options, session_headers, session_options

if TYPE_CHECKING:
    from ..configuration import URLSessionConfiguration
    from .proxying import ProxyTable

__all__ = ("SessionPlan", "plan_for")

# What `options` reads of the environment.
_VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "LC_ALL", "LC_MESSAGES", "LANG")


class SessionPlan(NamedTuple):
    """A configuration in the engine's terms."""

    handles: HandleStore
    """Easy handles with the options that every transfer has."""
    fields: Sequence[tuple[str, str]]
    """Header fields for every request that lacks them."""
    limits: TimeLimits
    policy: ReapPolicy
    maximum_connections_per_host: int
    proxies: ProxyTable | None = None
    """None for the environment's proxies, or for none at all."""
    uses_environment: bool = True
    """Whether the environment may name proxies."""
    sockets: SocketKind = SocketKind()


def plan_for(configuration: URLSessionConfiguration) -> SessionPlan:
    """Return the plan for a session's own copy of a configuration.

    The copy must not be changed afterwards.
    """
    global _last
    environment = tuple(map(os.environ.get, _VARIABLES))
    last = _last
    if last is not None and last[0] == environment and last[1] == configuration:
        return last[2]
    plan = _make_plan(configuration)
    _last = (environment, configuration, plan)
    return plan


_last: tuple[tuple[str | None, ...], URLSessionConfiguration, SessionPlan] | None = None


def _make_plan(configuration: URLSessionConfiguration) -> SessionPlan:
    options = session_options(configuration)
    fields = session_headers(configuration)
    if fields:
        options += header_options(URLRequest("http://localhost/"), fields)
    proxies = None
    if (
        configuration.proxy_configurations
        or configuration.connection_proxy_dictionary is not None
    ):
        from .proxying import DIRECT, proxy_table

        proxies = proxy_table(configuration, options)
        if not proxies:  # which every load has in common, and need not be told
            options += DIRECT.options
            proxies = None
    return SessionPlan(
        proxies=proxies,
        uses_environment=configuration.connection_proxy_dictionary is None
        and not configuration.proxy_configurations,
        sockets=SocketKind(
            traffic_class(configuration.network_service_type),
            configuration.multipath_service_type is not MultipathServiceType.NONE,
        ),
        handles=HandleStore(options),
        fields=tuple(fields),
        limits=TimeLimits(
            configuration.timeout_interval_for_request,
            configuration.timeout_interval_for_resource,
        ),
        policy=ReapPolicy(
            idle_timeout_s=_or_never(configuration.idle_connection_timeout),
            maximum_lifetime_s=_or_never(configuration.maximum_connection_lifetime),
        ),
        maximum_connections_per_host=configuration.http_maximum_connections_per_host,
    )


def _or_never(seconds: float | None) -> float:
    return math.inf if seconds is None else seconds
