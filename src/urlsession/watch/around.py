"""The client of an SDK around a session: what the user has, and would close.

Decides which of the objects that stood around the making of a session is named as the
owner in its place: none around a session that the user made by hand; the one that the
same line made, as constructors call each other; the innermost one that is known to be
the user's own, where a client asks a credential that has a session of its own; else
what the heap shows. Knows nothing of the heap itself.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .adapter import OwnerLike
    from .capture.owners import OwnerRecord
    from .facts import OwnerFacts

__all__ = ("is_handmade", "maker_of", "outer_of", "put_around")


def is_handmade(inner: OwnerLike) -> bool:
    """Whether the user's own code made an owner, and not a library's for the user."""
    return bool(getattr(inner, "is_handmade", False))


def maker_of(inner: OwnerLike) -> OwnerRecord | None:
    """Return the outermost live client that the same line made, if there is one."""
    if is_handmade(inner) or inner.made_at is None:
        return None
    alike = (one for one in _around(inner) if one.made_at == inner.made_at)
    return next((one for one in alike if one.ref() is not None), None)


def outer_of(
    inner: OwnerLike, keeper: OwnerRecord | None, *, is_lost: bool
) -> OwnerRecord | None:
    """Return what the user has around a session that was made later than it.

    Args:
        inner: The session.
        keeper: The first object on its heap path that a user could close.
        is_lost: Whether nothing of the user's leads to it, or it is gone.
    """
    if is_handmade(inner):
        return None
    around = _around(inner)
    own = [one for one in around if is_handmade(one)]
    if is_lost:
        return next(iter([*reversed(own), *around]), None)
    alive = [one for one in own if one.ref() is not None]
    return keeper if keeper is None or not alive else alive[-1]


def put_around(
    facts: OwnerFacts, inner: OwnerLike, outer: OwnerRecord | None
) -> OwnerFacts:
    """Return the facts of an owner as those of what was built around it.

    Args:
        facts: The owner's.
        inner: The owner.
        outer: What was built around it; None for nothing.
    """
    if outer is None:
        return facts
    # Where the outer one's line was not noted: the nearest to it that was.
    made = next((one for one in (outer, *_around(inner)) if one.made_at), inner)
    return replace(
        facts,
        type=outer.type,
        inner_type=facts.type,
        made_at=made.made_at,
        made_at_s=made.made_at_s,
        noun="client",
        closing="close()",
        closed_word="closed",
    )


def _around(inner: OwnerLike) -> tuple[OwnerRecord, ...]:
    around: tuple[OwnerRecord, ...] = getattr(inner, "around", ())
    return around
