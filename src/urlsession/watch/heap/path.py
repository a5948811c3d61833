"""How a heap path reads: each hop by the name that the program gives it.

Decides the words: ``App.sessions[0]`` for an attribute and an index, ``local 'x'``
for a suspended frame. An instance's dict, a cell, a traceback are no hop of their
own, and a run of hops inside a library becomes one. Never calls code of the
program: no property, no `__repr__`, no `__eq__`.
"""

from __future__ import annotations

import functools
import types
from typing import TYPE_CHECKING

from .roots import RootKind, read_frame_locals

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..code import CodeMap
    from .roots import Root

__all__ = ("describe_cycle", "describe_path", "type_name")

_NAMED_BY_PATH = frozenset({RootKind.GLOBAL, RootKind.LIBRARY, RootKind.CLASS})
_MAX_SCAN = 10_000  # entries of a container looked through for a key or an index
_MAX_KEY = 40  # characters of a dict key shown
_SUSPENDED = (types.CoroutineType, types.GeneratorType, types.AsyncGeneratorType)


def describe_path(objects: Sequence[object], root: Root, code: CodeMap) -> list[str]:
    """Return the hops from a root down to the last object, root first.

    Args:
        objects: From the root's own object (a namespace, a class, a task) or from
            the object that a local names, down to the owner.
        root: The root.
        code: Tells the user's types from the libraries'.
    """
    is_namespace = root.kind in {RootKind.GLOBAL, RootKind.LIBRARY}
    if is_namespace and type(objects[0]) is dict:
        name = _key_of(objects[0], objects[1]) if len(objects) > 1 else None
        head = f"{root.label}{_as_attribute(name)}"
        rest = objects[1:]
    else:
        head, rest = root.label, objects
        if root.kind is RootKind.TASK and len(rest) > 1:
            rest = rest[1:]  # a task holds its coroutine and nothing else of the user's
        if root.kind is RootKind.CLASS and len(rest) > 1:
            below = 2 if type(rest[1]) is dict and len(rest) > 2 else 1
            head += _as_attribute(_class_attribute(rest[0], rest[below]))
            rest = rest[below:]
    hops = _hops(rest, code)
    if root.kind in _NAMED_BY_PATH:
        while hops and hops[0].startswith("["):
            head += hops.pop(0)
    return [head, *hops, type_name(objects[-1])]


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
        return [*_hops(objects, code), type_name(owner)]
    ring = objects[:-1]
    start = 0
    for at, one in enumerate(ring):
        has_name = type(one).__module__ != "builtins"
        is_users = has_name and code.is_user_module(type(one).__module__)
        if is_users and one is not owner:
            start = at
            break
    turned = [*ring[start:], *ring[:start], ring[start]]
    return [*_hops(turned, code), type_name(turned[-1])]


def type_name(thing: object) -> str:
    """Return the bare name of an object's type."""
    return type(thing).__qualname__.rpartition(".")[2]


def _hops(objects: Sequence[object], code: CodeMap) -> list[str]:
    """Name each holder that has a name, folding runs inside a library."""
    named: list[tuple[str, bool]] = []
    at = 0
    while at < len(objects) - 1:
        holder, steps = objects[at], 1
        held = objects[at + 1]
        if _is_instance_dict(holder, held) and at + 2 < len(objects):
            held, steps = objects[at + 2], 2
            text: str | None = (
                f"{type_name(holder)}{_as_attribute(_key_of(objects[at + 1], held))}"
            )
        else:
            text = _name_hop(holder, held)
        if text is not None:
            named.append((text, code.is_internal(_module_of(holder))))
        at += steps
    return _fold(named)


def _fold(named: list[tuple[str, bool]]) -> list[str]:
    """Join indices to what they index, and keep one hop of a run inside a library."""
    hops: list[str] = []
    was_internal = False
    for text, is_internal in named:
        if text.startswith("[") and hops:
            hops[-1] += text
            continue
        if is_internal and was_internal:
            if not hops[-1].endswith(" …"):
                hops[-1] += " …"
            continue
        hops.append(text)
        was_internal = is_internal
    return hops


