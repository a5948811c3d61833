"""How packets are marked, and over how many paths they may go."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from urlsession import (
    NetworkServiceType,
    URLRequest,
    URLSession,
    URLSessionConfiguration,
)
from urlsession.configuration import MultipathServiceType
from urlsession.engine.sockets import IPPROTO_MPTCP
from urlsession.loading.hints import traffic_class
from urlsession.testing import fixed_body

if TYPE_CHECKING:
    from ..conftest import Serve

HAS_MPTCP = Path("/proc/sys/net/mptcp/enabled")


def mark_of(fd: int, family: socket.AddressFamily) -> int:
    """Return what packets of a socket carry."""
    with socket.socket(fileno=fd) as borrowed:
        try:
            if family == socket.AF_INET:
                return borrowed.getsockopt(socket.IPPROTO_IP, socket.IP_TOS)
            return borrowed.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_TCLASS)
        finally:
            borrowed.detach()


@pytest.mark.parity("2:networkServiceType", "6:networkServiceType")
@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
@pytest.mark.parametrize(
    ("session_type", "request_type", "wanted"),
    [
        (NetworkServiceType.DEFAULT, NetworkServiceType.DEFAULT, 0),
        (NetworkServiceType.VOICE, NetworkServiceType.DEFAULT, 46 << 2),
        (NetworkServiceType.DEFAULT, NetworkServiceType.BACKGROUND, 8 << 2),
        (NetworkServiceType.VOICE, NetworkServiceType.BACKGROUND, 8 << 2),
    ],
)
def test_connection_is_marked(
    serve: Serve,
    host: str,
    session_type: NetworkServiceType,
    request_type: NetworkServiceType,
    wanted: int,
) -> None:
    """By the request that opens it, or else by the session."""
    url = serve(fixed_body(b"x"), host=host).url()
    configuration = URLSessionConfiguration.ephemeral()
    configuration.network_service_type = session_type
    request = URLRequest(url)
    request.network_service_type = request_type
    with URLSession(configuration) as session:
        session.data(request).result(5)
        (connection,) = session.connections()
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        found = mark_of(connection.fd, family)

    assert found & ~3 == wanted
    assert wanted in {traffic_class(one) for one in NetworkServiceType}


@pytest.mark.parity("2:multipathServiceType")
@pytest.mark.parametrize("service", list(MultipathServiceType))
def test_multipath_socket_is_made_if_it_is_asked_for(
    serve: Serve, service: MultipathServiceType
) -> None:
    """Where the kernel can; it is plain TCP elsewhere, and to a peer that cannot."""
    can = HAS_MPTCP.exists() and HAS_MPTCP.read_text().strip() == "1"
    configuration = URLSessionConfiguration.ephemeral()
    configuration.multipath_service_type = service
    with URLSession(configuration) as session:
        url = serve(fixed_body(b"x")).url()
        assert session.data(url).result(5).data == b"x"
        assert session.data(url).result(5).data == b"x"
        (connection,) = session.connections()
        with socket.socket(fileno=connection.fd) as borrowed:
            protocol = borrowed.getsockopt(socket.SOL_SOCKET, socket.SO_PROTOCOL)
            borrowed.detach()

    wants = service is not MultipathServiceType.NONE
    assert (protocol == IPPROTO_MPTCP) is (wants and can)
    assert connection.loads == 2
