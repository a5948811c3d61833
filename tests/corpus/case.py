"""One program of the corpus: what it states of itself, and how it is run."""

from __future__ import annotations

import errno
import json
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = ("FOLDER", "Case", "Outcome", "find_cases", "run_case")

FOLDER = Path(__file__).parent
PROGRAMS = FOLDER / "programs"
RUN_WITHIN_S = 60.0  # seconds, with other programs beside it on two cores


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A program and what its comments state (see README.md)."""

    path: Path
    stated: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Folder and file, without the ending."""
        return str(self.path.relative_to(PROGRAMS).with_suffix(""))

    @property
    def is_clean(self) -> bool:
        """Whether it is the twin that must not be accused."""
        return self.path.stem.endswith("_clean")

    @property
    def environment(self) -> str:
        """The environment it needs, by the folder's name; empty for the suite's own."""
        return self.stated.get("environment", "")

    @property
    def services(self) -> list[str]:
        """Servers that it needs besides the HTTP server."""
        return self.stated.get("server", "").split()

    def number(self, name: str) -> int:
        """Return a stated number; 0 where none is stated."""
        return int(self.stated.get(name, "0"))

    def lines(self, mark: str) -> set[int]:
        """Return the lines that end in a mark."""
        text = self.path.read_text(encoding="utf-8").splitlines()
        return {at for at, line in enumerate(text, 1) if line.endswith(f"# {mark}")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a run gave."""

    exit_code: int
    words: str
    report: dict[str, Any]

    @property
    def connections(self) -> list[dict[str, Any]]:
        """Every connection of the report."""
        return list(self.report["connections"])

    @property
    def leaks(self) -> list[dict[str, Any]]:
        """The connections that have a verdict."""
        return [one for one in self.connections if one["verdict"]]


def find_cases() -> list[Case]:
    """Return every program of the corpus."""
    paths = sorted(PROGRAMS.glob("*/*.py"))
    return [Case(path=path, stated=_read(path)) for path in paths]


def run_case(case: Case, addresses: list[str], python: str, folder: Path) -> Outcome:
    """Run a program under watch in a folder; `addresses` are its arguments."""
    report = folder / f"{case.name.replace('/', '-')}.json"
    options = case.stated.get("python", "").split()
    watch = case.stated.get("watch", "").split()
    command = [
        *(python, *options, "-m", "urlsession", "watch"),
        *("--json", str(report), *watch, str(case.path), *addresses),
    ]
    try:
        done = _run(command, folder)
    except OSError as error:
        # Once in some 20,000 starts the kernel fails `execve` so, of a program that it
        # has started a thousand times: nothing has run then.
        if error.errno != errno.EFAULT:
            raise
        done = _run(command, folder)
    found = json.loads(report.read_text(encoding="utf-8")) if report.exists() else {}
    return Outcome(exit_code=done.returncode, words=done.stderr, report=found)


def _read(path: Path) -> dict[str, str]:
    stated: dict[str, str] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        name, found, value = line.removeprefix("# ").partition(": ")
        if not line.startswith("# ") or not found:
            break
        stated[name] = value.strip()
    return stated


def _run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=RUN_WITHIN_S,
        cwd=folder,
        check=False,
        stdin=subprocess.DEVNULL,
    )