def _name_hop(holder: object, held: object) -> str | None:
    """Name one reference, or None where it is no hop of its own."""
    kind = type(holder)
    if kind is types.CellType or kind is types.TracebackType:
        return None
    if kind is dict:
        key = _key_of(holder, held)
        return "[a key]" if key is None else f"[{_show_key(key)}]"
    if kind in {list, tuple}:
        return _name_index(holder, held)
    if isinstance(holder, (set, frozenset)):
        return "[a member]"
    if kind is types.MethodType:
        return f"bound method {getattr(holder, '__qualname__', '?')}()"
    if kind is types.FunctionType:
        return f"function {getattr(holder, '__qualname__', '?')}()"
    if kind is functools.partial:
        return "functools.partial"
    if kind is types.FrameType or isinstance(holder, _SUSPENDED):
        return _name_local(holder, held)
    if isinstance(holder, type):
        return f"{holder.__qualname__}{_as_attribute(_class_attribute(holder, held))}"
    return f"{type_name(holder)}{_as_attribute(_attribute_of(holder, held))}"


def _name_index(holder: object, held: object) -> str | None:
    assert isinstance(holder, (list, tuple))
    for index, one in enumerate(holder[:_MAX_SCAN]):
        if one is held:
            # A closure's tuple of cells is part of its function.
            return None if type(held) is types.CellType else f"[{index}]"
    return "[…]"


def _name_local(holder: object, held: object) -> str:
    frame = holder
    for name in ("cr_frame", "gi_frame", "ag_frame"):
        frame = getattr(holder, name, frame)
    if not isinstance(frame, types.FrameType):
        return type_name(holder)
    code = frame.f_code
    if code.co_flags & 0x1:
        for name, value in read_frame_locals(frame).items():
            if value is held:
                return f"local {name!r} of {code.co_qualname}()"
    return f"{code.co_qualname}() at {code.co_filename}:{frame.f_lineno}"


def _attribute_of(holder: object, held: object) -> str | None:
    """Name the attribute by which an instance holds something, without asking it."""
    try:
        attributes = object.__getattribute__(holder, "__dict__")
    except AttributeError:
        attributes = None
    if type(attributes) is dict:
        key = _key_of(attributes, held)
        if isinstance(key, str):
            return _public(holder, key)
    for cls in type(holder).__mro__:
        for name, member in vars(cls).items():
            if type(member) is types.MemberDescriptorType:
                try:
                    if member.__get__(holder, cls) is held:
                        return _public(holder, name)
                except AttributeError:
                    continue
    return None


def _public(holder: object, name: str) -> str:
    """Prefer the public name of a private attribute, if the type has one."""
    bare = name.lstrip("_")
    return bare if bare and hasattr(type(holder), bare) else name


def _class_attribute(holder: object, held: object) -> object:
    for name, value in list(vars(holder).items()):
        if value is held:
            return name
    return None


def _key_of(holder: object, held: object) -> object:
    assert isinstance(holder, dict)
    for count, (key, value) in enumerate(list(holder.items())):
        if value is held:
            return key
        if count > _MAX_SCAN:
            break
    return None


def _is_instance_dict(holder: object, held: object) -> bool:
    if type(held) is not dict or isinstance(holder, type):
        return False
    try:
        return object.__getattribute__(holder, "__dict__") is held
    except AttributeError:
        return False


def _module_of(holder: object) -> str:
    if isinstance(holder, types.FunctionType | types.MethodType):
        return str(getattr(holder, "__module__", ""))
    return type(holder).__module__


def _as_attribute(name: object) -> str:
    return f".{name}" if isinstance(name, str) else ""


def _show_key(key: object) -> str:
    if type(key) in {str, int, bytes, float, bool, type(None)}:
        text = repr(key)
        return text if len(text) <= _MAX_KEY else text[: _MAX_KEY - 1] + "…"
    return type_name(key)
