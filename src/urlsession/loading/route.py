"""How one transaction reaches its host: by which proxy, over which protocol.

Decides what is tried first, and what next when that could not be reached. A load asks
for its route only if there is something to decide; a plain one has none.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import pycurl

from .proxying import DIRECT
from .sites import HTTP3_OPTIONS

if TYPE_CHECKING:
    from ..url import URLParts
    from .client import LoadContext
    from .proxying import Way

__all__ = ("Route",)

Option = tuple[int, object]

# With a proxy it is the proxy that could not be found or connected to, unless a tunnel
# is spoken of: that the proxy refused.
_PROXY_NOT_REACHED = (pycurl.E_COULDNT_RESOLVE_PROXY, pycurl.E_COULDNT_CONNECT)
# The other place could not be reached, or is not the origin. The numbers without a
# name in pycurl are CURLE_HTTP3 and CURLE_QUIC_CONNECT_ERROR.
_ALTERNATIVE_NOT_REACHED = (
    pycurl.E_COULDNT_RESOLVE_HOST,
    pycurl.E_COULDNT_CONNECT,
    pycurl.E_OPERATION_TIMEDOUT,
    pycurl.E_SSL_CONNECT_ERROR,
    pycurl.E_SSL_CACERT,
    96,
)
_ALTERNATIVE_LOST = (pycurl.E_SEND_ERROR, pycurl.E_RECV_ERROR, 95)


class Route:
    """The route of one transaction.

    Args:
        context: What the session's loads have in common.
        parts: The URL.
        assumes_http3: Whether HTTP/3 is tried although the host has not offered it.
        may_use_http3: Whether it is tried at all.

    Attributes:
        options: What libcurl is told for the present attempt.
        proxy: URL of the proxy of the present attempt; None for none that is ours.
        tunnels: Whether that proxy tunnels ``http:`` too.
    """

    __slots__ = (
        "_context",
        "_parts",
        "_uses_alternative",
        "_ways",
        "options",
        "proxy",
        "tunnels",
    )

    def __init__(
        self,
        context: LoadContext,
        parts: URLParts,
        *,
        assumes_http3: bool,
        may_use_http3: bool = True,
    ) -> None:
        self._context = context
        self._parts = parts
        self._uses_alternative = False
        self._ways: list[Way] = []
        self.options: Sequence[Option] = ()
        self.proxy: str | None = None
        self.tunnels = False
        is_direct = True
        if context.proxies is not None:
            self._ways = context.proxies.ways(parts.scheme, parts.host)
            self._take_way()
            is_direct = self.proxy is None
        elif context.uses_environment:
            is_direct = not _has_environment_proxy(parts.scheme)
        if is_direct and may_use_http3 and parts.scheme == "https":
            self._take_http3(assumes_http3=assumes_http3)

    def moves_on(self, result_code: int, message: str, *, may_repeat: bool) -> bool:
        """Take the next attempt after a failure; False if there is none.

        Args:
            result_code: libcurl's.
            message: libcurl's words.
            may_repeat: Whether the request may be sent twice.
        """
        if self._uses_alternative:
            if (
                result_code in _ALTERNATIVE_NOT_REACHED
                # QUIC notices a closed port when it sends.
                or "Failed to connect" in message
                or (may_repeat and result_code in _ALTERNATIVE_LOST)
            ):
                alternatives = self._context.sites.alternatives
                alternatives.failed(self._parts.origin, time.monotonic())
                self._uses_alternative = False
                self.options = () if self._context.proxies is None else DIRECT.options
                return True
            return False
        if self._ways and result_code in _PROXY_NOT_REACHED and "tunnel" not in message:
            self._take_way()
            return True
        return False

    def succeeded(self) -> None:
        """The host was reached."""
        if self._uses_alternative:
            self._context.sites.alternatives.worked(self._parts.origin)

    def _take_way(self) -> None:
        way = self._ways.pop(0)
        self.options = way.options
        self.proxy = None if way.proxy is None else way.proxy.url
        self.tunnels = way.proxy is not None and way.proxy.tunnels

    def _take_http3(self, *, assumes_http3: bool) -> None:
        sites = self._context.sites
        if not sites.uses_alternatives:
            return
        options = sites.alternative_options(self._parts)
        self._uses_alternative = bool(options)
        if not options and assumes_http3:
            options = HTTP3_OPTIONS
        self.options = [*self.options, *options]


def _has_environment_proxy(scheme: str) -> bool:
    """Whether the environment may name a proxy: HTTP/3 goes through none."""
    names = (f"{scheme}_proxy", f"{scheme.upper()}_PROXY", "all_proxy", "ALL_PROXY")
    return any(os.environ.get(name) for name in names)
