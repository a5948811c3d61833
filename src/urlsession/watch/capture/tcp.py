"""What can be said of one TCP socket: its state, its addresses, the kernel's counts.

Values, and how struct tcp_info is read into them. Who is asked for them, and for whose
sockets, is decided in `kernel`.
"""

from __future__ import annotations

import _socket
import enum
import socket
import struct
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ...connections import ClosedBy

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ...connections import Address

__all__ = (
    "INFO_WANTED",
    "TCP_INFO",
    "KernelSnapshot",
    "KernelSocket",
    "TcpInfo",
    "TcpState",
    "borrowed",
    "first_closer",
    "parse_info",
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

_INFO_TIMES = struct.Struct("=IIII")  # ms since: data out, -, data in, ack in
_INFO_TIMES_AT = 44  # offsets in struct tcp_info (linux/tcp.h)
_INFO_BYTES = struct.Struct("=QQ")  # bytes acknowledged, bytes received
_INFO_BYTES_AT = 120
_INFO_SENT = struct.Struct("=QQ")  # bytes sent, bytes of these sent again
_INFO_SENT_AT = 200  # since Linux 4.19
INFO_WANTED = 216  # bytes of struct tcp_info asked for; an old kernel gives fewer
TCP_INFO = 11  # linux/tcp.h; `socket` has the name on Linux only


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


def parse_info(packed: bytes) -> TcpInfo | None:
    """Return what struct tcp_info says; None where it is too short to be read."""
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
