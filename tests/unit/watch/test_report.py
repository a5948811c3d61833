"""The report as values and as JSON."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

from urlsession.connections import CallSite, ClosedBy
from urlsession.watch.facts import ConnectionFacts, OwnerFacts
from urlsession.watch.report import Clock, Finding, Program, Report
from urlsession.watch.verdict import PROGRAM, Kind, Verdict

CLOCK = Clock(started_at=100.0, started_on=datetime(2026, 11, 23, 12, tzinfo=UTC))
OPEN = ConnectionFacts(
    id=1,
    library="urlsession",
    inode=77,
    host="localhost",
    remote=("::1", 443),
    local=("::1", 50000),
    opened_at=100.25,
    opened_by=CallSite("app.py", 3, "load"),
    last_used_at=100.5,
    kernel_state="ESTABLISHED",
    bytes_sent=10,
    bytes_received=20,
    requests=1,
    owner=OwnerFacts(
        type="urlsession.URLSession",
        made_at=CallSite("app.py", 2, "load"),
        path=("app.SESSION", "URLSession"),
    ),
)
CLOSED = replace(
    OPEN,
    id=2,
    remote=("127.0.0.1", 443),
    local=("127.0.0.1", 50001),
    closed_at=100.75,
    closed_by=ClosedBy.LOCAL,
    owner=None,
)
VERDICT = Verdict(
    kind=Kind.UNCLOSED, also=(Kind.CLOSE_WAIT,), proof="p", sentence="s", fix="f"
)
REPORT = Report(
    program=Program(name="app.py", argv=("app.py", "-x"), pid=5, exit_code=0),
    clock=CLOCK,
    taken_at=101.0,
    connections=(Finding(OPEN, VERDICT), Finding(CLOSED, None)),
)


def test_json_has_the_schema_and_its_parts() -> None:
    """And survives a round trip."""
    found = json.loads(REPORT.to_json())

    assert found["schema"] == "urlsession.watch/1"
    assert set(found) >= {"program", "connections", "leaks", "summary"}
    assert found["leaks"] == [1]


def test_json_connection_has_every_field() -> None:
    """With the names that other programs rely on."""
    found = json.loads(REPORT.to_json())["connections"][0]

    assert set(found) >= {
        *("id", "inode", "local", "remote", "host", "opened_at", "opened_by"),
        *("closed_at", "closed_by", "kernel_state", "bytes_sent", "bytes_received"),
        *("idle_s", "requests", "owner", "held_by", "verdict"),
    }
    assert found["opened_by"] == {"file": "app.py", "line": 3, "function": "load"}
    assert set(found["owner"]) >= {"type", "made_at", "reachable", "closed"}
    assert found["held_by"] == ["app.SESSION", "URLSession"]
    assert found["verdict"] == {
        "kind": "unclosed",
        "also": ["close_wait"],
        "proof": "p",
        "sentence": "s",
        "fix": "f",
    }


def test_json_times_are_dates_with_zone_and_seconds_since_the_start() -> None:
    """Both forms, for people and for sums."""
    found = json.loads(REPORT.to_json())["connections"]

    assert found[0]["opened_at"] == "2026-11-23T12:00:00.250000+00:00"
    assert found[0]["opened_at_s"] == 0.25
    assert found[0]["closed_at"] is None
    assert found[1]["closed_at_s"] == 0.75
    assert found[0]["idle_s"] == 0.5


def test_json_addresses_are_host_and_port() -> None:
    """IPv6 in brackets."""
    found = json.loads(REPORT.to_json())["connections"]

    assert (found[0]["local"], found[0]["remote"]) == ("[::1]:50000", "[::1]:443")
    assert found[1]["local"] == "127.0.0.1:50001"


def test_json_summary_counts() -> None:
    """Open, closed, leaked, by kind and by closer."""
    assert json.loads(REPORT.to_json())["summary"] == {
        "connections": 2,
        "forgotten": 0,
        "open": 1,
        "closed": 1,
        "leaked": 1,
        "by_kind": {"unclosed": 1},
        "closed_by": {"local": 1},
    }


def test_json_of_an_empty_report_is_whole() -> None:
    """A program without connections."""
    found = json.loads(replace(REPORT, connections=()).to_json())

    assert found["connections"] == found["leaks"] == []


def test_finding_is_said_of_other_work_than_a_programs() -> None:
    """A test ends, or a block; what is no leak is said of nothing."""
    verdict = replace(VERDICT, sentence=f"{PROGRAM} has ended its work.")
    said = Finding(OPEN, verdict).said_of("The test")

    assert said.verdict == replace(VERDICT, sentence="The test has ended its work.")
    assert Finding(CLOSED, None).said_of("The test") == Finding(CLOSED, None)
