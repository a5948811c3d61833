"""The process's TCP sockets where the system has no /proc, through psutil.

Decides what identifies a socket there: a number of our own, given when its descriptor
is first met and kept while descriptor and addresses go together. A descriptor that is
used again shows another port, or none yet. Windows tells no descriptors: there the
addresses say which socket is meant. What does not work: the inode, which is nought for
every socket of macOS and which Windows has not at all.
"""

from __future__ import annotations

import errno
import itertools
import os
from typing import TYPE_CHECKING, Any

from .tcp import KernelSocket, TcpState, borrowed

if TYPE_CHECKING:
    from ...connections import Address

__all__ = ("Census",)

_STATES = {one.name: one for one in TcpState}


class _Known:
    """One socket, and the addresses that it was last seen with."""

    __slots__ = ("local", "number", "remote")

    def __init__(self, number: int) -> None:
        self.number = number
        self.local: Address | None = None  # unknown
        self.remote: Address | None = None

    def fits(self, local: Address | None, remote: Address | None) -> bool:
        """Whether addresses may be this socket's, which may learn them later."""
        return (
            # It is bound to an address, and then to a more exact one with this port.
            local is None or self.local is None or self.local[1] in {0, local[1]}
        ) and (remote is None or self.remote in {None, remote})

    def learn(self, local: Address | None, remote: Address | None) -> None:
        """Note addresses that are known by now."""
        self.local = local or self.local
        self.remote = remote or self.remote


class Census:
    """Tells the sockets of this process apart, and lists them."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._by_fd: dict[int, _Known] = {}
        self._nameless: dict[tuple[Address, Address], _Known] = {}

    def identity(self, fd: int) -> int:
        """Return the number of an internet socket.

        Raises:
            OSError: If the descriptor is closed, or is none of an internet socket.
        """
        local, remote = _addresses(fd)
        known = self._by_fd.get(fd)
        if known is None or not known.fits(local, remote):
            known = self._by_fd[fd] = _Known(next(self._numbers))
        known.learn(local, remote)
        return known.number

    def take(self) -> tuple[dict[int, int], list[KernelSocket]]:
        """Return the descriptor of each socket by its number, and what is said of it.

        A socket whose descriptor the system does not tell has a negative one.

        Raises:
            ImportError: If psutil is not installed.
            OSError: If the system does not tell.
        """
        descriptors: dict[int, int] = {}
        sockets: list[KernelSocket] = []
        for row in _rows():
            local, remote = _address(row.laddr), _address(row.raddr)
            try:
                number, fd = self._find(row.fd, local, remote)
            except OSError:
                continue  # closed since it was listed
            descriptors[number] = fd
            sockets.append(
                KernelSocket(
                    local=local,
                    remote=remote,
                    state=_STATES.get(row.status, TcpState.CLOSED),
                    inode=number,
                )
            )
        self._add_unlisted(descriptors)
        return descriptors, sockets

    def _find(self, fd: int, local: Address, remote: Address) -> tuple[int, int]:
        if fd >= 0:
            return self.identity(fd), fd
        for own, known in list(self._by_fd.items()):
            if known.local == local and known.remote == remote:
                return known.number, own
        new = self._nameless.get((local, remote)) or _Known(next(self._numbers))
        self._nameless[local, remote] = new
        return new.number, -new.number

    def _add_unlisted(self, descriptors: dict[int, int]) -> None:
        """Add what is open and has no row, as an unconnected socket; forget the rest."""
        for fd, known in list(self._by_fd.items()):
            if known.number in descriptors:
                continue
            try:
                is_open = self.identity(fd) == known.number
            except OSError:
                self._by_fd.pop(fd, None)
            else:
                if is_open:
                    descriptors[known.number] = fd
        self._nameless = {
            key: known
            for key, known in self._nameless.items()
            if known.number in descriptors
        }


def _rows() -> list[Any]:
    import psutil  # type: ignore[import-untyped]  # ships no types

    try:
        return list(psutil.Process().net_connections(kind="tcp"))
    except psutil.Error as error:
        raise OSError(str(error)) from error


def _addresses(fd: int) -> tuple[Address | None, Address | None]:
    with borrowed(fd) as sock:
        try:
            local = sock.getsockname()
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise
            return None, None  # macOS: shut down or reset, and still open
        if not isinstance(local, tuple) or len(local) < 2:
            raise OSError(errno.EAFNOSUPPORT, os.strerror(errno.EAFNOSUPPORT))
        try:
            remote = _address(sock.getpeername())
        except OSError:
            remote = None
    return _address(local), remote


def _address(name: Any) -> Address:
    return (str(name[0]), int(name[1])) if name else ("", 0)
