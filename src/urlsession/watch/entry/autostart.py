"""Starts a watch where ``URLSESSION_WATCH`` asks for one, at the interpreter's start.

Imported by the one line of `urlsession-watch.pth`, which the package installs, and only
where the variable is set. Whatever goes wrong is a line on standard error: a program
whose start one cannot change must not fail because it is watched.
"""

from __future__ import annotations

import os
import sys

__all__ = ("start_if_asked",)

_WITH_VALUE = ("-W", "-X", "--check-hash-based-pycs")  # options of the interpreter
# Python's own helper outlives who started it and makes no connection. The fork server
# makes none either, but what it forks is the program's.
_TRACKER = "from multiprocessing.resource_tracker import main"


def start_if_asked() -> None:
    """Start to watch this process if the environment asks for it."""
    from .spec import VARIABLE, SpecError, parse_spec

    try:
        spec = parse_spec(os.environ.get(VARIABLE, ""))
        if spec is None or _is_tracker():
            return
        if spec.folder is not None and not os.path.isdir(spec.folder):
            return  # who reports for all has ended
        from ..report import Program
        from .process import watch_to_the_end

        argv = tuple(sys.orig_argv[1:]) or ("python",)
        program = Program(
            name=_name_in(argv),
            argv=argv,
            pid=os.getpid(),
            parent=os.getppid(),
            python=sys.version.partition(" ")[0],
        )
        watch_to_the_end(spec, program)
    except SpecError as error:
        sys.stderr.write(f"urlsession watch: {error}\n")
    except Exception as error:
        sys.stderr.write(f"urlsession watch: not started: {error!r}\n")


def _name_in(argv: tuple[str, ...]) -> str:
    """Return the script or module among the interpreter's arguments."""
    words = iter(argv)
    for word in words:
        if word in _WITH_VALUE:
            next(words, None)
        elif not word.startswith("-") or word.startswith("-c"):
            return word
        elif word.startswith("-m") and len(word) > 2:
            return word[2:]
        elif word.endswith("m") and not word.startswith("--"):
            return next(words, word)  # -m, alone or behind others
    return "python"


def _is_tracker() -> bool:
    return any(one.startswith(_TRACKER) for one in sys.orig_argv)


start_if_asked()
