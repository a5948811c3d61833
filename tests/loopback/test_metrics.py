"""What a task has measured, for each of its transactions."""

from __future__ import annotations

import asyncio
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from urlsession import (
    URLRequest,
    URLSession,
    URLSessionConfiguration,
    URLSessionTaskMetrics,
    URLSessionTaskTransactionMetrics,
)
from urlsession.metrics import ResourceFetchType
from urlsession.testing import (
    RecordingDelegate,
    ServerConnection,
    fixed_body,
    redirecting,
)

if TYPE_CHECKING:
    from urlsession.testing.certificates import CertificateAuthority

    from ..conftest import Serve

DATES = (
    "fetch_start_date",
    "domain_lookup_start_date",
    "domain_lookup_end_date",
    "connect_start_date",
    "secure_connection_start_date",
    "secure_connection_end_date",
    "connect_end_date",
    "request_start_date",
    "request_end_date",
    "response_start_date",
    "response_end_date",
)
OF_CONNECTING = DATES[1:7]


def metrics_of(session: URLSession, request: URLRequest | str) -> URLSessionTaskMetrics:
    """Load and return what was measured."""
    task = session.data(request)
    task.result(5)
    assert task.metrics is not None
    return task.metrics


def only(metrics: URLSessionTaskMetrics) -> URLSessionTaskTransactionMetrics:
    """Return the one transaction."""
    [one] = metrics.transaction_metrics
    return one


@pytest.mark.parametrize("tls", [False, True], ids=["http", "https"])
@pytest.mark.parity(
    "5:fetchStartDate",
    "5:requestStart/EndDate, responseStart/EndDate",
    "18:17 #2886 metrics",
)
def test_dates_are_in_order_and_within_the_load(
    serve: Serve, ca: CertificateAuthority, tls: bool
) -> None:
    """Each phase that took place has a date; TLS has its own two."""
    server = serve(fixed_body(b"x"), tls=tls)
    configuration = URLSessionConfiguration.ephemeral()
    configuration.trusted_certificates = ca.path
    with URLSession(configuration) as session:
        before = datetime.now(UTC)
        metrics = metrics_of(session, server.url())
        after = datetime.now(UTC)
    one = only(metrics)
    names = [n for n in DATES if tls or not n.startswith("secure")]
    dates = [getattr(one, name) for name in names]

    assert None not in dates
    assert dates[:1] == sorted(dates)[:1]
    assert dates[-4:] == sorted(dates)[-4:]
    assert one.connect_start_date <= one.connect_end_date <= one.request_start_date  # type: ignore[operator]  # none is None
    slack_s = 0.005  # two clocks are read, one after the other
    assert (before - dates[0]).total_seconds() < slack_s
    assert (dates[-1] - after).total_seconds() < slack_s
    assert (one.secure_connection_start_date is not None) is tls


@pytest.mark.parity("5:localAddress, localPort, remoteAddress, remotePort")
def test_connection_is_named_in_every_transaction(serve: Serve) -> None:
    """By the ledger's id and by its port, and told apart from the next one."""
    server = serve(fixed_body(b"x"))
    with URLSession() as session:
        first = only(metrics_of(session, server.url()))
        second = only(metrics_of(session, server.url()))
        [connection] = session.connections()
    with URLSession() as session:
        third = only(metrics_of(session, server.url()))

    assert first.connection_id == second.connection_id == connection.id
    assert third.connection_id != first.connection_id
    ports = [one.peer_port for one in server.connections]
    assert [first.local_port, third.local_port] == ports
    assert first.local_address == first.remote_address == "127.0.0.1"
    assert first.remote_port == server.port


@pytest.mark.parity(
    "5:domainLookup…, connect…, secureConnection…Date",
    "5:isProxyConnection, isReusedConnection",
)
def test_reused_connection_has_no_dates_of_connecting(serve: Serve) -> None:
    """It was there already."""
    server = serve(fixed_body(b"x"))
    with URLSession() as session:
        first = only(metrics_of(session, server.url()))
        second = only(metrics_of(session, server.url()))

    assert (first.is_reused_connection, second.is_reused_connection) == (False, True)
    assert [getattr(second, name) for name in OF_CONNECTING] == [None] * 6
    assert second.request_start_date is not None


