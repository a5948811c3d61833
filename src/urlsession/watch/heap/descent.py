"""The short way: from the names that the user knows down to the owners.

Decides which path is told where there are several: the one with the fewest hops,
where a root that is less easy to act on counts as some more. Stops at the borders of
the user's program (modules, classes, the event loop, libraries' threads) and after
a number of objects: most owners are near a name, and the search upwards
(`HolderGraph`) finds the others. What is not found here may be reachable all the same.
"""

from __future__ import annotations

import gc
import time
from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .peek import module_of_type
from .roots import RootKind
from .scan import references_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .roots import Root, Roots

__all__ = ("Descent", "HeapPath")

MAX_OBJECTS = 100_000  # some 60 ms and 15 MB
LARGE = 5000  # references of one object, above which only some are followed
SAMPLE = 1000
_OWN = "urlsession.watch"


@dataclass(frozen=True, slots=True)
class HeapPath:
    """A way down to an owner.

    Attributes:
        objects: From the root's own object (a namespace, a class, a task) or from
            what the root refers to (a local's value), down to the owner.
        root: Where it begins.
    """

    objects: list[object]
    root: Root


class Descent:
    """A breadth-first search from the user's roots, within bounds.

    Holds strong references until it is let go.
    """

    def __init__(self, roots: Roots, deadline: float) -> None:
        self._roots = roots
        self._deadline = deadline
        self._objects: list[object] = []
        self._above = array("q")  # the object by which each was found, or −1
        self._root_of: dict[int, Root] = {}
        self._seen: set[int] = set()
        self._is_own: dict[type, bool] = {}
        self._wanted: set[int] = set()
        self._found: dict[int, HeapPath] = {}

    def find(self, wanted: Iterable[int]) -> Mapping[int, HeapPath]:
        """Return the best path to each object, by id, as far as one is found.

        Args:
            wanted: Ids of live objects.
        """
        self._wanted = set(wanted)
        if time.monotonic() > self._deadline:
            return {}
        starts = self._starts()
        level = 0
        frontier: list[int] = []
        while self._wanted:
            for thing, root in starts.pop(level, ()):
                self._enter(thing, -1, frontier, root)
            if frontier:
                frontier = self._look_below(frontier)
                level += 1
            elif starts:
                level = min(starts)
            else:
                break
            if len(self._objects) > MAX_OBJECTS or time.monotonic() > self._deadline:
                break
        return self._found

    def _starts(self) -> dict[int, list[tuple[object, Root]]]:
        """Return where to begin, by the level at which it is looked at."""
        found: dict[int, list[tuple[object, Root]]] = {}
        for source in (
            self._roots.namespaces(),
            self._roots.values(),
            self._roots.tasks(),
            self._roots.threads(),
        ):
            for thing, root in source:
                if root.kind.is_users:
                    found.setdefault(root.kind.detour, []).append((thing, root))
        return found

    def _look_below(self, frontier: list[int]) -> list[int]:
        news: list[int] = []
        for node in frontier:
            referents = references_of(self._objects[node])
            if len(referents) > LARGE:
                wanted: list[object] = []
                if not self._wanted.isdisjoint(map(id, referents)):
                    wanted = [one for one in referents if id(one) in self._wanted]
                # Its entries are much alike: what one leads to, the others do.
                referents = wanted + referents[:SAMPLE]
            for one in referents:
                # What the collector does not track leads to nothing.
                if id(one) not in self._seen and gc.is_tracked(one):
                    self._enter(one, node, news)
        return news

    def _enter(
        self, thing: object, above: int, news: list[int], root: Root | None = None
    ) -> None:
        key = id(thing)
        if key in self._seen or self._is_ours(type(thing)):
            return
        self._seen.add(key)
        own_root = self._roots.of_holder(thing)
        if own_root is not None and own_root.is_border:
            if not own_root.kind.is_users:
                return
            if above == -1 or own_root.kind is not RootKind.THREAD:
                above, root = -1, own_root  # a thread that has a name is that name's
        node = len(self._objects)
        self._objects.append(thing)
        self._above.append(above)
        if root is not None:
            self._root_of[node] = root
        if key in self._wanted:
            self._wanted.discard(key)
            self._found[key] = self._path(node)
        news.append(node)

    def _is_ours(self, kind: type) -> bool:
        known = self._is_own.get(kind)
        if known is None:
            module = module_of_type(kind)
            known = module == _OWN or module.startswith(_OWN + ".")
            self._is_own[kind] = known
        return known

    def _path(self, node: int) -> HeapPath:
        first, objects = node, []
        while node != -1:
            first = node
            objects.append(self._objects[node])
            node = self._above[node]
        return HeapPath(objects[::-1], self._root_of[first])
