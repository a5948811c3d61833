"""What the kernel says of this process's TCP sockets, without any privilege.

Decides how a TCP state is found: one exact question over the socket-diagnosis
netlink (some 6 µs, and it still answers for a socket that the process has closed),
and the network tables where that is not offered (some ms). Knows nothing of
libraries, owners or verdicts. Every probe opens and closes its own descriptor, so
that the observer owns none between two questions.
"""

from __future__ import annotations

import enum
import os
import socket
import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..connections import ClosedBy

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ..connections import Address

__all__ = (
    "KernelSnapshot",
    "KernelSocket",
    "TcpState",
    "first_closer",
    "look_up",
    "parse_table",
    "socket_descriptors",
    "take_snapshot",
)


class TcpState(enum.IntEnum):
    """States of a TCP socket, numbered as Linux does (net/tcp_states.h)."""

    ESTABLISHED = 1
    SYN_SENT = 2
    SYN_RECV = 3
    FIN_WAIT1 = 4
    FIN_WAIT2 = 5
    TIME_WAIT = 6
    CLOSED = 7
    CLOSE_WAIT = 8
    LAST_ACK = 9
    LISTEN = 10
    CLOSING = 11
    NEW_SYN_RECV = 12


_CLOSED_HERE = frozenset(
    {TcpState.FIN_WAIT1, TcpState.FIN_WAIT2, TcpState.TIME_WAIT, TcpState.CLOSING}
)
_CLOSED_THERE = frozenset({TcpState.CLOSE_WAIT, TcpState.LAST_ACK})

_NETLINK_SOCK_DIAG = 4  # linux/netlink.h
_SOCK_DIAG_BY_FAMILY = 20  # linux/sock_diag.h
_NLM_F_REQUEST = 1
_NLMSG_ERROR = 2
_NLMSG_HEADER = struct.Struct("=IHHII")
_DIAG_REQUEST = struct.Struct("=BBBxI")  # family, protocol, extensions, states
_DIAG_ID_TAIL = struct.Struct("=III")  # interface, cookie (all ones: any)
_DIAG_ANSWER_COUNTS = struct.Struct("=IIIII")  # expires, rqueue, wqueue, uid, inode
_DIAG_ANSWER_ID = 4  # offset of the socket id in inet_diag_msg
_DIAG_ID_BYTES = 48
_ANSWER_WAIT_S = 0.1  # the kernel answers inside send(); this only bounds a surprise


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelSocket:
    """One TCP socket as the kernel shows it.

    Attributes:
        inode: Inode of the socket; 0 when no process has it open any more.
        receive_queue_bytes: Bytes that arrived and that nobody has read.
    """

    local: Address
    remote: Address
    state: TcpState
    inode: int
    receive_queue_bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelSnapshot:
    """The kernel's view of this process at one moment.

    Attributes:
        descriptors: Descriptor of each socket that this process has open, by inode.
        sockets: TCP sockets of the network namespace, by inode (open ones only).
    """

    descriptors: Mapping[int, int] = field(default_factory=dict)
    sockets: Mapping[int, KernelSocket] = field(default_factory=dict)


def first_closer(state: TcpState | None) -> ClosedBy | None:
    """Tell who sent FIN first, or None if the state does not say.

    A side that sends FIN first goes through FIN_WAIT to TIME_WAIT; one that
    answers a FIN goes through CLOSE_WAIT to LAST_ACK (RFC 9293, section 3.3.2).
    """
    if state in _CLOSED_HERE:
        return ClosedBy.LOCAL
    if state in _CLOSED_THERE:
        return ClosedBy.PEER
    return None


def look_up(local: Address, remote: Address) -> KernelSocket | None:
    """Ask the kernel for the one socket between two addresses.

    Answers also for a socket that this process has closed and that the kernel
    still winds up. None when there is none or the kernel cannot be asked.
    """
    try:
        return _ask_netlink(local, remote)
    except OSError:
        pass  # no netlink here (a sandbox, another system): read the tables
    for one in _read_tables():
        if one.local == local and one.remote == remote:
            return one
    return None


def take_snapshot() -> KernelSnapshot:
    """Read the sockets that this process has open and their TCP states."""
    descriptors = socket_descriptors()
    if not descriptors:
        return KernelSnapshot()
    sockets = {one.inode: one for one in _read_tables() if one.inode in descriptors}
    return KernelSnapshot(descriptors=descriptors, sockets=sockets)


def socket_descriptors() -> dict[int, int]:
    """Return inode → descriptor of every socket that this process has open."""
    found: dict[int, int] = {}
    try:
        names = os.listdir("/proc/self/fd")
    except OSError:
        return found
    for name in names:
        try:
            target = os.readlink(f"/proc/self/fd/{name}")
        except OSError:
            continue  # closed since the listing, as the listing's own one always is
        if target.startswith("socket:["):
            found[int(target[8:-1])] = int(name)
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


def _ask_netlink(local: Address, remote: Address) -> KernelSocket | None:
    family = socket.AF_INET6 if ":" in local[0] else socket.AF_INET
    identity = (
        struct.pack(">HH", local[1], remote[1])
        + socket.inet_pton(family, local[0]).ljust(16, b"\0")
        + socket.inet_pton(family, remote[0]).ljust(16, b"\0")
    )
    request = (
        _DIAG_REQUEST.pack(family, socket.IPPROTO_TCP, 0, 0xFFFFFFFF)
        + identity
        + _DIAG_ID_TAIL.pack(0, 0xFFFFFFFF, 0xFFFFFFFF)
    )
    length = _NLMSG_HEADER.size + len(request)
    header = _NLMSG_HEADER.pack(length, _SOCK_DIAG_BY_FAMILY, _NLM_F_REQUEST, 1, 0)
    netlink = getattr(socket, "AF_NETLINK", None)
    if netlink is None:
        raise OSError("this system has no netlink")
    with socket.socket(netlink, socket.SOCK_DGRAM, _NETLINK_SOCK_DIAG) as channel:
        channel.settimeout(_ANSWER_WAIT_S)
        channel.send(header + request)
        answer = channel.recv(4096)
    return _parse_answer(answer, identity, local, remote)


def _parse_answer(
    answer: bytes, identity: bytes, local: Address, remote: Address
) -> KernelSocket | None:
    kind = _NLMSG_HEADER.unpack_from(answer)[1]
    body = answer[_NLMSG_HEADER.size :]
    if kind == _NLMSG_ERROR:
        number = -struct.unpack_from("=i", body)[0]
        if number == 2:  # ENOENT: the kernel has no such socket
            return None
        raise OSError(number, os.strerror(number))
    if body[_DIAG_ANSWER_ID : _DIAG_ANSWER_ID + len(identity)] != identity:
        return None  # with no exact match the kernel answers with the listener
    counts = _DIAG_ANSWER_COUNTS.unpack_from(body, _DIAG_ANSWER_ID + _DIAG_ID_BYTES)
    return KernelSocket(
        local=local,
        remote=remote,
        state=TcpState(body[1]),
        inode=counts[4],
        receive_queue_bytes=counts[1],
    )
