"""The search upwards."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator
from itertools import repeat

import pytest

from urlsession.watch.code import CodeMap
from urlsession.watch.heap.graph import HolderGraph
from urlsession.watch.heap.roots import RootKind, Roots


class Thing:
    def __init__(self) -> None:
        self.other: object = None


KEPT: list[object] = []


@pytest.fixture(autouse=True)
def no_collector() -> Iterator[None]:
    """Cycles must be there when they are looked for."""
    gc.disable()
    yield
    KEPT.clear()
    gc.enable()
    gc.collect()


def search(ref: object, budget_s: float = 60.0) -> HolderGraph:
    """Search from what a weak reference or an iterator gives."""
    graph = HolderGraph(Roots(CodeMap()), CodeMap(), time.monotonic() + budget_s)
    graph.add_owner(ref() if callable(ref) else ref)
    graph.search()
    return graph


def make_kept() -> int:
    KEPT.append(Thing())
    return id(KEPT[0])


def make_cycle() -> object:
    """Return a way to a thing that only a cycle keeps."""
    import weakref

    one, two = Thing(), Thing()
    one.other, two.other = two, one
    return weakref.ref(one)


def test_path_leads_from_the_module_to_the_object() -> None:
    """Through the list."""
    make_kept()
    graph = search(lambda: KEPT[0])
    nodes = graph.path_to(0)

    assert nodes is not None
    assert graph.root_of[nodes[0]].kind is RootKind.GLOBAL
    assert [type(graph.objects[one]) for one in nodes] == [dict, list, Thing]


def test_cycle_alone_has_no_path() -> None:
    """And is found to be one."""
    graph = search(make_cycle())

    assert graph.is_complete
    assert graph.path_to(0) is None
    ring = graph.cycle_through(0)
    assert ring is not None
    assert ring[0] == ring[-1] == 0


def test_object_that_only_c_code_holds_has_a_native_root() -> None:
    """Its count of references tells."""
    import weakref

    thing = Thing()
    ref = weakref.ref(thing)
    holder = repeat(thing)  # no holder that the collector shows once it is untracked
    del thing
    graph = search(ref)
    nodes = graph.path_to(0)
    del holder

    assert nodes is not None


def test_search_gives_up_at_its_deadline() -> None:
    """However large the heap."""
    make_kept()
    graph = search(lambda: KEPT[0], budget_s=-1.0)

    assert not graph.is_complete


def test_owner_that_is_gone_is_not_searched() -> None:
    """None is no object."""
    graph = HolderGraph(Roots(CodeMap()), CodeMap(), time.monotonic() + 1)

    assert graph.add_owner(None) is None
