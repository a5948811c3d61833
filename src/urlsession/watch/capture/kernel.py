"""What the kernel says of this process's TCP sockets, without any privilege.

Decides how a TCP state is found: over the socket-diagnosis netlink, by one exact
question (some 6 µs, and it still answers for a socket that the process has closed) or
for all sockets at once; and from the network tables where that is not offered (some
ms, and without bytes and times). Knows nothing of libraries, owners or verdicts. Every probe opens and closes its own descriptor, so
that the observer owns none between two questions.
"""

from __future__ import annotations

import _socket
import enum
import os
import socket
import stat
import struct
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ...connections import ClosedBy

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from ...connections import Address

__all__ = (
    "KernelSnapshot",
    "KernelSocket",
    "TcpInfo",
    "TcpState",
    "borrowed",
    "first_closer",
    "look_up",
    "parse_table",
    "read_info",
    "read_sockets",
    "socket_descriptors",
    "take_snapshot",
)

_DESCRIPTORS = "/proc/self/fd"


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
_NLM_F_DUMP = 0x300
_NLMSG_ERROR = 2
_NLMSG_DONE = 3
_INET_DIAG_INFO = 2  # the attribute that carries struct tcp_info
_NLMSG_HEADER = struct.Struct("=IHHII")
_DIAG_REQUEST = struct.Struct("=BBBxI")  # family, protocol, extensions, states
_DIAG_ID_TAIL = struct.Struct("=III")  # interface, cookie (all ones: any)
_DIAG_ANSWER_COUNTS = struct.Struct("=IIIII")  # expires, rqueue, wqueue, uid, inode
_DIAG_ANSWER_ID = 4  # offset of the socket id in inet_diag_msg
_DIAG_ID_BYTES = 48
_DIAG_ANSWER_BYTES = 72  # attributes follow
_ATTRIBUTE = struct.Struct("=HH")  # length with this head, type
_INFO_TIMES = struct.Struct("=IIII")  # ms since: data out, -, data in, ack in
_INFO_TIMES_AT = 44  # offsets in struct tcp_info (linux/tcp.h)
_INFO_BYTES = struct.Struct("=QQ")  # bytes acknowledged, bytes received
_INFO_BYTES_AT = 120
_INFO_SENT = struct.Struct("=QQ")  # bytes sent, bytes of these sent again
_INFO_SENT_AT = 200  # since Linux 4.19
_INFO_WANTED = 216  # bytes of struct tcp_info asked for; an old kernel gives fewer
_TCP_INFO = 11  # linux/tcp.h; `socket` has the name on Linux only
_DUMP_BUFFER = 65_536  # bytes; the kernel fills up to 32 KiB at a time
_WITH_INFO = 1 << (_INET_DIAG_INFO - 1)
_ALL_STATES = 0xFFFFFFFF
_ANSWER_WAIT_S = 0.1  # the kernel answers inside send(); this only bounds a surprise


