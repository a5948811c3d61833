"""Reading objects without asking them: nothing here runs code of the program.

Decides how the heap path looks into what it finds. A property, a `__getattr__`, a
`__class__` that is computed (lazy proxies), an `__eq__` or `__hash__` of the program
must not run because somebody looked, so attributes come from the instance's dict and
slots, types from `type()`, and members are compared by identity in C.
"""

from __future__ import annotations

import threading
import types
from collections import deque
from itertools import islice, repeat
from operator import is_
from typing import TYPE_CHECKING, Final, cast

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = (
    "NO_KEY",
    "attribute_name",
    "class_attribute_name",
    "has_in_class",
    "is_a",
    "key_of",
    "module_of_type",
    "namespace_of",
    "position_of",
    "qualname_of_type",
    "read",
    "type_name",
)

NO_KEY: Final = object()
MAX_SCAN = 50_000  # entries of a container looked through for a key or an index
_DESCRIPTORS = (types.GetSetDescriptorType, types.MemberDescriptorType)
_type_module = type.__dict__["__module__"].__get__
_type_qualname = type.__dict__["__qualname__"].__get__
_type_mro = type.__dict__["__mro__"].__get__
_type_dict = type.__dict__["__dict__"].__get__


def is_a(thing: object, kinds: type | tuple[type, ...]) -> bool:
    """Whether the type of an object is one of some kinds, or derived from one.

    `isinstance` would ask the object for its `__class__`. The kinds must be no
    abstract base classes: those run code to answer.
    """
    return issubclass(type(thing), kinds)


def type_name(thing: object) -> str:
    """Return the bare name of an object's type."""
    return qualname_of_type(type(thing)).rpartition(".")[2]


def qualname_of_type(cls: type) -> str:
    """Return a class's qualified name, whatever its metaclass says."""
    return str(_type_qualname(cls))


def module_of_type(cls: type) -> str:
    """Return the name of the module that a class says it is from, or nothing."""
    name = _type_module(cls)
    return name if type(name) is str else ""


def namespace_of(thing: object) -> dict[str, object] | None:
    """Return the own `__dict__` of an instance or a module, None if it has none."""
    if issubclass(type(thing), threading.local):
        return None  # it would be made for this thread, by the program's `__init__`
    for cls in _type_mro(type(thing)):
        member = _type_dict(cls).get("__dict__")
        if type(member) in _DESCRIPTORS:
            found = member.__get__(thing, type(thing))
            # That of a class is a view.
            return found if issubclass(type(found), dict) else None
        # Anything else by this name is the program's, a proxy's for instance.
    return None


def read(thing: object, name: str, default: object = None) -> object:
    """Return an attribute from an instance's dict or its slots, else a default."""
    found = namespace_of(thing)
    if found is not None and name in found:
        return found[name]
    for cls in _type_mro(type(thing)):
        member = _type_dict(cls).get(name)
        if type(member) is types.MemberDescriptorType:
            try:
                return cast("object", member.__get__(thing, cls))
            except AttributeError:
                return default
    return default


def attribute_name(holder: object, held: object) -> str | None:
    """Name the attribute by which an instance holds something."""
    found = namespace_of(holder)
    if found is not None:
        key = key_of(found, held)
        if type(key) is str:
            return _public(holder, key)
    for cls in _type_mro(type(holder)):
        for name, member in list(_type_dict(cls).items()):
            if type(member) is types.MemberDescriptorType:
                try:
                    if member.__get__(holder, cls) is held:
                        return _public(holder, name)
                except AttributeError:
                    continue
    return None


def class_attribute_name(cls: type, held: object) -> str | None:
    """Name the attribute by which a class itself holds something."""
    for name, value in list(_type_dict(cls).items()):
        if value is held:
            return str(name)
    return None


def has_in_class(thing: object, name: str) -> bool:
    """Whether the class of an object, or a base, defines a name."""
    return any(name in _type_dict(cls) for cls in _type_mro(type(thing)))


def key_of(holder: object, held: object) -> object:
    """Return the key under which a dict holds something, `NO_KEY` if there is none."""
    assert isinstance(holder, dict)
    at = _find(dict.values(holder), held)
    if at is None:
        return NO_KEY
    for count, key in enumerate(dict.keys(holder)):
        if count == at:
            return key
    return NO_KEY


def position_of(holder: object, held: object) -> int | None:
    """Return the index at which a list, tuple or deque holds something."""
    # By the base's own iterator: a subclass may have another.
    if isinstance(holder, list):
        return _find(list.__iter__(holder), held)
    if isinstance(holder, tuple):
        return _find(tuple.__iter__(holder), held)
    if isinstance(holder, deque):
        return _find(deque.__iter__(holder), held)
    return None


def _find(values: Iterable[object], held: object) -> int | None:
    # In C and by identity: fifty thousand entries take some two milliseconds.
    try:
        hits = map(is_, islice(values, MAX_SCAN), repeat(held))
        for at, is_it in enumerate(hits):
            if is_it:
                return at
    except RuntimeError:
        return None  # another thread changed it meanwhile
    return None


def _public(holder: object, name: str) -> str:
    """Prefer the public name of a private attribute, if the class has one."""
    bare = name.lstrip("_")
    return bare if bare and has_in_class(holder, bare) else name
