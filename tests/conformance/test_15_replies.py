"""Section 15 and the reports of 18: what comes back, and what goes out."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from urlsession import URLRequest, URLSession, URLSessionConfiguration
from urlsession.testing import (
    LoopbackServer,
    ServerConnection,
    answering,
    descriptors,
    wait_until,
)
from urlsession.testing.certificates import CertificateAuthority

if TYPE_CHECKING:
    from ..conftest import Serve


@pytest.fixture
def server(serve: Serve) -> LoopbackServer:
    """Return a server whose paths are statuses."""
    return serve(
        answering(lambda one: (int(one.target.strip("/")), [], one.target.encode()))
    )


@pytest.mark.parity(
    "15:4xx, 5xx", "15:401 without usable credential", "18:22 #5457 401 hung"
)
@pytest.mark.parametrize("status", [400, 401, 404, 407, 418, 500, 503])
def test_status_is_no_error(server: LoopbackServer, status: int) -> None:
    """Whatever it is; a 401 or 407 without a challenge in it, too."""
    with URLSession() as session:
        task = session.data(server.url(f"/{status}"))
        data, response = task.result(5)

    assert (data, response.status_code) == (b"/%d" % status, status)
    assert task.error is None


@pytest.mark.parity("6:reserved headers", "18:26 #5484 Connection header")
def test_reserved_fields_are_sent_as_given(serve: Serve) -> None:
    """Connection is not sent unless the user does."""
    server = serve(answering(lambda _: (200, [], b"")))
    given = {"Authorization": "Custom token", "Host": "named.example"}
    with URLSession() as session:
        session.data(server.url()).result(5)
        session.data(URLRequest(server.url(), headers=given)).result(5)
        session.data(URLRequest(server.url(), headers={"Connection": "close"})).result(
            5
        )

    plain, reserved, closing = server.requests
    assert plain.header("Connection") is None
    assert {name: reserved.header(name) for name in given} == given
    assert closing.header("Connection") == "close"


@pytest.mark.parity("15:lost connection", "16.4:stale pooled connection")
def test_request_on_a_connection_that_died_is_sent_again(serve: Serve) -> None:
    """Silently, over another one."""
    ended = threading.Event()

    def handle(connection: ServerConnection) -> None:
        first = connection.recv_request()
        if first is None:
            return
        connection.send_response(200, body=b"x")
        if not ended.is_set():
            ended.set()
            connection.recv_request()  # and is gone without a byte of a reply
            return
        while connection.recv_request():
            connection.send_response(200, body=b"x")

    server = serve(handle)
    with URLSession() as session:
        session.data(server.url("/first")).result(5)

        assert session.data(server.url("/second")).result(5).data == b"x"

    assert [one.target for one in server.requests][:2] == ["/first", "/second"]


@pytest.mark.slow
@pytest.mark.parity("16.4:TLS session cache")
def test_tls_session_is_resumed_within_a_session(
    serve: Serve, ca: CertificateAuthority
) -> None:
    """Not by another session."""
    resumed: list[bool] = []

    def handle(connection: ServerConnection) -> None:
        resumed.append(bool(connection.socket.session_reused))  # type: ignore[attr-defined]  # TLS
        while connection.recv_request():
            connection.send_response(200, [("Connection", "close")], b"x")
            return

    server = serve(handle, tls=True)
    configuration = URLSessionConfiguration.default()
    configuration.trusted_certificates = ca.path
    for _ in range(2):
        with URLSession(configuration) as session:
            for _ in range(2):
                session.data(server.url()).result(5)
                assert wait_until(lambda: not session.connections())

    assert resumed == [False, True, False, True]


@pytest.mark.parity(
    "18:6 #3497 sessions tie up threads",
    "18:12 #3286 closes descriptors it does not own",
)
def test_sessions_take_no_thread_each_and_close_their_own_only(
    server: LoopbackServer, tmp_path: Path
) -> None:
    """One thread for all; a file of the user's stays open."""
    own = os.open(tmp_path / "file", os.O_CREAT | os.O_RDWR)
    try:
        threads = set()
        for _ in range(20):
            with URLSession() as session:
                session.data(server.url("/200")).result(5)
                threads |= {one.name for one in threading.enumerate()}

        assert own in descriptors()
        # The cache has one more, for its writes, whichever session made it.
        assert {one for one in threads if "urlsession" in one} <= {
            "urlsession-io",
            "urlsession-cache",
        }
    finally:
        os.close(own)


@pytest.mark.slow
@pytest.mark.parity(
    "18:14 #3505 crash on Linux", "18:21 #5532 upload stalls past one buffer"
)
def test_large_uploads_side_by_side_arrive_whole(serve: Serve) -> None:
    """Larger than any socket's buffer, from several threads."""
    server = serve(answering(lambda one: (200, [], b"%d" % len(one.body))))
    body = b"x" * (4 * 1024 * 1024)
    with URLSession() as session:
        tasks = [
            session.data(URLRequest(server.url(), method="POST", body=body))
            for _ in range(12)
        ]

        assert {task.result(15).data for task in tasks} == {b"%d" % len(body)}


@pytest.mark.parity("16.5:writes to disk")
def test_loads_of_an_ephemeral_session_write_nothing(server: LoopbackServer) -> None:
    """Below the folder of the program's data."""
    home = Path(os.environ["URLSESSION_HOME"])
    before = sorted(home.rglob("*"))
    with URLSession(URLSessionConfiguration.ephemeral()) as session:
        session.data(server.url("/200")).result(5)

    assert sorted(home.rglob("*")) == before
