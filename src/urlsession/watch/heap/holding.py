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
from .graph import HolderGraph
from .path import describe_cycle, describe_path, type_name
from .roots import Roots

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

__all__ = ("Holding", "find_holdings")

Key = TypeVar("Key")

_CLOSERS = ("close", "aclose")
BUDGET_S = 3.0  # seconds for one search, however large the heap


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
    code = CodeMap(user_packages, internals)
    graph = HolderGraph(Roots(code), time.monotonic() + budget_s)
    nodes: dict[Key, int] = {}
    for key, ref in owners.items():
        # Passed on without a name here: a reference of ours would be taken for one
        # of C code, since it is in no object that the collector knows.
        node = graph.add_owner(ref())
        if node is not None:
            nodes[key] = node
    graph.search()
    return {key: _describe(graph, node, code) for key, node in nodes.items()}


def _describe(graph: HolderGraph, node: int, code: CodeMap) -> Holding:
    nodes = graph.path_to(node)
    if nodes is not None:
        root = graph.root_of[nodes[0]]
        objects = [graph.objects[one] for one in nodes]
        path = describe_path(objects, root, code)
        return Holding(
            is_reachable=root.kind.is_users,
            root=root.kind.value,
            path=tuple(path),
            keeper=_find_keeper(objects, code),
        )
    owner = graph.objects[node]
    if not graph.is_complete:
        gave_up = f"(the search ended after {len(graph.objects)} objects)"
        return Holding(is_reachable=None, root="", path=(gave_up, type_name(owner)))
    ring = graph.cycle_through(node)
    if ring is None:
        return Holding(is_reachable=False, root="", path=(type_name(owner),))
    hops = describe_cycle([graph.objects[one] for one in ring], code)
    head = "a cycle that nothing else reaches"
    return Holding(is_reachable=False, root="cycle", path=(head, *hops))


def _find_keeper(
    objects: Sequence[object], code: CodeMap
) -> weakref.ref[object] | None:
    for one in objects[:-1]:
        if not any(_is_closable(cls, code) for cls in type(one).__mro__):
            continue
        try:
            return weakref.ref(one)
        except TypeError:
            continue
    return None


def _is_closable(cls: type, code: CodeMap) -> bool:
    """Whether a class is a library's, not one of a session's own parts, and closes."""
    module = cls.__module__
    root = module.partition(".")[0]
    if root == "builtins" or root in sys.stdlib_module_names:
        return False
    if code.is_user_module(module) or code.is_internal(module):
        return False
    return any(callable(vars(cls).get(name)) for name in _CLOSERS)
