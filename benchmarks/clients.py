"""The clients: which worker drives each, and which interpreter it runs in.

niquests brings a package that puts itself in urllib3's place, which would change
what `requests` is measured with. It gets an environment of its own, made once in
`.venvs/` beside this file; every other client shares the interpreter of the run.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path

__all__ = ("CLIENTS", "Client", "MissingClientError", "interpreter_for")

ENVIRONMENTS = Path(__file__).parent / ".venvs"
INSTALL_WITHIN_S = 300.0  # seconds; a registry that hangs must not hang the run


class MissingClientError(RuntimeError):
    """The client cannot run here; the message says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """One client, or one client on another event loop.

    Attributes:
        module: What its worker imports, and what the import scenario times.
        worker: The module under `benchmarks.workers`.
        statement: What a user writes to import it; `import <module>` if empty.
        needs: Further modules that the worker imports.
        requirements: What to install into an environment of its own, if it needs one.
    """

    name: str
    module: str
    worker: str
    statement: str = ""
    needs: tuple[str, ...] = ()
    event_loop: str = "asyncio"
    requirements: tuple[str, ...] = ()

    @property
    def import_statement(self) -> str:
        """The statement that the import scenario times."""
        return self.statement or f"import {self.module}"


CLIENTS = {
    client.name: client
    for client in (
        Client(
            name="urlsession",
            module="urlsession",
            worker="urlsession_client",
            # The package gives its names lazily: this is what a client really loads.
            statement="from urlsession import URLSession",
        ),
        Client(
            name="urlsession-package",
            module="urlsession",
            worker="urlsession_client",
            statement="import urlsession",
        ),
        Client(
            name="urlsession-uvloop",
            module="urlsession",
            worker="urlsession_client",
            needs=("uvloop",),
            event_loop="uvloop",
        ),
        Client(
            name="urlsession-blocking",
            module="urlsession",
            worker="urlsession_blocking",
        ),
        Client(name="pycurl", module="pycurl", worker="pycurl_client"),
        Client(name="aiohttp", module="aiohttp", worker="aiohttp_client"),
        Client(
            name="aiohttp-uvloop",
            module="aiohttp",
            worker="aiohttp_client",
            needs=("uvloop",),
            event_loop="uvloop",
        ),
        Client(name="websockets", module="websockets", worker="websockets_client"),
        Client(name="httpx", module="httpx", worker="httpx_client"),
        Client(name="requests", module="requests", worker="requests_client"),
        Client(name="socket", module="socket", worker="watch_connections"),
        Client(name="http.client", module="http.client", worker="http_client"),
        Client(
            name="pyreqwest",
            module="pyreqwest",
            worker="pyreqwest_client",
            statement="from pyreqwest.client import ClientBuilder",
        ),
        Client(name="curl_cffi", module="curl_cffi", worker="curl_cffi_client"),
        Client(name="curl", module="subprocess", worker="curl_command"),
        Client(
            name="niquests",
            module="niquests",
            worker="niquests_client",
            requirements=("niquests>=3.14",),
        ),
    )
}


def interpreter_for(client: Client) -> str:
    """Return the Python that can run the client; may make an environment for it.

    Raises:
        MissingClientError: A module is not installed, or cannot be.
    """
    if client.requirements:
        return str(_own_environment(client))
    for module in (client.module, *client.needs):
        if importlib.util.find_spec(module.partition(".")[0]) is None:
            raise MissingClientError(f"{module} is not installed")
    return sys.executable


def _own_environment(client: Client) -> Path:
    home = ENVIRONMENTS / f"{client.name}-{sys.version_info[0]}.{sys.version_info[1]}"
    python = home / "bin" / "python"
    stamp = home / "requirements.txt"
    wanted = "\n".join(client.requirements)
    if stamp.exists() and stamp.read_text() == wanted and python.exists():
        return python
    try:
        venv.create(home, clear=True, with_pip=True)
        pip = [str(python), "-m", "pip", "--disable-pip-version-check", "install"]
        subprocess.run(
            [*pip, "--quiet", *client.requirements],
            check=True,
            capture_output=True,
            text=True,
            timeout=INSTALL_WITHIN_S,
        )
    except (OSError, subprocess.SubprocessError) as error:
        said = getattr(error, "stderr", None) or str(error)
        last = said.strip().splitlines()[-1]
        raise MissingClientError(f"no environment for it: {last}") from error
    stamp.write_text(wanted)
    return python
