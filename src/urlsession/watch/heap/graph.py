"""The part of the heap that leads to the owners, searched from the owners upwards.

Decides reachability without a collection: from the owners it asks the collector's
own tables who refers to them, level by level, until each owner is led to from a
root or nobody is left to ask. Where nobody is left, reference counts decide: an
object with more references than the found holders account for is held from C code;
if there is none, what was found is garbage that waits for the collector.

What does not work: `gc.get_referrers` does not show the locals of running frames
(`Roots` reads those), and a search from all roots downwards has to know every root
inside C code, which cannot be known.
"""

from __future__ import annotations

import gc
import sys
import time
from collections import deque
from typing import TYPE_CHECKING

from .roots import Root, RootKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .roots import Roots

__all__ = ("HolderGraph",)

MAX_LEVELS = 40  # hops; real paths have fewer than 20
MAX_OBJECTS = 20_000  # beyond that a search explains nothing
_BATCH = 64  # objects per scan of the heap: a scan compares each reference with all
# `gc.get_referrers` scans the heap once a batch; the observer's own containers that
# hold found objects would turn up as holders, so they are known by id and left out.


class HolderGraph:
    """Objects that lead to some owners, with the references between them.

    Node 0 … n−1 are the owners. `holders[i]` lists the nodes that refer to node `i`,
    once per reference. Holds strong references: make it, ask it, let it go.
    """

    def __init__(self, roots: Roots, deadline: float) -> None:
        self._roots = roots
        self._deadline = deadline
        self.objects: list[object] = []
        self.holders: list[list[int]] = []
        self.root_of: dict[int, Root] = {}
        self.is_complete = False
        self._batch: list[object] = []
        self._index: dict[int, int] = {}
        self._owner_count = 0

    def add_owner(self, owner: object) -> int | None:
        """Add an object to search from; return its node, None for None."""
        if owner is None:
            return None
        node = self._add(owner)
        self._owner_count = len(self.objects)
        return node

    def search(self) -> None:
        """Find who leads to the owners, within the deadline."""
        frontier = list(range(self._owner_count))
        for _ in range(MAX_LEVELS):
            if not frontier:
                self.is_complete = True
                break
            if self._are_all_the_users() or len(self.objects) > MAX_OBJECTS:
                break
            frontier = self._expand(frontier)
            if time.monotonic() > self._deadline:
                break
        if self.is_complete:
            self._find_native_roots()

    def path_to(self, target: int) -> list[int] | None:
        """Return nodes from the best root down to a node, or None without a root."""
        best: list[int] | None = None
        best_cost = sys.maxsize
        came_from: dict[int, int] = {target: -1}
        queue = deque([(target, 0)])
        while queue:
            node, hops = queue.popleft()
            root = self.root_of.get(node)
            if root is not None:
                cost = root.kind.rank * 1000 + hops
                if cost < best_cost:
                    best_cost, best = cost, _walk(came_from, node)
                if node != target:
                    continue
            for holder in self.holders[node]:
                if holder not in came_from:
                    came_from[holder] = node
                    queue.append((holder, hops + 1))
        return best

    def cycle_through(self, start: int) -> list[int] | None:
        """Return nodes of a cycle that keeps a node, in holding order.

        The shortest one through the node, which then stands first and last; where
        there is none, some cycle above it and the way from there down to the node.
        """
        came_from: dict[int, int] = {start: -1}
        queue = deque([start])
        while queue:
            node = queue.popleft()
            for holder in self.holders[node]:
                if holder == start:
                    return [start, *_walk(came_from, node)]
                if holder not in came_from:
                    came_from[holder] = node
                    queue.append(holder)
        return self._cycle_above(start)

    def _cycle_above(self, start: int) -> list[int] | None:
        trail, seen = [start], {start}
        pending = [iter(self.holders[start])]
        while pending:
            for holder in pending[-1]:
                if holder in trail:
                    return [holder, *reversed(trail)]
                if holder not in seen:
                    seen.add(holder)
                    trail.append(holder)
                    pending.append(iter(self.holders[holder]))
                    break
            else:
                pending.pop()
                trail.pop()
        return None

    def _add(self, thing: object) -> int:
        node = self._index.get(id(thing))
        if node is None:
            node = self._index[id(thing)] = len(self.objects)
            self.objects.append(thing)
            self.holders.append([])
            root = self._roots.of_value(thing)
            if root is not None:
                self.root_of[node] = root
        return node

    def _are_all_the_users(self) -> bool:
        """Whether a root that the user can act on leads to every owner."""
        held: dict[int, list[int]] = {}
        for node, holders in enumerate(self.holders):
            for holder in holders:
                held.setdefault(holder, []).append(node)
        stack = [node for node, root in self.root_of.items() if root.kind.is_users]
        reached = set(stack)
        while stack:
            for node in held.get(stack.pop(), ()):
                if node not in reached:
                    reached.add(node)
                    stack.append(node)
        return all(node in reached for node in range(self._owner_count))

    def _expand(self, frontier: Sequence[int]) -> list[int]:
        """Add the holders of some nodes; return the new nodes to go on from."""
        news: list[int] = []
        for at in range(0, len(frontier), _BATCH):
            if time.monotonic() > self._deadline:
                break
            chunk = frontier[at : at + _BATCH]
            self._batch[:] = [self.objects[node] for node in chunk]
            found = gc.get_referrers(*self._batch)
            self._link(found, {id(self.objects[node]): node for node in chunk}, news)
            del found
            self._batch.clear()
        return news

    def _link(
        self, found: list[object], targets: dict[int, int], news: list[int]
    ) -> None:
        own = {id(self._batch), id(self.objects), id(found)}
        for holder in found:
            if id(holder) in own:
                continue
            # The arguments of get_referrers, which since 3.13 it finds as well: a
            # tuple that only `found` and `holder` (and this call) still have.
            if type(holder) is tuple and sys.getrefcount(holder) <= 3:
                continue
            is_new = id(holder) not in self._index
            node = self._add(holder)
            root = self._roots.of_holder(holder)
            if root is not None:
                self.root_of[node] = root
            elif is_new and node not in self.root_of:
                news.append(node)
            referents = gc.get_referents(holder)
            for referent in referents:
                target = targets.get(id(referent))
                if target is not None:
                    self.holders[target].append(node)
            del referents

    def _find_native_roots(self) -> None:
        """Mark as held from C code what has references that no holder explains."""
        for node in range(len(self.objects)):
            if node in self.root_of:
                continue
            known = len(self.holders[node])
            # Beside the holders: this list, and the argument of getrefcount.
            if sys.getrefcount(self.objects[node]) - 2 > known:
                self.root_of[node] = Root(RootKind.NATIVE, "C code")


def _walk(came_from: dict[int, int], node: int) -> list[int]:
    path = []
    while node != -1:
        path.append(node)
        node = came_from[node]
    return path
