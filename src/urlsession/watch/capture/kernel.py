"""What the kernel says of this process's TCP sockets, without any privilege.

Decides who is asked: on Linux the netlink, and where that is not offered the network
tables (some ms, and without bytes and times); on other systems psutil, which knows
states and addresses only. Decides as well what identifies a socket. Knows nothing of
libraries, owners or verdicts.
"""

from __future__ import annotations

import _socket
import errno
import os
import socket
import stat
import struct
from typing import TYPE_CHECKING

from ...connections import ClosedBy
from .census import Census
from .netlink import ask_netlink, dump_netlink
from .tcp import (
    INFO_WANTED,
    TCP_INFO,
    KernelSnapshot,
    KernelSocket,
    TcpInfo,
    TcpState,
    borrowed,
    first_closer,
    parse_info,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ...connections import Address

__all__ = (
    "KernelSnapshot",
    "KernelSocket",
    "TcpInfo",
    "TcpState",
    "borrowed",
    "ended_by",
    "first_closer",
    "has_inodes",
    "identity",
    "limits",
    "look_up",
    "parse_table",
    "read_info",
    "read_sockets",
    "socket_descriptors",
    "take_snapshot",
)

_DESCRIPTORS = "/proc/self/fd"
_has_proc = os.path.isdir(_DESCRIPTORS)
_census = Census()

_FEWER = (
    "on this system the kernel tells only the state of a connection that is open: "
    "no bytes, no times, and not who closed one first unless it shows at the close"
)
_NONE = "the kernel cannot be asked on this system: install psutil"


def identity(fd: int) -> int:
    """Return what tells a socket from all others while it is open: its inode on Linux.

    Raises:
        OSError: If the descriptor is closed, or no socket.
    """
    if not _has_proc:
        return _census.identity(fd)
    about = os.fstat(fd)
    if not stat.S_ISSOCK(about.st_mode):
        raise OSError(errno.ENOTSOCK, os.strerror(errno.ENOTSOCK))
    return about.st_ino


def has_inodes() -> bool:
    """Whether a socket's inode is what identifies it."""
    return _has_proc


def limits() -> str | None:
    """Return what cannot be told on this system, in words; None where all can."""
    if _has_proc:
        return None
    return _FEWER if _take_census().is_readable else _NONE


def look_up(local: Address, remote: Address) -> KernelSocket | None:
    """Ask the kernel for the one socket between two addresses.

    Answers on Linux also for a socket that this process has closed and that the kernel
    still winds up. None when there is none or the kernel cannot be asked.
    """
    try:
        return ask_netlink(local, remote)
    except OSError:
        pass  # no netlink here (a sandbox, another system): read the tables
    sockets = _read_tables() if _has_proc else _take_census().sockets.values()
    for one in sockets:
        if one.local == local and one.remote == remote:
            return one
    return None


def take_snapshot() -> KernelSnapshot:
    """Read the sockets that this process has open and their TCP states."""
    if not _has_proc:
        return _take_census()
    descriptors = socket_descriptors()
    if not descriptors:
        return KernelSnapshot(is_readable=True)
    try:
        found = dump_netlink()
    except OSError:
        found = _read_tables()
    return KernelSnapshot(
        descriptors=descriptors,
        sockets={one.inode: one for one in found if one.inode in descriptors},
        listening=_listening(found),
        is_readable=True,
    )


def read_sockets(descriptors: Mapping[int, int]) -> KernelSnapshot:
    """Return what descriptors alone say of their TCP sockets, asked one by one.

    Costs some 3 µs for each, however many sockets the system has. A state is LISTEN,
    ESTABLISHED for whatever is or was connected, or CLOSED for what is not yet.

    Args:
        descriptors: Descriptor of each socket, by inode.
    """
    found: dict[int, KernelSocket] = {}
    for inode, fd in descriptors.items():
        try:
            with borrowed(fd) as sock:
                one = _read_socket(sock, inode)
            is_same = identity(fd) == inode
        except OSError:
            continue  # closed since they were listed
        if one is not None and is_same:
            found[inode] = one
    return KernelSnapshot(
        descriptors=descriptors,
        sockets=found,
        listening=_listening(found.values()),
        is_readable=True,
    )


def _read_socket(sock: _socket.socket, inode: int) -> KernelSocket | None:
    local = sock.getsockname()
    kind = sock.getsockopt(socket.SOL_SOCKET, socket.SO_TYPE)
    if not isinstance(local, tuple) or len(local) < 2 or kind != socket.SOCK_STREAM:
        return None
    state = TcpState.ESTABLISHED
    try:
        remote = sock.getpeername()
    except OSError:
        remote = "", 0
        is_listening = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
        state = TcpState.LISTEN if is_listening else TcpState.CLOSED
    return KernelSocket(
        local=(str(local[0]), int(local[1])),
        remote=(str(remote[0]), int(remote[1])),
        state=state,
        inode=inode,
    )


def read_info(sock: _socket.socket) -> TcpInfo | None:
    """Return the kernel's counts on a Python socket; None where it has none."""
    if not _has_proc:
        return None
    try:
        # The base's method: a subclass may not expect to be asked.
        packed = _socket.socket.getsockopt(
            sock, socket.IPPROTO_TCP, TCP_INFO, INFO_WANTED
        )
    except (OSError, ValueError):
        return None
    return parse_info(packed)


def ended_by(fd: int) -> ClosedBy | None:
    """Return who ends a connection that is about to be closed, where nothing is counted.

    None if it never was one. The peer shows where nothing waits to be read.
    """
    flags = getattr(socket, "MSG_DONTWAIT", None)
    if flags is None:
        return ClosedBy.LOCAL
    try:
        with borrowed(fd) as sock:
            is_ended = not sock.recv(1, socket.MSG_PEEK | flags)
    except (ConnectionResetError, BrokenPipeError):
        return ClosedBy.RESET
    except ConnectionRefusedError:
        return None
    except OSError as error:
        return None if error.errno == errno.ENOTCONN else ClosedBy.LOCAL
    return ClosedBy.PEER if is_ended else ClosedBy.LOCAL


def socket_descriptors() -> dict[int, int]:
    """Return identity → descriptor of every socket that this process has open."""
    if not _has_proc:
        return dict(_take_census().descriptors)
    found: dict[int, int] = {}
    try:
        names = os.listdir(_DESCRIPTORS)
    except OSError:
        return found
    for name in names:
        try:
            about = os.fstat(int(name))  # a third of what reading the link costs
        except OSError:
            continue  # closed since the listing, as the listing's own one always is
        if stat.S_ISSOCK(about.st_mode):
            found[about.st_ino] = int(name)
    return found


def parse_table(lines: Iterable[str], family: int) -> list[KernelSocket]:
    """Parse the rows of ``/proc/net/tcp`` or ``tcp6`` (without the heading)."""
    return [_parse_row(line.split(), family) for line in lines if line.strip()]


def _parse_row(columns: list[str], family: int) -> KernelSocket:
    return KernelSocket(
        local=_parse_address(columns[1], family),
        remote=_parse_address(columns[2], family),
        state=TcpState(int(columns[3], 16)),
        inode=int(columns[9]),
        receive_queue_bytes=int(columns[4].partition(":")[2], 16),
    )


def _parse_address(text: str, family: int) -> Address:
    host, _, port = text.partition(":")
    # Each 32-bit word is written as a host-order number.
    words = [int(host[at : at + 8], 16) for at in range(0, len(host), 8)]
    packed = struct.pack(f"={len(words)}I", *words)
    return socket.inet_ntop(family, packed), int(port, 16)


def _read_tables() -> list[KernelSocket]:
    rows: list[KernelSocket] = []
    for name, family in (("tcp", socket.AF_INET), ("tcp6", socket.AF_INET6)):
        try:
            with open(f"/proc/self/net/{name}", encoding="ascii") as table:
                next(table, None)
                rows += parse_table(table, family)
        except OSError:
            continue  # another system, or a kernel without IPv6
    return rows


def _take_census() -> KernelSnapshot:
    try:
        descriptors, found = _census.take()
    except (ImportError, OSError):
        return KernelSnapshot()
    return KernelSnapshot(
        descriptors=descriptors,
        sockets={one.inode: one for one in found},
        listening=_listening(found),
        is_readable=True,
    )


def _listening(found: Iterable[KernelSocket]) -> frozenset[int]:
    return frozenset(one.local[1] for one in found if one.state is TcpState.LISTEN)
