"""What hosts have said of how they want to be reached, applied to a load.

Decides that a URL is upgraded to TLS before its load begins, and that an origin with an
alternative is asked over HTTP/3. Of a session's doing it knows the options that it adds.

The upgrade is no redirect: nobody is asked, and nothing is sent without TLS.

Source: RFC 6797 section 8.3, RFC 7838.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

import pycurl

from ..storage.alternatives import Alternatives
from ..storage.marks import MARKS

if TYPE_CHECKING:
    from ..configuration import URLSessionConfiguration
    from ..storage.hsts_file import TransportSecurity
    from ..storage.private import PrivateStores
    from ..url import URLParts

__all__ = ("HTTP3_OPTIONS", "Sites", "sites_of")

Option = tuple[int, object]

# Races HTTP/3 with the others: whichever connects first is taken.
HTTP3_OPTIONS: tuple[Option, ...] = ((pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_3),)
ALTERNATIVE_LIMIT_MS = 1000  # to connect to an alternative; then the origin is asked


class Sites:
    """What one session knows of hosts.

    Args:
        make_security: Gives what is known of hosts that want TLS; asked when it is
            needed first.
        uses_alternatives: Whether ``Alt-Svc`` is followed: not if the version of HTTP
            was chosen.
    """

    def __init__(
        self,
        make_security: Callable[[], TransportSecurity],
        *,
        uses_alternatives: bool,
    ) -> None:
        self._make_security = make_security
        self._security: TransportSecurity | None = None
        self.uses_alternatives = uses_alternatives
        self.alternatives = Alternatives()

    @property
    def security(self) -> TransportSecurity:
        """Hosts that want TLS."""
        if self._security is None:
            self._security = self._make_security()
        return self._security

    @property
    def may_upgrade(self) -> bool:
        """Whether a URL without TLS has to be looked at."""
        return self._security is None or not self._security.is_idle

    def upgraded(self, parts: URLParts) -> str | None:
        """Return the URL to load instead of an ``http:`` one; None to load that."""
        if not self.security.requires_tls(parts.host):
            return None
        host = f"[{parts.host}]" if ":" in parts.host else parts.host
        port = "" if parts.port == 80 else f":{parts.port}"
        userinfo, at, _ = (
            parts.request_url.partition("://")[2].partition("/")[0].rpartition("@")
        )
        tail = "" if parts.fragment is None else f"#{parts.fragment}"
        return f"https://{userinfo}{at}{host}{port}{parts.target}{tail}"

    def learn(self, parts: URLParts, lines: Sequence[bytes]) -> None:
        """Read what the head of a reply over TLS says."""
        has_policy = has_alternative = False
        for line in lines:
            if line[:1] not in _INITIALS:
                continue
            name, _, value = line.partition(b":")
            name = name.lower()
            # Of several policies the first counts (RFC 6797, 8.1).
            if name == b"strict-transport-security" and not has_policy:
                has_policy = True
                self.security.note(parts.host, _text(value))
            elif name == b"alt-svc" and self.uses_alternatives and not has_alternative:
                has_alternative = True
                self.alternatives.note(parts.origin, _text(value), time.monotonic())
                MARKS.tell()

    def alternative_options(self, parts: URLParts) -> Sequence[Option]:
        """Return the options for an alternative of an origin; none if there is none.

        Not raced with HTTP/2, though libcurl could do that: it takes an open HTTP/2
        connection rather than race, and mostly there is one, over which the
        alternative was told of.
        """
        found = self.alternatives.find(parts.origin, time.monotonic())
        if found is None:
            return ()
        options: list[Option] = [
            (pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_3ONLY),
            (pycurl.CONNECTTIMEOUT_MS, ALTERNATIVE_LIMIT_MS),
        ]
        if found != (parts.host, parts.port):
            host = f"[{found.host}]" if ":" in found.host else found.host
            options.append((pycurl.CONNECT_TO, [f"::{host}:{found.port}"]))
        return options


def sites_of(configuration: URLSessionConfiguration) -> Sites:
    """Return what a session with this configuration knows of hosts, at first."""
    stores = configuration.private_stores
    make = _shared if stores is None else partial(_private, stores)
    return Sites(make, uses_alternatives=configuration.http_protocol is None)


def _shared() -> TransportSecurity:
    from ..storage.hsts_file import shared_transport_security

    return shared_transport_security()


def _private(stores: PrivateStores) -> TransportSecurity:
    from ..storage.hsts_file import TransportSecurity

    return stores.get("transport_security", TransportSecurity)


_INITIALS = (b"S", b"s", b"A", b"a")


def _text(value: bytes) -> str:
    return value.decode("latin-1").strip()
