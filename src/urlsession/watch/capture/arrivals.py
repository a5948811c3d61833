"""Which of the process's sockets nobody told of: connections made in C or Rust.

Decides what counts as one: a TCP socket of this process that connects or is
connected, that was not there before the watch, that no source knows, and that was not
accepted from a client.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .kernel import TcpState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .book import SocketBook
    from .kernel import KernelSnapshot, KernelSocket

__all__ = ("arrivals",)


def arrivals(
    kernel: KernelSnapshot,
    book: SocketBook,
    *,
    served_ports: frozenset[int],
    is_known: Callable[[int], bool],
) -> Iterator[KernelSocket]:
    """Return the connections that the kernel shows and that nobody has told of.

    Args:
        kernel: The process's sockets.
        book: The connections that the hooks saw.
        served_ports: Ports that this process has listened on.
        is_known: Tells of an inode whether another source knows it, or whether it was
            there before the watch.
    """
    for inode, seen in kernel.sockets.items():
        if book.of_inode(inode) is not None or is_known(inode):
            continue
        if not _was_served(seen, kernel, book, served_ports):
            yield seen


def _was_served(
    seen: KernelSocket,
    kernel: KernelSnapshot,
    book: SocketBook,
    served_ports: frozenset[int],
) -> bool:
    """Whether a socket listens, or was accepted by one that does or did."""
    if seen.state is TcpState.LISTEN or not seen.remote[1]:
        return True
    port = seen.local[1]
    if port in kernel.listening or port in served_ports:
        return True
    for other in kernel.sockets.values():
        if other.local == seen.remote and other.remote == seen.local:
            # Both ends are ours: the one that connected was made first.
            is_other_known = book.of_inode(other.inode) is not None
            return is_other_known or other.inode < seen.inode
    return False
