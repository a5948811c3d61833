"""System calls on sockets that somebody else owns."""

from __future__ import annotations

import os
import socket

import pytest

from urlsession.engine.sockets import (
    inode_of,
    local_address,
    open_socket,
    send_fin,
)

from .loopback import SocketPair


def test_opened_socket_is_a_descriptor_that_exec_does_not_pass_on() -> None:
    """A program started meanwhile must not keep a connection open."""
    fd = open_socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)

    try:
        assert not os.get_inheritable(fd)
        assert inode_of(fd) > 0
    finally:
        os.close(fd)


def test_socket_that_cannot_be_made_is_an_os_error() -> None:
    """As when no descriptor is left."""
    with pytest.raises(OSError, match="not supported"):
        open_socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_UDP)


def test_inode_tells_apart_what_had_the_same_number() -> None:
    """The kernel gives the lowest free descriptor at once."""
    first = open_socket(socket.AF_INET, socket.SOCK_STREAM, 0)
    inode = inode_of(first)
    kept = socket.socket()  # so that the inode is not given again either
    os.close(first)
    with socket.socket() as second, kept:
        assert second.fileno() == first
        assert inode_of(second.fileno()) != inode


def test_closed_descriptor_has_no_inode() -> None:
    """Nor has what never was one."""
    fd = open_socket(socket.AF_INET, socket.SOCK_STREAM, 0)
    os.close(fd)

    assert inode_of(fd) == 0
    assert inode_of(-1) == 0


def test_peer_hears_the_fin_and_the_descriptor_stays(pair: SocketPair) -> None:
    """Libcurl closes it itself, later."""
    ours, peers = pair
    fd, inode = ours.fileno(), inode_of(ours.fileno())
    send_fin(fd)

    assert peers.recv(1) == b""
    assert inode_of(fd) == inode


def test_fin_on_what_is_no_connection_does_nothing(pair: SocketPair) -> None:
    """Reset by the peer, never connected, no socket, closed."""
    ours, peers = pair
    peers.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    peers.close()
    reading, writing = os.pipe()
    with socket.socket() as fresh:
        for fd in (ours.fileno(), fresh.fileno(), reading):
            send_fin(fd)
            send_fin(fd)
    os.close(writing)
    os.close(reading)

    send_fin(reading)


def test_local_address_is_our_end(pair: SocketPair) -> None:
    """As the peer sees it."""
    ours, peers = pair

    assert local_address(ours.fileno()) == peers.getpeername()


def test_local_address_of_ipv6_has_two_parts() -> None:
    """Flow and scope are nobody's question."""
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as listener:
        assert local_address(listener.fileno()) == listener.getsockname()[:2]


def test_what_is_no_ip_socket_has_no_local_address() -> None:
    """None, whatever it is."""
    ours, peers = socket.socketpair()
    with ours, peers:
        fd = ours.fileno()
        assert local_address(fd) is None
    assert local_address(fd) is None
