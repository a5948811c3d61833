"""Runs ``urlsession fetch`` as users do: in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

__all__ = ("COMMAND", "RUN_WITHIN_S", "Fetched", "fetch", "start_fetch")

RUN_WITHIN_S = 15.0  # below pytest's own limit, so that the output is shown
COMMAND = (sys.executable, "-m", "urlsession", "fetch")
_QUIET = {"PYTHONWARNINGS": "error", "NO_PROXY": "*"}


@dataclass(frozen=True, slots=True)
class Fetched:
    """What the command did."""

    exit_code: int
    out: bytes
    err: str


def fetch(
    *arguments: str | Path,
    data: bytes | None = None,
    cwd: Path | None = None,
    **environment: str,
) -> Fetched:
    """Run the command and wait for it.

    Args:
        arguments: Behind ``fetch``.
        data: For its standard input.
        cwd: Its working directory.
        environment: Added to its environment.
    """
    done = subprocess.run(
        _command(arguments),
        input=b"" if data is None else data,
        capture_output=True,
        timeout=RUN_WITHIN_S,
        cwd=cwd,
        env={**os.environ, **_QUIET, **environment},
        check=False,
    )
    err = done.stderr.decode()
    assert "Traceback" not in err, err
    return Fetched(done.returncode, done.stdout, err)


def start_fetch(*arguments: str | Path) -> subprocess.Popen[bytes]:
    """Start the command; the caller ends it."""
    return subprocess.Popen(
        _command(arguments),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, **_QUIET},
    )


def _command(arguments: tuple[str | Path, ...]) -> list[str]:
    return [*COMMAND, *map(str, arguments)]
