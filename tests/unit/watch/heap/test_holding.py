"""What holds an owner."""

from __future__ import annotations

import asyncio
import gc
import time
import weakref
from collections.abc import Iterator

import pytest

from urlsession.watch.heap import Holding, find_holdings


class Session:
    def __init__(self, delegate: object = None) -> None:
        self.delegate = delegate


class App:
    current: object = None

    def __init__(self) -> None:
        self.session = Session(self)


SESSION: Session | None = None
APP: App | None = None


@pytest.fixture(autouse=True)
def no_collector() -> Iterator[None]:
    """Cycles must be there when they are looked for."""
    global SESSION, APP
    gc.disable()
    yield
    SESSION = APP = App.current = None
    gc.enable()
    gc.collect()


def holding(ref: weakref.ref[Session], **options: float) -> Holding:
    """Return what holds one object."""
    return find_holdings({1: ref}, **options)[1]  # type: ignore[arg-type]  # seconds


def test_global_holds() -> None:
    """By module and name."""
    global SESSION
    SESSION = Session()
    found = holding(weakref.ref(SESSION))

    assert found.is_reachable
    assert found.path == (f"{__name__}.SESSION", "Session")


def test_class_attribute_holds() -> None:
    """By class and name."""
    App.current = Session()
    found = holding(weakref.ref(App.current))

    assert found.is_reachable
    assert found.path[0] == f"{__name__}.App.current"


def test_object_in_a_global_holds() -> None:
    """The cycle below it does not hide the root."""
    global APP
    APP = App()
    found = holding(weakref.ref(APP.session))

    assert found.path == (f"{__name__}.APP", "App.session", "Session")


def test_session_and_delegate_hold_each_other() -> None:
    """The article's app, dropped; the collector has not run."""
    ref = weakref.ref(App().session)
    found = holding(ref)

    assert ref() is not None
    assert found.is_reachable is False
    assert found.root == "cycle"
    assert found.path[1:] == ("App.session", "Session.delegate", "App")


def test_cycle_is_found_behind_what_it_holds() -> None:
    """The owner itself is not on the cycle."""
    keeper: list[object] = []
    session = Session()
    keeper += [keeper, session]
    ref = weakref.ref(session)
    del keeper, session
    found = holding(ref)

    assert found.is_reachable is False
    assert found.root == "cycle"


def test_local_of_a_running_function_holds() -> None:
    """Here: of this test."""
    mine = Session()
    found = holding(weakref.ref(mine))

    assert found.is_reachable
    assert found.path[0].startswith("local 'mine' of test_local_of_a_running_function")


def test_waiting_task_holds() -> None:
    """By the task's name and its local."""

    async def work(ready: asyncio.Event, refs: list[weakref.ref[Session]]) -> None:
        session = Session()
        refs.append(weakref.ref(session))
        ready.set()
        await asyncio.Event().wait()

    async def main() -> Holding:
        ready, refs = asyncio.Event(), list[weakref.ref[Session]]()
        task = asyncio.create_task(work(ready, refs), name="worker")
        await ready.wait()
        found = holding(refs[0])
        task.cancel()
        return found

    found = asyncio.run(main())

    assert found.is_reachable
    assert found.path[0] == "asyncio task 'worker'"
    assert found.path[1].startswith("local 'session' of test_waiting_task_holds")


def test_event_loop_alone_does_not_make_reachable() -> None:
    """A timer's argument has no name that the user can act on."""

    async def main() -> Holding:
        session = Session()
        ref = weakref.ref(session)
        asyncio.get_running_loop().call_later(60, print, session)
        del session
        return holding(ref)

    found = asyncio.run(main())

    assert found.is_reachable is False
    assert found.path[0] == "the event loop"


def test_owner_that_is_gone_has_no_holding() -> None:
    """There is nothing to search for."""
    ref = weakref.ref(Session())

    assert find_holdings({1: ref}) == {}


def test_search_that_gives_up_says_so() -> None:
    """Unknown is not unreachable."""
    global SESSION
    SESSION = Session()
    found = holding(weakref.ref(SESSION), budget_s=-1.0)

    assert found.is_reachable is None
    assert "search ended" in found.path[0]


def test_many_owners_are_searched_together() -> None:
    """A list of five hundred costs one search."""
    kept = [Session() for _ in range(500)]
    began = time.monotonic()
    found = find_holdings({at: weakref.ref(one) for at, one in enumerate(kept)})

    assert len(found) == 500
    assert all(one.is_reachable for one in found.values())
    assert time.monotonic() - began < 3.0