@pytest.mark.parity("5:transactionMetrics")
def test_redirects_are_transactions_of_their_own(serve: Serve) -> None:
    """Each with its request, its response and its connection."""
    other = serve(fixed_body(b"end"))
    first = serve(redirecting({"/a": (302, "/b"), "/b": (307, other.url("/end"))}))
    with URLSession() as session:
        metrics = metrics_of(session, first.url("/a"))
    found = metrics.transaction_metrics

    assert metrics.redirect_count == 2
    assert [one.request.url for one in found] == [
        first.url("/a"),
        first.url("/b"),
        other.url("/end"),
    ]
    assert [getattr(one.response, "status_code", None) for one in found] == [
        302,
        307,
        200,
    ]
    assert [one.is_reused_connection for one in found] == [False, True, False]
    assert found[0].connection_id == found[1].connection_id != found[2].connection_id
    assert found[2].local_port == other.connections[0].peer_port


@pytest.mark.parity(
    "3.1:countOfBytesReceived",
    "5:countOfRequestHeaderBytesSent …",
    "5:countOfResponseHeaderBytesReceived …",
)
def test_bytes_are_counted_both_ways(serve: Serve) -> None:
    """Head and body apart, as they went over the wire."""
    server = serve(fixed_body(b"y" * 1000))
    with URLSession() as session:
        request = URLRequest(server.url(), method="POST", body=b"x" * 300)
        one = only(metrics_of(session, request))

    assert one.count_of_request_body_bytes_sent == 300
    assert one.count_of_request_body_bytes_before_encoding == 300
    assert 100 < one.count_of_request_header_bytes_sent < 500
    assert one.count_of_response_body_bytes_received == 1000
    assert one.count_of_response_body_bytes_after_decoding == 1000
    assert 50 < one.count_of_response_header_bytes_received < 200
    assert one.network_protocol_name == "http/1.1"
    assert one.resource_fetch_type is ResourceFetchType.NETWORK_LOAD


@pytest.mark.parity("5:taskInterval")
def test_interval_of_the_task_begins_when_it_was_made(serve: Serve) -> None:
    """Not when it was resumed."""
    server = serve(fixed_body(b"x"))
    with URLSession() as session:
        task = session.data_task(server.url())
        threading.Event().wait(0.05)
        task.resume()
        task.result(5)

    assert task.metrics is not None
    assert 0.05 <= task.metrics.task_interval.duration < 0.5


@pytest.mark.parity("5:request, response")
def test_failed_transaction_has_no_response(serve: Serve) -> None:
    """But the connection it used."""

    def reset(connection: ServerConnection) -> None:
        connection.recv_request()
        connection.reset()

    server = serve(reset)
    with URLSession() as session:
        task = session.data(server.url())
        with pytest.raises(ConnectionError):
            task.result(5)

    assert task.metrics is not None
    one = only(task.metrics)
    assert one.response is None
    assert one.local_port == server.connections[0].peer_port
    assert one.response_end_date is None


def test_cancelled_task_has_metrics_too(serve: Serve) -> None:
    """Of what took place."""

    def hold(connection: ServerConnection) -> None:
        connection.recv_request()
        connection.hold()

    server = serve(hold)
    with URLSession() as session:
        never = session.data_task(server.url())
        never.cancel()
        task = session.data(server.url())
        server.wait_requests(1)
        task.cancel()

    assert never.metrics is not None
    assert never.metrics.transaction_metrics == ()
    assert task.metrics is not None
    assert only(task.metrics).response is None


def test_metrics_are_there_only_when_the_task_is_over(serve: Serve) -> None:
    """They are complete then; the delegate is given the same ones."""
    go = threading.Event()

    def wait(connection: ServerConnection) -> None:
        connection.recv_request()
        go.wait(5)
        connection.send_response(200)

    delegate = RecordingDelegate()

    async def story() -> object:
        async with URLSession(delegate=delegate) as session:
            task = session.data(serve(wait).url())
            assert task.metrics is None
            go.set()
            await task
            return task.metrics

    metrics = asyncio.run(story())

    assert isinstance(metrics, URLSessionTaskMetrics)
    told = delegate.named("task_did_finish_collecting_metrics")[0].args[1]
    assert isinstance(told, URLSessionTaskMetrics)
    assert only(told).connection_id == only(metrics).connection_id


def test_metrics_of_early_tasks_outlive_later_ones(serve: Serve) -> None:
    """Handles are used again; figures of a finished task stay its own."""
    server = serve(redirecting({}))
    with URLSession() as session:
        tasks = []
        for n in range(20):
            request = URLRequest(server.url(), method="PUT", body=b"x" * n)
            tasks.append(session.data(request))
            tasks[-1].result(5)

    sent = [
        only(task.metrics).count_of_request_body_bytes_sent
        for task in tasks
        if task.metrics is not None
    ]
    assert sent == list(range(20))
