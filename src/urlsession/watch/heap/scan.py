"""Who refers to some objects: one look through everything the collector tracks.

Decides how the heap is looked through. `gc.get_referrers` compares each reference
with each object in turn, which is the fastest for a few (25 ms for two million
objects and one to look for, 300 ms for 256). For more, the references are looked up
in a set, a slice of the heap at a time (350 ms, however many are looked for).

What does not work:

- Building the reverse of all references once: some 10 million of them, which is a
  gigabyte of Python objects.
- Having objects in hand that other threads are building: a tuple that is not
  complete must not be referred to by anybody else when it is, or their call fails.
  `gc.get_referrers` gives only what holds something, and in one step; the slices give
  everything, so they are for a program with a single thread.
- `gc.get_referents` of a module: the state of `_asyncio` in 3.12 shows a list of
  freed objects, and to touch one is to put it on that list twice; the next collection
  never ends. `references_of` leaves modules alone.
"""

from __future__ import annotations

import gc
import sys
import time
import types

from .peek import is_a, namespace_of

__all__ = ("find_holders", "references_of")

FEW = 256  # objects that `gc.get_referrers` looks for faster than a set
_SLICE = 1000  # objects of the heap whose references are read at once


def references_of(holder: object) -> list[object]:
    """Return what an object refers to, as the collector sees it."""
    if not is_a(holder, types.ModuleType):
        return gc.get_referents(holder)
    namespace = namespace_of(holder)
    return [] if namespace is None else [namespace]


def find_holders(wanted: list[object], deadline: float) -> list[object] | None:
    """Return the objects that refer to any of some objects.

    Args:
        wanted: The objects; its own reference to them is left out.
        deadline: Monotonic seconds, after which the search ends.

    Returns:
        What holds them, each once; None if the deadline came first.
    """
    if len(wanted) > FEW and len(sys._current_frames()) == 1:
        return _sweep(wanted, deadline)
    return _ask(wanted, deadline)


def _ask(wanted: list[object], deadline: float) -> list[object] | None:
    seen: dict[int, object] = {}
    ours = {id(wanted), id(seen)}
    for at in range(0, len(wanted), FEW):
        if time.monotonic() > deadline:
            return None
        part = wanted[at : at + FEW]
        for holder in gc.get_referrers(*part):
            # The arguments of the call, which since 3.13 it finds as well: a tuple
            # that nothing but the answer, `holder` and the next call still have.
            if type(holder) is tuple and sys.getrefcount(holder) <= 3:
                continue
            if holder is not part and id(holder) not in ours:
                seen[id(holder)] = holder
    return list(seen.values())


def _sweep(wanted: list[object], deadline: float) -> list[object] | None:
    ids = {id(one) for one in wanted}
    everything = gc.get_objects()  # none of what is made from here on is in it
    found: list[object] = []
    for at in range(0, len(everything), _SLICE):
        if time.monotonic() > deadline:
            return None
        part = [
            one
            for one in everything[at : at + _SLICE]
            if not issubclass(type(one), types.ModuleType)
        ]
        if not ids.isdisjoint(map(id, gc.get_referents(*part))):
            found += [
                one
                for one in part
                if not ids.isdisjoint(map(id, gc.get_referents(one)))
            ]
    return [one for one in found if one is not wanted]
