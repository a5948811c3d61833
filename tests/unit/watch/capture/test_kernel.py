"""What the kernel says of sockets."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

import pytest

from urlsession.connections import ClosedBy
from urlsession.watch.capture import kernel
from urlsession.watch.capture.kernel import (
    TcpState,
    first_closer,
    look_up,
    parse_table,
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

        monkeypatch.setattr(kernel, "_ask_netlink", refuse)
    client = socket.create_connection(listener.getsockname())
    local, remote = client.getsockname(), client.getpeername()
    before = look_up(local, remote)
    client.close()
    after = look_up(local, remote)

    assert before is not None
    assert before.state is TcpState.ESTABLISHED
    assert after is not None
    assert first_closer(after.state) is ClosedBy.LOCAL


def test_look_up_finds_no_listener_for_a_connection(listener: socket.socket) -> None:
    """Asked for an unknown connection, the kernel answers with the listener."""
    assert look_up(listener.getsockname(), ("127.0.0.1", 1)) is None


def test_look_up_leaves_no_descriptor(listener: socket.socket) -> None:
    """The observer owns none between two questions."""
    before = len(os.listdir("/proc/self/fd"))
    look_up(listener.getsockname(), ("127.0.0.1", 1))
    take_snapshot()

    assert len(os.listdir("/proc/self/fd")) == before
