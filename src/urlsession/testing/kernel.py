"""What the kernel says: socket states, descriptors, and bounded waiting.

A second witness beside this package's own ledger: nothing here asks the client.
Linux only, like the facts it reads (`/proc`); no root needed.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

__all__ = (
    "KernelSocket",
    "descriptors",
    "kernel_sockets",
    "tcp_state",
    "wait_until",
)

# include/net/tcp_states.h
_STATES = {
    1: "ESTABLISHED",
    2: "SYN_SENT",
    3: "SYN_RECV",
    4: "FIN_WAIT1",
    5: "FIN_WAIT2",
    6: "TIME_WAIT",
    7: "CLOSE",
    8: "CLOSE_WAIT",
    9: "LAST_ACK",
    10: "LISTEN",
    11: "CLOSING",
    12: "NEW_SYN_RECV",
}
_TABLES = ("/proc/self/net/tcp", "/proc/self/net/tcp6")


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelSocket:
    """One row of the kernel's table of TCP sockets.

    Attributes:
        local_port: Port of this end.
        remote_port: Port of the other end; 0 for a listening socket.
        state: Name as in `tcp_states.h`, for instance ``CLOSE_WAIT``.
        inode: Inode of the socket; 0 once no descriptor refers to it.
    """

    local_port: int
    remote_port: int
    state: str
    inode: int


def kernel_sockets(local_port: int) -> list[KernelSocket]:
    """Return every TCP socket whose own end is on `local_port`.

    A client's end of a loopback connection is the row of the client's port; the
    server's end is a row of the server's port, together with its listener.
    """
    return [
        row
        for table in _TABLES
        for row in _rows(table, f":{local_port:04X}")
        if row.local_port == local_port
    ]


def tcp_state(local_port: int, remote_port: int | None = None) -> str | None:
    """Return the state of the connection from `local_port`; None if it is gone.

    Args:
        local_port: Port of the end that is asked about.
        remote_port: Port of the other end. None takes any connection from
            `local_port`, first one that a descriptor refers to: the kernel uses a
            client's port again, towards another server, while the last connection
            from it is in TIME_WAIT. Name the port to ask about a closed one.
    """
    rows = [
        row
        for row in kernel_sockets(local_port)
        if row.state != "LISTEN" and remote_port in {None, row.remote_port}
    ]
    rows.sort(key=lambda row: row.inode == 0)
    return rows[0].state if rows else None


def descriptors() -> dict[int, str]:
    """Return what each open descriptor of this process refers to.

    The values are as in ``/proc/self/fd``: ``socket:[12345]``, a path, and so on.
    """
    found: dict[int, str] = {}
    for name in os.listdir("/proc/self/fd"):
        try:
            found[int(name)] = os.readlink(f"/proc/self/fd/{name}")
        except FileNotFoundError:  # the descriptor of the listing itself
            continue
    return found


def wait_until(
    predicate: Callable[[], object], within_s: float = 2.0, every_s: float = 0.002
) -> bool:
    """Wait until `predicate` holds; return False if it does not within the bound.

    Args:
        predicate: Asked at once, then every `every_s`, and once more at the end.
        within_s: Bound in seconds.
        every_s: Pause between two questions in seconds.
    """
    pause = threading.Event()
    end = time.monotonic() + within_s
    while not predicate():
        left_s = end - time.monotonic()
        if left_s <= 0:
            return bool(predicate())
        pause.wait(min(every_s, left_s))
    return True


def _rows(table: str, port_hex: str) -> list[KernelSocket]:
    try:
        with open(table, encoding="ascii") as file:
            lines = file.readlines()[1:]
    except FileNotFoundError:  # a kernel without IPv6
        return []
    # The cheap test first: the table may hold thousands of rows in TIME_WAIT.
    return [_row(line) for line in lines if port_hex in line]


def _row(line: str) -> KernelSocket:
    columns = line.split()
    return KernelSocket(
        local_port=int(columns[1].rpartition(":")[2], 16),
        remote_port=int(columns[2].rpartition(":")[2], 16),
        state=_STATES.get(int(columns[3], 16), columns[3]),
        inode=int(columns[9]),
    )
