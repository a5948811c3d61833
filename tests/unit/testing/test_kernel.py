"""Facts read from the kernel."""

import os
import socket

from urlsession.testing import descriptors, kernel_sockets, tcp_state, wait_until


def test_tcp_state_follows_a_connection_to_close_wait() -> None:
    """ESTABLISHED until the peer's FIN, CLOSE_WAIT after, gone once closed."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        client = socket.create_connection(("127.0.0.1", port))
        accepted, (_, client_port) = listener.accept()
        states = [tcp_state(client_port, port)]
        accepted.close()
        assert wait_until(lambda: tcp_state(client_port, port) == "CLOSE_WAIT")
        client.close()

    assert states == ["ESTABLISHED"]
    assert wait_until(lambda: tcp_state(client_port, port) is None)


def test_kernel_sockets_tells_the_inode_of_a_listener() -> None:
    """The inode is the one that the descriptor shows."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        rows = kernel_sockets(listener.getsockname()[1])
        inode = os.fstat(listener.fileno()).st_ino

    [row] = [row for row in rows if row.state == "LISTEN"]
    assert (row.inode, row.remote_port) == (inode, 0)


def test_kernel_sockets_sees_ipv6() -> None:
    """Both tables are read."""
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as listener:
        rows = kernel_sockets(listener.getsockname()[1])

    assert "LISTEN" in {row.state for row in rows}


def test_descriptors_lists_a_socket_while_it_is_open() -> None:
    """The listing names what each descriptor refers to."""
    with socket.socket() as sock:
        fd, link = sock.fileno(), f"socket:[{os.fstat(sock.fileno()).st_ino}]"
        during = descriptors()

    assert during[fd] == link
    assert link not in descriptors().values()


def test_wait_until_tells_that_the_bound_passed() -> None:
    """It returns False instead of raising."""
    assert not wait_until(lambda: False, within_s=0.01)


def test_wait_until_returns_at_once_when_the_condition_holds() -> None:
    """The predicate is asked before any pause."""
    answers = iter([True])

    assert wait_until(lambda: next(answers), within_s=0)
