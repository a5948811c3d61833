"""Which way a request takes: through which proxy, or directly.

Decides the order in which proxies are tried for a URL, and what libcurl is told of
each. Must not run anything: whether a proxy can be reached is found out by the load,
which then asks for the next way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import pycurl

from ..proxy import proxies_of_dictionary

if TYPE_CHECKING:
    from ..configuration import URLSessionConfiguration
    from ..proxy import ProxyConfiguration, ProxyRule

__all__ = ("DIRECT", "ProxyTable", "Way", "proxy_table")

Option = tuple[int, object]

_IS_OWN = {
    # libcurl's own options → what says the same of the proxy's TLS
    pycurl.CAINFO: pycurl.PROXY_CAINFO,
    pycurl.CAPATH: pycurl.PROXY_CAPATH,
    pycurl.CAINFO_BLOB: pycurl.PROXY_CAINFO_BLOB,
    pycurl.SSLVERSION: pycurl.PROXY_SSLVERSION,
}


class Way(NamedTuple):
    """One way to a host."""

    options: Sequence[Option]
    proxy: ProxyConfiguration | None


# An empty PROXY is none at all, whatever the environment says.
DIRECT = Way(((pycurl.PROXY, ""),), None)


class ProxyTable:
    """The proxies of one session.

    Args:
        rules: Each proxy with what it is for, first come first.
        session_options: The session's own options, of which TLS to a proxy takes
            its part.
    """

    def __init__(
        self, rules: Sequence[ProxyRule], session_options: Sequence[Option]
    ) -> None:
        tls = [
            (_IS_OWN[one], value) for one, value in session_options if one in _IS_OWN
        ]
        self._rules = [
            (Way(_options(proxy, tls if proxy.is_secure else ()), proxy), applies)
            for proxy, applies in rules
        ]

    def __bool__(self) -> bool:
        return bool(self._rules)

    def ways(self, scheme: str, host: str) -> list[Way]:
        """Return the ways to `host`, in the order in which they are tried.

        The second and each further one is for when the way before it ends before
        the proxy; a proxy that does not allow that is the last.
        """
        ways: list[Way] = []
        for way, applies in self._rules:
            if applies(scheme, host):
                ways.append(way)
                if way.proxy is None or not way.proxy.allow_failover:
                    return ways
        return [*ways, DIRECT]


def proxy_table(
    configuration: URLSessionConfiguration, session_options: Sequence[Option]
) -> ProxyTable | None:
    """Return a configuration's proxies; None for those of the environment.

    `proxy_configurations` counts if there is one, then `connection_proxy_dictionary`
    if it is not None: an empty one means no proxy.
    """
    proxies = configuration.proxy_configurations
    if proxies:
        rules = [(one, _is_for(one)) for one in proxies]
        return ProxyTable(rules, session_options)
    values = configuration.connection_proxy_dictionary
    if values is None:
        return None
    return ProxyTable(proxies_of_dictionary(values), session_options)


def _is_for(proxy: ProxyConfiguration) -> Callable[[str, str], bool]:
    return lambda _scheme, host: proxy.is_for(host)


def _options(proxy: ProxyConfiguration, tls: Sequence[Option]) -> list[Option]:
    options: list[Option] = [
        (pycurl.PROXY, proxy.url),
        (pycurl.NOPROXY, ""),  # the environment's exceptions are for its proxies
        *tls,
    ]
    if proxy.tunnels and proxy.kind.value.startswith("http"):
        options.append((pycurl.HTTPPROXYTUNNEL, 1))
    if proxy.username is not None:
        options += [
            (pycurl.PROXYUSERNAME, proxy.username),
            (pycurl.PROXYPASSWORD, proxy.password or ""),
        ]
    return options
