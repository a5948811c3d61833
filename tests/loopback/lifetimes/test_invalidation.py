"""Sessions that are invalidated: who is told, and when FIN is on the wire."""

from __future__ import annotations

import statistics
import threading
import time
import weakref

import pytest

from urlsession import SessionInvalidatedError, URLError, URLErrorCode, URLSession
from urlsession.testing import (
    LoopbackServer,
    RecordingDelegate,
    ServerConnection,
    fixed_body,
    tcp_state,
)

from .doors import Door, Site, has_socket

FIN_LIMIT_S = 0.005  # from `invalidate_and_cancel` to FIN at the peer
TRIES = 7  # the limit holds for the median: two cores serve client, server and others


async def fin_after_invalidation(
    door: Door, site: Site, server: LoopbackServer, delegate: object | None
) -> float:
    """Return the seconds from `invalidate_and_cancel` to FIN at the server."""
    session = URLSession(site.configuration(), delegate)
    await door.load(session, server.url())
    peer = server.connections[-1]
    called_at = time.monotonic()
    session.invalidate_and_cancel()
    assert await door.until(lambda: peer.peer_ended_at is not None)
    assert peer.peer_ended_at is not None
    return peer.peer_ended_at - called_at


@pytest.mark.parametrize("has_delegate", [False, True], ids=["bare", "delegate"])
@pytest.mark.parity(
    "16.4:session invalidated while idle",
    "A:7 pool closed on dealloc; one queue for all sessions",
)
def test_invalidate_and_cancel_after_the_task_completed_sends_fin_within_5_ms(
    door: Door, site: Site, *, has_delegate: bool
) -> None:
    """Telling the delegate comes before FIN, and costs no time to speak of."""
    server = site.start(fixed_body(b"x"))

    async def story(door: Door) -> list[float]:
        return [
            await fin_after_invalidation(
                door, site, server, RecordingDelegate() if has_delegate else None
            )
            for _ in range(TRIES)
        ]

    delays_s = door.run(story)

    assert statistics.median(delays_s) <= FIN_LIMIT_S, delays_s
    assert not any(peer.was_reset for peer in server.connections)


def test_invalidate_and_cancel_closes_the_descriptor(door: Door, site: Site) -> None:
    """The kernel agrees: no descriptor, and our side sent FIN first."""
    server = site.start(fixed_body(b"x"))

    async def story(door: Door) -> None:
        session = URLSession(site.configuration())
        await door.load(session, server.url())
        (connection,) = session.connections()
        assert connection.local is not None
        assert has_socket(connection.inode)
        session.invalidate_and_cancel()

        assert await door.until(lambda: not has_socket(connection.inode), 0.1)
        state = tcp_state(connection.local[1], server.port)
        assert state in {"FIN_WAIT1", "FIN_WAIT2", "TIME_WAIT", "LAST_ACK", None}
        assert session.connections() == []

    door.run(story)


@pytest.mark.parity("16.1:session holds its delegate until invalidated")
def test_invalidate_and_cancel_tells_the_delegate_and_drops_it(
    door: Door, site: Site, no_collector: None
) -> None:
    """The session is kept, and yet nothing holds the delegate any more."""
    server = site.start(fixed_body(b"x"))

    async def story(door: Door) -> None:
        delegate = RecordingDelegate()
        session = URLSession(site.configuration(), delegate)
        await door.load(session, server.url())
        session.invalidate_and_cancel()
        assert await door.until(lambda: session.delegate is None)
        gone = weakref.ref(delegate)

        assert delegate.names[-1] == "session_did_become_invalid"
        assert delegate.calls[-1].args == (None,)
        assert session.is_invalidated
        del delegate
        assert await door.until(lambda: gone() is None, 1.0)

    door.run(story)


