"""The report as plain text: one table per scenario, then the targets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from benchmarks.results import Outcome, median, p95
from benchmarks.targets import Bound, Verdict

__all__ = ("render_head", "render_outcome", "render_targets")

OURS = "urlsession"
NOTHING = "–"
_UNITS = {
    Bound.MILLISECONDS_AT_MOST: "ms",
    Bound.MICROSECONDS_AT_MOST: "µs",
    Bound.BYTES_AT_MOST: "bytes",
}


def render_head(
    machine: Mapping[str, object],
    server: str,
    versions: Mapping[str, str],
    *,
    rounds: int,
    quick: bool,
) -> str:
    """Say what the numbers were measured on, with and by."""
    mode = ", quick: for a look, not for a claim" if quick else ""
    packages = ", ".join(f"{name} {versions[name]}" for name in sorted(versions))
    where = (
        f"{machine['processor']}, {machine['cores']} cores, "
        f"{machine['memory_gib']} GiB, {machine['system']}, "
        f"load before: {machine['load_before']}"
    )
    return "\n".join(
        (
            where,
            f"server: {server}; {rounds} rounds in turns{mode}",
            f"versions: {packages}",
        )
    )


def render_outcome(outcome: Outcome) -> str:
    """Tabulate one scenario, fastest client first."""
    scenario = outcome.scenario
    first, *others = scenario.metrics
    header = [
        "client",
        first.title,
        "p95",
        *(metric.title for metric in others),
        f"× {OURS}",
        "N",
    ]
    ranked = sorted(
        outcome.samples, key=lambda client: median(outcome.values(client, first.key))
    )
    rows = [_row(outcome, client) for client in ranked]
    lines = [f"{scenario.name}: {scenario.title} ({scenario.unit}, median of rounds)"]
    lines += _align([header, *rows]) if rows else ["  no client ran"]
    lines += [f"  {client}: {note}" for client, note in outcome.notes.items()]
    return "\n".join(lines)


def render_targets(verdicts: Sequence[Verdict]) -> str:
    """Tabulate the targets that this run measured; name the number it did not."""
    header = ["work", "target", "measured", "met"]
    measured = [verdict for verdict in verdicts if verdict.measured is not None]
    rows = [_target_row(verdict) for verdict in measured]
    lines = ["targets"]
    lines += _align([header, *rows], left=2) if rows else ["  none was measured"]
    if missing := len(verdicts) - len(measured):
        lines.append(f"  not measured in this run: {missing} of {len(verdicts)}")
    return "\n".join(lines)


def _row(outcome: Outcome, client: str) -> list[str]:
    first, *others = outcome.scenario.metrics
    ratio = outcome.times_slower(client, OURS, first.key)
    values = outcome.values(client, first.key)
    return [
        client,
        _number(median(values)),
        _number(p95(values)),
        *(_number(median(outcome.values(client, metric.key))) for metric in others),
        NOTHING if ratio is None else f"{ratio:.2f}",
        f"{outcome.loads(client):,}",
    ]


def _target_row(verdict: Verdict) -> list[str]:
    value = verdict.measured
    assert value is not None
    unit = f" {_UNITS.get(verdict.target.bound, '×')}"
    met = "yes" if verdict.is_met else "NO"
    return [
        verdict.target.work,
        verdict.target.sentence,
        f"{f'{value:.2f}' if unit == ' ×' else _number(value)}{unit}",
        met,
    ]


def _number(value: float) -> str:
    """Three digits are what such a measurement is good for."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def _align(rows: Sequence[Sequence[str]], left: int = 1) -> list[str]:
    """Pad columns: the first `left` to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  "
        + "  ".join(
            cell.ljust(width) if index < left else cell.rjust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
