"""Reports to be shown: one open connection that leaks, one that was closed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from urlsession.connections import CallSite, ClosedBy
from urlsession.watch.facts import ConnectionFacts, OwnerFacts
from urlsession.watch.report import Clock, Finding, Program, Report
from urlsession.watch.verdict import Kind, Verdict

__all__ = ("CLOSED", "LEAK", "OPEN", "OWNER", "VERDICT", "make_report")

OWNER = OwnerFacts(
    type="requests.Session",
    made_at=CallSite("/src/client.py", 31, "fetch"),
    path=("app.SESSION", "Session"),
)
OPEN = ConnectionFacts(
    id=1,
    library="requests",
    inode=1,
    host="api.example",
    remote=("192.0.2.1", 443),
    local=("192.0.2.2", 50000),
    opened_at=0.1,
    opened_by=CallSite("/src/client.py", 33, "fetch"),
    kernel_state="ESTABLISHED",
    requests=2,
    owner=OWNER,
)
CLOSED = replace(OPEN, id=2, inode=2, closed_at=0.2, closed_by=ClosedBy.PEER)
VERDICT = Verdict(
    kind=Kind.UNCLOSED,
    also=(),
    proof="the kernel says ESTABLISHED",
    sentence="It <is> open & held.",
    fix="Close it.",
)
LEAK = Finding(OPEN, VERDICT)


def make_report(*findings: Finding, problems: tuple[str, ...] = ()) -> Report:
    """Return a report of some findings."""
    return Report(
        program=Program(name="app.py", exit_code=0),
        clock=Clock(started_at=0.0, started_on=datetime(2026, 11, 23, tzinfo=UTC)),
        taken_at=1.5,
        connections=findings,
        problems=problems,
    )
