"""The report for a person: a row for each connection, a sentence for each cause.

Plain by default; colours only where a terminal shows them and nobody asked for none
(``NO_COLOR``). Connections with the same cause are one group (see `groups`), and each
group ends in what to write.
"""

from __future__ import annotations

import linecache
import os
import textwrap
from typing import TYPE_CHECKING

from .groups import group_leaks, show_site

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TextIO

    from ...connections import CallSite
    from ..facts import ConnectionFacts
    from ..report import Clock, Finding, Report
    from .groups import LeakGroup

__all__ = ("render", "render_group", "wants_colour")

MAX_ROWS = 40  # rows shown; the JSON has all
MAX_SHOWN = 3  # paths and lines shown of one group
WIDTH = 96  # columns of sentences; tables are as wide as they must be
_RED, _GREEN, _BOLD, _DIM, _RESET = (
    "\x1b[31m",
    "\x1b[32m",
    "\x1b[1m",
    "\x1b[2m",
    "\x1b[0m",
)
_HEADINGS = ("id", "local", "remote", "kernel", "owner, made at", "loads", "opened",
             "closed", "verdict")  # fmt: skip
_INFERRED = "~"  # before a line that was inferred, not seen: weaker evidence


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
    parts += [render_group(group, colour=colour) for group in group_leaks(report.leaks)]
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
        ending = "ended" if report.has_ended else "running"
    else:
        ending = f"exit code {program.exit_code}"
    made = len(found) + report.forgotten
    others = len(report.processes)
    within = f", {_count(others + 1, 'process', 'es')}" if others else ""
    text = (
        f"urlsession watch: {os.path.basename(program.name)}, {lasted_s:.2f} s, "
        f"{ending}{within}: {_count(made, 'connection')}, {open_count} open, "
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
    if report.forgotten:
        lines.insert(1, f"  … {report.forgotten} that are closed and forgotten")
    return "\n".join(lines)


def _row(finding: Finding, clock: Clock) -> Sequence[str]:
    facts, verdict = finding.facts, finding.verdict
    local = "?" if facts.local is None else f":{facts.local[1]}"
    owner = facts.owner
    if owner is None:
        named = f"? {_short(facts.opened_by)}"
    else:
        named = f"{owner.short_type} {_short(owner.made_at or facts.opened_by)}"
    if facts.is_inferred:
        named = f"{_INFERRED}{named}"
    return (
        f"{facts.id}" if not facts.pid else f"{facts.id} in {facts.pid}",
        local,
        facts.where,
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


def render_group(group: LeakGroup, *, colour: bool = False) -> str:
    """Return what is to be said of leaks with one cause, without a newline at the end."""
    ids = ", ".join(str(one.facts.id) for one in group.findings[:8])
    more = ", …" if len(group.findings) > 8 else ""
    lines = [_paint(f"{group.headline} (id {ids}{more})", _RED, colour)]
    lines += _wrap("", group.verdict.sentence)
    if group.made_at is not None:
        lines += _with_source("made", [group.made_at])
    if group.opened_by != (group.made_at,):
        lines += _with_source("opened", group.opened_by)
    lines += _listed("held by", [" → ".join(path) for path in group.paths])
    lines += _wrap("proof", group.verdict.proof)
    if group.verdict.also:
        lines += _wrap("also", ", ".join(kind.value for kind in group.verdict.also))
    cure = _wrap("cure", group.verdict.fix)
    return "\n".join(lines + [_paint(line, _GREEN, colour) for line in cure])


def _wrap(label: str, text: str) -> list[str]:
    """Return a labelled paragraph; continuation lines stand under the text."""
    head = f"  {label:8} " if label else "  "
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=head,
        subsequent_indent=" " * len(head),
        break_long_words=False,
        break_on_hyphens=False,
    )


def _listed(label: str, texts: Sequence[str]) -> list[str]:
    """Return a line for each text, the first ones only."""
    lines = [f"  {label:8} {text}" for text in texts[:MAX_SHOWN]]
    if len(texts) > MAX_SHOWN:
        lines.append(f"           … and {len(texts) - MAX_SHOWN} more")
    return lines


def _with_source(label: str, sites: Sequence[CallSite]) -> list[str]:
    """Return lines of the program with their text, if it can be read."""
    texts = []
    for site in sites:
        source = linecache.getline(site.file, site.line).strip()
        texts.append(f"{show_site(site)}  {source}".rstrip())
    return _listed(label, texts)


def _short(site: CallSite | None) -> str:
    if site is None:
        return ""
    return f"{os.path.basename(site.file)}:{site.line}"


def _align(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
    return ("  " + "  ".join(padded)).rstrip()


def _count(number: int, noun: str, ending: str = "s") -> str:
    return f"{number} {noun}" + ("" if number == 1 else ending)


def _paint(text: str, paint: str, colour: bool) -> str:
    return f"{paint}{text}{_RESET}" if colour and paint else text
