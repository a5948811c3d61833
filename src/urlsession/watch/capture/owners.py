"""The objects that a user would close: which types they are, and who made each.

Decides what is remembered of an owner when it is made: its line, its moment, and
the library objects that were under construction around it (the client of an SDK).
Holds weak references only.
"""

from __future__ import annotations

import sys
import weakref
from typing import TYPE_CHECKING, NamedTuple, Self, TypeAlias

from ...connections import object_identity

if TYPE_CHECKING:
    from collections.abc import Callable

    from ...connections import CallSite
    from ..adapter import Adapter, OwnerState

    _Making: TypeAlias = tuple[CallSite | None, float | None, tuple["OwnerRecord", ...]]

__all__ = ("OwnerBook", "OwnerRecord", "PartRef", "public_name")

_MAX_MAKINGS = 256  # owners made and not told of by a part yet


class PartRef(weakref.ref[object]):
    """Refers to an owner that takes no weak reference, through a part of it.

    Args:
        part: What lives as long as the owner.
        callback: As for any weak reference.
        name: The attribute by which the part refers to the owner.
    """

    __slots__ = ("_name",)
    _name: str

    def __new__(
        cls,
        part: object,
        callback: Callable[[weakref.ref[object]], None] | None,
        name: str,
    ) -> Self:
        """Make a reference."""
        self = super().__new__(cls, part, callback)
        self._name = name
        return self

    def __init__(self, *_: object) -> None:
        """Do nothing: the base's takes no name, and has nothing to do either."""

    def __call__(self) -> object:
        """Return the owner, or None once the part is freed."""
        part = super().__call__()
        return None if part is None else getattr(part, self._name, None)


class OwnerRecord:
    """One owner, from the moment it was made; outlives it.

    Attributes:
        type: Qualified type name under which a user imports it.
        ref: Weak reference to the owner; calling it gives None once it is freed.
        made_at: The user's line that made it.
        made_at_s: When, in monotonic seconds.
        closed_at_s: When the user closed it; None if that was not seen.
        adapter: Who can tell more of it; None for one that no adapter knows.
        is_part: Whether it mostly is a part of another library's owner.
        words: What to say of it once it is gone; None where nothing is known.
        around: Library objects whose methods led to its making, outermost first.
        is_handmade: Whether the user's own code called its constructor, so that no
            client of an SDK around it is what the user would close.
    """

    __slots__ = (
        "__weakref__",
        "adapter",
        "around",
        "closed_at_s",
        "description",
        "is_handmade",
        "is_part",
        "made_at",
        "made_at_s",
        "ref",
        "type",
        "words",
    )

    def __init__(
        self,
        owner: object,
        *,
        adapter: Adapter | None,
        made_at: CallSite | None,
        made_at_s: float | None,
        around: tuple[OwnerRecord, ...] = (),
        ref: weakref.ref[object] | None = None,
        type_name: str = "",
    ) -> None:
        self.type = type_name or public_name(type(owner))
        self.ref: weakref.ref[object] = weakref.ref(owner) if ref is None else ref
        self.adapter = adapter
        self.made_at = made_at
        self.made_at_s = made_at_s
        self.description: str | None = None
        self.closed_at_s: float | None = None
        self.around = around
        self.is_handmade = False
        self.is_part = False
        self.words: OwnerState | None = None


class _Kind(NamedTuple):
    """What all owners of one class have in common."""

    name: str
    is_part: bool
    words: OwnerState | None


