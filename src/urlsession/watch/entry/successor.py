"""A program that replaces itself by another keeps being watched.

Decides what the successor is told: what this process was told, not what children are,
since nobody is left who would read what a child leaves. What was seen until then is
lost with the process's image; its sockets close at the same time.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from .spec import VARIABLE

__all__ = ("watch_successor",)


def watch_successor(
    own: str, folder: str, is_first: Callable[[], bool]
) -> Callable[[], None]:
    """Have `os.execv` and `os.execve` hand on what this process was told.

    Args:
        own: Text of ``URLSESSION_WATCH`` for the successor.
        folder: Where children leave their reports; goes with this process.
        is_first: Whether this process is the one that reports for all.

    Returns:
        What undoes it.
    """
    execv, execve = os.execv, os.execve

    def replace(run: Callable[[], object]) -> None:
        with contextlib.suppress(OSError):
            os.rmdir(folder)  # unless a child left something
        try:
            run()
        finally:  # there was nothing to run, and this process goes on
            with contextlib.suppress(OSError):
                os.mkdir(folder, 0o700)

    @wraps(execv)
    def watched_execv(*arguments: Any) -> None:
        told = os.environ.get(VARIABLE)
        if told is None or not is_first():
            execv(*arguments)
        os.environ[VARIABLE] = own
        try:
            replace(lambda: execv(*arguments))
        finally:
            os.environ[VARIABLE] = str(told)

    @wraps(execve)
    def watched_execve(path: Any, argv: Any, env: Mapping[Any, Any]) -> None:
        if not is_first() or env.get(VARIABLE) != os.environ.get(VARIABLE):
            execve(path, argv, env)
        replace(lambda: execve(path, argv, {**env, VARIABLE: own}))

    def undo() -> None:
        if os.execv is watched_execv:
            os.execv = execv
        if os.execve is watched_execve:
            os.execve = execve

    os.execv = watched_execv  # type: ignore[assignment]  # mypy knows that it never returns
    os.execve = watched_execve  # type: ignore[assignment]  # likewise
    return undo
