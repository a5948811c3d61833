"""Who refers to some objects: one look through everything the collector tracks.

Decides how the heap is looked through. `gc.get_referrers` compares each reference
with each object in turn, which is the fastest for a few (25 ms for two million
objects and one to look for, 180 ms for 128). For more, the references are looked up
in a set, a slice of the heap at a time (300 ms, however many are looked for).

What does not work: building the reverse of all references once (some 10 million of
them: a gigabyte in Python objects), and asking object by object (2 s a level).
"""

from __future__ import annotations

import gc
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ("find_holders",)

FEW = 128  # objects that `gc.get_referrers` looks for faster than a set
_SLICE = 1000  # objects of the heap whose references are read at once


def find_holders(wanted: list[object], deadline: float) -> Iterator[object] | None:
    """Return the objects that refer to any of some objects, each of them once.

    Args:
        wanted: The objects; its own reference to them is left out.
        deadline: Monotonic seconds, after which the search ends.

    Returns:
        What holds them; None if the deadline came first.
    """
    if time.monotonic() > deadline:
        return None
    if len(wanted) > FEW:
        found = _sweep({id(one) for one in wanted}, deadline)
    else:
        found = gc.get_referrers(*wanted)
    return None if found is None else _without(found, wanted)


def _without(found: list[object], wanted: list[object]) -> Iterator[object]:
    while found:
        holder = found.pop()
        if holder is wanted:
            continue
        # The arguments of get_referrers, which since 3.13 it finds as well: a
        # tuple that nothing but `holder` (and this call) still has.
        if type(holder) is tuple and sys.getrefcount(holder) <= 2:
            continue
        yield holder


def _sweep(ids: set[int], deadline: float) -> list[object] | None:
    everything = gc.get_objects()
    found: list[object] = []
    for at in range(0, len(everything), _SLICE):
        part = everything[at : at + _SLICE]
        if ids.isdisjoint(map(id, gc.get_referents(*part))):
            continue
        if time.monotonic() > deadline:
            return None
        found += [
            one for one in part if not ids.isdisjoint(map(id, gc.get_referents(one)))
        ]
    return found
