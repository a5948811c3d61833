"""What the kernel says of sockets."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

import pytest

from urlsession.connections import ClosedBy
from urlsession.testing import wait_until
from urlsession.watch.capture import kernel
from urlsession.watch.capture.kernel import (
    TcpState,
    ended_by,
    first_closer,
    identity,
    limits,
    look_up,
    parse_table,
    read_info,
    socket_descriptors,
    take_snapshot,
)

ROW = (
    "   0: 0100007F:9C40 0200007F:01BB 01 00000000:00000010 02:000A 00000000 "
    "1000        0 31337 2 0 20 4 0 10 -1"
)
ROW_6 = (
    "   0: 00000000000000000000000001000000:9C40 "
    "00000000000000000000000001000000:01BB 08 00000000:00000000 00:00 0 0 0 7 1"
)


def test_table_row_gives_addresses_state_inode_and_unread_bytes() -> None:
    """Addresses are written as host-order words, ports as numbers."""
    one = parse_table([ROW], socket.AF_INET)[0]

    assert one.local == ("127.0.0.1", 40000)
    assert one.remote == ("127.0.0.2", 443)
    assert (one.state, one.inode) == (TcpState.ESTABLISHED, 31337)
    assert one.receive_queue_bytes == 16


def test_table_row_of_ipv6_gives_addresses() -> None:
    """An address is four words."""
    one = parse_table([ROW_6], socket.AF_INET6)[0]

    assert one.local == ("::1", 40000)
    assert one.state is TcpState.CLOSE_WAIT


@pytest.mark.parametrize(
    ("state", "closer"),
    [
        (TcpState.FIN_WAIT1, ClosedBy.LOCAL),
        (TcpState.FIN_WAIT2, ClosedBy.LOCAL),
        (TcpState.TIME_WAIT, ClosedBy.LOCAL),
        (TcpState.CLOSING, ClosedBy.LOCAL),
        (TcpState.CLOSE_WAIT, ClosedBy.PEER),
        (TcpState.LAST_ACK, ClosedBy.PEER),
        (TcpState.ESTABLISHED, None),
        (None, None),
    ],
)
def test_first_closer_is_who_the_state_says(
    state: TcpState | None, closer: ClosedBy | None
) -> None:
    """Each side of a close goes through states of its own."""
    assert first_closer(state) is closer


def test_snapshot_has_the_sockets_of_this_process(listener: socket.socket) -> None:
    """By inode, with the descriptor."""
    with socket.create_connection(listener.getsockname()) as client:
        inode = os.fstat(client.fileno()).st_ino
        seen = take_snapshot()

        assert seen.descriptors[inode] == client.fileno()
        assert seen.sockets[inode].state is TcpState.ESTABLISHED
        assert seen.sockets[inode].remote == listener.getsockname()


def test_snapshot_of_a_process_without_sockets_is_readable() -> None:
    """None are open: that is known, and closes what was."""
    words = (
        "from urlsession.watch.capture.kernel import take_snapshot as take;"
        "print(take().is_readable, len(take().descriptors))"
    )
    done = subprocess.run(
        [sys.executable, "-c", words],
        capture_output=True,
        text=True,
        check=True,
        stdin=subprocess.DEVNULL,
    )

    assert done.stdout.split() == ["True", "0"]


@pytest.mark.parametrize("has_netlink", [True, False], ids=["netlink", "tables"])
def test_look_up_follows_a_socket_through_its_close(
    listener: socket.socket, monkeypatch: pytest.MonkeyPatch, has_netlink: bool
) -> None:
    """The kernel still answers for a socket that the process has closed."""
    if not has_netlink:

        def refuse(*_: object) -> None:
            raise PermissionError

        monkeypatch.setattr(kernel, "ask_netlink", refuse)
    client = socket.create_connection(listener.getsockname())
    local, remote = client.getsockname(), client.getpeername()
    before = look_up(local, remote)
    client.close()
    after = look_up(local, remote)

    assert before is not None
    assert before.state is TcpState.ESTABLISHED
    assert after is not None
    assert first_closer(after.state) is ClosedBy.LOCAL


def test_identity_is_the_inode_of_a_socket(listener: socket.socket) -> None:
    """A file's inode may be the same as some socket's."""
    with open(os.devnull, "rb") as file, pytest.raises(OSError, match="socket"):
        identity(file.fileno())

    assert identity(listener.fileno()) == os.fstat(listener.fileno()).st_ino


@pytest.mark.parametrize("has_proc", [True, False], ids=["proc", "psutil"])
def test_state_is_told_on_every_system(
    listener: socket.socket, monkeypatch: pytest.MonkeyPatch, has_proc: bool
) -> None:
    """With bytes and times on Linux only, and that is said."""
    monkeypatch.setattr(kernel, "_has_proc", has_proc)
    with socket.create_connection(listener.getsockname()) as client:
        listener.accept()[0].close()
        inode = identity(client.fileno())
        has_fin = wait_until(
            lambda: take_snapshot().sockets[inode].state is TcpState.CLOSE_WAIT
        )
        seen = take_snapshot()

        assert has_fin
        assert seen.is_readable
        assert seen.sockets[inode].remote == listener.getsockname()
        assert listener.getsockname()[1] in seen.listening
        assert socket_descriptors()[inode] == client.fileno()
        assert (read_info(client) is None) is not has_proc
        assert (limits() is None) is has_proc


def test_nothing_is_concluded_without_psutil(
    listener: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the report says how to get it."""
    monkeypatch.setattr(kernel, "_has_proc", False)
    monkeypatch.setitem(sys.modules, "psutil", None)
    said = limits()

    assert not take_snapshot().is_readable
    assert look_up(listener.getsockname(), ("127.0.0.1", 1)) is None
    assert said is not None
    assert "psutil" in said


def test_end_of_a_connection_shows_before_its_close(listener: socket.socket) -> None:
    """Where nothing is counted: the peer's FIN, ours, or that it never was one."""
    with (
        socket.create_connection(listener.getsockname()) as client,
        socket.socket() as never,
    ):
        accepted, _ = listener.accept()
        before = ended_by(client.fileno())
        accepted.close()
        has_fin = wait_until(lambda: ended_by(client.fileno()) is ClosedBy.PEER)

        assert (before, ended_by(never.fileno())) == (ClosedBy.LOCAL, None)
        assert has_fin


def test_look_up_finds_no_listener_for_a_connection(listener: socket.socket) -> None:
    """Asked for an unknown connection, the kernel answers with the listener."""
    assert look_up(listener.getsockname(), ("127.0.0.1", 1)) is None


def test_look_up_leaves_no_descriptor(listener: socket.socket) -> None:
    """The observer owns none between two questions."""
    before = len(os.listdir("/proc/self/fd"))
    look_up(listener.getsockname(), ("127.0.0.1", 1))
    take_snapshot()

    assert len(os.listdir("/proc/self/fd")) == before
