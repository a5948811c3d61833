"""Reports of several processes become one."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from urlsession.watch.entry.children import (
    announce,
    leave_report,
    make_folder,
    remove_folder,
    with_children,
)
from urlsession.watch.report import Program

from ..reports import LEAK, make_report


@pytest.fixture
def folder() -> Iterator[str]:
    one = make_folder()
    yield one
    remove_folder(one)


def test_folder_is_nobody_elses(folder: str) -> None:
    """What is read from it is believed."""
    assert stat.S_IMODE(os.stat(folder).st_mode) == 0o700


def test_childrens_connections_get_numbers_and_pids(folder: str) -> None:
    """No number twice."""
    child = replace(make_report(LEAK, LEAK), program=Program(name="child", pid=77))
    leave_report(folder, child)
    report = with_children(make_report(LEAK), folder)

    assert [one.facts.id for one in report.connections] == [1, 2, 3]
    assert [one.facts.pid for one in report.connections] == [0, 77, 77]
    assert [one.pid for one in report.processes] == [77]
    assert len(report.leaks) == 3


def test_childs_problems_name_their_process(folder: str) -> None:
    """After the parent's own."""
    program = Program(name="child", pid=77)
    leave_report(folder, replace(make_report(problems=("lost",)), program=program))
    report = with_children(make_report(problems=("mine",)), folder)

    assert report.problems == ("mine", "process 77: lost")


def test_child_that_left_no_report_is_told_of(folder: str) -> None:
    """It announced itself."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    program = Program(name="app.py", argv=("app.py", "-x"), pid=ended.pid, parent=7)
    announce(folder, program)
    report = with_children(make_report(), folder)

    assert report.processes == (program,)
    assert f"process {ended.pid} left no report: it was killed" in report.problems[0]


def test_child_that_still_runs_is_told_of(folder: str) -> None:
    """It is waited for by nobody."""
    announce(folder, Program(name="app.py", argv=("app.py",), pid=os.getpid()))
    report = with_children(make_report(), folder)

    assert f"process {os.getpid()} still runs" in report.problems[0]


def test_report_that_cannot_be_read_is_told_of(folder: str) -> None:
    """The others are not lost."""
    Path(folder, "7-1.report").write_bytes(b"nonsense")
    leave_report(folder, make_report(LEAK))
    report = with_children(make_report(), folder)

    assert "7-1.report of a child cannot be read" in report.problems[0]
    assert len(report.connections) == 1
