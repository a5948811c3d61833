"""libcurl's figures of a task as Foundation's metrics.

Decides which figure is which date. Times come in microseconds since a transaction
began; dates are made of them only when somebody asks.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING

from ..engine.figures import PROTOCOLS, Figures
from ..metrics import (
    DateInterval,
    ResourceFetchType,
    URLSessionTaskMetrics,
    URLSessionTaskTransactionMetrics,
)
from ..tls import TLSProtocolVersion

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..connections import Connection
    from ..loading.client import Transaction

__all__ = ("task_metrics",)


def task_metrics(
    created_at: float, completed_at: float, transactions: Sequence[Transaction]
) -> URLSessionTaskMetrics:
    """Return the metrics of a task that is over; times in monotonic seconds."""
    return URLSessionTaskMetrics(
        task_interval=DateInterval(_date(created_at), _date(completed_at)),
        redirect_count=sum(map(_is_followed, transactions[:-1])),
        transaction_metrics=tuple(_measure(one) for one in transactions),
    )


def _is_followed(transaction: Transaction) -> bool:
    response = transaction.response  # a 304, or a 401, leads to the same place
    # A protocol class may redirect with a response that has no status.
    status_code = getattr(response, "status_code", 302)
    return 300 <= status_code < 400 and status_code != 304


def _tls_version(connection: Connection | None) -> TLSProtocolVersion | None:
    if connection is None or connection.tls is None:
        return None
    return _VERSIONS.get(connection.tls[0])


def _cipher_suite(connection: Connection | None) -> int | None:
    if connection is None or connection.tls is None:
        return None
    return _cipher_suites().get(connection.tls[1])


_VERSIONS = {
    "TLSv1": TLSProtocolVersion.TLSV10,
    "TLSv1.0": TLSProtocolVersion.TLSV10,
    "TLSv1.1": TLSProtocolVersion.TLSV11,
    "TLSv1.2": TLSProtocolVersion.TLSV12,
    "TLSv1.3": TLSProtocolVersion.TLSV13,
}


@cache
def _cipher_suites() -> dict[str, int]:
    """Return the numbers of the cipher suites by OpenSSL's names for them."""
    import ssl  # 5 ms that a program which never asks need not pay

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.set_ciphers("ALL:@SECLEVEL=0")
    return {one["name"]: one["id"] & 0xFFFF for one in context.get_ciphers()}


def _date(monotonic_s: float) -> datetime:
    age_s = time.monotonic() - monotonic_s
    return datetime.now(UTC) - timedelta(seconds=age_s)


def _measure(transaction: Transaction) -> URLSessionTaskTransactionMetrics:
    request, connection = transaction.request, transaction.connection
    fetch_start = _date(transaction.begun_at)
    if transaction.is_from_cache:
        return URLSessionTaskTransactionMetrics(
            request=request,
            response=transaction.response,
            fetch_start_date=fetch_start,
            response_start_date=fetch_start,
            response_end_date=fetch_start,
            resource_fetch_type=ResourceFetchType.LOCAL_CACHE,
            count_of_response_body_bytes_after_decoding=transaction.decoded_size,
        )
    if not transaction.numbers:  # it was cancelled, or timed out, on its way
        return URLSessionTaskTransactionMetrics(
            request=request,
            response=transaction.response,
            fetch_start_date=fetch_start,
            resource_fetch_type=ResourceFetchType.NETWORK_LOAD,
        )
    figures = Figures(*transaction.numbers)
    is_reused = figures.new_connections == 0 and connection is not None

    def after(microseconds: int, *, if_new: bool = False) -> datetime | None:
        if microseconds <= 0 or (if_new and is_reused):
            return None
        return fetch_start + timedelta(microseconds=microseconds)

    queue_end = fetch_start + timedelta(microseconds=figures.queue_us)
    has_tls = figures.app_connect_us > 0
    connected_us = figures.app_connect_us if has_tls else figures.connect_us
    body = request.http_body
    local = None if connection is None else connection.local
    return URLSessionTaskTransactionMetrics(
        request=request,
        response=transaction.response,
        fetch_start_date=fetch_start,
        domain_lookup_start_date=(
            None if is_reused or figures.name_lookup_us <= 0 else queue_end
        ),
        domain_lookup_end_date=after(figures.name_lookup_us, if_new=True),
        connect_start_date=after(figures.name_lookup_us, if_new=True),
        connect_end_date=after(connected_us, if_new=True),
        secure_connection_start_date=(
            after(figures.connect_us, if_new=True) if has_tls else None
        ),
        secure_connection_end_date=after(figures.app_connect_us, if_new=True),
        request_start_date=after(figures.pre_transfer_us),
        request_end_date=after(figures.post_transfer_us),
        response_start_date=after(figures.start_transfer_us),
        response_end_date=(
            after(figures.total_us) if figures.start_transfer_us else None
        ),
        negotiated_tls_protocol_version=_tls_version(connection),
        negotiated_tls_cipher_suite=_cipher_suite(connection),
        network_protocol_name=PROTOCOLS.get(figures.http_version),
        is_proxy_connection=bool(figures.used_proxy),
        is_reused_connection=is_reused,
        resource_fetch_type=ResourceFetchType.NETWORK_LOAD,
        count_of_request_header_bytes_sent=figures.request_size - figures.upload_size
        if figures.request_size > figures.upload_size
        else figures.request_size,
        count_of_request_body_bytes_sent=figures.upload_size,
        count_of_request_body_bytes_before_encoding=(
            figures.upload_size if body is None else len(body)
        ),
        count_of_response_header_bytes_received=figures.header_size,
        count_of_response_body_bytes_received=figures.download_size,
        count_of_response_body_bytes_after_decoding=transaction.decoded_size,
        local_address=None if local is None else local[0],
        local_port=None if local is None else local[1],
        remote_address=None if connection is None else connection.remote[0],
        remote_port=None if connection is None else connection.remote[1],
        connection_id=None if connection is None else connection.id,
    )
