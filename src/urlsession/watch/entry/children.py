"""Children are watched too and reported together with the process that started them.

Decides how the reports come together: a private folder in which each child announces
itself and leaves its report when it ends. What is in there is the watch's own: the
folder is made with mode 0700, and nobody else's files are read.
"""

from __future__ import annotations

import itertools
import os
import pickle
import shutil
import tempfile
from dataclasses import replace
from typing import TYPE_CHECKING

from ..report import Program

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ..report import Finding, Report

__all__ = ("announce", "leave_report", "make_folder", "remove_folder", "with_children")

_ANNOUNCED, _REPORTED = ".started", ".report"
_reports = itertools.count(1)


def make_folder() -> str:
    """Return a new private folder for the reports of children."""
    return tempfile.mkdtemp(prefix="urlsession-watch-")


def remove_folder(folder: str) -> None:
    """Remove the folder and what children left in it."""
    shutil.rmtree(folder, ignore_errors=True)


def announce(folder: str, program: Program) -> None:
    """Tell that this process has something to report, so that its silence is noticed."""
    words = "\0".join([str(program.parent), *program.argv])
    with open(os.path.join(folder, f"{program.pid}{_ANNOUNCED}"), "wb") as file:
        file.write(os.fsencode(words))


def leave_report(folder: str, report: Report) -> None:
    """Leave a report of this process; it comes into being whole."""
    name = os.path.join(folder, f"{os.getpid()}-{next(_reports)}")
    with open(name, "wb") as file:
        pickle.dump(report, file)
    os.replace(name, name + _REPORTED)


def with_children(report: Report, folder: str) -> Report:
    """Return a report with those of the children that left one.

    A child that ended without a word becomes a line among the problems.

    Args:
        report: The report of the process that watches all.
        folder: Where the children left theirs.
    """
    problems = list(report.problems)
    others = list(_read_reports(folder, problems.append))
    told = {one.program.pid for one in others}
    silent = [one for one in _announced(folder) if one.pid not in told]
    problems += map(_tell_silence, silent)
    numbers = itertools.count(
        max((one.facts.id for one in report.connections), default=0) + 1
    )
    findings = list(report.connections)
    for other in others:
        findings += _renumbered(other, numbers)
        problems += (f"process {other.program.pid}: {one}" for one in other.problems)
    return replace(
        report,
        connections=tuple(findings),
        forgotten=report.forgotten + sum(one.forgotten for one in others),
        processes=(*(one.program for one in others), *silent),
        problems=tuple(problems),
    )


def _renumbered(other: Report, numbers: Iterator[int]) -> Iterator[Finding]:
    for one in other.connections:
        facts = replace(one.facts, id=next(numbers), pid=other.program.pid)
        yield replace(one, facts=facts)


def _announced(folder: str) -> list[Program]:
    found = []
    for name in os.listdir(folder):
        if name.endswith(_ANNOUNCED):
            with open(os.path.join(folder, name), "rb") as file:
                parent, *argv = os.fsdecode(file.read()).split("\0")
            pid = int(name.removesuffix(_ANNOUNCED))
            if parent:  # else it is being written at this moment
                found.append(
                    Program(
                        name=argv[0] if argv else "python",
                        argv=tuple(argv),
                        pid=pid,
                        parent=int(parent),
                    )
                )
    return sorted(found, key=lambda one: one.pid)


def _tell_silence(program: Program) -> str:
    if _is_running(program.pid):
        return (
            f"process {program.pid} still runs: what it has open is not in this report"
        )
    return (
        f"process {program.pid} left no report: it was killed, ended by os._exit, or "
        "changed to a user who may not write one"
    )


def _is_running(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            # What has ended and was not waited for is a zombie.
            return file.read().rpartition(b") ")[2][:1] not in b"ZX"
    except OSError:
        return False


def _read_reports(folder: str, problem: Callable[[str], None]) -> Iterator[Report]:
    names = [name for name in os.listdir(folder) if name.endswith(_REPORTED)]
    for name in sorted(names, key=lambda one: [int(n) for n in one[:-7].split("-")]):
        try:
            with open(os.path.join(folder, name), "rb") as file:
                yield pickle.load(file)  # noqa: S301 - the folder is ours alone, mode 0700
        except Exception as error:
            problem(f"the report {name} of a child cannot be read: {error!r}")
