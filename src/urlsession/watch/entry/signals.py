"""Signals by their names.

Decides which a report may be asked for by: those that a program is free to use.
"""

from __future__ import annotations

import signal

__all__ = ("signal_number",)

_UNCAUGHT = frozenset({"KILL", "STOP"})
# What ends a program, tells of its children or of a fault must go on doing so.
_TAKEN = frozenset({"ABRT", "BUS", "CHLD", "FPE", "ILL", "INT", "SEGV", "TERM"})


def signal_number(name: str) -> signal.Signals:
    """Return a signal that a report can be asked for by, with or without SIG.

    Raises:
        ValueError: There is no such signal, or it is not free to use.
    """
    wanted = name.upper().removeprefix("SIG")
    try:
        number = signal.Signals[f"SIG{wanted}"]
    except KeyError:
        raise ValueError(f"there is no signal {name!r}; one is USR1") from None
    if wanted in _UNCAUGHT:
        raise ValueError(f"SIG{wanted} cannot be caught; take USR1")
    if wanted in _TAKEN:
        raise ValueError(f"SIG{wanted} means something else already; take USR1")
    return number
