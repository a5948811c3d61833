"""libcurl's figures as Foundation's dates and counts."""

from __future__ import annotations

import time
import weakref
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from urlsession.connections import Connection, Owner
from urlsession.engine.figures import Figures
from urlsession.loading.client import Transaction
from urlsession.metrics import ResourceFetchType, URLSessionTaskTransactionMetrics
from urlsession.request import URLRequest
from urlsession.response import HTTPURLResponse
from urlsession.tasks.measure import task_metrics

URL = "http://a.example/"
MS = 1000  # microseconds
PLAIN = Figures(
    queue_us=1 * MS,
    name_lookup_us=2 * MS,
    connect_us=3 * MS,
    app_connect_us=0,
    pre_transfer_us=5 * MS,
    post_transfer_us=6 * MS,
    start_transfer_us=7 * MS,
    total_us=8 * MS,
    request_size=100,
    upload_size=0,
    header_size=200,
    download_size=300,
    new_connections=1,
    http_version=2,
    used_proxy=0,
)
TLS = PLAIN._replace(app_connect_us=4 * MS, http_version=3)


@pytest.fixture
def connection() -> Connection:
    """Return the connection that a transaction used."""
    return Connection(
        id=5,
        fd=7,
        inode=70,
        host="a.example",
        remote=("127.0.0.2", 80),
        local=("127.0.0.1", 5000),
        is_secure=False,
        opened_at=1.0,
        last_used_at=1.0,
        owner=Owner(type="test", ref=weakref.ref(Connection), made_at=None),
    )


def measured(
    figures: Figures | tuple[()],
    connection: Connection | None = None,
    *,
    body: bytes | None = None,
) -> URLSessionTaskTransactionMetrics:
    """Return the metrics of one transaction that began now."""
    one = Transaction(
        request=URLRequest(URL, method="POST" if body else None, body=body),
        response=HTTPURLResponse(URL, 200),
        numbers=figures,
        begun_at=time.monotonic(),
        connection=connection,
        decoded_size=400,
    )
    return task_metrics(one.begun_at, one.begun_at + 1, [one]).transaction_metrics[0]


def offsets_ms(one: URLSessionTaskTransactionMetrics) -> list[float | None]:
    """Return the dates in the order of events, in ms since the start."""
    start = one.fetch_start_date
    assert start is not None
    dates = (
        one.domain_lookup_start_date,
        one.domain_lookup_end_date,
        one.connect_start_date,
        one.secure_connection_start_date,
        one.secure_connection_end_date,
        one.connect_end_date,
        one.request_start_date,
        one.request_end_date,
        one.response_start_date,
        one.response_end_date,
    )
    return [
        None if at is None else (at - start) / timedelta(milliseconds=1) for at in dates
    ]


@pytest.mark.parametrize(
    ("figures", "expected"),
    [
        (PLAIN, [1, 2, 2, None, None, 3, 5, 6, 7, 8]),
        (TLS, [1, 2, 2, 3, 4, 4, 5, 6, 7, 8]),
    ],
    ids=["plain", "tls"],
)
def test_new_connection_has_a_date_for_each_phase(
    connection: Connection, figures: Figures, expected: list[float | None]
) -> None:
    """The handshake belongs to connecting."""
    assert offsets_ms(measured(figures, connection)) == expected


def test_reused_connection_has_neither_lookup_nor_connect(
    connection: Connection,
) -> None:
    """What libcurl says of them then is about an earlier one."""
    one = measured(TLS._replace(new_connections=0), connection)

    assert one.is_reused_connection
    assert offsets_ms(one) == [None] * 6 + [5, 6, 7, 8]


def test_load_without_a_connection_did_not_reuse_one() -> None:
    """The connect failed: nothing was sent."""
    failed = Figures(*[0] * len(Figures._fields))._replace(
        queue_us=1 * MS, name_lookup_us=2 * MS, total_us=3 * MS
    )
    one = measured(failed)

    assert not one.is_reused_connection
    assert offsets_ms(one)[:3] == [1, 2, 2]
    assert offsets_ms(one)[3:] == [None] * 7
    assert (one.connection_id, one.remote_address, one.local_port) == (None,) * 3


def test_transaction_that_was_cut_off_has_its_start_only() -> None:
    """Libcurl gave no figures."""
    one = measured(())

    assert offsets_ms(one) == [None] * 10
    assert one.resource_fetch_type is ResourceFetchType.NETWORK_LOAD


def test_connection_and_protocol_are_named(connection: Connection) -> None:
    """By the same numbers as in the list of connections."""
    one = measured(TLS, connection)

    assert (one.local_address, one.local_port) == connection.local
    assert (one.remote_address, one.remote_port) == connection.remote
    assert (one.connection_id, one.network_protocol_name) == (5, "h2")
    assert one.is_proxy_connection is False


@pytest.mark.parametrize(
    ("request_size", "head_size"),
    [(160, 100), (100, 40), (50, 50)],
    ids=["with body", "small", "body apart"],
)
def test_bytes_are_counted(
    connection: Connection, request_size: int, head_size: int
) -> None:
    """Heads and bodies, on the wire and decoded."""
    figures: Any = PLAIN._replace(request_size=request_size, upload_size=60)
    one = measured(figures, connection, body=b"x" * 60)

    assert one.count_of_request_header_bytes_sent == head_size
    assert one.count_of_request_body_bytes_sent == 60
    assert one.count_of_request_body_bytes_before_encoding == 60
    assert one.count_of_response_header_bytes_received == 200
    assert one.count_of_response_body_bytes_received == 300
    assert one.count_of_response_body_bytes_after_decoding == 400


@pytest.mark.parametrize(("count", "redirects"), [(0, 0), (1, 0), (3, 2)])
@pytest.mark.parity("5:redirectCount")
def test_each_further_transaction_is_a_redirect(count: int, redirects: int) -> None:
    """A task that never began has none."""
    now = time.monotonic()
    one = Transaction(URLRequest(URL), None, (), now, None, 0)
    metrics = task_metrics(now, now, [one] * count)

    assert metrics.redirect_count == redirects
    assert len(metrics.transaction_metrics) == count


def test_dates_are_of_the_calendar() -> None:
    """Monotonic seconds become dates with a zone."""
    now = time.monotonic()
    interval = task_metrics(now - 10, now, []).task_interval

    assert abs(interval.duration - 10) < 1
    assert abs((datetime.now(UTC) - interval.end).total_seconds()) < 5
