"""The servers that programs of the corpus talk to, started when first asked for."""

from __future__ import annotations

import subprocess
import sys
import threading
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from .case import FOLDER

__all__ = ("Services",)

ENDS_WITHIN_S = 10.0


class Services:
    """Starts each server once, and ends all of them.

    Args:
        folder: Where servers may keep files.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stack = ExitStack()
        self._addresses: dict[str, str] = {}
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    @staticmethod
    def missing(names: list[str]) -> list[str]:
        """Return which of some services cannot be started here."""
        return [name for name in names if name not in _STARTERS]

    def python(self, environment: str) -> str:
        """Return the interpreter of an environment; the suite's own by default."""
        assert not environment, f"no environment {environment!r}"
        return sys.executable

    def addresses(self, names: list[str]) -> list[str]:
        """Return the URL of the HTTP server, and the addresses of other services."""
        with self._lock:
            found = [self._address(name) for name in ("http", *names)]
        return [f"http://{found[0]}/", *found[1:]]

    def start_script(self, script: Path, *arguments: str) -> str:
        """Start a server script that prints its port; return its address."""
        process = self._stack.enter_context(
            subprocess.Popen(
                [sys.executable, str(script), *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        )
        self._stack.callback(_end, process)
        assert process.stdout is not None
        port = process.stdout.readline().strip()
        return f"127.0.0.1:{port}"

    def _address(self, name: str) -> str:
        if name not in self._addresses:
            self._addresses[name] = _STARTERS[name](self)
        return self._addresses[name]


def _end(process: subprocess.Popen[str]) -> None:
    if process.stdin is not None:
        process.stdin.close()
    try:
        process.wait(ENDS_WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()


def _start_http(services: Services) -> str:
    return services.start_script(FOLDER / "server.py")


_STARTERS = {"http": _start_http}
