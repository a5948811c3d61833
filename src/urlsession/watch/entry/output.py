"""A report goes where it was asked to go.

Decides what is written when a watch ends: the text to standard error, the other forms
to their files. A stream that is closed or full is no reason to fail a program.
"""

from __future__ import annotations

import contextlib
import os
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..report import Report
    from .spec import WatchSpec

__all__ = ("file_of", "with_full_paths", "write_report", "write_text")


def with_full_paths(spec: WatchSpec) -> WatchSpec:
    """Return the same with files that do not depend on the working directory.

    A program may change it, and a report is written at its end.
    """

    def full(pattern: str | None) -> str | None:
        if pattern is None or pattern == "-" or os.path.isabs(pattern):
            return pattern
        return os.path.join(os.getcwd().replace("%", "%%"), pattern)

    return replace(
        spec, json=full(spec.json), junit=full(spec.junit), sarif=full(spec.sarif)
    )


def file_of(pattern: str) -> str:
    """Return a file's name, ``%p`` replaced by this process's id, ``%%`` by ``%``."""
    pid = str(os.getpid())
    return "%".join(part.replace("%p", pid) for part in pattern.split("%%"))


def write_report(report: Report, spec: WatchSpec) -> None:
    """Write a report in every form that was asked for."""
    with contextlib.suppress(Exception):
        sys.stdout.flush()
    if not spec.quiet:
        write_text(report)
    if spec.json is not None:
        _write_file(spec.json, report.to_json())
    if spec.junit is not None:
        from ..forms.junit import to_junit

        _write_file(spec.junit, to_junit(report))
    if spec.sarif is not None:
        from ..forms.sarif import to_sarif

        _write_file(spec.sarif, to_sarif(report))


def write_text(report: Report) -> None:
    """Write the report for a person to standard error."""
    from ..forms.text import render, wants_colour

    with contextlib.suppress(Exception):
        stream = sys.stderr
        stream.write("\n" + render(report, colour=wants_colour(stream)))
        stream.flush()


def _write_file(pattern: str, text: str) -> None:
    try:
        if pattern == "-":
            sys.stdout.write(text)
            sys.stdout.flush()
        else:
            with open(file_of(pattern), "w", encoding="utf-8") as out:
                out.write(text)
    except (OSError, ValueError) as error:
        with contextlib.suppress(Exception):
            sys.stderr.write(f"urlsession watch: no report in {pattern!r}: {error}\n")
