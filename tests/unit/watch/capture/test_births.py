"""Python's sockets are seen from connect to close."""

from __future__ import annotations

import os
import socket
import ssl
import sys
from collections.abc import Iterator

import pytest

from urlsession.connections import ClosedBy
from urlsession.testing import wait_until
from urlsession.watch.capture.births import Births
from urlsession.watch.capture.book import SocketBook
from urlsession.watch.capture.kernel import TcpState, read_info
from urlsession.watch.capture.owners import OwnerBook
from urlsession.watch.capture.patches import Patches
from urlsession.watch.capture.stack import StackReader
from urlsession.watch.code import CodeMap


@pytest.fixture
def book() -> SocketBook:
    return SocketBook()


@pytest.fixture
def births(book: SocketBook) -> Iterator[Births]:
    """Return a listening `Births` that writes `book`."""
    owners = OwnerBook()
    one = Births(book, owners, StackReader(CodeMap(), owners), pytest.fail)
    patches = Patches()
    one.start(patches)
    yield one
    one.stop()
    patches.undo()


def connect(listener: socket.socket, host: str = "127.0.0.1") -> socket.socket:
    """Connect by way of the standard library."""
    return socket.create_connection((host, listener.getsockname()[1]))


def test_birth_has_addresses_line_and_thread(
    births: Births, book: SocketBook, listener: socket.socket
) -> None:
    """The line is the one that asked the library to connect."""
    with connect(listener) as client:
        record = book.of_inode(os.fstat(client.fileno()).st_ino)

    assert record is not None
    assert record.remote == listener.getsockname()
    assert record.opened_by is not None
    assert record.opened_by.function == "connect"
    assert record.thread == "MainThread"


def test_host_is_the_name_that_was_asked_for(
    births: Births, book: SocketBook, listener: socket.socket
) -> None:
    """Not the address it led to."""
    with connect(listener, "localhost"):
        (record,) = book.open_records()

    assert record.host == "localhost"
    assert record.remote is not None
    assert record.remote[0] == "127.0.0.1"


def test_close_has_who_was_first_and_the_bytes(
    births: Births, book: SocketBook, listener: socket.socket
) -> None:
    """Ours, since the peer still waits."""
    client = connect(listener)
    peer, _ = listener.accept()
    peer.sendall(b"12345")
    client.sendall(b"123")
    client.recv(5)
    wait_until(lambda: read_info(client).bytes_sent == 3)  # type: ignore[union-attr]  # it is a TCP socket
    local = client.getsockname()
    client.close()
    peer.close()
    (record,) = book.closed_records()

    assert record.closed_by is ClosedBy.LOCAL
    assert (record.bytes_sent, record.bytes_received) == (3, 5)
    assert record.local == local


def test_close_after_the_peers_is_the_peers(
    births: Births, book: SocketBook, listener: socket.socket
) -> None:
    """With the moment of its FIN."""
    client = connect(listener)
    listener.accept()[0].close()
    wait_until(lambda: read_info(client).state is TcpState.CLOSE_WAIT)  # type: ignore[union-attr]  # it is a TCP socket
    client.close()
    (record,) = book.closed_records()

    assert record.closed_by is ClosedBy.PEER
    assert record.peer_fin_at is not None
    assert record.opened_at - 0.1 <= record.peer_fin_at <= (record.closed_at or 0)


def test_refused_connection_is_none(births: Births, book: SocketBook) -> None:
    """It never was one."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        address = closed.getsockname()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address)

    assert book.open_records() == book.closed_records() == []


def test_dropped_socket_is_closed(
    births: Births, book: SocketBook, listener: socket.socket
) -> None:
    """When its object goes, and not before."""
    client = connect(listener)
    (held,) = book.open_records()
    with pytest.warns(ResourceWarning):
        client = connect(listener)

    assert held.closed_at is not None
    assert len(book.open_records()) == 1
    client.close()


def test_detached_socket_lives_on_under_its_descriptor(
    births: Births, book: SocketBook, listener: socket.socket
) -> None:
    """As when TLS takes it over; the new object's close is its end."""
    client = connect(listener)
    heir = socket.socket(fileno=client.detach())
    del client
    between = len(book.open_records())
    heir.close()

    assert between == 1
    assert book.open_records() == []
    assert book.closed_records()[0].closed_by is ClosedBy.LOCAL


def test_tls_socket_takes_the_place_of_the_one_that_connected(
    births: Births, book: SocketBook, listener: socket.socket
) -> None:
    """It keeps the connection from then on, and ends it when it is dropped."""
    births.hook_tls(ssl)
    wrapped = ssl.create_default_context().wrap_socket(
        connect(listener), server_hostname="x.test", do_handshake_on_connect=False
    )
    (held,) = book.open_records()
    is_kept = held.socket is not None and held.socket() is wrapped
    with pytest.warns(ResourceWarning):
        del wrapped

    assert is_kept
    assert held.closed_at is not None