@pytest.mark.parity("16.2:invalidate_and_cancel(): cancels, tells, drops, closes")
def test_invalidate_and_cancel_with_a_task_running_cancels_it_first(
    door: Door, site: Site
) -> None:
    """Every task says its last word before the session says its own."""
    asked = threading.Event()

    def hold(connection: ServerConnection) -> None:
        connection.recv_request()
        asked.set()
        connection.hold()

    server = site.start(hold)

    async def story(door: Door) -> None:
        delegate = RecordingDelegate()
        session = URLSession(site.configuration(), delegate)
        task = session.data_task(server.url())
        task.resume()
        assert await door.until(asked.is_set)
        session.invalidate_and_cancel()
        assert await door.until(lambda: session.delegate is None)

        assert delegate.names[-2:] == [
            "task_did_complete",
            "session_did_become_invalid",
        ]
        assert isinstance(task.error, URLError)
        assert task.error.code == URLErrorCode.CANCELLED
        assert await door.until(lambda: not server.open_connections, 0.5)

    door.run(story)


@pytest.mark.parity(
    "16.2:finish_tasks_and_invalidate(): returns, refuses, finishes, tells, drops, closes"
)
def test_finish_tasks_and_invalidate_with_tasks_running_sends_fin_after_they_finish(
    door: Door, site: Site
) -> None:
    """The tasks get their replies on open connections; FIN comes after the last."""
    go_on = threading.Event()

    def answer_late(connection: ServerConnection) -> None:
        while request := connection.recv_request():
            if request.target == "/late":
                go_on.wait(5)
            connection.send_response(body=b"late")

    server = site.start(answer_late)

    async def story(door: Door) -> None:
        delegate = RecordingDelegate()
        session = URLSession(site.configuration(), delegate)
        # Over TLS the first load finds out that the server speaks no HTTP/2.
        await door.load(session, server.url())
        tasks = [session.data(server.url("/late")) for _ in range(3)]
        assert await door.until(lambda: server.request_count == 4)
        session.finish_tasks_and_invalidate()
        await door.pause(0.05)
        assert len(server.open_connections) == 3
        assert "session_did_become_invalid" not in delegate.names
        released_at = time.monotonic()
        go_on.set()

        replies = [await door.finish(task) for task in tasks]
        assert [reply.data for reply in replies] == [b"late"] * 3
        assert await door.until(lambda: not server.open_connections, 0.5)
        assert await door.until(lambda: session.delegate is None, 0.5)
        assert delegate.names[-1] == "session_did_become_invalid"
        ended = [peer.peer_ended_at for peer in server.connections]
        assert all(at is not None and at >= released_at for at in ended)
        assert session.all_tasks() == []

    door.run(story)


@pytest.mark.parity("16.3:reuse a session")
def test_invalidated_session_refuses_a_new_task(door: Door, site: Site) -> None:
    """At the call, by name, without opening anything."""
    server = site.start(fixed_body(b"x"))

    async def story(door: Door) -> None:
        session = URLSession(site.configuration())
        session.invalidate_and_cancel()
        for make in (session.data, session.bytes, session.data_task):
            with pytest.raises(SessionInvalidatedError, match="has been invalidated"):
                make(server.url())
        session.invalidate_and_cancel()
        session.finish_tasks_and_invalidate()

    door.run(story)

    assert server.accepted == 0


def test_leaving_a_with_block_waits_until_fin_is_sent(door: Door, site: Site) -> None:
    """After the block there is no descriptor, no task and no delegate."""
    server = site.start(fixed_body(b"x"))

    async def story(door: Door) -> None:
        if door.name == "blocking":
            with URLSession(site.configuration(), RecordingDelegate()) as session:
                task = session.data(server.url())
                (connection,) = session.connections()
        else:
            async with URLSession(site.configuration(), RecordingDelegate()) as session:
                task = session.data(server.url())
                (connection,) = session.connections()

        assert task.error is None
        assert (await door.finish(task)).data == b"x"
        assert not has_socket(connection.inode)
        assert session.delegate is None

    door.run(story)
