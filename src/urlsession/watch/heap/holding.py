"""One question: what holds these owners?

Decides what the answer means: an owner that a name of the user's leads to is
reachable; one that only a library, the event loop, C code or a cycle keeps is not.
"""

from __future__ import annotations

import sys
import time
import weakref
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from ..code import CodeMap
from .descent import Descent
from .graph import HolderGraph
from .ownership import is_users
from .path import describe_cycle, describe_path
from .peek import module_of_type, type_name
from .roots import Roots

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from .roots import Root

__all__ = ("Holding", "find_holdings")

Key = TypeVar("Key")

_own = type.__dict__["__dict__"].__get__
_CLOSERS = ("close", "aclose")
BUDGET_S = 3.0  # seconds for one search, however large the heap
_TELLING = 0.2  # of these, kept for putting what was found into words


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """What holds one owner.

    Attributes:
        is_reachable: Whether a root that the user can act on leads to it; None if
            the search ended before it knew.
        root: The root's kind, ``cycle`` for a cycle that nothing reaches, or empty.
        path: Root first, the owner's type last.
        keeper: Weak reference to the first object on the path that a library made and
            that a user can close: the client of an SDK around the session.
    """

    is_reachable: bool | None
    root: str
    path: tuple[str, ...]
    keeper: weakref.ref[object] | None = None


def find_holdings(
    owners: Mapping[Key, Callable[[], object]],
    *,
    user_packages: Iterable[str] = (),
    internals: Iterable[str] = (),
    budget_s: float = BUDGET_S,
) -> dict[Key, Holding]:
    """Find what holds each owner that is alive, without a collection.

    Args:
        owners: Weak references by a key of the caller's.
        user_packages: Packages that are the user's wherever they lie.
        internals: Module prefixes whose inner hops are folded.
        budget_s: Seconds after which the search gives up.

    Returns:
        Holdings by the same keys; an owner that is gone has none.
    """
    start = time.monotonic()
    teller = _Teller(CodeMap(user_packages, internals), start + budget_s)
    search_until = start + budget_s * (1 - _TELLING)
    roots = Roots(teller.code)
    found = _descend(owners, roots, teller, search_until)
    rest = {key: ref for key, ref in owners.items() if key not in found}
    if rest:
        found |= _ask_upwards(rest, roots, teller, search_until)
    return {key: found[key] for key in owners if key in found}


def _descend(
    owners: Mapping[Key, Callable[[], object]],
    roots: Roots,
    teller: _Teller,
    deadline: float,
) -> dict[Key, Holding]:
    # Nothing of this may be left when the search upwards counts references.
    ids = {key: id(ref()) for key, ref in owners.items() if ref() is not None}
    paths = Descent(roots, deadline).find(ids.values())
    return {
        key: teller.tell(paths[one].objects, paths[one].root, is_reachable=True)
        for key, one in ids.items()
        if one in paths
    }


def _ask_upwards(
    owners: Mapping[Key, Callable[[], object]],
    roots: Roots,
    teller: _Teller,
    deadline: float,
) -> dict[Key, Holding]:
    graph = HolderGraph(roots, teller.code, deadline)
    nodes: dict[Key, int] = {}
    for key, ref in owners.items():
        # Passed on without a name here: a reference of ours would be taken for one
        # of C code, since it is in no object that the collector knows.
        node = graph.add_owner(ref())
        if node is not None:
            nodes[key] = node
    graph.search()
    return {key: teller.tell_node(graph, node) for key, node in nodes.items()}


class _Teller:
    """Puts what was found into words, as long as there is time."""

    def __init__(self, code: CodeMap, deadline: float) -> None:
        self.code = code
        self._deadline = deadline

    def tell(
        self, objects: Sequence[object], root: Root, *, is_reachable: bool | None
    ) -> Holding:
        """Return what a path says."""
        if time.monotonic() > self._deadline:
            path = [root.label, "…", type_name(objects[-1])]
        else:
            path = describe_path(objects, root, self.code)
        return Holding(
            is_reachable=is_reachable,
            root=root.kind.value,
            path=tuple(path),
            keeper=_find_keeper(objects, self.code),
        )

    def tell_node(self, graph: HolderGraph, node: int) -> Holding:
        """Return what the graph says of an owner."""
        if time.monotonic() > self._deadline:
            return _give_up(graph, node)
        nodes = graph.path_to(node)
        if nodes is not None:
            root = graph.root_of[nodes[0]]
            objects = [graph.objects[one] for one in nodes]
            if graph.is_users_path(nodes):
                return self.tell(objects, root, is_reachable=True)
            if graph.is_complete:
                is_known = not graph.has_unseen_holder(node)
                reachable = False if is_known else None
                return self.tell(objects, root, is_reachable=reachable)
        if not graph.is_complete:
            return _give_up(graph, node)
        return self._tell_cycle(graph, node)

    def _tell_cycle(self, graph: HolderGraph, node: int) -> Holding:
        ring = graph.cycle_through(node)
        if ring is None:
            alone = type_name(graph.objects[node])
            return Holding(is_reachable=False, root="", path=(alone,))
        hops = describe_cycle([graph.objects[one] for one in ring], self.code)
        head = "a cycle that nothing else reaches"
        return Holding(is_reachable=False, root="cycle", path=(head, *hops))


def _give_up(graph: HolderGraph, node: int) -> Holding:
    words = f"(the search ended after {len(graph.objects)} objects)"
    path = (words, type_name(graph.objects[node]))
    return Holding(is_reachable=None, root="", path=path)


def _find_keeper(
    objects: Sequence[object], code: CodeMap
) -> weakref.ref[object] | None:
    keeper: weakref.ref[object] | None = None
    for one in objects[:-1]:
        if is_users(one, code):
            keeper = None  # a library holds something of the user's: no part of it
        # A subclass of the user's closes as its base does.
        if keeper is None and _is_closable(type(one), code):
            try:
                keeper = weakref.ref(one)
            except TypeError:
                continue
    return keeper


def _is_closable(kind: type, code: CodeMap) -> bool:
    """Whether a class is a library's, not one of a session's own parts, and closes."""
    return any(
        _is_librarys(cls, code)
        and any(callable(_own(cls).get(one)) for one in _CLOSERS)
        for cls in kind.__mro__
    )


def _is_librarys(cls: type, code: CodeMap) -> bool:
    module = module_of_type(cls)
    top = module.partition(".")[0]
    if top == "builtins" or top in sys.stdlib_module_names:
        return False
    return not code.is_user_module(module) and not code.is_internal(module)
