"""The servers that programs of the corpus talk to, started when first asked for."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from .case import FOLDER
from .databases import POSTGRES, REDIS, start_postgres, start_redis
from .environments import python_of

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
        return [
            name
            for name in names
            if name not in _STARTERS or not _NEEDS.get(name, True)
        ]

    def python(self, environment: str) -> str:
        """Return the interpreter of an environment; the suite's own by default."""
        return python_of(environment) if environment else sys.executable

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

    def start_server(self, start: Callable[[ExitStack], str]) -> str:
        """Start a server that is no script of ours; return its address."""
        return start(self._stack)

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


def _start_grpc(services: Services) -> str:
    return services.start_script(FOLDER / "grpc_server.py")


def _start_http(services: Services) -> str:
    return services.start_script(FOLDER / "server.py")


def _start_https(services: Services) -> str:
    return services.start_script(FOLDER / "server.py", "--tls")


def _start_lines(protocol: str) -> Callable[[Services], str]:
    script = FOLDER / "mail_server.py"
    return lambda services: services.start_script(script, protocol)


def _start_mongo(services: Services) -> str:
    return services.start_script(FOLDER / "mongo_server.py")


def _start_websocket(services: Services) -> str:
    return services.start_script(FOLDER / "websocket_server.py")


_STARTERS: dict[str, Callable[[Services], str]] = {
    "ftp": _start_lines("ftp"),
    "grpc": _start_grpc,
    "http": _start_http,
    "https": _start_https,
    "imap": _start_lines("imap"),
    "mongo": _start_mongo,
    "pop3": _start_lines("pop3"),
    "postgres": lambda services: services.start_server(start_postgres),
    "redis": lambda services: services.start_server(start_redis),
    "smtp": _start_lines("smtp"),
    "websocket": _start_websocket,
}

# What the system must have, where it need not have it.
_NEEDS = {"postgres": POSTGRES is not None, "redis": REDIS is not None}
