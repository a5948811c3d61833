"""Validated properties, and what their values may be.

Decides how a wrong value is told: `TypeError` for a wrong kind, `ValueError` for
a wrong value, both at the assignment and naming the property. Must not know
which properties there are.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Callable, Sequence
from typing import Generic, Protocol, Self, TypeVar, overload

__all__ = (
    "Check",
    "HasValues",
    "Setting",
    "alpn_or_none",
    "class_tuple",
    "count",
    "flag",
    "interval",
    "member",
    "moment",
    "no_dnssec",
    "object_or_none",
    "object_tuple",
    "optional_interval",
    "path_or_none",
    "pem_or_none",
    "protocol_class_tuple",
    "text_or_none",
)

_T = TypeVar("_T")
_EnumT = TypeVar("_EnumT", bound=enum.IntEnum)

ALPN_IDS = ("http/1.1", "h2", "h3")

Check = Callable[[str, object], _T]
"""Takes a property's name and a value for it; returns the value to keep, or raises."""


class HasValues(Protocol):
    """An object whose settings that differ from their defaults are in `_values`."""

    _values: dict[str, object]


class Setting(Generic[_T]):
    """A property that has a default and checks what it is given.

    Args:
        default: The value until another is set.
        check: Returns the value to keep, or raises.
        doc: The property's docstring.
        acts: False if it is kept but does nothing yet; the docstring then says so.
    """

    def __init__(
        self, default: _T, check: Check[_T], doc: str, *, acts: bool = True
    ) -> None:
        self.default = default
        self.acts = acts
        self._check = check
        self._name = ""
        self.__doc__ = doc if acts else f"{doc} Accepted; does not act yet."

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instance: HasValues, owner: type) -> _T: ...
    def __get__(self, instance: HasValues | None, owner: type) -> Self | _T:
        if instance is None:
            return self
        # The dictionary is written by `__set__` only, so that this is a _T.
        return instance._values.get(self._name, self.default)  # type: ignore[return-value]

    def __set__(self, instance: HasValues, value: _T) -> None:
        instance._values[self._name] = self._check(self._name, value)


def _kind(value: object) -> str:
    return type(value).__name__


def flag(name: str, value: object) -> bool:
    """Accept True and False only: a string "no" is true, which nobody means."""
    if not isinstance(value, bool):
        raise TypeError(f"{name} must be a bool, not {_kind(value)}")
    return value


def interval(name: str, value: object) -> float:
    """Accept seconds above 0; infinity means never."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{name} must be a number of seconds, not {_kind(value)}")
    if math.isnan(value) or value <= 0:
        raise ValueError(f"{name} must be above 0 seconds, not {value}")
    return float(value)


def optional_interval(name: str, value: object) -> float | None:
    """Accept seconds from 0 up, or None for never."""
    return None if value is None else 0.0 if value == 0 else interval(name, value)


def count(name: str, value: object) -> int:
    """Accept a whole number from 1 up."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} must be an int, not {_kind(value)}")
    if value < 1:
        raise ValueError(f"{name} must be at least 1, not {value}")
    return value


def moment(name: str, value: object) -> float:
    """Accept a datetime that has a time zone; return its seconds since 1970."""
    from datetime import datetime  # for a program that names a date

    if not isinstance(value, datetime):
        raise TypeError(f"{name} must be a datetime, not {_kind(value)}")
    if value.tzinfo is None:
        raise ValueError(f"{name} {value} has no time zone: datetime.now(UTC) has one")
    return value.timestamp()


def member(kind: type[_EnumT]) -> Check[_EnumT]:
    """Return a check that accepts the members of an enum, by number too."""

    def check(name: str, value: object) -> _EnumT:
        if isinstance(value, bool) or not isinstance(value, int):
            raise TypeError(f"{name} must be a {kind.__name__}, not {_kind(value)}")
        try:
            return kind(value)
        except ValueError:
            raise ValueError(f"{name}: {value} is no {kind.__name__}") from None

    return check


def no_dnssec(name: str, value: object) -> bool:
    """Accept False: a promise that cannot be kept must not be taken in silence."""
    if flag(name, value):
        raise ValueError(
            f"{name} is not offered: libcurl's resolver does not tell whether it has "
            "validated a name; let the system's resolver validate (systemd-resolved, "
            "unbound), and leave this False"
        )
    return False


def text_or_none(name: str, value: object) -> str | None:
    """Accept a str that is not empty, or None."""
    if value is not None and not isinstance(value, str):
        raise TypeError(f"{name} must be a str or None, not {_kind(value)}")
    if value == "":
        raise ValueError(f"{name} must not be empty; None means not set")
    return value


def alpn_or_none(name: str, value: object) -> str | None:
    """Accept the ALPN id of a version of HTTP, or None."""
    if value is not None and value not in ALPN_IDS:
        known = ", ".join(map(repr, ALPN_IDS))
        raise ValueError(f"{name} must be None or one of {known}, not {value!r}")
    return value if isinstance(value, str) else None


def object_or_none(_: str, value: object) -> object | None:
    """Accept anything: the type it must have is not there yet."""
    return value


def object_tuple(name: str, value: object) -> tuple[object, ...]:
    """Accept a sequence, of which a tuple is kept."""
    if isinstance(value, str | bytes) or not isinstance(value, Sequence):
        raise TypeError(f"{name} must be a sequence, not {_kind(value)}")
    return tuple(value)


def class_tuple(name: str, value: object) -> tuple[type, ...]:
    """Accept a sequence of classes, of which a tuple is kept."""
    kept: list[type] = []
    for one in object_tuple(name, value):
        if not isinstance(one, type):
            raise TypeError(f"{name} must hold classes, not {_kind(one)}")
        kept.append(one)
    return tuple(kept)


def protocol_class_tuple(name: str, value: object) -> tuple[type, ...]:
    """Accept a sequence of subclasses of `URLProtocol`, known by what they can do."""
    kept = class_tuple(name, value)
    for one in kept:
        if not all(hasattr(one, method) for method in _PROTOCOL_METHODS):
            raise TypeError(f"{name} must hold subclasses of URLProtocol, not {one!r}")
    return kept


_PROTOCOL_METHODS = ("can_init", "can_init_task", "start_loading", "stop_loading")


def path_or_none(name: str, value: object) -> str | None:
    """Accept a path (a str is kept), or None."""
    if value is None:
        return None
    path = value.__fspath__() if hasattr(value, "__fspath__") else value
    if not isinstance(path, str):
        raise TypeError(f"{name} must be a path or None, not {_kind(value)}")
    if not path:
        raise ValueError(f"{name}: the path is empty")
    return path


def pem_or_none(name: str, value: object) -> str | bytes | None:
    """Accept PEM as bytes, the path of a PEM file (a str is kept), or None."""
    if value is None:
        return None
    if isinstance(value, bytes):
        if b"-----BEGIN CERTIFICATE-----" not in value:
            raise ValueError(f"{name}: the bytes hold no PEM certificate")
        return value
    path = value.__fspath__() if hasattr(value, "__fspath__") else value
    if not isinstance(path, str):
        raise TypeError(f"{name} must be a path, bytes or None, not {_kind(value)}")
    if not path:
        raise ValueError(f"{name}: the path is empty")
    return path
