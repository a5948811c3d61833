"""The command ``urlsession watch``: arguments in, program run, report out.

The report goes to standard error and to files, never to the program's own output, and
the program's exit code is kept.
"""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING

from ..watch.entry.ending import LEAKED
from ..watch.entry.launcher import TargetError, find_module, find_script, watch
from ..watch.entry.signals import signal_number
from ..watch.entry.spec import WatchSpec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..watch.entry.launcher import Target

__all__ = ("run",)

_EPILOG = """\
examples:
  urlsession watch app.py --an-option-of-app
  urlsession watch --fail-on-leak -m pytest tests/
  urlsession watch --json report.json -m gunicorn -w 2 shop:app
  urlsession watch --signal USR1 -m uvicorn shop:app     (then: kill -USR1 PID)
  urlsession watch --every 10 --idle-after 60 worker.py

A program whose start one cannot change is watched by the environment:
  URLSESSION_WATCH=json=/tmp/report-%p.json,fail

exit codes: the program's own; 3 if a connection leaked, with --fail-on-leak; 2 if the
command line is of no use; 130 after Ctrl-C.
"""
_VALUED = frozenset(
    {
        *("--every", "--idle-after", "--json", "--junit", "--sarif", "--signal"),
        "--user-package",
    }
)


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
    for file in (options.json, options.junit, options.sarif):
        _check_writable(parser, file)
    spec = _spec(options)
    try:
        target = _find(module, rest)
    except TargetError as error:
        parser.error(str(error))
    return watch(target, spec, with_children=not options.no_children)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="urlsession watch",
        usage="%(prog)s [OPTIONS] [-m MODULE | SCRIPT] [ARGS…]",
        description=(
            "Run a program and report, when it ends, each connection that it made, "
            "with whatever library: whose it was, who closed it, and why it is still "
            "open if it is. Everything after SCRIPT or MODULE belongs to the program."
        ),
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    files = "also write the report there as %s (- is stdout, %%%%p the pid)"
    parser.add_argument(
        "-m", metavar="MODULE", help="run a module, as `python -m` does"
    )
    parser.add_argument("--json", metavar="FILE", help=files % "JSON")
    parser.add_argument("--junit", metavar="FILE", help=files % "JUnit XML")
    parser.add_argument("--sarif", metavar="FILE", help=files % "SARIF 2.1.0")
    parser.add_argument(
        "--fail-on-leak",
        action="store_true",
        help=f"exit with {LEAKED} if a connection leaked",
    )
    parser.add_argument(
        "--idle-after",
        metavar="SECONDS",
        type=_seconds,
        default=30.0,
        help="unused, half closed or unread for so long is worth a verdict while the "
        "program runs (default 30)",
    )
    parser.add_argument(
        "--every",
        metavar="SECONDS",
        type=_seconds,
        help="report new verdicts while the program runs, without the heap",
    )
    parser.add_argument(
        "--signal",
        metavar="NAME",
        type=_signal,
        help="report whenever this signal comes, such as USR1",
    )
    parser.add_argument(
        "--user-package",
        metavar="NAME",
        action="append",
        default=[],
        help="an installed package that counts as yours (may be repeated)",
    )
    parser.add_argument(
        "--no-children",
        action="store_true",
        help="leave processes alone that the program starts",
    )
    parser.add_argument(
        "--quiet", action="store_true", help="no text report on standard error"
    )
    return parser


def _spec(options: argparse.Namespace) -> WatchSpec:
    return WatchSpec(
        idle_after=options.idle_after,
        json=options.json,
        junit=options.junit,
        sarif=options.sarif,
        fail=options.fail_on_leak,
        quiet=options.quiet,
        signal=options.signal,
        every=options.every,
        user_packages=tuple(options.user_package),
    )


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 < seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds above 0")
    return seconds


def _signal(name: str) -> str:
    try:
        signal_number(name)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    return name


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
        at += 2 if word in _VALUED else 1
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
    if os.path.isdir(file):
        parser.error(f"cannot write the report to {file!r}: it is a directory")
    if not os.path.isdir(folder):
        parser.error(f"cannot write the report to {file!r}: no directory {folder!r}")
    if not os.access(file if os.path.exists(file) else folder, os.W_OK):
        parser.error(f"cannot write the report to {file!r}: permission denied")
