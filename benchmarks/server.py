"""The server that every scenario loads from: C speed, loopback, its own port.

nginx when it is installed, else granian (Rust, one Python call per reply). The
server must not be what is measured: a reply costs nginx a few microseconds on the
other core. granian needs about 15, more than the fastest client, so ratios
between the fastest rows come out flatter with it.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from benchmarks.machine import server_core

__all__ = ("BODY_LENGTH", "Server", "ServerError", "choose_kind")

BODY_LENGTH = 1024  # bytes; "1 KiB" of most scenarios' titles
LARGE_LENGTH = 256 * 1024 * 1024  # bytes; the file of the download scenarios
READY_WITHIN_S = 10.0  # seconds; arbitrary, both servers are up in 0.3
ADDRESSES = 32  # of 127.0.0.0/8 that nginx listens on; see `Server.urls`
ATTEMPTS = 3  # another program may take the free port between our look and the bind

# `return` answers from memory: no file is opened, so nginx stays well ahead of
# the fastest client. worker_connections has room for the 64 callers of two runs.
NGINX_CONFIGURATION = """\
worker_processes 1;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    keepalive_requests 1000000000;
    keepalive_timeout 600s;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
{listen}
        location = /1k {{
            default_type application/octet-stream;
            return 200 "{body}";
        }}
        location = /256m {{
            default_type application/octet-stream;
            root {folder};
            sendfile on;
        }}
        location = /upload {{
            root {uploads};
            dav_methods PUT;
            client_max_body_size 0;
            client_body_buffer_size 1m;
            client_body_temp_path {uploads}/body;
        }}
    }}
}}
"""


class ServerError(RuntimeError):
    """No server could be started."""


def choose_kind() -> str:
    """Return "nginx" or "granian", whichever is here, nginx first.

    Raises:
        ServerError: Neither is installed.
    """
    if _nginx_program() is not None:
        return "nginx"
    if _granian_version() is not None:
        return "granian"
    raise ServerError(
        "no server: install nginx, or granian into this environment (pip install granian)"
    )


class Server:
    """A server process; the `with` block is its life.

    Args:
        kind: "nginx" or "granian".
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.port = 0
        self._folder = tempfile.mkdtemp(prefix="urlsession-bench-")
        # In memory, so that no disk is measured.
        shm = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        self._uploads = tempfile.mkdtemp(prefix="urlsession-bench-", dir=shm)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def urls(self) -> list[str]:
        """Addresses of the server, to be used in turns; add ``1k`` or ``256m``.

        A closed connection keeps its pair of ports for a minute. With one address
        the churn scenarios would use up all of them, and every connect would then
        search for a free one: 8 ms instead of 30 µs.
        """
        count = ADDRESSES if self.kind == "nginx" else 1
        return [f"http://127.0.0.{n}:{self.port}/" for n in range(1, count + 1)]

    @property
    def version(self) -> str:
        """Name and version, for the head of the table."""
        if self.kind == "granian":
            return f"granian {_granian_version()}"
        program = _nginx_program() or "nginx"
        said = subprocess.run(
            [program, "-v"], capture_output=True, text=True, check=False
        )
        return said.stderr.strip().rpartition(" ")[2]

    def __enter__(self) -> Self:
        try:
            for _ in range(ATTEMPTS):
                if self._start():
                    return self
        except BaseException:
            self._stop()
            raise
        said = self._last_words()
        self._stop()
        raise ServerError(f"{self.kind} did not start: {said or 'it said nothing'}")

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stop()

    def _start(self) -> bool:
        self.port = _free_port()
        command = self._nginx() if self.kind == "nginx" else self._granian()
        log = Path(self._folder, "output.log")
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                preexec_fn=_stay_on_one_core,  # noqa: PLW1509  (no threads here)
            )
        return self._wait_ready(self._process)

    def _nginx(self) -> list[str]:
        # nginx's worker gives up root and must still reach its folder.
        os.chmod(self._folder, 0o755)
        os.chmod(self._uploads, 0o777)
        with Path(self._folder, "256m").open("wb") as large:
            large.truncate(LARGE_LENGTH)  # holes are read as fast as cached pages
        configuration = Path(self._folder, "nginx.conf")
        configuration.write_text(
            NGINX_CONFIGURATION.format(
                folder=self._folder,
                uploads=self._uploads,
                listen="\n".join(
                    f"        listen 127.0.0.{n}:{self.port} backlog=4096;"
                    for n in range(1, ADDRESSES + 1)
                ),
                body="x" * BODY_LENGTH,
            )
        )
        errors = f"{self._folder}/error.log"
        return [_nginx_program() or "nginx", "-c", str(configuration), "-e", errors]

    def _granian(self) -> list[str]:
        return [
            *(sys.executable, "-m", "granian", "--interface", "rsgi"),
            *("--host", "127.0.0.1", "--port", str(self.port)),
            *("--workers", "1", "--http", "1", "--no-ws", "--backlog", "4096"),
            # One thread: a second one only takes the core that the client needs.
            *("--runtime-mode", "st", "--log-level", "warning"),
            *("--working-dir", str(Path(__file__).parent.parent)),
            "benchmarks.granian_app:app",
        ]

    def _wait_ready(self, process: subprocess.Popen[bytes]) -> bool:
        """Load once, again and again; false if the process ended or never answered."""
        pause = threading.Event()
        deadline = time.monotonic() + READY_WITHIN_S
        while process.poll() is None and time.monotonic() < deadline:
            if self._answers():
                return True
            pause.wait(0.02)
        _end(process)
        return False

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as door:
                door.sendall(b"GET /1k HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n")
                with door.makefile("rb") as answer:
                    reply = answer.read()
        except OSError:
            return False
        return b" 200 " in reply[:20] and len(reply) > BODY_LENGTH

    def _last_words(self) -> str:
        words: list[str] = []
        for name in ("error.log", "output.log"):
            log = Path(self._folder, name)
            if log.exists():
                words += log.read_text(errors="replace").strip().splitlines()[-1:]
        return "; ".join(words)

    def _stop(self) -> None:
        if self._process is not None:
            _end(self._process)
            self._process = None
        shutil.rmtree(self._folder, ignore_errors=True)
        shutil.rmtree(self._uploads, ignore_errors=True)


def _stay_on_one_core() -> None:
    core = server_core()
    if core is not None:
        os.sched_setaffinity(0, {core})


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(timeout=5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _nginx_program() -> str | None:
    # Debian puts nginx where the PATH of an ordinary user does not look.
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])
    return shutil.which("nginx", path=path)


def _granian_version() -> str | None:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("granian")
    except PackageNotFoundError:
        return None
