"""What the observer found, as values and as JSON (``urlsession.watch/1``).

Decides the shape that other programs read. The text form is in `text`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from .verdict import PROGRAM

if TYPE_CHECKING:
    from ..connections import Address, CallSite
    from .facts import ConnectionFacts, OwnerFacts
    from .verdict import Verdict

__all__ = ("SCHEMA", "Clock", "Finding", "Program", "Report")

SCHEMA = "urlsession.watch/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """Turns monotonic seconds into seconds since the start, and into dates.

    Attributes:
        started_at: Monotonic seconds at the start of the watch.
        started_on: The same moment as an aware date.
    """

    started_at: float
    started_on: datetime

    def since_start(self, at: float) -> float:
        """Return seconds since the start, to the microsecond."""
        return round(at - self.started_at, 6)

    def date(self, at: float) -> str:
        """Return an ISO 8601 date with zone."""
        moment = self.started_on + timedelta(seconds=at - self.started_at)
        return moment.isoformat(timespec="microseconds")


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """The observed program.

    Attributes:
        parent: Pid of the process that started it; 0 where that does not matter.
        exit_code: Its own exit code; None while it runs.
        uncaught: The exception that ended it, in one line, if one did.
    """

    name: str
    argv: tuple[str, ...] = ()
    pid: int = 0
    parent: int = 0
    python: str = ""
    exit_code: int | None = None
    uncaught: str | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """One connection and what is to be said of it."""

    facts: ConnectionFacts
    verdict: Verdict | None

    def said_of(self, work: str) -> Finding:
        """Return this worded for other work than a program's: ``The test``."""
        if self.verdict is None:
            return self
        sentence = self.verdict.sentence.replace(PROGRAM, work, 1)
        return replace(self, verdict=replace(self.verdict, sentence=sentence))


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything that the observer saw until one moment.

    Attributes:
        connections: In the order in which they were opened.
        has_ended: Whether the program (or the test) had ended its work.
        processes: The other processes whose connections are among these.
        forgotten: Closed connections that are no longer remembered.
        problems: What could not be observed, in words.
    """

    program: Program
    clock: Clock
    taken_at: float
    connections: tuple[Finding, ...]
    has_ended: bool = False
    processes: tuple[Program, ...] = ()
    forgotten: int = 0
    problems: tuple[str, ...] = field(default=())

    @property
    def leaks(self) -> tuple[Finding, ...]:
        """The connections that have a verdict."""
        return tuple(one for one in self.connections if one.verdict is not None)

    def to_dict(self) -> dict[str, object]:
        """Return the report in the shape of the JSON file."""
        return {
            "schema": SCHEMA,
            "program": self._program(),
            "processes": [_show_process(one) for one in self.processes],
            "connections": [self._connection(one) for one in self.connections],
            "leaks": [one.facts.id for one in self.leaks],
            "summary": self._summary(),
            "problems": list(self.problems),
        }

    def to_json(self) -> str:
        """Return the report as JSON text."""
        import json

        return json.dumps(self.to_dict(), indent=2, ensure_ascii=False) + "\n"

    def _program(self) -> dict[str, object]:
        program = self.program
        return {
            "name": program.name,
            "argv": list(program.argv),
            "pid": program.pid,
            "python": program.python,
            **self._moment("started_at", self.clock.started_at),
            **self._moment("ended_at", self.taken_at),
            "exit_code": program.exit_code,
            "uncaught": program.uncaught,
        }

    def _summary(self) -> dict[str, object]:
        found = self.connections
        kinds = Counter(one.verdict.kind.value for one in found if one.verdict)
        closers = Counter(
            one.facts.closed_by.value for one in found if one.facts.closed_by
        )
        return {
            "connections": len(found),
            "forgotten": self.forgotten,
            "open": sum(one.facts.is_open for one in found),
            "closed": sum(not one.facts.is_open for one in found),
            "leaked": len(self.leaks),
            "by_kind": dict(kinds),
            "closed_by": dict(closers),
        }

    def _connection(self, finding: Finding) -> dict[str, object]:
        facts, verdict = finding.facts, finding.verdict
        idle_s = facts.idle_s(self.taken_at)
        return {
            "id": facts.id,
            "pid": facts.pid or self.program.pid,
            "library": facts.library,
            "inode": facts.inode,
            "local": _show_address(facts.local),
            "remote": _show_address(facts.remote),
            "host": facts.host,
            "proxy": facts.proxy,
            "protocol": facts.protocol,
            **self._moment("opened_at", facts.opened_at),
            "opened_by": _show_site(facts.opened_by),
            "is_inferred": facts.is_inferred,
            "thread": facts.thread,
            "task": facts.task,
            **self._moment("last_used_at", facts.last_used_at),
            "last_used_by": _show_site(facts.last_used_by),
            **self._moment("closed_at", facts.closed_at),
            "closed_by": facts.closed_by.value if facts.closed_by else None,
            **self._moment("fin_sent_at", facts.fin_sent_at),
            **self._moment("peer_fin_at", facts.peer_fin_at),
            "kernel_state": facts.kernel_state,
            "kernel_state_at_close": facts.state_at_close,
            "bytes_sent": facts.bytes_sent,
            "bytes_received": facts.bytes_received,
            "idle_s": None if idle_s is None else round(idle_s, 6),
            "requests": facts.requests,
            "owner": _show_owner(facts.owner),
            "is_checked_out": facts.is_checked_out,
            "has_unread_body": facts.has_unread_body,
            "unread_bytes": facts.unread_bytes,
            "held_by": list(facts.path),
            "verdict": _show_verdict(verdict),
        }

    def _moment(self, name: str, at: float | None) -> dict[str, object]:
        return {
            name: None if at is None else self.clock.date(at),
            f"{name}_s": None if at is None else self.clock.since_start(at),
        }


def _show_process(program: Program) -> dict[str, object]:
    return {
        "pid": program.pid,
        "parent": program.parent,
        "argv": list(program.argv),
        "exit_code": program.exit_code,
    }


def _show_address(address: Address | None) -> str | None:
    if address is None:
        return None
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _show_site(site: CallSite | None) -> dict[str, object] | None:
    if site is None:
        return None
    return {"file": site.file, "line": site.line, "function": site.function}


def _show_owner(owner: OwnerFacts | None) -> dict[str, object] | None:
    if owner is None:
        return None
    return {
        "type": owner.type,
        "inner_type": owner.inner_type or None,
        "description": owner.description,
        "made_at": _show_site(owner.made_at),
        "alive": owner.is_alive,
        "reachable": owner.is_reachable,
        "closed": owner.is_closed,
    }


def _show_verdict(verdict: Verdict | None) -> dict[str, object] | None:
    if verdict is None:
        return None
    return {
        "kind": verdict.kind.value,
        "also": [kind.value for kind in verdict.also],
        "proof": verdict.proof,
        "sentence": verdict.sentence,
        "fix": verdict.fix,
    }
