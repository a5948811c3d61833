"""Starts a watch where ``URLSESSION_WATCH`` asks for one, at the interpreter's start.

Imported by the one line of `urlsession-watch.pth`, which the package installs, and only
where the variable is set. Whatever goes wrong is a line on standard error: a program
whose start one cannot change must not fail because it is watched.
"""

from __future__ import annotations

import os
import sys

__all__ = ("start_if_asked",)

# Python's own helpers outlive who started them and make no connection. What one of
# them forks is the program's, so that one is watched, but its end is not waited for.
_TRACKER = "from multiprocessing.resource_tracker import main"
_FORK_SERVER = "from multiprocessing.forkserver import main"


def start_if_asked() -> None:
    """Start to watch this process if the environment asks for it."""
    from .spec import VARIABLE, SpecError, parse_spec

    try:
        spec = parse_spec(os.environ.get(VARIABLE, ""))
        if spec is None or _is_running(_TRACKER):
            return
        from .process import watch_to_the_end

        watch_to_the_end(spec, is_helper=_is_running(_FORK_SERVER))
    except SpecError as error:
        sys.stderr.write(f"urlsession watch: {error}\n")
    except Exception as error:
        sys.stderr.write(f"urlsession watch: not started: {error!r}\n")


def _is_running(statement: str) -> bool:
    return any(one.startswith(statement) for one in sys.orig_argv)


start_if_asked()
