"""The objects that a user would close: which types they are, and who made each.

Decides what is remembered of an owner when it is made: its line, its moment, and
the library objects that were under construction around it (the client of an SDK).
Holds weak references only.
"""

from __future__ import annotations

import sys
import weakref
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..connections import CallSite
    from .adapter import Adapter

__all__ = ("OwnerBook", "OwnerRecord", "public_name")


class OwnerRecord:
    """One owner, from the moment it was made; outlives it.

    Attributes:
        type: Qualified type name under which a user imports it.
        ref: Weak reference to the owner; calling it gives None once it is freed.
        made_at: The user's line that made it.
        made_at_s: When, in monotonic seconds.
        closed_at_s: When the user closed it; None if that was not seen.
        adapter: Who can tell more of it; None for one that no adapter knows.
        around: Library objects whose methods led to its making, outermost first.
    """

    __slots__ = (
        "__weakref__",
        "adapter",
        "around",
        "closed_at_s",
        "description",
        "made_at",
        "made_at_s",
        "ref",
        "type",
    )

    def __init__(
        self,
        owner: object,
        *,
        adapter: Adapter | None,
        made_at: CallSite | None,
        made_at_s: float | None,
        around: tuple[OwnerRecord, ...] = (),
    ) -> None:
        self.type = public_name(type(owner))
        self.ref: weakref.ref[object] = weakref.ref(owner)
        self.adapter = adapter
        self.made_at = made_at
        self.made_at_s = made_at_s
        self.description: str | None = None
        self.closed_at_s: float | None = None
        self.around = around


class OwnerBook:
    """Every live owner that is known, by identity, and the types that owners have."""

    def __init__(self) -> None:
        self._adapters: dict[type, Adapter | None] = {}
        self._records: dict[int, OwnerRecord] = {}
        self._watches: dict[int, weakref.ref[object]] = {}

    def add_type(self, cls: type, adapter: Adapter) -> None:
        """Have objects of a class and of its subclasses count as owners."""
        # Subclasses that were asked about before must be asked about again.
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
        record = self._records.get(id(owner))
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
        try:
            record = OwnerRecord(
                owner,
                adapter=adapter,
                made_at=made_at,
                made_at_s=made_at_s,
                around=around,
            )
            key = id(owner)
            self._watches[key] = weakref.ref(owner, self._forgetter(key))
        except TypeError:
            return None
        self._records[key] = record
        return record

    def live(self) -> list[OwnerRecord]:
        """Return the records of the owners that are alive."""
        return [one for one in list(self._records.values()) if one.ref() is not None]

    def _forgetter(self, key: int) -> Callable[[weakref.ref[object]], None]:
        records, watches = self._records, self._watches

        def forget(ref: weakref.ref[object]) -> None:
            # The key may belong to a newer object by now.
            if watches.get(key) is ref:
                del watches[key]
                records.pop(key, None)

        return forget


def public_name(cls: type) -> str:
    """Return the shortest dotted name under which a class can be imported."""
    name = cls.__qualname__.rpartition("<locals>.")[2]
    parts = cls.__module__.split(".")
    for end in range(1, len(parts)):
        module = sys.modules.get(".".join(parts[:end]))
        if getattr(module, "__dict__", {}).get(name) is cls:
            return ".".join([*parts[:end], name])
    return f"{cls.__module__}.{name}"
