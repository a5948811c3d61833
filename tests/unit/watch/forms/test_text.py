"""The report for a person."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from urlsession.connections import CallSite, ClosedBy
from urlsession.watch.facts import ConnectionFacts, OwnerFacts
from urlsession.watch.forms.text import render, wants_colour
from urlsession.watch.report import Clock, Finding, Program, Report
from urlsession.watch.verdict import Kind, Verdict

OPEN = ConnectionFacts(
    id=1,
    library="urlsession",
    inode=7,
    host="localhost",
    remote=("127.0.0.1", 443),
    local=("127.0.0.1", 50000),
    opened_at=0.1,
    kernel_state="ESTABLISHED",
    owner=OwnerFacts(
        type="urlsession.URLSession",
        made_at=CallSite("/src/app.py", 2, "load"),
        path=("app.SESSION", "URLSession"),
    ),
)
CLOSED = replace(OPEN, id=2, closed_at=0.2, closed_by=ClosedBy.PEER)
VERDICT = Verdict(
    proof="p", kind=Kind.UNCLOSED, also=(Kind.CLOSE_WAIT,), sentence="Why.", fix="Cure."
)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def report(*findings: Finding, **changes: object) -> Report:
    """Return a report of some findings."""
    one = Report(
        program=Program(name="/src/app.py", exit_code=0),
        clock=Clock(started_at=0.0, started_on=datetime(2026, 11, 23, tzinfo=UTC)),
        taken_at=1.0,
        connections=findings,
    )
    return replace(one, **changes)  # type: ignore[arg-type]  # fields by name


def test_text_has_a_row_for_each_connection() -> None:
    """State, owner and its line, opened, closed and by whom, verdict."""
    lines = render(report(Finding(OPEN, VERDICT), Finding(CLOSED, None))).splitlines()
    first = next(line for line in lines if ":50000" in line)
    second = next(line for line in lines if "by peer" in line)

    assert lines[0].endswith("2 connections, 1 open, 1 leaked")
    for part in ("ESTABLISHED", "URLSession app.py:2", "0.100 s", "unclosed"):
        assert part in first
    assert "0.200 s by peer" in second


def test_text_groups_leaks_by_kind_and_creating_line() -> None:
    """Forty connections of one line are one sentence."""
    findings = [Finding(replace(OPEN, id=at), VERDICT) for at in range(40)]
    text = render(report(*findings))

    assert text.count("Why.") == 1
    assert "unclosed: 40 connections of URLSession app.py:2" in text
    assert "held by  app.SESSION → URLSession" in text
    assert "cure     Cure." in text
    assert "also     close_wait" in text


def test_text_shows_a_bounded_number_of_rows() -> None:
    """The JSON has all."""
    text = render(report(*[Finding(replace(CLOSED, id=at), None) for at in range(90)]))

    assert "50 earlier ones" in text


def test_text_tells_what_could_not_be_observed() -> None:
    """Next to what it spoiled."""
    assert "adapter x failed" in render(report(problems=("adapter x failed",)))


def test_text_is_plain_unless_colour_is_asked_for() -> None:
    """No escape sequence reaches a file."""
    assert "\x1b" not in render(report(Finding(OPEN, VERDICT)))
    assert "\x1b[31m" in render(report(Finding(OPEN, VERDICT)), colour=True)


def test_colour_needs_a_terminal_and_no_objection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """NO_COLOR wins."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert wants_colour(Terminal())
    assert not wants_colour(io.StringIO())
    monkeypatch.setenv("NO_COLOR", "1")

    assert not wants_colour(Terminal())
