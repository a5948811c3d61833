"""The command ``urlsession watch``: arguments in, program run, report out.

The report goes to standard error and to a file, never to the program's own output,
and the program's exit code is kept.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from typing import TYPE_CHECKING

from ..watch.launcher import TargetError, find_module, find_script, watch
from ..watch.text import render, wants_colour

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..watch.launcher import Target
    from ..watch.report import Report

__all__ = ("run",)

LEAKED = 3  # exit code with --fail-on-leak
USAGE = 2  # exit code, as argparse and the interpreter have it


def run(argv: Sequence[str]) -> int:
    """Run the command; return the exit code.

    Args:
        argv: Arguments after ``watch``.
    """
    parser = _parser()
    own, module, rest = _split(list(argv))
    options = parser.parse_args(own)
    if module is None and not rest:
        parser.error("name a SCRIPT, or a module with -m MODULE")
    _check_writable(parser, options.json)
    try:
        target = _find(module, rest)
    except TargetError as error:
        parser.error(str(error))
    outcome = watch(target)
    if outcome.report is None:
        return outcome.exit_code
    _write(outcome.report, options.json)
    if options.fail_on_leak and outcome.report.leaks:
        return LEAKED
    return outcome.exit_code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="urlsession watch",
        usage="%(prog)s [--json FILE] [--fail-on-leak] [-m MODULE | SCRIPT] [ARGS…]",
        description=(
            "Run a program and report, when it ends, each connection that it made: "
            "whose it was, who closed it, and why it is still open if it is."
        ),
        allow_abbrev=False,
    )
    parser.add_argument(
        "--json", metavar="FILE", help="also write the report there (- is stdout)"
    )
    parser.add_argument(
        "--fail-on-leak",
        action="store_true",
        help=f"exit with {LEAKED} if a connection leaked",
    )
    parser.add_argument(
        "-m", metavar="MODULE", help="run a module, as `python -m` does"
    )
    return parser


def _split(argv: list[str]) -> tuple[list[str], str | None, list[str]]:
    """Part our options from the program: (ours, module or None, program's).

    Everything behind SCRIPT or MODULE is the program's, whatever it looks like;
    argparse would take options out of it.
    """
    at = 0
    while at < len(argv):
        word = argv[at]
        if word == "--":
            return argv[:at], None, argv[at + 1 :]
        if word == "-m" and at + 1 < len(argv):
            return argv[:at], argv[at + 1], argv[at + 2 :]
        if word.startswith("-m") and len(word) > 2:
            return argv[:at], word[2:], argv[at + 1 :]
        if not word.startswith("-") or word == "-":
            return argv[:at], None, argv[at:]
        at += 2 if word == "--json" else 1
    return argv, None, []


def _find(module: str | None, rest: Sequence[str]) -> Target:
    if module is not None:
        return find_module(module, rest)
    return find_script(rest[0], rest[1:])


def _check_writable(parser: argparse.ArgumentParser, file: str | None) -> None:
    """Refuse before the program runs what would fail after it."""
    if file is None or file == "-":
        return
    folder = os.path.dirname(os.path.abspath(file))
    if os.path.isdir(file) or not os.path.isdir(folder):
        parser.error(f"cannot write the report to {file!r}")


def _write(report: Report, file: str | None) -> None:
    """Write the report; a stream that is closed or full is no reason to fail."""
    with contextlib.suppress(Exception):
        sys.stdout.flush()
    with contextlib.suppress(Exception):
        stream = sys.stderr
        stream.write("\n" + render(report, colour=wants_colour(stream)))
        stream.flush()
    if file is None:
        return
    try:
        if file == "-":
            sys.stdout.write(report.to_json())
            sys.stdout.flush()
        else:
            with open(file, "w", encoding="utf-8") as out:
                out.write(report.to_json())
    except OSError as error:
        with contextlib.suppress(Exception):
            sys.stderr.write(f"urlsession watch: no JSON report: {error}\n")
