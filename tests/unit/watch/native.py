"""What Python does not hear of: connections that C makes, and threads without object."""

from __future__ import annotations

import ctypes
import os
import socket
import struct

__all__ = ("connect", "threads")

_LIBC = ctypes.CDLL(None, use_errno=True)


def connect(address: tuple[str, int]) -> int:
    """Return the descriptor of a new connection that C alone knows of."""
    host, port = address
    peer = struct.pack("=H", socket.AF_INET) + struct.pack(">H", port)
    peer += socket.inet_aton(host) + bytes(8)
    fd = int(_LIBC.socket(socket.AF_INET, socket.SOCK_STREAM, 0))
    if fd < 0 or _LIBC.connect(fd, peer, len(peer)) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return fd


def threads() -> set[str]:
    """Return the threads that the kernel has, pytest's own watchdog among them."""
    return set(os.listdir("/proc/self/task"))
