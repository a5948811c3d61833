"""The search downwards from the names that the user knows."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from types import ModuleType

import pytest

from urlsession.watch.code import CodeMap
from urlsession.watch.heap.descent import LARGE, SAMPLE, Descent, HeapPath
from urlsession.watch.heap.roots import RootKind, Roots


class Thing:
    def __init__(self, inner: object = None) -> None:
        self.inner = inner


KEPT: object = None


@pytest.fixture(autouse=True)
def nothing_kept() -> Iterator[None]:
    """End each test with nothing kept."""
    yield
    keep(None)


def keep(value: object) -> None:
    """Hold something as the global of this module."""
    global KEPT
    KEPT = value


def keep_thing(around: object) -> int:
    """Have a thing kept by what a function makes of it; return the thing's id."""
    assert callable(around)
    thing = Thing()
    keep(around(thing))
    return id(thing)


def path_to(key: int, budget_s: float = 30.0) -> HeapPath | None:
    """Search for one object by its id."""
    found = Descent(Roots(CodeMap()), time.monotonic() + budget_s).find([key])
    return found.get(key)


def test_path_begins_at_the_namespace() -> None:
    """And ends at what was looked for."""
    key = keep_thing(lambda thing: Thing([thing]))
    found = path_to(key)

    assert found is not None
    assert found.root.kind is RootKind.GLOBAL
    assert found.objects[0] is globals()
    assert found.objects[1] is KEPT
    assert id(found.objects[-1]) == key


def test_shorter_path_is_preferred() -> None:
    """Whichever comes first."""
    key = keep_thing(lambda thing: [Thing(Thing(Thing(thing))), [thing]])
    found = path_to(key)

    assert found is not None
    assert [type(one) for one in found.objects[1:]] == [list, list, Thing]


def test_borders_are_not_crossed() -> None:
    """What a library's module holds is not the user's by importing it."""
    keep(json)
    thing = Thing()
    key = id(thing)
    setattr(json, "kept_by_tests", [thing])  # noqa: B010 - mypy knows the module
    del thing
    found = path_to(key)
    delattr(json, "kept_by_tests")

    assert type(KEPT) is ModuleType
    assert found is None


def test_member_of_a_large_container_is_found() -> None:
    """Wherever it stands in it."""
    key = keep_thing(lambda thing: [[] for _ in range(LARGE)] + [thing])

    assert path_to(key) is not None


def test_what_many_members_lead_to_is_found() -> None:
    """Some of them are followed."""
    key = keep_thing(lambda thing: [Thing(thing) for _ in range(LARGE + SAMPLE)])

    assert path_to(key) is not None


def test_nothing_is_found_after_the_deadline() -> None:
    """Which says nothing about what is reachable."""
    assert path_to(keep_thing(lambda thing: thing), budget_s=-1.0) is None
