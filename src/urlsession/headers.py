"""Header fields: case-insensitive names, order and duplicates kept.

Decides what a legal field is when our caller sets one (`UsageError` if it is
not) and how lines from a peer become fields (leniently: libcurl has let them
pass). Must not know which header means what.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias, TypeVar, overload

from .errors import UsageError

__all__ = ("HTTPHeaders", "HeadersInit", "is_token")

HeadersInit: TypeAlias = "HTTPHeaders | Mapping[str, str] | Iterable[tuple[str, str]]"
"""What header fields are made from: a mapping, or (name, value) pairs."""

_T = TypeVar("_T")

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
# Control characters except tab: CR, LF and NUL would let a value add fields of
# its own, the others have no meaning and are refused by many servers.
_FORBIDDEN_IN_VALUE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]|[^\x00-\xff]")


class HTTPHeaders:
    """The fields of one message, in order.

    Looks like a mapping from name to value: a name given twice has its values
    joined with ``", "``. Names compare without case and keep the one they came
    with. `items` and `get_all` give each field by itself.

    Args:
        fields: A mapping or (name, value) pairs.

    Raises:
        UsageError: A name is not a token, or a value holds a control character
            or one outside Latin-1.
    """

    __slots__ = ("_fields", "_values")

    _fields: list[tuple[str, str]]
    _values: dict[str, list[str]] | None  # by lower-case name, made when asked

    def __init__(self, fields: HeadersInit = ()) -> None:
        self._values = None
        if isinstance(fields, HTTPHeaders):
            self._fields = fields._fields.copy()
            return
        pairs = fields.items() if isinstance(fields, Mapping) else fields
        self._fields = [(name, _checked(name, value)) for name, value in pairs]

    @classmethod
    def parse(cls, lines: Sequence[bytes]) -> HTTPHeaders:
        """Make headers of raw lines as a peer sent them, status line excluded.

        A line that starts with a space or tab goes on the line before (obs-fold);
        one without a colon is left out. Bytes are read as Latin-1.

        Args:
            lines: One field each, with or without its line end.
        """
        fields: list[tuple[str, str]] = []
        for raw in lines:
            line = raw.decode("latin-1")
            name, colon, value = line.partition(":")
            if line[:1] in _FOLD:
                if fields and (more := line.strip(_SPACE)):
                    last_name, last_value = fields[-1]
                    fields[-1] = last_name, f"{last_value} {more}".lstrip(_SPACE)
            elif colon and (name := name.rstrip(_SPACE)):
                fields.append((name, value.strip(_SPACE)))
        made = cls.__new__(cls)
        made._fields = fields
        made._values = None
        return made

    def __getitem__(self, name: str) -> str:
        """Return the value of `name`; several are joined with ``", "``."""
        values = self._index().get(name.lower())
        if values is None:
            raise KeyError(name)
        return values[0] if len(values) == 1 else ", ".join(values)

    @overload
    def get(self, name: str) -> str | None: ...
    @overload
    def get(self, name: str, default: _T) -> str | _T: ...
    def get(self, name: str, default: _T | None = None) -> str | _T | None:
        """Return the value of `name`, or `default` if there is no such field."""
        values = self._index().get(name.lower())
        if values is None:
            return default
        return values[0] if len(values) == 1 else ", ".join(values)

    def get_all(self, name: str) -> list[str]:
        """Return the value of each field called `name`, in order."""
        return list(self._index().get(name.lower(), ()))

    def set(self, name: str, value: str) -> None:
        """Make `value` the only one of `name`, in the place of the first.

        Raises:
            UsageError: The name or the value is not legal.
        """
        value = _checked(name, value)
        wanted = name.lower()
        kept: list[tuple[str, str]] = []
        is_placed = False
        for field in self._fields:
            if field[0].lower() != wanted:
                kept.append(field)
            elif not is_placed:
                kept.append((name, value))
                is_placed = True
        if not is_placed:
            kept.append((name, value))
        self._fields = kept
        self._values = None

    def add(self, name: str, value: str) -> None:
        """Add a field and keep those of the same name.

        Raises:
            UsageError: The name or the value is not legal.
        """
        self._fields.append((name, _checked(name, value)))
        self._values = None

    def remove(self, name: str) -> None:
        """Take away every field called `name`; nothing happens if there is none."""
        wanted = name.lower()
        self._fields = [one for one in self._fields if one[0].lower() != wanted]
        self._values = None

    def update(self, fields: HeadersInit) -> None:
        """Set each field of `fields`, as `set` does; names given twice are kept."""
        new = fields if isinstance(fields, HTTPHeaders) else HTTPHeaders(fields)
        seen: set[str] = set()
        for name, value in new.items():
            if name.lower() in seen:
                self.add(name, value)
            else:
                self.set(name, value)
                seen.add(name.lower())

    def items(self) -> list[tuple[str, str]]:
        """Return each field as a (name, value) pair, in order, duplicates kept."""
        return self._fields.copy()

    def keys(self) -> list[str]:
        """Return each name once, as first written, in order."""
        first: dict[str, str] = {}
        for name, _ in self._fields:
            first.setdefault(name.lower(), name)
        return list(first.values())

    def values(self) -> list[str]:
        """Return the joined value of each name, in the order of `keys`."""
        return [self[name] for name in self.keys()]

    def copy(self) -> HTTPHeaders:
        """Return headers of their own with the same fields."""
        made = HTTPHeaders.__new__(HTTPHeaders)
        made._fields = self._fields.copy()
        made._values = None
        return made

    __copy__ = copy

    def __setitem__(self, name: str, value: str) -> None:
        self.set(name, value)

    def __delitem__(self, name: str) -> None:
        if name not in self:
            raise KeyError(name)
        self.remove(name)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._index()

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())

    def __len__(self) -> int:
        """Return how many names there are; `items` has one entry for each field."""
        return len(self._index())

    def __eq__(self, other: object) -> bool:
        if isinstance(other, HTTPHeaders):
            return self._index() == other._index()
        if isinstance(other, Mapping):
            try:
                return self._index() == HTTPHeaders(other)._index()
            except UsageError:
                return False
        return NotImplemented

    __hash__ = None  # type: ignore[assignment]  # mutable, and equality is by value

    def __repr__(self) -> str:
        return f"HTTPHeaders({self._fields!r})"

    def _index(self) -> dict[str, list[str]]:
        values = self._values
        if values is None:
            values = {}
            for name, value in self._fields:
                key = name.lower()
                if key in values:
                    values[key].append(value)
                else:
                    values[key] = [value]
            # Assigned whole, so that a reader on another thread sees all or none.
            self._values = values
        return values


def is_token(text: str) -> bool:
    """Return whether `text` may be a field name or a method (RFC 9110, 5.6.2)."""
    return _TOKEN.fullmatch(text) is not None


_SPACE = " \t\r\n"
_FOLD = (" ", "\t")


def _checked(name: object, value: object) -> str:
    """Return `value` without outer blanks, if both it and `name` are legal."""
    if not isinstance(name, str) or not isinstance(value, str):
        kinds = f"{type(name).__name__} and {type(value).__name__}"
        raise UsageError(f"header {name!r}: name and value must be str, not {kinds}")
    if not is_token(name):
        raise UsageError(f"header {name!r}: not a legal field name (RFC 9110 5.6.2)")
    if bad := _FORBIDDEN_IN_VALUE.search(value):
        # The value itself may be a secret: name the character only.
        raise UsageError(
            f"header {name!r}: value holds {bad.group()!r} at position {bad.start()}, "
            "which no header may carry; encode it first"
        )
    return value.strip(" \t")