@dataclass(frozen=True, slots=True, kw_only=True)
class TcpInfo:
    """What the kernel counts on one connection (struct tcp_info).

    Attributes:
        state: TCP state when it was asked.
        sent_s: Seconds since data was last sent.
        received_s: Seconds since data last came.
        heard_s: Seconds since any packet last came; on a half-closed connection that
            was the peer's FIN.
        bytes_sent: Bytes that the peer has acknowledged, its SYN's one left out.
        bytes_received: Bytes that came in.
        was_established: Whether the peer ever answered.
        is_fin_answered: Whether the peer acknowledged our FIN: both are done, or will
            be, and nobody reset it.
    """

    state: TcpState
    sent_s: float
    received_s: float
    heard_s: float
    bytes_sent: int
    bytes_received: int
    was_established: bool
    is_fin_answered: bool

    @property
    def quiet_s(self) -> float:
        """Seconds since data last went either way."""
        return min(self.sent_s, self.received_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelSocket:
    """One TCP socket as the kernel shows it.

    Attributes:
        inode: Inode of the socket; 0 when no process has it open any more.
        receive_queue_bytes: Bytes that arrived and that nobody has read.
        info: Counts and times; None where only the tables can be read.
    """

    local: Address
    remote: Address
    state: TcpState
    inode: int
    receive_queue_bytes: int = 0
    info: TcpInfo | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelSnapshot:
    """The kernel's view of this process at one moment.

    Attributes:
        descriptors: Descriptor of each socket that this process has open, by inode.
        sockets: TCP sockets that this process has open, by inode.
        listening: Ports that sockets of the network namespace listen on.
        is_readable: Whether the descriptors could be listed; one may have none.
    """

    descriptors: Mapping[int, int] = field(default_factory=dict)
    sockets: Mapping[int, KernelSocket] = field(default_factory=dict)
    listening: frozenset[int] = frozenset()
    is_readable: bool = False


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
        return KernelSnapshot(is_readable=os.path.isdir(_DESCRIPTORS))
    try:
        found = _dump_netlink()
    except OSError:
        found = _read_tables()
    return KernelSnapshot(
        descriptors=descriptors,
        sockets={one.inode: one for one in found if one.inode in descriptors},
        listening=frozenset(
            one.local[1] for one in found if one.state is TcpState.LISTEN
        ),
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
            is_same = os.fstat(fd).st_ino == inode
        except OSError:
            continue  # closed since they were listed
        if one is not None and is_same:
            found[inode] = one
    return KernelSnapshot(
        descriptors=descriptors,
        sockets=found,
        listening=frozenset(
            one.local[1] for one in found.values() if one.state is TcpState.LISTEN
        ),
        is_readable=True,
    )


@contextmanager
def borrowed(fd: int) -> Iterator[_socket.socket]:
    """Lend a Python object for a descriptor of somebody else's, which stays as it is.

    The family is the larger of the two, so that either's addresses fit; told that it
    does not block, Python leaves the descriptor's mode alone.
    """
    kind = socket.SOCK_STREAM | getattr(socket, "SOCK_NONBLOCK", 0)
    sock = _socket.socket(socket.AF_INET6, kind, 0, fd)
    try:
        yield sock
    finally:
        sock.detach()


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
    try:
        # The base's method: a subclass may not expect to be asked.
        packed = _socket.socket.getsockopt(
            sock, socket.IPPROTO_TCP, _TCP_INFO, _INFO_WANTED
        )
    except (OSError, ValueError):
        return None
    return _parse_info(packed)


def socket_descriptors() -> dict[int, int]:
    """Return inode → descriptor of every socket that this process has open."""
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


def _ask_netlink(local: Address, remote: Address) -> KernelSocket | None:
    family = socket.AF_INET6 if ":" in local[0] else socket.AF_INET
    identity = (
        struct.pack(">HH", local[1], remote[1])
        + socket.inet_pton(family, local[0]).ljust(16, b"\0")
        + socket.inet_pton(family, remote[0]).ljust(16, b"\0")
    )
    request = (
        _DIAG_REQUEST.pack(family, socket.IPPROTO_TCP, _WITH_INFO, _ALL_STATES)
        + identity
        + _DIAG_ID_TAIL.pack(0, 0xFFFFFFFF, 0xFFFFFFFF)
    )
    with _netlink_channel() as channel:
        channel.send(_message(request, _NLM_F_REQUEST))
        answer = channel.recv(4096)
    kind = _NLMSG_HEADER.unpack_from(answer)[1]
    body = answer[_NLMSG_HEADER.size :]
    if kind == _NLMSG_ERROR:
        if _errno_of(body) == 2:  # ENOENT: the kernel has no such socket
            return None
        raise _error_of(body)
    if body[_DIAG_ANSWER_ID : _DIAG_ANSWER_ID + len(identity)] != identity:
        return None  # with no exact match the kernel answers with the listener
    return _parse_answer(body)


def _dump_netlink() -> list[KernelSocket]:
    """Return every TCP socket of the network namespace."""
    found: list[KernelSocket] = []
    with _netlink_channel() as channel:
        for family in (socket.AF_INET, socket.AF_INET6):
            request = _DIAG_REQUEST.pack(
                family, socket.IPPROTO_TCP, _WITH_INFO, _ALL_STATES
            ) + bytes(_DIAG_ID_BYTES)
            channel.send(_message(request, _NLM_F_REQUEST | _NLM_F_DUMP))
            while _take_in(channel.recv(_DUMP_BUFFER), found):
                pass
    return found


def _take_in(answer: bytes, found: list[KernelSocket]) -> bool:
    """Add one batch of a dump; return whether more follow."""
    at = 0
    while at + _NLMSG_HEADER.size <= len(answer):
        length, kind, *_ = _NLMSG_HEADER.unpack_from(answer, at)
        body = answer[at + _NLMSG_HEADER.size : at + length]
        if kind == _NLMSG_DONE:
            return False
        if kind == _NLMSG_ERROR:
            raise _error_of(body)
        found.append(_parse_answer(body))
        at += (length + 3) & ~3
    return True


def _netlink_channel() -> socket.socket:
    family = getattr(socket, "AF_NETLINK", None)
    if family is None:
        raise OSError("this system has no netlink")
    channel = socket.socket(family, socket.SOCK_DGRAM, _NETLINK_SOCK_DIAG)
    channel.settimeout(_ANSWER_WAIT_S)
    return channel


def _message(request: bytes, flags: int) -> bytes:
    length = _NLMSG_HEADER.size + len(request)
    return _NLMSG_HEADER.pack(length, _SOCK_DIAG_BY_FAMILY, flags, 1, 0) + request


def _errno_of(body: bytes) -> int:
    return -int(struct.unpack_from("=i", body)[0])


def _error_of(body: bytes) -> OSError:
    number = _errno_of(body)
    return OSError(number, os.strerror(number))


def _parse_answer(body: bytes) -> KernelSocket:
    family = body[0]
    at = _DIAG_ANSWER_ID
    local_port, remote_port = struct.unpack_from(">HH", body, at)
    width = 16 if family == socket.AF_INET6 else 4
    local = socket.inet_ntop(family, body[at + 4 : at + 4 + width])
    remote = socket.inet_ntop(family, body[at + 20 : at + 20 + width])
    counts = _DIAG_ANSWER_COUNTS.unpack_from(body, at + _DIAG_ID_BYTES)
    return KernelSocket(
        local=(local, local_port),
        remote=(remote, remote_port),
        state=TcpState(body[1]),
        inode=counts[4],
        receive_queue_bytes=counts[1],
        info=_find_info(body),
    )


def _find_info(body: bytes) -> TcpInfo | None:
    at = _DIAG_ANSWER_BYTES
    while at + _ATTRIBUTE.size <= len(body):
        length, kind = _ATTRIBUTE.unpack_from(body, at)
        if kind == _INET_DIAG_INFO:
            return _parse_info(body[at + _ATTRIBUTE.size : at + length])
        at += max((length + 3) & ~3, _ATTRIBUTE.size)
    return None


def _parse_info(packed: bytes) -> TcpInfo | None:
    if len(packed) < _INFO_BYTES_AT + _INFO_BYTES.size:
        return None  # a kernel before 4.1
    sent_ms, _, received_ms, heard_ms = _INFO_TIMES.unpack_from(packed, _INFO_TIMES_AT)
    acked, received = _INFO_BYTES.unpack_from(packed, _INFO_BYTES_AT)
    return TcpInfo(
        state=TcpState(packed[0]),
        sent_s=sent_ms / 1000,
        received_s=received_ms / 1000,
        heard_s=heard_ms / 1000,
        bytes_sent=max(0, acked - 1),
        bytes_received=received,
        was_established=acked > 0 or received > 0,
        is_fin_answered=_is_fin_answered(packed, acked),
    )


def _is_fin_answered(packed: bytes, acked: int) -> bool:
    """Whether what was acknowledged is all data, the SYN's one and the FIN's one."""
    if len(packed) < _INFO_SENT_AT + _INFO_SENT.size:
        return False
    sent, again = _INFO_SENT.unpack_from(packed, _INFO_SENT_AT)
    return bool(acked == sent - again + 2)
