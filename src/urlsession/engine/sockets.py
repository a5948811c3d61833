"""The few system calls that the engine makes on sockets itself.

libcurl owns every descriptor here: nothing in this module closes one.
"""

from __future__ import annotations

import os
from _socket import (  # `socket` takes 2 ms more to load
    AF_INET,
    AF_INET6,
    IP_TOS,
    IPPROTO_IP,
    IPPROTO_IPV6,
    IPV6_TCLASS,
    SHUT_RDWR,
    SOCK_STREAM,
    socket,
)
from collections.abc import Callable
from typing import NamedTuple

__all__ = ("SocketKind", "inode_of", "local_address", "open_socket", "send_fin")


IPPROTO_MPTCP = 262  # Linux; `socket` names it from Python 3.10 on where built so


class SocketKind(NamedTuple):
    """What is asked of a session's sockets beyond the usual."""

    traffic_class: int = 0
    """The byte that IP packets carry: code point and ECN; 0 for best effort."""
    is_multipath: bool = False
    """Whether TCP may use several paths, where the kernel can (MPTCP)."""


PLAIN = SocketKind()


def open_socket(
    family: int, kind: int, protocol: int, wanted: SocketKind = PLAIN
) -> int:
    """Make a socket for libcurl and return its descriptor.

    Raises:
        OSError: If the process or the system has no descriptor left.
    """
    made = None
    if wanted.is_multipath and kind & 0xF == SOCK_STREAM and family in _IP:
        try:
            made = socket(family, kind, IPPROTO_MPTCP)
        except OSError:  # the kernel has none, or it is switched off: plain TCP then
            made = None
    if made is None:
        made = socket(family, kind, protocol)
    if wanted.traffic_class:
        _mark(made, wanted.traffic_class)
    return made.detach()


def _mark(made: socket, traffic_class: int) -> None:
    try:
        if made.family == AF_INET:
            made.setsockopt(IPPROTO_IP, IP_TOS, traffic_class)
        elif made.family == AF_INET6:
            made.setsockopt(IPPROTO_IPV6, IPV6_TCLASS, traffic_class)
    except OSError:  # a hint: without it the packets go as others do
        return


_IP = (AF_INET, AF_INET6)


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
