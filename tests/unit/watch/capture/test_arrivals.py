"""Which sockets nobody told of."""

from __future__ import annotations

import pytest

from urlsession.connections import Address
from urlsession.watch.capture.arrivals import arrivals
from urlsession.watch.capture.book import SocketBook
from urlsession.watch.capture.kernel import KernelSnapshot, KernelSocket, TcpState

HERE: Address = ("127.0.0.1", 40_000)
THERE: Address = ("127.0.0.1", 80)


@pytest.fixture
def book() -> SocketBook:
    return SocketBook()


def seen(
    inode: int,
    *,
    local: Address = HERE,
    remote: Address = THERE,
    state: TcpState = TcpState.ESTABLISHED,
) -> KernelSocket:
    """Return a socket as the kernel shows one."""
    return KernelSocket(local=local, remote=remote, state=state, inode=inode)


def found(
    book: SocketBook,
    *sockets: KernelSocket,
    listening: int | None = None,
    served: int | None = None,
    known: int | None = None,
) -> list[int]:
    """Return the inodes of what arrived."""
    kernel = KernelSnapshot(
        sockets={one.inode: one for one in sockets},
        listening=frozenset() if listening is None else frozenset({listening}),
    )
    ports = frozenset() if served is None else frozenset({served})
    return [
        one.inode
        for one in arrivals(
            kernel, book, served_ports=ports, is_known=lambda inode: inode == known
        )
    ]


def test_connection_that_nobody_told_of_arrives(book: SocketBook) -> None:
    """And one that somebody did tell of does not."""
    book.open(2, 7, 1.0)

    assert found(book, seen(1), seen(2), seen(3), known=3) == [1]


@pytest.mark.parametrize(
    "one",
    [
        seen(1, remote=("0.0.0.0", 0), state=TcpState.LISTEN),
        seen(1, remote=("", 0), state=TcpState.CLOSED),
    ],
    ids=["listens", "not connected"],
)
def test_what_is_no_connection_does_not_arrive(
    book: SocketBook, one: KernelSocket
) -> None:
    """It may become one later."""
    assert found(book, one) == []


def test_accepted_connection_does_not_arrive(book: SocketBook) -> None:
    """Whether its server still listens or no longer does."""
    assert found(book, seen(1), listening=HERE[1]) == []
    assert found(book, seen(1), served=HERE[1]) == []
    assert found(book, seen(1), listening=THERE[1]) == [1]


def test_of_both_ends_the_one_made_first_arrives(book: SocketBook) -> None:
    """The server's is made when it accepts."""
    client, server = seen(1), seen(2, local=THERE, remote=HERE)

    assert found(book, client, server) == [1]


def test_other_end_of_a_known_connection_does_not_arrive(book: SocketBook) -> None:
    """It was accepted."""
    book.open(2, 7, 1.0)

    assert found(book, seen(1), seen(2, local=THERE, remote=HERE)) == []
