"""Runs the sample app three ways under watch and shows them side by side.

The experiment of "NSURLSession connection leak": what becomes of the connections of
two consecutive sessions when nobody does anything, when each session is invalidated,
and when each is only forgotten. This is what ``make run`` shows.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]
APP = "examples/two_sessions.py"
WAYS: tuple[list[str], ...] = ([], ["--invalidate"], ["--drop"])
RUN_WITHIN_S = 60.0  # seconds that one run may take
WIDTH = 110  # columns where the output is no terminal


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the sample app under watch."""

    name: str
    report: dict[str, Any]
    warnings: list[str]


def main() -> int:
    """Run the sample app three ways and print the table."""
    runs = [run_watched(way) for way in WAYS]
    console = Console(width=None if sys.stdout.isatty() else WIDTH, highlight=False)
    console.print(
        "\nTwo consecutive sessions over HTTPS, three ways to end "
        "(urlsession watch examples/two_sessions.py …)\n"
    )
    console.print(make_table(runs))
    for run in runs:
        for fix in {one["verdict"]["fix"] for one in leaked(run)}:
            console.print(f"cure for {run.name!r}: {fix}", style="green")
    return 0


def run_watched(arguments: list[str]) -> Run:
    """Run the sample app under watch in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "report.json"
        command = [sys.executable, "-W", "always::ResourceWarning"]
        command += ["-m", "urlsession", "watch", "--json", str(file), APP]
        done = subprocess.run(
            [*command, *arguments],
            capture_output=True,
            text=True,
            timeout=RUN_WITHIN_S,
            env={**os.environ, "NO_COLOR": "1"},
            check=False,
            cwd=ROOT,
        )
        if done.returncode != 0 or not file.exists():
            sys.exit(f"{APP} {' '.join(arguments)} failed:\n{done.stderr}")
        report: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    warnings = [
        line for line in done.stderr.splitlines() if ": ResourceWarning: " in line
    ]
    return Run(" ".join(arguments) or "neither", report, warnings)


def leaked(run: Run) -> list[dict[str, Any]]:
    """Return the connections of a run that have a verdict."""
    return [one for one in run.report["connections"] if one["verdict"]]


def make_table(runs: list[Run]) -> Table:
    """Put the runs side by side, a block of rows for each connection."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("", style="dim", no_wrap=True)
    for run in runs:
        table.add_column(run.name, overflow="fold", ratio=1)
    most = max(len(run.report["connections"]) for run in runs)
    for at in range(most):
        for label, describe in ROWS:
            cells = [
                describe(run.report["connections"][at])
                if at < len(run.report["connections"])
                else "–"
                for run in runs
            ]
            table.add_row(label, *cells)
        table.add_row()
    table.add_row("still open", *(describe_open(run) for run in runs))
    table.add_row("warned", *(describe_warnings(run) for run in runs))
    return table


def describe_connection(one: dict[str, Any]) -> str:
    """Name a connection by its ports."""
    port = one["local"].rpartition(":")[2]
    return f"port {port} → {one['host']}:{one['remote'].rpartition(':')[2]}"


def describe_fin(one: dict[str, Any]) -> str:
    """Tell when FIN went out, and who sent the first."""
    if one["closed_at_s"] is None:
        return "[red]not sent[/red]"
    sent_at_s = one["fin_sent_at_s"] or one["closed_at_s"]
    after_ms = (sent_at_s - one["last_used_at_s"]) * 1000
    whose = "ours" if one["closed_by"] == "local" else one["closed_by"]
    return f"[green]{after_ms:.1f} ms after the load[/green] ({whose} first)"


def describe_kernel(one: dict[str, Any]) -> str:
    """Tell the kernel's state when the program ended."""
    return str(one["kernel_state"])


def describe_verdict(one: dict[str, Any]) -> str:
    """Tell the verdict, and who holds the session."""
    if one["verdict"] is None:
        return "[green]none[/green]"
    return f"[red]{one['verdict']['kind']}[/red]"


def describe_holder(one: dict[str, Any]) -> str:
    """Tell what holds the session of an open connection."""
    return " → ".join(one["held_by"]) or "–"


def describe_open(run: Run) -> str:
    """Count what a run left open."""
    summary = run.report["summary"]
    return f"{summary['open']} of {summary['connections']}"


def describe_warnings(run: Run) -> str:
    """Show the first warning, without where the interpreter stood."""
    if not run.warnings:
        return "–"
    text = run.warnings[0].partition("ResourceWarning: ")[2]
    return f"{len(run.warnings)} × {text}"


ROWS = (
    ("connection", describe_connection),
    ("FIN", describe_fin),
    ("kernel says", describe_kernel),
    ("verdict", describe_verdict),
    ("held by", describe_holder),
)

if __name__ == "__main__":
    sys.exit(main())
