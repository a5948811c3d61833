"""Which of a process's unclaimed connections go to an address that was asked for.

Decides how a connection made in C or Rust is told by its peer alone: by the port, and
by the host where that was given as an address. A name may stand for any address.
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..adapter import Sink
    from ..capture.kernel import KernelSnapshot

__all__ = ("is_at", "unclaimed")

_MAPPED = "::ffff:"  # how IPv6 writes an address of IPv4


def unclaimed(kernel: KernelSnapshot, sink: Sink) -> list[int]:
    """Return the inodes of the connections that no owner is known for, oldest first."""
    return sorted(
        inode
        for inode, seen in kernel.sockets.items()
        if seen.remote[1] and sink.opener(inode) is None
    )


def is_at(remote: tuple[str, int], host: str, port: int) -> bool:
    """Whether a peer's address may be what was asked for."""
    if remote[1] != port:
        return False
    return not _is_address(host) or remote[0].removeprefix(_MAPPED) == host


def _is_address(host: str) -> bool:
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, host)
        except OSError:
            continue
        return True
    return False
