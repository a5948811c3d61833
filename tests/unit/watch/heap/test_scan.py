"""One look through the heap."""

from __future__ import annotations

import time

from urlsession.watch.heap.scan import FEW, find_holders


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


def test_deadline_ends_the_search() -> None:
    """Nothing is said of what was not seen."""
    assert find_holders([Thing()], time.monotonic() - 1) is None
    assert find_holders([Thing() for _ in range(FEW + 1)], time.monotonic() - 1) is None
