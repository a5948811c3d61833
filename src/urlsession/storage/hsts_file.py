"""Where the hosts that asked for TLS are kept between two runs of a program.

Decides when the file is read and written, and what becomes of one that cannot be read.
It holds host names only. Two processes that write merge what they know: whoever asked
for longer is believed.
"""

from __future__ import annotations

import json
import os
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from .hsts import KnownHosts, Policy
from .marks import MARKS

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ("TransportSecurity", "shared_transport_security")

FILE_NAME = "hsts.json"
_VERSION = 1


class TransportSecurity:
    """Which hosts have to be spoken to over TLS. Any thread may call any method.

    Args:
        path: Where it is kept; None to keep it in memory only.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._lock = threading.RLock()
        self._hosts = KnownHosts()
        self._is_read = path is None
        self._has_warned = False

    @property
    def is_idle(self) -> bool:
        """Whether no host is known: nobody need be asked about."""
        return self._is_read and not self._hosts.policies

    def note(self, host: str, value: str) -> None:
        """Take the value of a ``Strict-Transport-Security`` that came over TLS."""
        with self._lock:
            self._read()
            if self._hosts.note(host, value, _now()):
                self._write(host.rstrip("."))
            MARKS.tell()

    def requires_tls(self, host: str) -> bool:
        """Whether `host` must not be spoken to without TLS."""
        with self._lock:
            self._read()
            return self._hosts.requires_tls(host, _now())

    def purge(self) -> None:
        """Forget every host, on disk too."""
        with self._lock:
            self._hosts.policies.clear()
            self._is_read = True
            if self._path is not None:
                try:
                    self._path.unlink(missing_ok=True)
                except OSError as error:
                    self._warn("removed", error)

    remove_all = purge

    def _read(self) -> None:
        if self._is_read:
            return
        self._is_read = True
        self._hosts.policies.update(self._on_disk())
        MARKS.tell()

    def _on_disk(self) -> dict[str, Policy]:
        assert self._path is not None
        try:
            text = self._path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return {}
        except (OSError, UnicodeDecodeError) as error:
            self._warn("read", error)
            return {}
        try:
            found = json.loads(text)
            if found["version"] != _VERSION:
                raise ValueError(f"version {found['version']!r}")
            now = _now()
            policies = {
                str(host): Policy(float(expires_at), bool(includes))
                for host, (expires_at, includes) in found["hosts"].items()
            }
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            self._warn("understood", error)
            return {}
        return {host: one for host, one in policies.items() if one.expires_at > now}

    def _write(self, changed: str) -> None:
        if self._path is None:
            return
        for host, policy in self._on_disk().items():
            known = self._hosts.policies.get(host)
            if host != changed and (
                known is None or known.expires_at < policy.expires_at
            ):
                self._hosts.policies[host] = policy
        hosts = {host: list(one) for host, one in self._hosts.policies.items()}
        temporary = self._path.with_name(f"{FILE_NAME}.{os.getpid()}")
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(fd, "w", encoding="utf-8") as file:
                json.dump({"version": _VERSION, "hosts": hosts}, file)
            temporary.replace(self._path)
        except OSError as error:
            self._warn("written", error)

    def _warn(self, what: str, error: Exception) -> None:
        if self._has_warned:
            return
        self._has_warned = True
        import logging  # only where something is wrong

        logging.getLogger("urlsession").warning(
            "%s cannot be %s, hosts that asked for TLS are kept in memory: %s",
            self._path,
            what,
            error,
        )


_shared: TransportSecurity | None = None
_lock = threading.Lock()


def shared_transport_security() -> TransportSecurity:
    """Return what all sessions that are not ephemeral share."""
    global _shared
    with _lock:
        if _shared is None:
            from .location import data_directory

            folder = data_directory()
            _shared = TransportSecurity(None if folder is None else folder / FILE_NAME)
        return _shared


def _now() -> float:
    return datetime.now(UTC).timestamp()
