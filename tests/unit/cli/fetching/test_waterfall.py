"""Metrics as text."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from urlsession import (
    HTTPURLResponse,
    URLRequest,
    URLSessionTaskMetrics,
    URLSessionTaskTransactionMetrics,
)
from urlsession.cli.fetching.waterfall import render_waterfall, size_text
from urlsession.metrics import DateInterval

START = datetime(2026, 1, 1, tzinfo=UTC)


def at(milliseconds: float) -> datetime:
    """Return a time after the start."""
    return START + timedelta(milliseconds=milliseconds)


def metrics_of(
    *transactions: URLSessionTaskTransactionMetrics,
) -> URLSessionTaskMetrics:
    """Return the metrics of a task of 100 ms."""
    return URLSessionTaskMetrics(
        task_interval=DateInterval(START, at(100)),
        transaction_metrics=transactions,
    )


NEW = URLSessionTaskTransactionMetrics(
    request=URLRequest("https://user:secret@host/"),
    response=HTTPURLResponse("https://host/", 200),
    fetch_start_date=at(0),
    domain_lookup_start_date=at(10),
    domain_lookup_end_date=at(20),
    connect_start_date=at(20),
    connect_end_date=at(50),
    secure_connection_start_date=at(30),
    secure_connection_end_date=at(50),
    request_start_date=at(50),
    request_end_date=at(55),
    response_start_date=at(75),
    response_end_date=at(100),
    network_protocol_name="h2",
    connection_id=7,
    local_port=50000,
    remote_address="192.0.2.1",
    remote_port=443,
    count_of_request_header_bytes_sent=100,
    count_of_response_header_bytes_received=200,
    count_of_response_body_bytes_received=1024,
    count_of_response_body_bytes_after_decoding=2048,
)


def test_phases_stand_one_below_the_other_on_one_axis() -> None:
    """Each bar begins where the one before ends; 80 columns for 100 ms."""
    text = render_waterfall("https://host/", metrics_of(NEW), width=104)
    rows = {line.split()[0]: line for line in text.splitlines()[4:]}

    assert list(rows) == [
        "queue",
        "DNS",
        "connect",
        "TLS",
        "request",
        "wait",
        "receive",
    ]
    assert [row.count("█") for row in rows.values()] == [8, 8, 8, 16, 4, 16, 20]
    assert [row.index("█") - 24 for row in rows.values()] == [0, 8, 16, 24, 40, 44, 60]
    assert " 20.0 ms" in rows["TLS"]
    assert max(map(len, text.splitlines())) <= 104


def test_head_names_connection_protocol_and_sizes() -> None:
    """And no password."""
    lines = render_waterfall("https://host/", metrics_of(NEW)).splitlines()

    assert lines[0] == "https://host/  100.0 ms"
    assert lines[1] == "  GET https://user:***@host/: 200"
    assert lines[2] == "  h2; connection 7, new, from port 50000 to 192.0.2.1:443"
    assert lines[3] == ("  sent 100 B + 0 B, received 200 B + 1.0 KiB, decoded 2.0 KiB")


def test_reused_connection_has_no_phases_of_connecting() -> None:
    """It says so."""
    reused = URLSessionTaskTransactionMetrics(
        request=URLRequest("http://host/"),
        fetch_start_date=at(0),
        request_start_date=at(0.1),
        request_end_date=at(1),
        response_start_date=at(2),
        response_end_date=at(3),
        connection_id=1,
        is_reused_connection=True,
    )
    text = render_waterfall("http://host/", metrics_of(reused))

    assert "connection 1, reused" in text
    assert "DNS" not in text
    assert "queue" not in text


def test_load_without_a_transaction_says_so() -> None:
    """A bad URL, for instance."""
    assert "nothing was sent" in render_waterfall("x", metrics_of())


def test_load_without_a_response_says_so() -> None:
    """And shows how far it came."""
    failed = URLSessionTaskTransactionMetrics(request=URLRequest("http://host/"))
    text = render_waterfall("http://host/", metrics_of(failed))

    assert "GET http://host/: no response" in text
    assert "no connection" in text


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (1_048_570, "1.0 MiB"),
        (5 * 1024**3, "5.0 GiB"),
        (2048 * 1024**4, "2048.0 TiB"),
    ],
)
def test_sizes_are_read_by_people(count: int, text: str) -> None:
    """Binary units, one digit."""
    assert size_text(count) == text
