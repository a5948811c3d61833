"""How one reference reads: by the name that the program gives it.

Decides the words of a hop: ``App.sessions[0]`` for an attribute and an index,
``local 'x' of f()`` for a suspended frame, ``cache of load()``. Some references take
several objects (an instance, its dict, the value) and some are no hop of their own
(a cell, a traceback); how many were used is told with the words.
"""

from __future__ import annotations

import enum
import functools
import threading
import types
import weakref
from collections import OrderedDict, defaultdict, deque
from contextvars import Context
from typing import TYPE_CHECKING, cast

from .frames import describe_code, read_frame_locals
from .ownership import callable_of, frame_of, name_of_callable
from .peek import (
    NO_KEY,
    attribute_name,
    class_attribute_name,
    is_a,
    key_of,
    namespace_of,
    position_of,
    qualname_of_type,
    read,
    type_name,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ("Hop", "index_of", "name_hop")

Hop = tuple[str | None, int]  # the words, None for no hop; the objects it takes

_CO_OPTIMIZED = 0x1  # a function's frame, not a module's
_MAX_KEY = 40  # characters of a dict key shown
_PLAIN_DICTS = (dict, OrderedDict, defaultdict)
_PLAIN_LISTS = (list, tuple, deque)
_PLAIN_KEYS = frozenset({str, int, bytes, float, bool, type(None)})
_LRU_CACHE = type(functools.lru_cache(lambda: None))
_ERROR_LINKS = {
    "__traceback__": "traceback of",
    "__context__": "context of",
    "__cause__": "cause of",
}
_CALLS = {
    "Handle": "call of",
    "TimerHandle": "timer of",
    "_WorkItem": "queued call of",
    "Thread": "thread of",
}


def name_hop(objects: Sequence[object], at: int) -> Hop:
    """Name the reference that begins at an object of a path.

    Args:
        objects: The path, root first; the last one is the owner.
        at: Index of the holder.
    """
    holder = objects[at]
    if is_a(holder, (types.CellType, types.TracebackType)):
        return None, 1
    if is_a(holder, (set, frozenset)):
        return "[a member]", 1
    for kind, name in _NAMERS:
        if is_a(holder, kind):
            return name(objects, at)
    return _name_instance(objects, at)


def index_of(holder: object, held: object) -> str:
    """Return the index or key, in brackets, by which a container holds something."""
    if is_a(holder, dict):
        key = key_of(holder, held)
        return "[a key]" if key is NO_KEY else f"[{_show_key(key)}]"
    place = position_of(holder, held)
    return "[…]" if place is None else f"[{place}]"


def _name_dict(objects: Sequence[object], at: int) -> Hop:
    words = index_of(objects[at], objects[at + 1])
    if namespace_of(objects[at]) is objects[at + 1]:
        return _name_instance(objects, at)
    if type(objects[at]) not in _PLAIN_DICTS:
        attribute = attribute_name(objects[at], objects[at + 1])
        name = type_name(objects[at])
        # Of a class of the program's: it has a name, and may have attributes too.
        words = f"{name}.{attribute}" if attribute else f"{name}{words}"
    return words, 1


def _name_list(objects: Sequence[object], at: int) -> Hop:
    holder, held = objects[at], objects[at + 1]
    if type(held) is types.CellType:
        return None, 1  # a closure's cells are part of its function
    if type(holder) in _PLAIN_LISTS:
        return index_of(holder, held), 1
    place = position_of(holder, held)
    fields = _fields_of(type(holder))
    if place is not None and place < len(fields):
        return f"{type_name(holder)}.{fields[place]}", 1
    if place is None:
        return _name_instance(objects, at)
    return f"{type_name(holder)}[{place}]", 1


def _fields_of(cls: type) -> tuple[str, ...]:
    """Return the names of a named tuple's fields."""
    for base in type.__dict__["__mro__"].__get__(cls):
        found = type.__dict__["__dict__"].__get__(base).get("_fields")
        if type(found) is tuple:
            return found
    return ()


def _name_method(objects: Sequence[object], at: int) -> Hop:
    return f"bound method {name_of_callable(objects[at])}", 1


def _name_function(objects: Sequence[object], at: int) -> Hop:
    function = cast("types.FunctionType", objects[at])
    name = name_of_callable(function)
    below = objects[at + 1]
    rest = len(objects) - at - 1
    if below is function.__closure__ and rest >= 3:
        cells = cast("tuple[types.CellType, ...]", below)
        for variable, cell in zip(function.__code__.co_freevars, cells, strict=False):
            if cell is objects[at + 2]:
                maker = function.__qualname__.rpartition(".<locals>.")[0]
                whose = f"{maker}()" if maker else name
                return f"closure of {whose}: {variable!r}", 3
    if below is function.__defaults__ and rest >= 2:
        return _name_default(function, name, objects[at + 2]), 2
    if rest >= 2 and type(below) is dict:
        key = key_of(below, objects[at + 2])
        if below is function.__kwdefaults__ and type(key) is str:
            return f"default {key!r} of {name}", 2
        if below is namespace_of(function) and type(key) is str:
            return f"{name}.{key}", 2
    return f"function {name}", 1


def _name_default(function: types.FunctionType, name: str, held: object) -> str:
    code, defaults = function.__code__, function.__defaults__ or ()
    first = code.co_argcount - len(defaults)
    at = position_of(defaults, held)
    if at is None or not 0 <= first + at < len(code.co_varnames):
        return f"default of {name}"
    return f"default {code.co_varnames[first + at]!r} of {name}"


def _name_partial(objects: Sequence[object], at: int) -> Hop:
    name = name_of_callable(objects[at])
    below = objects[at + 1]
    if is_a(below, (tuple, dict)) and at + 2 < len(objects):
        return f"partial of {name}{index_of(below, objects[at + 2])}", 2
    return f"partial of {name}", 1


def _name_suspended(objects: Sequence[object], at: int) -> Hop:
    frame = frame_of(objects[at])
    if frame is None:
        return type_name(objects[at]), 1
    code, held = frame.f_code, objects[at + 1]
    where = describe_code(code, frame.f_lineno)
    if not code.co_flags & _CO_OPTIMIZED:
        return where, 1
    # What functions inside use as well is in a cell.
    steps = 2 if type(held) is types.CellType and at + 2 < len(objects) else 1
    for name, value in read_frame_locals(frame).items():
        if value is objects[at + steps]:
            return f"local {name!r} of {where}", steps
    return where, 1


def _name_cache(objects: Sequence[object], at: int) -> Hop:
    wrapped = read(objects[at], "__wrapped__")
    name = name_of_callable(wrapped) if wrapped is not None else "a function"
    steps = 1
    if type(objects[at + 1]) is dict and at + 2 < len(objects):
        steps = 2  # without a bound the cache is a dict
    return f"cache of {name}", steps


def _name_module(objects: Sequence[object], at: int) -> Hop:
    words = f"module {read(objects[at], '__name__')}"
    if at + 2 >= len(objects) or not is_a(objects[at + 1], dict):
        return words, 1
    key = key_of(objects[at + 1], objects[at + 2])
    return f"{words}.{key}" if type(key) is str else words, 2


def _name_class(objects: Sequence[object], at: int) -> Hop:
    holder = cast("type", objects[at])
    steps = 2 if type(objects[at + 1]) is dict and at + 2 < len(objects) else 1
    name = class_attribute_name(holder, objects[at + 1])
    if name is None and steps == 2:
        name = class_attribute_name(holder, objects[at + 2])
    elif name is not None:
        steps = 1
    return f"{qualname_of_type(holder)}{_as_attribute(name)}", steps


def _name_context(objects: Sequence[object], at: int) -> Hop:
    steps = 1
    while at + steps < len(objects) - 1:
        if not type_name(objects[at + steps]).startswith("hamt"):
            break
        steps += 1
    for variable, value in cast("Context", objects[at]).items():
        if value is objects[at + steps]:
            return f"context variable {variable.name!r}", steps
    return "context", steps


def _name_thread_local(objects: Sequence[object], at: int) -> Hop:
    # The local, its table of threads, the dict of one thread, the value.
    if len(objects) - at > 3 and is_a(objects[at + 2], dict):
        key = key_of(objects[at + 2], objects[at + 3])
        if type(key) is str:
            is_plain = type(objects[at]) is threading.local
            name = "" if is_plain else type_name(objects[at])
            return f"{name}.{key} of one thread", 3
    return type_name(objects[at]), 1


def _name_error(objects: Sequence[object], at: int) -> Hop:
    holder = objects[at]
    for name, words in _ERROR_LINKS.items():
        if BaseException.__dict__[name].__get__(holder) is objects[at + 1]:
            return f"{words} {type_name(holder)}", 1
    return _name_instance(objects, at)


def _name_instance(objects: Sequence[object], at: int) -> Hop:
    holder, below = objects[at], objects[at + 1]
    call = callable_of(holder)
    if call is not None:
        return _name_call(objects, at, call)
    steps = 1
    if type(below) is dict and at + 2 < len(objects) and namespace_of(holder) is below:
        steps = 2  # an instance's dict is no hop of its own
    name = attribute_name(holder, objects[at + steps])
    return f"{type_name(holder)}{_as_attribute(name)}", steps


def _name_call(objects: Sequence[object], at: int, call: object) -> Hop:
    """Name a call that waits to be made; what it will pass is part of it."""
    kind = type_name(objects[at])
    words = _CALLS.get(kind, f"{kind} of")
    if kind == "_Info":
        watched = read(objects[at], "weakref")
        if type(watched) is weakref.ReferenceType:
            words = f"finalizer of {type_name(watched())},"
    words += f" {name_of_callable(call)}"
    steps, below = 1, objects[at + 1]
    if namespace_of(objects[at]) is below:
        steps, below = 2, objects[min(at + 2, len(objects) - 1)]
    if is_a(below, (tuple, dict)) and at + steps + 1 < len(objects):
        return words + index_of(below, objects[at + steps + 1]), steps + 1
    return words, steps


def _as_attribute(name: str | None) -> str:
    return "" if name is None else f".{name}"


def _show_key(key: object) -> str:
    parts = key if type(key) is tuple else (key,)
    if all(type(one) in _PLAIN_KEYS for one in parts):
        text = repr(key)
    elif is_a(key, type):
        text = qualname_of_type(cast("type", key))
    elif is_a(key, enum.Enum):
        text = f"{type_name(key)}.{read(key, '_name_')}"
    elif is_a(key, weakref.ReferenceType):
        text = f"weak {type_name(cast('weakref.ref[object]', key)())}"
    else:
        text = type_name(key)
    return text if len(text) <= _MAX_KEY else text[: _MAX_KEY - 1] + "…"


# The first that fits counts, so what is derived stands before its base.
_NAMERS: tuple[tuple[type | tuple[type, ...], Callable[..., Hop]], ...] = (
    (dict, _name_dict),
    (_PLAIN_LISTS, _name_list),
    (types.MethodType, _name_method),
    (types.FunctionType, _name_function),
    (functools.partial, _name_partial),
    (
        (
            types.FrameType,
            types.CoroutineType,
            types.GeneratorType,
            types.AsyncGeneratorType,
        ),
        _name_suspended,
    ),
    (_LRU_CACHE, _name_cache),
    (type, _name_class),
    (types.ModuleType, _name_module),
    (Context, _name_context),
    (threading.local, _name_thread_local),
    (BaseException, _name_error),
)
