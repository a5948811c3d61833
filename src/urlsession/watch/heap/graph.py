"""The part of the heap that leads to the owners, searched from the owners upwards.

Decides reachability without a collection: from the owners it asks the collector's
own tables who refers to them, level by level, until each owner is led to from a
root or nobody is left to ask. Where nobody is left, reference counts decide: an
object with more references than the found holders account for is held from C code;
if there is none, what was found is garbage that waits for the collector.

What does not work: the collector's tables do not show the locals of running frames
(`Roots` reads those), nor what `gc.freeze` has put aside, for which nothing is
claimed here that is not proven (`has_unseen_holder`).
"""

from __future__ import annotations

import atexit
import gc
import sys
import threading
import time
import types
from collections import deque
from contextvars import Context
from typing import TYPE_CHECKING, TypeVar

from .ownership import frame_of, is_users
from .peek import is_a, module_of_type, read
from .roots import Root, RootKind
from .scan import find_holders, references_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ..code import CodeMap
    from .roots import Roots

__all__ = ("HolderGraph",)

Node = TypeVar("Node")

MAX_LEVELS = 200  # hops; a linked list may be long, and the deadline is there as well
MAX_OBJECTS = 200_000  # beyond that a search explains nothing
# Hops that a path may be longer if it begins in the user's code, and not in a
# library that holds something of the user's.
_LIBRARY_DETOUR = 50
_NOT_THE_USERS = 1_000_000
_LEAVERS = frozenset({"__exit__", "__aexit__"})
_MANY_FROZEN = 2000  # objects; some versions freeze a few hundred when they start
_C = "C code"
# The interpreter tells how many exit handlers there are, but not which.
_MAYBE_AT_EXIT = "an exit handler, or C code"
_PROBE = [object()]
_OURS = sys.getrefcount(_PROBE[0])  # references from one list of ours, and from asking


