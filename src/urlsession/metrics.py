"""What a load cost: times, bytes and the connection of each transaction.

Decides the shape of the measurements (Foundation's names) and the durations that
follow from them. Must not know where the numbers come from.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from .request import URLRequest
    from .response import URLResponse
    from .tls import TLSProtocolVersion

__all__ = (
    "DateInterval",
    "DomainResolutionProtocol",
    "ResourceFetchType",
    "URLSessionTaskMetrics",
    "URLSessionTaskTransactionMetrics",
)


class ResourceFetchType(enum.IntEnum):
    """Where a resource came from, with Apple's numbers."""

    UNKNOWN = 0
    NETWORK_LOAD = 1
    SERVER_PUSH = 2
    LOCAL_CACHE = 3


class DomainResolutionProtocol(enum.IntEnum):
    """How a host name was looked up, with Apple's numbers."""

    UNKNOWN = 0
    UDP = 1
    TCP = 2
    TLS = 3
    HTTPS = 4


@dataclass(frozen=True, slots=True)
class DateInterval:
    """A stretch of time.

    Attributes:
        start: When it began, with a zone.
        end: When it ended, with a zone; not before `start`.
    """

    start: datetime
    end: datetime

    @property
    def duration(self) -> float:
        """How long it was, in seconds."""
        return (self.end - self.start).total_seconds()


@dataclass(frozen=True, slots=True, kw_only=True)
class URLSessionTaskTransactionMetrics:
    """One request with its response, on one connection or from a cache.

    Dates have a zone. A date is None if its phase was not there (lookup, connect
    and TLS on a reused connection) or did not get that far.

    Attributes:
        request: What was asked for.
        response: What came back; None if nothing did.
        fetch_start_date: When the load began, local or remote.
        domain_lookup_start_date: When the look-up of the host name began.
        domain_lookup_end_date: When it ended.
        connect_start_date: When connecting began.
        connect_end_date: When it ended, TLS included.
        secure_connection_start_date: When the TLS handshake began.
        secure_connection_end_date: When it ended.
        request_start_date: When sending began.
        request_end_date: When the last byte had been sent.
        response_start_date: When the first byte arrived.
        response_end_date: When the last byte arrived.
        network_protocol_name: ALPN id: ``http/1.1``, ``h2`` or ``h3``.
        is_proxy_connection: Whether a proxy stood between.
        is_reused_connection: Whether the connection had been open already.
        resource_fetch_type: Where the resource came from.
        domain_resolution_protocol: How the host name was looked up.
        count_of_request_header_bytes_sent: Bytes of the request's head.
        count_of_request_body_bytes_sent: Bytes of its body on the wire.
        count_of_request_body_bytes_before_encoding: Bytes of its body as given.
        count_of_response_header_bytes_received: Bytes of the response's head.
        count_of_response_body_bytes_received: Bytes of its body on the wire.
        count_of_response_body_bytes_after_decoding: Bytes of its body delivered.
        local_address: Own address; None without a connection.
        local_port: Own port; None without a connection.
        remote_address: The peer's address (a proxy's, if there is one).
        remote_port: The peer's port.
        negotiated_tls_protocol_version: Version of TLS; None if not known.
        negotiated_tls_cipher_suite: Number of the cipher suite; None if not known.
        is_cellular: Whether the interface is cellular; always False here.
        is_expensive: Whether the interface is expensive; always False here.
        is_constrained: Whether the interface is in Low Data Mode; always False.
        is_multipath: Whether several interfaces were used; always False here.
        connection_id: Serial number of the connection in
            ``URLSession.connections()``; None from a cache. Ours.

    Source: Foundation's ``URLSessionTaskTransactionMetrics``.
    """

    request: URLRequest
    response: URLResponse | None = None
    fetch_start_date: datetime | None = None
    domain_lookup_start_date: datetime | None = None
    domain_lookup_end_date: datetime | None = None
    connect_start_date: datetime | None = None
    connect_end_date: datetime | None = None
    secure_connection_start_date: datetime | None = None
    secure_connection_end_date: datetime | None = None
    request_start_date: datetime | None = None
    request_end_date: datetime | None = None
    response_start_date: datetime | None = None
    response_end_date: datetime | None = None
    network_protocol_name: str | None = None
    is_proxy_connection: bool = False
    is_reused_connection: bool = False
    resource_fetch_type: ResourceFetchType = ResourceFetchType.UNKNOWN
    domain_resolution_protocol: DomainResolutionProtocol = (
        DomainResolutionProtocol.UNKNOWN
    )
    count_of_request_header_bytes_sent: int = 0
    count_of_request_body_bytes_sent: int = 0
    count_of_request_body_bytes_before_encoding: int = 0
    count_of_response_header_bytes_received: int = 0
    count_of_response_body_bytes_received: int = 0
    count_of_response_body_bytes_after_decoding: int = 0
    local_address: str | None = None
    local_port: int | None = None
    remote_address: str | None = None
    remote_port: int | None = None
    negotiated_tls_protocol_version: TLSProtocolVersion | None = None
    negotiated_tls_cipher_suite: int | None = None
    is_cellular: bool = False
    is_expensive: bool = False
    is_constrained: bool = False
    is_multipath: bool = False
    connection_id: int | None = None

    @property
    def domain_lookup_duration(self) -> float | None:
        """Seconds of the look-up; None if there was none."""
        return _seconds(self.domain_lookup_start_date, self.domain_lookup_end_date)

    @property
    def connect_duration(self) -> float | None:
        """Seconds of connecting, TLS included; None if there was none."""
        return _seconds(self.connect_start_date, self.connect_end_date)

    @property
    def secure_connection_duration(self) -> float | None:
        """Seconds of the TLS handshake; None if there was none."""
        return _seconds(
            self.secure_connection_start_date, self.secure_connection_end_date
        )

    @property
    def request_duration(self) -> float | None:
        """Seconds of sending; None if it did not end."""
        return _seconds(self.request_start_date, self.request_end_date)

    @property
    def wait_duration(self) -> float | None:
        """Seconds from the last byte sent to the first received; None if none was.

        0 if the server answered before it had been sent everything.
        """
        waited = _seconds(self.request_end_date, self.response_start_date)
        return None if waited is None else max(0.0, waited)

    @property
    def response_duration(self) -> float | None:
        """Seconds of receiving; None if it did not end."""
        return _seconds(self.response_start_date, self.response_end_date)

    @property
    def duration(self) -> float | None:
        """Seconds from the start to the last byte; None if that did not come."""
        return _seconds(self.fetch_start_date, self.response_end_date)


@dataclass(frozen=True, slots=True, kw_only=True)
class URLSessionTaskMetrics:
    """What a task cost.

    Attributes:
        task_interval: From the making of the task to just before it completed.
        redirect_count: Redirects that were followed or refused.
        transaction_metrics: One for each request with its response, in order.

    Source: Foundation's ``URLSessionTaskMetrics``.
    """

    task_interval: DateInterval
    redirect_count: int = 0
    transaction_metrics: tuple[URLSessionTaskTransactionMetrics, ...] = ()


def _seconds(start: datetime | None, end: datetime | None) -> float | None:
    if start is None or end is None:
        return None
    return (end - start).total_seconds()
