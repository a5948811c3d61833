"""Real proxies as processes on loopback: tinyproxy (HTTP) and microsocks (SOCKS5)."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from urlsession.testing import wait_until

__all__ = ("free_port", "microsocks", "tinyproxy")

# Where servers live; not on every user's PATH.
_PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])


def free_port() -> int:
    """Return a port of loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def tinyproxy(folder: Path, *, login: str | None = None) -> Iterator[int]:
    """Run tinyproxy; `login` is ``user password``. Gives its port."""
    port = free_port()
    lines = [f"Port {port}", "Listen 127.0.0.1", "Timeout 60", "MaxClients 20"]
    if os.getuid() == 0:
        lines += ["User nobody", "Group nogroup"]
    if login is not None:
        lines.append(f"BasicAuth {login}")
    file = folder / "tinyproxy.conf"
    file.write_text("\n".join(lines) + "\n")
    with _running([_program("tinyproxy"), "-d", "-c", str(file)], port):
        yield port


@contextmanager
def microsocks(*, login: tuple[str, str] | None = None) -> Iterator[int]:
    """Run microsocks; gives its port."""
    port = free_port()
    command = [_program("microsocks"), "-i", "127.0.0.1", "-p", str(port)]
    if login is not None:
        command += ["-u", login[0], "-P", login[1]]
    with _running(command, port):
        yield port


def _program(name: str) -> str:
    found = shutil.which(name, path=_PATH)
    assert found is not None
    return found


@contextmanager
def _running(command: list[str], port: int) -> Iterator[None]:
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        wait_until(lambda: _listens(port), within_s=5)
        yield
    finally:
        process.terminate()
        process.wait(5)


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 0.2).close()
    except OSError:
        return False
    return True
