"""Runs programs under ``urlsession watch``, each in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from typing import Any

__all__ = ("ROOT", "Watched", "run_watched")

ROOT = Path(__file__).resolve().parents[2]
RUN_WITHIN_S = 15.0  # below pytest's own limit, so that the output is shown


@dataclass(frozen=True, slots=True)
class Watched:
    """What a watched program did, and what was said of it."""

    exit_code: int
    out: str
    err: str
    report: dict[str, Any]

    @property
    def connections(self) -> list[dict[str, Any]]:
        """The report's connections."""
        return list(self.report["connections"])

    @property
    def kinds(self) -> list[str]:
        """The kinds of the leaks."""
        return [one["verdict"]["kind"] for one in self.connections if one["verdict"]]


def run_watched(
    folder: Path,
    source: str,
    *arguments: str,
    options: tuple[str, ...] = (),
    module: str | None = None,
    python: tuple[str, ...] = (),
    within_s: float = RUN_WITHIN_S,
) -> Watched:
    """Write a program into a folder and run it under watch there.

    Args:
        folder: Working directory of the program.
        source: The program's text.
        arguments: The program's own arguments.
        options: Options of the watch.
        module: Run it as this module instead of as ``app.py``.
        python: Options of the interpreter.
        within_s: Seconds after which it is given up.
    """
    name = (module or "app").replace(".", "/") + ".py"
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(dedent(source), encoding="utf-8")
    file = folder / "report.json"
    target = [name] if module is None else ["-m", module]
    command = [sys.executable, *python, "-m", "urlsession", "watch"]
    done = subprocess.run(
        [*command, "--json", str(file), *options, *target, *arguments],
        capture_output=True,
        text=True,
        timeout=within_s,
        cwd=folder,
        check=False,
    )
    report = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    return Watched(done.returncode, done.stdout, done.stderr, report)
