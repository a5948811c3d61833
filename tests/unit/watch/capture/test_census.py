"""Sockets told apart, and listed, where there are no inodes."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from types import SimpleNamespace

import pytest

from urlsession.connections import Address
from urlsession.testing import wait_until
from urlsession.watch.adapters import URLSessionAdapter
from urlsession.watch.capture import census as module
from urlsession.watch.capture import kernel
from urlsession.watch.capture.census import Census
from urlsession.watch.capture.tcp import TcpState
from urlsession.watch.observer import Observer

from ..conftest import StandIn
from ..native import connect


@pytest.fixture
def census() -> Census:
    return Census()


def test_socket_keeps_its_number_from_its_making_to_its_end(
    census: Census, listener: socket.socket
) -> None:
    """Its addresses become known, and the peer's is lost at the end."""
    with socket.socket() as client:
        numbers = [census.identity(client.fileno())]
        client.connect(listener.getsockname())
        numbers.append(census.identity(client.fileno()))
        listener.accept()[0].close()
        client.shutdown(socket.SHUT_RDWR)
        wait_until(lambda: _peer(client) is None)
        numbers.append(census.identity(client.fileno()))

    assert len(set(numbers)) == 1


def test_descriptor_used_again_is_another_socket(
    census: Census, listener: socket.socket
) -> None:
    """Before it has an address, and after."""
    with socket.create_connection(listener.getsockname()) as first:
        fd = first.fileno()
        numbers = [census.identity(fd)]
    with socket.socket() as second:
        assert second.fileno() == fd
        numbers.append(census.identity(fd))
    with socket.create_connection(listener.getsockname()) as third:
        assert third.fileno() == fd
        numbers.append(census.identity(fd))

    assert numbers[0] != numbers[1]
    assert numbers[0] != numbers[2]


def test_what_is_no_internet_socket_has_no_number(census: Census) -> None:
    """Nor has what is closed."""
    one, other = socket.socketpair()
    with one, other, pytest.raises(OSError, match="family"):
        census.identity(one.fileno())
    reader, writer = os.pipe()
    with pytest.raises(OSError, match="socket"):
        census.identity(reader)
    os.close(reader)
    os.close(writer)
    with pytest.raises(OSError, match="descriptor"):
        census.identity(reader)


def test_census_has_listed_and_unlisted_sockets(
    census: Census, listener: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A system may leave out what is not connected any more."""
    with socket.create_connection(listener.getsockname()) as client:
        number = census.identity(client.fileno())
        descriptors, sockets = census.take()
        monkeypatch.setattr(module, "_rows", list)
        unlisted, _ = census.take()

        assert descriptors[number] == unlisted[number] == client.fileno()
        assert [one.state for one in sockets if one.inode == number] == [
            TcpState.ESTABLISHED
        ]
    assert number not in census.take()[0]


def test_census_knows_sockets_by_their_addresses_without_descriptors(
    census: Census, listener: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on Windows; of what was never met it makes up a descriptor that is none."""
    foreign: tuple[Address, Address] = ("127.0.0.1", 9), ("127.0.0.2", 9)

    with socket.create_connection(listener.getsockname()) as client:
        number = census.identity(client.fileno())
        rows = [(client.getsockname(), client.getpeername()), foreign]
        monkeypatch.setattr(
            module,
            "_rows",
            lambda: [
                SimpleNamespace(fd=-1, laddr=one, raddr=other, status="CLOSE_WAIT")
                for one, other in rows
            ],
        )
        found = [census.take()[0] for _ in range(2)]

        assert found[0] == found[1]
        assert found[0].pop(number) == client.fileno()
        assert [fd < 0 for fd in found[0].values()] == [True]


@pytest.mark.leaves_connections_open(reason="C's are closed by number")
def test_observer_works_without_proc(
    listener: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python's sockets and those of C, open and closed, and it says what is missing."""
    monkeypatch.setattr(kernel, "_has_proc", False)
    observer = Observer(adapters=[URLSessionAdapter()])
    observer.start()
    closed = socket.create_connection(listener.getsockname())
    closed.close()
    fd = connect(listener.getsockname())
    with socket.create_connection(listener.getsockname()) as kept:
        report = observer.check(ended=True)
        port = kept.getsockname()[1]
    observer.stop()
    os.close(fd)
    facts = [one.facts for one in report.connections]

    assert len(facts) == 3
    assert sorted(one.is_open for one in facts) == [False, True, True]
    assert [one.is_inferred for one in facts if one.is_open].count(True) == 1
    assert port in {one.local[1] for one in facts if one.local is not None}
    assert len(report.leaks) == 2
    assert len(report.problems) == 1
    assert "on this system" in report.problems[0]


def test_connection_of_our_own_client_is_told_once_without_proc(
    make_session: Callable[[], StandIn],
    observer: Observer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its ledger has inodes, which are nought there."""
    monkeypatch.setattr(kernel, "_has_proc", False)
    session, other = make_session(), make_session()
    for one in (session, other):
        one.connection.inode = 0
    before = observer.check().connections
    other.invalidate()
    after = observer.check().connections
    session.invalidate()

    assert [one.facts.library for one in before] == ["urlsession"] * 2
    assert [one.facts.kernel_state for one in before] == ["ESTABLISHED"] * 2
    assert sorted(one.facts.is_open for one in after) == [False, True]
    assert {one.facts.id for one in after} == {one.facts.id for one in before}


def _peer(sock: socket.socket) -> object:
    try:
        return sock.getpeername()
    except OSError:
        return None
