"""Sessions that are dropped instead of invalidated; the collector is off."""

from __future__ import annotations

import gc
import threading
import time
import weakref
from collections.abc import Iterator
from warnings import WarningMessage

import pytest

from urlsession import URLSession, URLSessionConfiguration
from urlsession.connections import LEDGER, ClosedBy
from urlsession.testing import ServerConnection, fixed_body, tcp_state

from .doors import Door, Site

pytestmark = pytest.mark.usefixtures("no_collector")

AT_ONCE_S = 0.05  # FIN has to reach the peer's thread: no limit of the session's own


class App:
    """The article's app: its session's delegate is the app itself."""

    def __init__(self, configuration: URLSessionConfiguration) -> None:
        self.session = URLSession(configuration, delegate=self)

    def session_did_become_invalid(self, session: object, error: object) -> None:
        raise AssertionError("nobody invalidated it")


APP_LINE = App.__init__.__code__.co_firstlineno + 1


def leaks(warned: list[WarningMessage]) -> list[WarningMessage]:
    """Return the warnings that a session was dropped."""
    return [
        one
        for one in warned
        if one.category is ResourceWarning and "never invalidated" in str(one.message)
    ]


@pytest.mark.parity(
    "16.1:sessions without a delegate leak if not invalidated", "16.4:session dropped"
)
def test_last_reference_dropped_sends_fin_at_once_and_warns_of_the_line(
    door: Door, site: Site, warned: list[WarningMessage]
) -> None:
    """No cycle is made by the user, so none is needed to be found."""
    server = site.start(fixed_body(b"x"))

    async def story(door: Door) -> None:
        session = URLSession(site.configuration())
        await door.load(session, server.url())
        peer = server.connections[-1]
        (connection,) = session.connections()
        assert leaks(warned) == []
        dropped_at = time.monotonic()
        del session

        assert [one.filename for one in leaks(warned)] == [__file__]
        assert await door.until(lambda: peer.peer_ended_at is not None, 1.0)
        assert peer.peer_ended_at is not None
        assert peer.peer_ended_at - dropped_at <= AT_ONCE_S
        assert connection.local is not None
        assert tcp_state(connection.local[1], server.port) != "ESTABLISHED"

    door.run(story)

    (warning,) = leaks(warned)
    assert warning.lineno == story.__code__.co_firstlineno + 1
    assert f"{__file__}:{warning.lineno}" in str(warning.message)


@pytest.mark.parity("16.1:finished task holds its session")
def test_last_reference_dropped_with_a_finished_task_kept_sends_fin(
    door: Door, site: Site, warned: list[WarningMessage]
) -> None:
    """A finished task, with reply and metrics, does not pin its session."""
    server = site.start(fixed_body(b"x"))

    async def story(door: Door) -> None:
        session = URLSession(site.configuration())
        task = session.data(server.url())
        reply = await door.finish(task)
        gone = weakref.ref(session)
        del session

        assert len(leaks(warned)) == 1
        warned.clear()  # a warning holds its source
        assert gone() is None
        assert await door.until(lambda: not server.open_connections, 1.0)
        assert reply.data == b"x"
        assert task.metrics is not None

    door.run(story)


@pytest.mark.parity(
    "3.1:lifetime",
    "16.1:session holds a resumed task",
    "16.1:running task holds its session",
    "18:10 #3934 session freed while its task runs",
)
def test_last_reference_dropped_while_a_task_runs_sends_fin_after_it(
    door: Door, site: Site, warned: list[WarningMessage]
) -> None:
    """The running task holds its session; the reply still comes."""
    go_on = threading.Event()

    def answer_late(connection: ServerConnection) -> None:
        while connection.recv_request():
            go_on.wait(5)
            connection.send_response(body=b"late")

    server = site.start(answer_late)

    async def story(door: Door) -> None:
        task = URLSession(site.configuration()).data(server.url())
        assert await door.until(lambda: server.request_count == 1)
        assert len(server.open_connections) == 1
        assert leaks(warned) == []
        go_on.set()

        assert (await door.finish(task)).data == b"late"
        assert await door.until(lambda: not server.open_connections, 1.0)

    door.run(story)

    assert len(leaks(warned)) == 1


@pytest.fixture
def quick_collector() -> Iterator[None]:
    """Keep the suite's own objects, some millions, out of the collection that is timed."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


def test_session_and_delegate_that_hold_each_other_send_fin_when_the_collector_runs(
    door: Door, site: Site, warned: list[WarningMessage], quick_collector: None
) -> None:
    """The article's app: not before, but then with the same warning."""
    server = site.start(fixed_body(b"x"))

    async def story(door: Door) -> None:
        app = App(site.configuration())
        await door.load(app.session, server.url())
        (connection,) = app.session.connections()
        assert connection.local is not None
        del app
        await door.pause(0.05)
        assert tcp_state(connection.local[1], server.port) == "ESTABLISHED"
        assert leaks(warned) == []
        collected_at = time.monotonic()
        gc.collect()

        assert await door.until(lambda: not server.open_connections, 1.0)
        ended_at = server.connections[-1].peer_ended_at
        assert ended_at is not None
        assert ended_at - collected_at <= AT_ONCE_S + 0.1  # the collection itself

    door.run(story)

    (warning,) = leaks(warned)
    assert (warning.filename, warning.lineno) == (__file__, APP_LINE)


def test_invalidated_session_is_dropped_without_a_warning(
    door: Door, site: Site, warned: list[WarningMessage]
) -> None:
    """Also at once, and also one that was never used."""
    server = site.start(fixed_body(b"x"))

    async def story(door: Door) -> None:
        session = URLSession(site.configuration())
        await door.load(session, server.url())
        session.invalidate_and_cancel()
        gone = weakref.ref(session)
        del session
        URLSession(site.configuration())

        assert gone() is None

    door.run(story)

    assert leaks(warned) == []


def test_ledger_does_not_keep_a_session_alive(
    door: Door, site: Site, warned: list[WarningMessage]
) -> None:
    """It remembers the connection, and by whom it was closed, but not the owner."""
    server = site.start(fixed_body(b"x"))

    async def story(door: Door) -> None:
        session = URLSession(site.configuration())
        session.session_description = "short-lived"
        await door.load(session, server.url())
        (connection,) = session.connections()
        gone = weakref.ref(session)
        assert connection.owner.ref() is session
        del session
        warned.clear()  # a warning holds its source

        assert gone() is None
        (entry,) = [
            one for one in LEDGER.closed_connections() if one.id == connection.id
        ]
        assert entry.owner.ref() is None
        assert entry.closed_by is ClosedBy.LOCAL
        assert entry.owner.made_at is not None
        assert entry.owner.made_at.file == __file__

    door.run(story)