class HolderGraph:
    """Objects that lead to some owners, with the references between them.

    Node 0 … n−1 are the owners. `holders[i]` lists the nodes that refer to node `i`,
    once per reference. Holds strong references: make it, ask it, let it go.
    """

    def __init__(self, roots: Roots, code: CodeMap, deadline: float) -> None:
        self._roots = roots
        self._code = code
        self._deadline = deadline
        self.objects: list[object] = []
        self.holders: list[list[int]] = []
        self.root_of: dict[int, Root] = {}
        self.is_complete = False
        self._index: dict[int, int] = {}
        self._expanded: set[int] = set()
        self._owner_count = 0
        self._has_new_root = False
        self._is_frozen: bool | None = None

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
            if self._has_new_root:
                # Ask on only for what no root of the user's leads to yet.
                self._has_new_root = False
                needed = self._leading_to(self._not_the_users())
                frontier = [node for node in frontier if node in needed]
            if not frontier:
                self.is_complete = True
                self._find_native_roots()
                break
            found = self._expand(frontier)
            if found is None or len(self.objects) > MAX_OBJECTS:
                break
            frontier = found

    def path_to(self, target: int) -> list[int] | None:
        """Return nodes from the best root down to a node, or None without a root.

        The best is the one with the fewest hops, where a root that is less easy to
        act on counts as some more (`RootKind.detour`).
        """
        best: list[int] | None = None
        best_cost = sys.maxsize
        # Nodes are walked twice: with something of the user's below them and without.
        start = (target, False)
        came_from: dict[tuple[int, bool], tuple[int, bool] | None] = {start: None}
        queue = deque([(start, 0)])
        while queue:
            state, hops = queue.popleft()
            if hops >= best_cost:
                break
            node, is_below_users = state
            root = self.root_of.get(node)
            if root is not None:
                cost = hops + _cost(root, is_below_users)
                below = came_from[state]
                if root.kind is RootKind.LIBRARY and below is not None:
                    cost += self._strangeness(root, below[0])
                if cost < best_cost:
                    best_cost = cost
                    best = [one for one, _ in _walk(came_from, state)]
                if root.is_border and node != target:
                    continue
            for holder in self.holders[node]:
                above = (holder, is_below_users or self._is_users(holder))
                if above not in came_from:
                    came_from[above] = state
                    queue.append((above, hops + 1))
        return best

    def is_users_path(self, nodes: Sequence[int]) -> bool:
        """Whether a path begins with the user's, or leads through something of theirs.

        The owner at its end does not count, whoever wrote its class.
        """
        if self.root_of[nodes[0]].kind.is_users:
            return True
        return any(self._is_users(node) for node in nodes[:-1])

    def has_unseen_holder(self, target: int) -> bool:
        """Whether something may hold a node that the collector does not show."""
        if self._is_frozen is None:  # counting takes a walk through all of them
            self._is_frozen = gc.get_freeze_count() > _MANY_FROZEN
        return self._is_frozen and any(
            node in self.root_of and self.root_of[node].kind is RootKind.NATIVE
            for node in self._leading_to([target])
        )

    def cycle_through(self, start: int) -> list[int] | None:
        """Return nodes of a cycle that keeps a node, in holding order.

        The shortest one through the node, which then stands first and last; where
        there is none, some cycle above it and the way from there down to the node.
        """
        came_from: dict[int, int | None] = {start: None}
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
        trail, on_trail, seen = [start], {start}, {start}
        pending = [iter(self.holders[start])]
        while pending:
            for holder in pending[-1]:
                if holder in on_trail:
                    return [holder, *reversed(trail)]
                if holder not in seen:
                    seen.add(holder)
                    trail.append(holder)
                    on_trail.add(holder)
                    pending.append(iter(self.holders[holder]))
                    break
            else:
                pending.pop()
                on_trail.discard(trail.pop())
        return None

    def _add(self, thing: object) -> int:
        node = self._index.get(id(thing))
        if node is None:
            node = self._index[id(thing)] = len(self.objects)
            self.objects.append(thing)
            self.holders.append([])
            self._mark(node, self._roots.of_value(thing))
            self._mark(node, self._roots.of_holder(thing))
        return node

    def _mark(self, node: int, root: Root | None) -> None:
        if root is None:
            return
        known = self.root_of.get(node)
        if known is None or root.kind.rank < known.kind.rank:
            self.root_of[node] = root
            self._has_new_root |= root.kind.is_users

    def _is_users(self, node: int) -> bool:
        return is_users(self.objects[node], self._code)

    def _strangeness(self, root: Root, below: int) -> int:
        """Prefer the library's own registry to another library that looks into it."""
        own = module_of_type(type(self.objects[below])).partition(".")[0]
        return 0 if own in {"builtins", root.label.partition(".")[0]} else 2

    def _not_the_users(self) -> list[int]:
        """Return the owners that no root of the user's leads to, as far as is known."""
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
        return [node for node in range(self._owner_count) if node not in reached]

    def _leading_to(self, nodes: Iterable[int]) -> set[int]:
        stack = list(nodes)
        found = set(stack)
        while stack:
            for holder in self.holders[stack.pop()]:
                if holder not in found:
                    found.add(holder)
                    stack.append(holder)
        return found

    def _expand(self, frontier: Sequence[int]) -> list[int] | None:
        """Add the holders of some nodes; return the new nodes to go on from.

        None if the deadline came first.
        """
        wanted = [self.objects[node] for node in frontier]
        found = find_holders(wanted, self._deadline)
        if found is None:
            return None
        targets = {id(self.objects[node]): node for node in frontier}
        self._expanded.update(frontier)
        news: list[int] = []
        for holder in found:
            # What is ours refers to all that was found.
            if holder is not self.objects:
                self._link(holder, targets, news)
        return news if time.monotonic() < self._deadline else None

    def _link(self, holder: object, targets: dict[int, int], news: list[int]) -> None:
        node = self._add(holder)
        root = self.root_of.get(node)
        if node not in self._expanded and (root is None or not root.is_border):
            news.append(node)
        for referent in references_of(holder):
            target = targets.get(id(referent))
            if target is not None:
                self.holders[target].append(node)

    def _find_native_roots(self) -> None:
        """Mark what has references that no holder explains."""
        started = _started_by_threads()
        for node in self._expanded:
            if node in self.root_of or id(self.objects[node]) in started:
                continue
            if _starts_thread(self.objects[node]):
                continue
            if sys.getrefcount(self.objects[node]) - _OURS > len(self.holders[node]):
                self._mark(node, _unseen_root(self.objects[node]))


def _started_by_threads() -> set[int]:
    """Return the ids of what threads run: the stack of each has it, unseen."""
    return {
        id(read(thread, "_target"))
        for thread in list(threading._active.values())  # type: ignore[attr-defined]  # private, and the only way without a call
    }


def _starts_thread(thing: object) -> bool:
    """Whether it is a thread's own method, which the interpreter calls."""
    return type(thing) is types.MethodType and is_a(thing.__self__, threading.Thread)


def _unseen_root(thing: object) -> Root:
    """Tell what holds something that no holder explains, by what it is."""
    if type(thing) is Context:
        return Root(RootKind.CONTEXT, "the context of a running thread")
    if frame_of(thing) is not None:
        return Root(RootKind.CALL, "a running loop or with block")
    if type(thing) is types.MethodType:
        if thing.__name__ in _LEAVERS:
            return Root(RootKind.CALL, "a running with block")
        if atexit._ncallbacks():
            return Root(RootKind.HANDLER, _MAYBE_AT_EXIT)
    is_call = type(thing) is types.FunctionType and atexit._ncallbacks() > 0
    return Root(RootKind.NATIVE, _MAYBE_AT_EXIT if is_call else _C, is_border=False)


def _cost(root: Root, is_below_users: bool) -> int:
    if root.kind.is_users:
        return root.kind.detour
    detour = _LIBRARY_DETOUR if is_below_users else _NOT_THE_USERS
    return detour * (1 + root.kind.rank)


def _walk(came_from: Mapping[Node, Node | None], last: Node) -> list[Node]:
    path = []
    at: Node | None = last
    while at is not None:
        path.append(at)
        at = came_from[at]
    return path