@pytest.mark.parametrize("kind", ["unix", "datagram", "accepted"])
def test_what_is_no_connection_of_ours_is_left_alone(
    births: Births, book: SocketBook, listener: socket.socket, kind: str
) -> None:
    """Unix sockets, datagrams, and what a server accepted."""
    if kind == "unix":
        for one in socket.socketpair():
            one.close()
    elif kind == "datagram":
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagram:
            datagram.connect(listener.getsockname())
    else:
        with connect(listener):
            listener.accept()[0].close()

    assert len(book.closed_records()) == (1 if kind == "accepted" else 0)
    assert book.open_records() == []


def test_ports_of_closed_servers_are_remembered(births: Births) -> None:
    """What they accepted may still be open."""
    server = socket.create_server(("127.0.0.1", 0))
    port = server.getsockname()[1]
    server.close()

    assert port in births.ports_served()


def test_after_the_stop_nothing_is_seen_and_nothing_is_patched(
    book: SocketBook, listener: socket.socket
) -> None:
    """The audit hook stays, and does nothing."""
    before = socket.socket.__dict__["_real_close"]
    owners = OwnerBook()
    births = Births(book, owners, StackReader(CodeMap(), owners), pytest.fail)
    patches = Patches()
    births.start(patches)
    births.stop()
    patches.undo()
    connect(listener).close()

    assert book.closed_records() == []
    assert socket.socket.__dict__["_real_close"] is before


def test_failure_inside_is_a_problem_and_the_program_goes_on(
    book: SocketBook, listener: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The socket connects and closes as ever."""
    problems: list[str] = []
    owners = OwnerBook()
    births = Births(book, owners, StackReader(CodeMap(), owners), problems.append)
    patches = Patches()

    def fail(*_: object) -> None:
        raise RuntimeError("broken book")

    monkeypatch.setattr(book, "of_inode", fail)
    monkeypatch.setattr(book, "of_fd", fail)
    births.start(patches)
    with connect(listener) as client:
        is_open = client.fileno() >= 0
    births.stop()
    patches.undo()

    assert is_open
    assert client.fileno() == -1
    assert all("broken book" in one for one in problems)
    assert len(problems) >= 2


def test_audit_hook_is_added_once() -> None:
    """It cannot be removed, so it must not pile up."""
    added: list[str] = []

    def count(event: str, arguments: object) -> None:
        if event == "sys.addaudithook":
            added.append(event)

    sys.addaudithook(count)
    owners = OwnerBook()
    for _ in range(3):
        births = Births(
            SocketBook(), owners, StackReader(CodeMap(), owners), pytest.fail
        )
        patches = Patches()
        births.start(patches)
        births.stop()
        patches.undo()

    assert len(added) <= 1


def test_descriptor_of_c_code_is_entered_and_left(
    births: Births, book: SocketBook, listener: socket.socket
) -> None:
    """As one that nobody heard connect; the descriptor stays as it is."""
    with connect(listener) as client:
        heard = book.of_fd(client.fileno())
        assert heard is not None
        book.drop(heard)
        record = births.enter(client.fileno())
        births.leave(client.fileno())
        is_blocking = os.get_blocking(client.fileno())

    assert record is not None
    assert record.remote == listener.getsockname()
    assert record.closed_by is ClosedBy.LOCAL
    assert is_blocking


def test_descriptor_that_is_no_connection_is_not_entered(
    births: Births, book: SocketBook
) -> None:
    """A file, a datagram socket, a pair of the local kind."""
    pair = socket.socketpair()
    datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with datagrams, pair[0], pair[1], open(os.devnull, "rb") as file:
        entered = [births.enter(one.fileno()) for one in (*pair, datagrams, file)]

    assert entered == [None] * 4
    assert book.open_records() == []


def test_orderly_shutdown_before_the_close_is_ours(
    births: Births, book: SocketBook, listener: socket.socket
) -> None:
    """Although the socket is closed by then, as a reset one would be."""
    client = connect(listener)
    with listener.accept()[0] as peer:
        client.shutdown(socket.SHUT_RDWR)
        peer.recv(1)
    wait_until(lambda: _has_ended(client))
    client.close()

    assert book.closed_records()[0].closed_by is ClosedBy.LOCAL


def _has_ended(sock: socket.socket) -> bool:
    info = read_info(sock)
    return info is not None and info.state is TcpState.CLOSED


def test_answer_to_the_peers_fin_is_no_reset(
    births: Births, book: SocketBook, listener: socket.socket
) -> None:
    """Both are done when we close, but the peer was first."""
    with connect(listener) as client:
        served, _ = listener.accept()
        served.shutdown(socket.SHUT_WR)
        assert client.recv(1) == b""
        client.shutdown(socket.SHUT_WR)
        wait_until(lambda: _has_ended(client))
        served.close()
    (record,) = book.closed_records()

    assert record.closed_by is ClosedBy.PEER
