"""What a watch is asked to do, as values and as the text of ``URLSESSION_WATCH``.

Decides the grammar of the variable: ``1`` for the defaults, or settings parted by
commas, ``json=/tmp/report-%p.json,idle-after=5,fail``. A comma or a percent sign in a
value is doubled. Nothing here reads the environment or a file.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields, replace

from .signals import signal_number

__all__ = (
    "VARIABLE",
    "SpecError",
    "WatchSpec",
    "for_children",
    "format_spec",
    "parse_spec",
)

VARIABLE = "URLSESSION_WATCH"  # the environment variable
_PART = re.compile(r"((?:[^,]|,,)+)(?:,(?!,)|$)")
_DEFAULT_WORDS = frozenset({"1", "on", "true", "yes"})
_OFF_WORDS = frozenset({"", "0", "off", "false", "no"})


class SpecError(ValueError):
    """A setting is unknown or has no usable value; the message says which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchSpec:
    """What a watch does.

    Attributes:
        idle_after: Seconds unused, half closed or unread after which a connection of
            a running program gets a verdict.
        json: File for the report as JSON; ``-`` is standard output, ``%p`` the pid.
        junit: File for the report as JUnit XML, likewise.
        sarif: File for the report as SARIF, likewise.
        fail: Whether a leak makes the exit code 3.
        quiet: Whether the text report is left out.
        signal: Name of the signal that asks for a report, such as ``USR1``.
        every: Seconds between two looks while the program runs; None for no such look.
        user_packages: Packages that count as the user's wherever they are installed.
        folder: Where a child leaves its report for the process that watches all.
    """

    idle_after: float = 30.0
    json: str | None = None
    junit: str | None = None
    sarif: str | None = None
    fail: bool = False
    quiet: bool = False
    signal: str | None = None
    every: float | None = None
    user_packages: tuple[str, ...] = ()
    folder: str | None = None


_DEFAULT = WatchSpec()
_NAMES = {one.name.replace("_", "-"): one.name for one in fields(WatchSpec)}


def parse_spec(text: str) -> WatchSpec | None:
    """Return what the variable's text asks for; None if it asks for no watch.

    Raises:
        SpecError: A setting is unknown, or its value is of no use.
    """
    text = text.strip()
    if text.lower() in _OFF_WORDS:
        return None
    if text.lower() in _DEFAULT_WORDS:
        return _DEFAULT
    values: dict[str, object] = {}
    for part in _PART.findall(text):
        name, has_value, value = part.replace(",,", ",").partition("=")
        name = name.strip()
        if name not in _NAMES:
            known = ", ".join(sorted(_NAMES))
            raise SpecError(f"{VARIABLE} has no setting {name!r}; there are {known}")
        values[_NAMES[name]] = _read(name, value if has_value else None)
    return WatchSpec(**values)  # type: ignore[arg-type]  # each of its field's type, by _read


def format_spec(spec: WatchSpec) -> str:
    """Return the text that `parse_spec` reads as the same settings."""
    parts = []
    for name, field in _NAMES.items():
        value = getattr(spec, field)
        if value == getattr(_DEFAULT, field):
            continue
        if value is True:
            parts.append(name)
        else:
            shown = " ".join(value) if isinstance(value, tuple) else str(value)
            parts.append(f"{name}={shown}".replace(",", ",,"))
    return ",".join(parts) or "1"


def for_children(spec: WatchSpec, folder: str) -> WatchSpec:
    """Return what children are asked to do: to leave their reports in a folder."""
    return replace(
        spec, folder=folder, json=None, junit=None, sarif=None, fail=False, every=None
    )


def _read(name: str, value: str | None) -> object:
    if name in {"fail", "quiet"}:
        if value is not None and value.lower() not in _DEFAULT_WORDS | _OFF_WORDS:
            raise SpecError(f"{name} takes no value, or 1 or 0, not {value!r}")
        return value is None or value.lower() in _DEFAULT_WORDS
    if not value:
        raise SpecError(f"{name} needs a value: {name}=…")
    if name in {"idle-after", "every"}:
        return _read_seconds(name, value)
    if name == "user-packages":
        return tuple(value.split())
    if name == "signal":
        _check_signal(value)
    return value


def _check_signal(name: str) -> None:
    try:
        signal_number(name)
    except ValueError as error:
        raise SpecError(str(error)) from error


def _read_seconds(name: str, value: str) -> float:
    try:
        seconds = float(value)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < float("inf") or (name == "every" and seconds == 0):
        raise SpecError(f"{name} takes seconds, not {value!r}")
    return seconds
