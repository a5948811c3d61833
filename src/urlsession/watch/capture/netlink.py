"""The socket-diagnosis netlink: what Linux says of TCP sockets when it is asked.

One exact question takes some 6 µs, and is answered for a socket too that the process
has closed; a dump tells of every socket of the network namespace. Needs no privilege.
Each question opens and closes a descriptor of its own, so that the observer owns none
between two.
"""

from __future__ import annotations

import os
import socket
import struct
from typing import TYPE_CHECKING

from .tcp import KernelSocket, TcpInfo, TcpState, parse_info

if TYPE_CHECKING:
    from ...connections import Address

__all__ = ("ask_netlink", "dump_netlink")

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
_DUMP_BUFFER = 65_536  # bytes; the kernel fills up to 32 KiB at a time
_WITH_INFO = 1 << (_INET_DIAG_INFO - 1)
_ALL_STATES = 0xFFFFFFFF
_ANSWER_WAIT_S = 0.1  # the kernel answers inside send(); this only bounds a surprise


def ask_netlink(local: Address, remote: Address) -> KernelSocket | None:
    """Return the one socket between two addresses; None if there is none.

    Raises:
        OSError: If the kernel cannot be asked.
    """
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


def dump_netlink() -> list[KernelSocket]:
    """Return every TCP socket of the network namespace.

    Raises:
        OSError: If the kernel cannot be asked.
    """
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
            return parse_info(body[at + _ATTRIBUTE.size : at + length])
        at += max((length + 3) & ~3, _ATTRIBUTE.size)
    return None
