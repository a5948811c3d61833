"""How a whole heap path reads: the root, the hops, the owner's type.

Decides what is left out: an index belongs to what it indexes, a run of hops inside a
library becomes one that is marked with …, and of a long path the middle is only
counted. The words of a single hop are in `names`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from .names import name_hop
from .ownership import callable_of, is_users, module_of
from .peek import (
    NO_KEY,
    class_attribute_name,
    is_a,
    key_of,
    type_name,
)
from .roots import RootKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..code import CodeMap
    from .roots import Root

__all__ = ("describe_cycle", "describe_path")

MAX_HOPS = 8  # between the root and the owner; of more, the middle is counted
_SUFFIXES = ("[", ".")  # of hops that are part of the one before
_NAMED_BY_PATH = frozenset({RootKind.GLOBAL, RootKind.LIBRARY, RootKind.CLASS})


def describe_path(objects: Sequence[object], root: Root, code: CodeMap) -> list[str]:
    """Return the hops from a root down to the last object, root first.

    Args:
        objects: From the root's own object (a namespace, a class, a task) or from
            the object that a local names, down to the owner.
        root: The root.
        code: Tells the user's types from the libraries'.
    """
    head, rest = _head(objects, root)
    hops = _hops(rest, code)
    while hops and hops[0].startswith(_SUFFIXES):
        head = _indexed(head, hops.pop(0))
    return [head, *_shortened(hops), type_name(objects[-1])]


def describe_cycle(objects: Sequence[object], code: CodeMap) -> list[str]:
    """Return the hops of a cycle that keeps an owner.

    A cycle through the owner is told from the user's own object on it, if there is
    one, back to that; another is told from its beginning down to the owner.

    Args:
        objects: In holding order, the owner last, and also first if it is on it.
        code: Tells the user's types from the libraries'.
    """
    owner = objects[-1]
    if objects[0] is not owner:
        return [*_shortened(_hops(objects, code)), type_name(owner)]
    ring = objects[:-1]
    # An object of the user's rather than a bound method of it, else the owner.
    start = next(
        (
            at
            for at, one in enumerate(ring)
            if one is not owner and is_users(one, code) and not callable(one)
        ),
        0,
    )
    turned = [*ring[start:], *ring[:start], ring[start]]
    return [*_shortened(_hops(turned, code)), type_name(turned[-1])]


def _head(objects: Sequence[object], root: Root) -> tuple[str, Sequence[object]]:
    """Return the root's words and the objects that they do not cover."""
    if len(objects) == 1:
        return root.label, objects
    first, below = objects[0], objects[1]
    if root.kind in {RootKind.GLOBAL, RootKind.LIBRARY} and type(first) is dict:
        key = key_of(first, below)
        return _dotted(root.label, None if key is NO_KEY else str(key)), objects[1:]
    if root.kind in _NAMED_BY_PATH and is_a(first, type):
        cls = cast("type", first)
        attribute = class_attribute_name(cls, below)
        if attribute is not None or len(objects) == 2:
            return _dotted(root.label, attribute), objects[1:]
        # By way of the class's namespace, which has no name of its own.
        return _dotted(root.label, class_attribute_name(cls, objects[2])), objects[2:]
    if root.kind is RootKind.TASK:
        return root.label, objects[1:]  # a task holds little but its coroutine
    if root.kind is RootKind.LOOP:
        # What a loop has scheduled is told by the call, not by the loop's tables.
        return root.label, objects[_first_call(objects) :]
    return root.label, objects


def _first_call(objects: Sequence[object]) -> int:
    for at, one in enumerate(objects[1:-1], 1):
        if callable_of(one) is not None:
            return at
    return 0


def _hops(objects: Sequence[object], code: CodeMap) -> list[str]:
    """Name each holder that has a name, folding runs inside a library."""
    named: list[tuple[str, bool]] = []
    at = 0
    while at < len(objects) - 1:
        text, steps = name_hop(objects, at)
        if text is not None:
            named.append((text, code.is_internal(module_of(objects[at]))))
        at += steps
    return _fold(named)


def _fold(named: list[tuple[str, bool]]) -> list[str]:
    """Join indices to what they index, and keep one hop of a run inside a library."""
    hops: list[str] = []
    was_internal = False
    for text, is_internal in named:
        if text.startswith(_SUFFIXES) and hops:
            if not hops[-1].endswith(" …"):
                hops[-1] = _indexed(hops[-1], text)
            continue
        if is_internal and was_internal:
            if not hops[-1].endswith(" …"):
                hops[-1] += " …"
            continue
        hops.append(text)
        was_internal = is_internal
    return hops


def _shortened(hops: list[str]) -> list[str]:
    if len(hops) <= MAX_HOPS:
        return hops
    first = MAX_HOPS // 2
    last = MAX_HOPS - 1 - first
    left_out = len(hops) - first - last
    return [*hops[:first], f"… {left_out} more …", *hops[-last:]]


def _indexed(text: str, index: str) -> str:
    """Add an index to a hop; that of a local belongs to the local's name."""
    name, of, where = text.partition("' of ")
    if of and name.startswith(("local '", "default '")):
        return f"{name}'{index} of {where}"
    return text + index


def _dotted(label: str, name: str | None) -> str:
    return label if name is None else f"{label}.{name}"
