"""Redis and PostgreSQL for the corpus, on ports of their own and without a past.

Debian's own services are not used: a server here lives as long as the tests, listens
on the loopback interface only and keeps nothing.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

__all__ = ("POSTGRES", "REDIS", "start_postgres", "start_redis")

READY_WITHIN_S = 20.0
ENDS_WITHIN_S = 10.0
USER = "corpus"  # of the database; the programs name it
UNPRIVILEGED = "postgres"  # the system's user that Debian's package makes


def _find_postgres() -> Path | None:
    """Return the newest server's folder; Debian does not put it on the path."""
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/postgres"),
        key=lambda path: int(path.parts[-3]),
    )
    on_path = shutil.which("postgres")
    if found:
        return found[-1].parent
    return None if on_path is None else Path(on_path).parent


REDIS = shutil.which("redis-server")
POSTGRES = _find_postgres()


def start_redis(stack: ExitStack) -> str:
    """Start a server until the stack is left; return its address."""
    assert REDIS is not None
    port = _free_port()
    folder = stack.enter_context(tempfile.TemporaryDirectory())
    options = {
        "bind": "127.0.0.1",
        "port": str(port),
        "dir": folder,
        "save": "",
        "appendonly": "no",
    }
    words = [word for name, value in options.items() for word in (f"--{name}", value)]
    process = _start(stack, [REDIS, *words])
    _wait_listening(process, port)
    return f"127.0.0.1:{port}"


def start_postgres(stack: ExitStack) -> str:
    """Start a server until the stack is left; return its address.

    It refuses to run as root, and its folder must then be another user's: not in
    pytest's own, which nobody else may enter.
    """
    assert POSTGRES is not None
    user = UNPRIVILEGED if os.geteuid() == 0 else None
    folder = stack.enter_context(tempfile.TemporaryDirectory())
    if user is not None:
        shutil.chown(folder, user)
    data = f"{folder}/data"
    subprocess.run(
        [
            *(str(POSTGRES / "initdb"), "--pgdata", data, "--username", USER),
            *("--auth", "trust", "--encoding", "UTF8", "--no-locale", "--no-sync"),
        ],
        check=True,
        capture_output=True,
        cwd=folder,
        user=user,
        group=user,
        extra_groups=[] if user else None,
    )
    port = _free_port()
    settings = {
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": "",
        "fsync": "off",
        "max_connections": "200",
    }
    words = [word for one in settings.items() for word in ("-c", "=".join(one))]
    process = _start(
        stack,
        [str(POSTGRES / "postgres"), "-D", data, "-p", str(port), *words],
        user=user,
        # Its "fast" way: it does not wait for clients that are still connected.
        end_by=signal.SIGINT,
    )
    _wait_listening(process, port)
    return f"127.0.0.1:{port}"


def _start(
    stack: ExitStack,
    command: list[str],
    *,
    user: str | None = None,
    end_by: signal.Signals = signal.SIGTERM,
) -> subprocess.Popen[bytes]:
    process = stack.enter_context(
        subprocess.Popen(
            command,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            user=user,
            group=user,
            extra_groups=[] if user else None,
        )
    )
    stack.callback(_end, process, end_by)
    return process


def _end(process: subprocess.Popen[bytes], end_by: signal.Signals) -> None:
    process.send_signal(end_by)
    try:
        process.wait(ENDS_WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def _wait_listening(process: subprocess.Popen[bytes], port: int) -> None:
    """Return once a server takes connections (both listen when they are ready)."""
    until = time.monotonic() + READY_WITHIN_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except ConnectionError:
            assert process.poll() is None, f"{process.args!r} ended by itself"
            assert time.monotonic() < until, f"{process.args!r} does not listen"
        else:
            return
        try:
            process.wait(0.02)
        except subprocess.TimeoutExpired:
            continue