class OwnerBook:
    """Every live owner that is known, by identity, and the types that owners have."""

    def __init__(self) -> None:
        self._adapters: dict[type, Adapter | None] = {}
        self._parts: set[type] = set()
        self._words: dict[type, OwnerState] = {}
        self._kinds: dict[type, _Kind] = {}  # asked for at each making
        self._records: dict[int, OwnerRecord] = {}
        self._watches: dict[int, weakref.ref[object]] = {}
        # Owners that take no weak reference, until a part of them is told of.
        self._makings: dict[int, _Making] = {}

    def add_type(
        self,
        cls: type,
        adapter: Adapter,
        *,
        is_part: bool = False,
        words: OwnerState | None = None,
    ) -> None:
        """Have objects of a class and of its subclasses count as owners.

        Args:
            cls: The class.
            adapter: Who knows its objects.
            is_part: Whether they mostly are parts of another library's owners.
            words: What to say of one that is gone.
        """
        if is_part:
            self._parts.add(cls)
        if words is not None:
            self._words[cls] = words
        # Subclasses that were asked about before must be asked about again.
        self._kinds.clear()
        self._adapters = {
            one: known for one, known in self._adapters.items() if known is not None
        }
        self._adapters[cls] = adapter

    def adapter_of(self, cls: type) -> Adapter | None:
        """Return who knows objects of a class; None if they are no owners."""
        try:
            return self._adapters[cls]
        except KeyError:
            found = None
            for base in cls.__mro__[1:]:
                found = self._adapters.get(base)
                if found is not None:
                    break
            self._adapters[cls] = found
            return found

    def find(self, owner: object) -> OwnerRecord | None:
        """Return the record of an object, if it has one."""
        record = self._records.get(object_identity(owner))
        if record is None or record.ref() is not owner:
            return None
        return record

    def add(
        self,
        owner: object,
        *,
        adapter: Adapter | None,
        made_at: CallSite | None,
        made_at_s: float | None,
        around: tuple[OwnerRecord, ...] = (),
    ) -> OwnerRecord | None:
        """Remember an owner; None for an object that cannot be referred to weakly."""
        known = self.find(owner)
        if known is not None:
            return known
        kind = self._kinds.get(type(owner)) or self._look_at(type(owner))
        try:
            record = OwnerRecord(
                owner,
                adapter=adapter,
                made_at=made_at,
                made_at_s=made_at_s,
                around=around,
                type_name=kind.name,
            )
            key = object_identity(owner)
            self._watches[key] = weakref.ref(owner, self._forgetter(key))
        except TypeError:
            self._note_making(owner, made_at, made_at_s, around)
            return None
        self._records[key] = record
        record.is_part, record.words = kind.is_part, kind.words
        return record

    def add_by_part(
        self, owner: object, part: object, name: str, *, adapter: Adapter | None
    ) -> OwnerRecord:
        """Remember an owner that takes no weak reference, through a part of it.

        Args:
            owner: The owner; its making was noted when `add` failed.
            part: What can be referred to weakly and lives as long.
            name: The attribute by which the part refers to the owner.
            adapter: Who can tell more of it.
        """
        key = object_identity(owner)
        made_at, made_at_s, around = self._makings.pop(key, (None, None, ()))
        record = OwnerRecord(
            owner,
            adapter=adapter,
            made_at=made_at,
            made_at_s=made_at_s,
            around=around,
            ref=PartRef(part, None, name),
        )
        self._watches[key] = weakref.ref(part, self._forgetter(key))
        self._records[key] = record
        return record

    def live(self) -> list[OwnerRecord]:
        """Return the records of the owners that are alive."""
        return [one for one in list(self._records.values()) if one.ref() is not None]

    def _look_at(self, cls: type) -> _Kind:
        lineage = cls.__mro__
        words = (self._words[one] for one in lineage if one in self._words)
        kind = _Kind(
            public_name(cls),
            any(one in self._parts for one in lineage),
            next(words, None),
        )
        if cls in self._adapters:  # kept anyway
            self._kinds[cls] = kind
        return kind

    def _note_making(
        self,
        owner: object,
        made_at: CallSite | None,
        made_at_s: float | None,
        around: tuple[OwnerRecord, ...],
    ) -> None:
        makings = self._makings
        makings.pop(object_identity(owner), None)
        makings[object_identity(owner)] = made_at, made_at_s, around
        while len(makings) > _MAX_MAKINGS:
            del makings[next(iter(makings))]

    def _forgetter(self, key: int) -> Callable[[weakref.ref[object]], None]:
        records, watches = self._records, self._watches

        def forget(ref: weakref.ref[object]) -> None:
            # The key may belong to a newer object by now.
            if watches.get(key) is ref:
                del watches[key]
                records.pop(key, None)

        return forget


def public_name(cls: type) -> str:
    """Return the shortest dotted name under which a class can be imported.

    A private class of the standard library goes by its public base.
    """
    if cls.__module__.partition(".")[0] in sys.stdlib_module_names:
        cls = next((one for one in cls.__mro__ if one.__name__[0] != "_"), cls)
    name = cls.__qualname__.rpartition("<locals>.")[2]
    parts = cls.__module__.split(".")
    is_private = any(one.startswith("_") for one in parts[1:])
    for end in range(1, len(parts)):
        module = sys.modules.get(".".join(parts[:end]))
        is_there = getattr(module, "__dict__", {}).get(name) is cls
        if is_there and not (is_private and name.startswith("_")):
            return ".".join([*parts[:end], name])
    base = cls.__base__
    if name.startswith("_") and not is_private:
        # It may go by another name than it was given: then nobody can write this one.
        module = sys.modules.get(cls.__module__)
        is_private = getattr(module, "__dict__", {}).get(name) is not cls
        is_private = is_private and "<locals>" not in cls.__qualname__
    if is_private and base is not None and base is not object:
        # A subclass that a library keeps to itself: what it derives from says more.
        return public_name(base)
    return f"{cls.__module__}.{name}"
