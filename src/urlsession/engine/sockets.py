"""The few system calls that the engine makes on sockets itself.

libcurl owns every descriptor here: nothing in this module closes one.
"""

from __future__ import annotations

import os
from _socket import SHUT_RDWR, socket  # `socket` takes 2 ms more to load
from collections.abc import Callable

__all__ = ("inode_of", "local_address", "open_socket", "send_fin")


def open_socket(family: int, kind: int, protocol: int) -> int:
    """Make a socket for libcurl and return its descriptor.

    Raises:
        OSError: If the process or the system has no descriptor left.
    """
    return socket(family, kind, protocol).detach()


def inode_of(fd: int) -> int:
    """Return the inode that identifies the socket behind `fd`; 0 if there is none."""
    try:
        return os.fstat(fd).st_ino
    except OSError:
        return 0


def send_fin(fd: int) -> None:
    """Send FIN on a descriptor that libcurl still holds (and will close itself).

    Nothing happens if the connection is gone already.
    """
    _with_socket(fd, lambda sock: sock.shutdown(SHUT_RDWR))


def local_address(fd: int) -> tuple[str, int] | None:
    """Return (host, port) of our end, or None if it is not connected."""
    name = _with_socket(fd, lambda sock: sock.getsockname())
    return (name[0], name[1]) if isinstance(name, tuple) and len(name) >= 2 else None


def _with_socket(fd: int, act: Callable[[socket], object]) -> object:
    try:
        borrowed = socket(fileno=fd)
    except OSError:
        return None
    try:
        return act(borrowed)
    except OSError:
        return None
    finally:
        borrowed.detach()
