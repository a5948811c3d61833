"""Durations follow from the dates, and are None where a phase was not."""

from __future__ import annotations

import dataclasses
import pickle
from datetime import UTC, datetime, timedelta

import pytest

from urlsession.metrics import (
    DateInterval,
    DomainResolutionProtocol,
    ResourceFetchType,
    URLSessionTaskMetrics,
    URLSessionTaskTransactionMetrics,
)
from urlsession.request import URLRequest

START = datetime(2026, 11, 23, tzinfo=UTC)


def _at(milliseconds: int) -> datetime:
    return START + timedelta(milliseconds=milliseconds)


def _transaction() -> URLSessionTaskTransactionMetrics:
    return URLSessionTaskTransactionMetrics(
        request=URLRequest("http://h/"),
        fetch_start_date=_at(0),
        domain_lookup_start_date=_at(1),
        domain_lookup_end_date=_at(3),
        connect_start_date=_at(3),
        connect_end_date=_at(13),
        secure_connection_start_date=_at(6),
        secure_connection_end_date=_at(13),
        request_start_date=_at(14),
        request_end_date=_at(15),
        response_start_date=_at(35),
        response_end_date=_at(100),
    )


@pytest.mark.parametrize(
    ("name", "seconds"),
    [
        ("domain_lookup_duration", 0.002),
        ("connect_duration", 0.010),
        ("secure_connection_duration", 0.007),
        ("request_duration", 0.001),
        ("wait_duration", 0.020),
        ("response_duration", 0.065),
        ("duration", 0.100),
    ],
)
def test_duration_of(name: str, seconds: float) -> None:
    """From its two dates; None if there are none."""
    blank = URLSessionTaskTransactionMetrics(request=URLRequest("http://h/"))

    assert getattr(_transaction(), name) == pytest.approx(seconds)
    assert getattr(blank, name) is None


def test_duration_is_none_when_a_phase_did_not_end() -> None:
    """One date is no duration."""
    cut = dataclasses.replace(_transaction(), response_end_date=None)

    assert cut.response_duration is None
    assert cut.duration is None


def test_wait_is_zero_when_the_answer_came_early() -> None:
    """A server may answer before it has been sent everything."""
    early = dataclasses.replace(_transaction(), response_start_date=_at(10))

    assert early.wait_duration == 0.0


def test_interval_has_a_duration() -> None:
    """In seconds."""
    assert DateInterval(_at(0), _at(1500)).duration == 1.5


@pytest.mark.parity("5:isCellular, isExpensive, isConstrained, isMultipath")
def test_transaction_starts_out_unknown() -> None:
    """Nothing is claimed that nobody measured."""
    blank = URLSessionTaskTransactionMetrics(request=URLRequest("http://h/"))

    assert blank.resource_fetch_type is ResourceFetchType.UNKNOWN
    assert blank.domain_resolution_protocol is DomainResolutionProtocol.UNKNOWN
    assert blank.connection_id is None
    assert not blank.is_reused_connection


def test_metrics_are_values() -> None:
    """They cannot be changed, and can go to another process."""
    metrics = URLSessionTaskMetrics(
        task_interval=DateInterval(_at(0), _at(1)),
        transaction_metrics=(_transaction(),),
    )

    assert pickle.loads(pickle.dumps(metrics)) == metrics
    with pytest.raises(dataclasses.FrozenInstanceError):
        metrics.redirect_count = 3  # type: ignore[misc]  # the mistake under test


@pytest.mark.parametrize(
    ("member", "number"),
    [
        (ResourceFetchType.LOCAL_CACHE, 3),
        (ResourceFetchType.SERVER_PUSH, 2),
        (DomainResolutionProtocol.HTTPS, 4),
    ],
)
@pytest.mark.parity("5:ResourceFetchType", "5:DomainResolutionProtocol")
def test_number_is_apples(member: int, number: int) -> None:
    """So that records of both can be compared."""
    assert member == number
