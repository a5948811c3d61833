"""The report for a person: a row for each connection, a sentence for each cause.

Plain by default; colours only where a terminal shows them and nobody asked for none
(``NO_COLOR``). Connections with the same cause (kind, and the line that made their
owner) are one group, and each group ends in what to write.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from .verdict import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import TextIO

    from ..connections import CallSite
    from .facts import ConnectionFacts
    from .report import Clock, Finding, Report

__all__ = ("render", "wants_colour")

MAX_ROWS = 40  # rows shown; the JSON has all
_RED, _GREEN, _BOLD, _DIM, _RESET = (
    "\x1b[31m",
    "\x1b[32m",
    "\x1b[1m",
    "\x1b[2m",
    "\x1b[0m",
)
_HEADINGS = ("id", "local", "remote", "kernel", "owner, made at", "loads", "opened",
             "closed", "verdict")  # fmt: skip


def wants_colour(stream: TextIO) -> bool:
    """Whether colours should go to a stream (https://no-color.org)."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    try:
        return stream.isatty()
    except (AttributeError, ValueError):  # no stream, or a closed one
        return False


def render(report: Report, *, colour: bool = False) -> str:
    """Return the report as text, ending in a newline."""
    parts = [_headline(report, colour)]
    if report.connections:
        parts.append(_table(report, colour))
    parts += [_group(group, colour) for group in _groups(report.leaks)]
    if report.problems:
        lines = [f"  {line}" for line in report.problems]
        parts.append("\n".join(["not observed:", *lines]))
    return "\n\n".join(parts) + "\n"


def _headline(report: Report, colour: bool) -> str:
    found = report.connections
    leaked = len(report.leaks)
    open_count = sum(one.facts.is_open for one in found)
    lasted_s = report.clock.since_start(report.taken_at)
    program = report.program
    if program.uncaught is not None:
        ending = f"ended by {program.uncaught}"
    elif program.exit_code is None:
        ending = "running"
    else:
        ending = f"exit code {program.exit_code}"
    text = (
        f"urlsession watch: {os.path.basename(program.name)}, {lasted_s:.2f} s, "
        f"{ending}: {_count(len(found), 'connection')}, {open_count} open, "
        f"{leaked} leaked"
    )
    return _paint(text, _RED if leaked else _BOLD, colour)


def _table(report: Report, colour: bool) -> str:
    shown = report.connections[-MAX_ROWS:]
    rows = [_row(one, report.clock) for one in shown]
    columns = range(len(_HEADINGS))
    widths = [max(len(row[at]) for row in (_HEADINGS, *rows)) for at in columns]
    lines = [_paint(_align(_HEADINGS, widths), _DIM, colour)]
    for one, row in zip(shown, rows, strict=True):
        paint = _RED if one.verdict else ""
        lines.append(_paint(_align(row, widths), paint, colour))
    left_out = len(report.connections) - len(shown)
    if left_out:
        lines.insert(1, f"  … {left_out} earlier ones (the JSON has all)")
    return "\n".join(lines)


def _row(finding: Finding, clock: Clock) -> Sequence[str]:
    facts, verdict = finding.facts, finding.verdict
    local = "?" if facts.local is None else f":{facts.local[1]}"
    owner = facts.owner
    named = "?" if owner is None else f"{owner.short_type} {_short(owner.made_at)}"
    return (
        str(facts.id),
        local,
        f"{facts.host}:{facts.remote[1]}",
        facts.kernel_state or "?",
        named,
        str(facts.requests),
        f"{clock.since_start(facts.opened_at):.3f} s",
        _closing(facts, clock),
        verdict.kind.value if verdict else _standing(facts),
    )


def _closing(facts: ConnectionFacts, clock: Clock) -> str:
    if facts.closed_at is None:
        return "–"
    by = f" by {facts.closed_by.value}" if facts.closed_by else ""
    return f"{clock.since_start(facts.closed_at):.3f} s{by}"


def _standing(facts: ConnectionFacts) -> str:
    if not facts.is_open:
        return "closed"
    return "in use" if facts.is_checked_out else "fine"


def _groups(leaks: Iterable[Finding]) -> list[list[Finding]]:
    found: dict[tuple[object, ...], list[Finding]] = {}
    for one in leaks:
        owner = one.facts.owner
        assert one.verdict is not None
        site = None if owner is None else owner.made_at
        # One cause: the kind and the line that made the owner.
        found.setdefault((one.verdict.kind, site), []).append(one)
    return list(found.values())


def _group(group: Sequence[Finding], colour: bool) -> str:
    first = group[0]
    verdict, owner = first.verdict, first.facts.owner
    assert verdict is not None
    ids = ", ".join(str(one.facts.id) for one in group[:8])
    more = ", …" if len(group) > 8 else ""
    made = "" if owner is None else f" of {owner.short_type} {_short(owner.made_at)}"
    count = _count(len(group), "connection")
    head = f"{verdict.kind.value}: {count}{made} (id {ids}{more})"
    lines = [_paint(head, _RED, colour)]
    lines += [f"  {text}" for text in _why(group)]
    if verdict.also:
        lines.append(f"  also     {', '.join(kind.value for kind in verdict.also)}")
    lines.append(f"  cure     {_paint(verdict.fix, _GREEN, colour)}")
    return "\n".join(lines)


def _why(group: Sequence[Finding]) -> list[str]:
    verdict = group[0].verdict
    assert verdict is not None
    lines = [verdict.sentence]
    if verdict.kind in {Kind.ORPHAN, Kind.UNCLOSED, Kind.IDLE}:
        paths = dict.fromkeys(
            " → ".join(one.facts.owner.path)
            for one in group
            if one.facts.owner is not None and one.facts.owner.path
        )
        lines += [f"held by  {path}" for path in list(paths)[:3]]
        if len(paths) > 3:
            lines.append(f"         … and {len(paths) - 3} more paths")
    return lines


def _short(site: CallSite | None) -> str:
    if site is None:
        return ""
    return f"{os.path.basename(site.file)}:{site.line}"


def _align(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
    return ("  " + "  ".join(padded)).rstrip()


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")


def _paint(text: str, paint: str, colour: bool) -> str:
    return f"{paint}{text}{_RESET}" if colour and paint else text
