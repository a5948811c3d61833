"""Who waits for a connection, and for which: the slots of one host."""

from __future__ import annotations

import threading

import pytest

from urlsession import URLSession
from urlsession.testing import ServerConnection
from urlsession.testing.h2_server import H2Handler, H2Stream

from .doors import Door, Site


@pytest.mark.parity("16.4:limit per host")
def test_six_loads_run_at_once_and_the_rest_wait_their_turn(
    door: Door, site: Site
) -> None:
    """Also over TLS, where the first load finds out that there is no HTTP/2."""
    go_on = threading.Event()

    def answer_late(connection: ServerConnection) -> None:
        while connection.recv_request():
            go_on.wait(5)
            connection.send_response(body=b"x")

    server = site.start(answer_late)

    async def story(door: Door) -> None:
        session = URLSession(site.configuration())
        tasks = [session.data(server.url()) for _ in range(9)]
        assert await door.until(lambda: server.request_count == 6, 2.0)
        await door.pause(0.05)
        assert server.request_count == 6
        go_on.set()

        for task in tasks:
            assert (await door.finish(task)).data == b"x"
        session.invalidate_and_cancel()

    door.run(story)

    assert server.peak_open == 6


def test_loads_that_start_at_once_share_one_http2_connection(
    door: Door, secure_site: Site
) -> None:
    """They wait for the first to find out, and then all go together."""
    together = threading.Barrier(9, timeout=5)

    def answer_together(stream: H2Stream) -> None:
        together.wait()
        stream.respond(200, (), b"x")

    handler = H2Handler(answer_together)
    server = secure_site.serve(handler, tls=secure_site.ca.server_context(alpn=("h2",)))

    async def story(door: Door) -> None:
        session = URLSession(secure_site.configuration())
        tasks = [session.data(server.url()) for _ in range(9)]

        for task in tasks:
            assert (await door.finish(task)).data == b"x"
        session.invalidate_and_cancel()

    door.run(story)

    assert server.accepted == 1
