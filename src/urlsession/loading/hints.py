"""What a request says of its traffic, in libcurl's and the kernel's terms.

Decides which class of traffic a service type is, which urgency a priority is, and which
options follow from a request's own properties. Must not open anything.

Source: RFC 4594 and RFC 8622 for traffic classes, RFC 9218 for urgencies.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pycurl

from ..request import NetworkServiceType

if TYPE_CHECKING:
    from ..request import URLRequest

__all__ = ("hint_options", "traffic_class", "urgency")

Option = tuple[int, object]

# Code points of RFC 4594's classes; background traffic is its "low-priority data".
_CODE_POINTS = {
    NetworkServiceType.DEFAULT: 0,
    NetworkServiceType.VOIP: 46,  # EF
    NetworkServiceType.VIDEO: 34,  # AF41
    NetworkServiceType.BACKGROUND: 8,  # CS1
    NetworkServiceType.VOICE: 46,  # EF
    NetworkServiceType.RESPONSIVE_DATA: 18,  # AF21
    NetworkServiceType.AV_STREAMING: 26,  # AF31
    NetworkServiceType.RESPONSIVE_AV: 32,  # CS4
    NetworkServiceType.CALL_SIGNALING: 40,  # CS5
}
_EARLY_METHODS = ("GET", "HEAD")
DEFAULT_URGENCY = 3


def traffic_class(service: NetworkServiceType) -> int:
    """Return the byte that IP packets of a service carry: its code point, no ECN."""
    return _CODE_POINTS[service] << 2


def urgency(priority: float) -> int:
    """Return how urgent a task's priority is, from 0 (most) to 6; 3 is usual."""
    return round(6 * (1 - min(1.0, max(0.0, priority))))


def hint_options(request: URLRequest, *, uses_early_data: bool) -> list[Option]:
    """Return the options for a request's own properties.

    Args:
        request: The request.
        uses_early_data: Whether the session's loads may go with TLS early data.
    """
    options: list[Option] = []
    if request.allows_persistent_dns:
        options.append((pycurl.DNS_CACHE_TIMEOUT, -1))
    if uses_early_data and request.http_method not in _EARLY_METHODS:
        options.append((pycurl.SSL_OPTIONS, 0))  # what comes early may be replayed
    return options
