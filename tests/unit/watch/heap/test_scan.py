"""One look through the heap."""

from __future__ import annotations

import threading
import time

from urlsession.watch.heap.scan import FEW, find_holders, references_of


class Thing:
    pass


def holders_of(wanted: list[object]) -> list[object] | None:
    """Look for the holders of some things."""
    found = find_holders(wanted, time.monotonic() + 30)
    return None if found is None else list(found)


def test_few_are_found_with_all_their_holders() -> None:
    """But for the list in which they are passed."""
    thing = Thing()
    one, two = [thing], {"thing": thing}
    wanted: list[object] = [thing]
    found = holders_of(wanted)

    assert found is not None
    assert sorted(map(id, found)) == sorted([id(one), id(two)])


def test_many_are_found_in_the_same_way() -> None:
    """By a set, each holder once."""
    holders = [[Thing(), Thing()] for _ in range(FEW)]
    wanted: list[object] = [each for holder in holders for each in holder]
    found = holders_of(wanted)

    assert found is not None
    assert sorted(map(id, found)) == sorted(map(id, holders))


def test_holder_of_many_is_found_once() -> None:
    """Beside another thread they are asked for in parts."""
    things: list[object] = [Thing() for _ in range(FEW + 1)]
    holder = tuple(things)
    go_on = threading.Event()
    thread = threading.Thread(target=go_on.wait, args=(10,))
    thread.start()
    found = holders_of(things)
    go_on.set()
    thread.join()

    assert found == [holder]


def test_modules_are_not_asked_for_more_than_their_namespace() -> None:
    """Some show what was freed before (see `scan`)."""
    assert [id(one) for one in references_of(time)] == [id(vars(time))]


def test_deadline_ends_the_search() -> None:
    """Nothing is said of what was not seen."""
    assert find_holders([Thing()], time.monotonic() - 1) is None
    assert find_holders([Thing() for _ in range(FEW + 1)], time.monotonic() - 1) is None
