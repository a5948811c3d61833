"""Rules: which open connection should not be open, and what cures it.

Pure: facts and the time go in, a verdict comes out. A wrong alarm is worse than a
miss, so each rule asks for its proof and silence is the default. The kinds and
their proofs are in the design notes under "One vocabulary".
"""

from __future__ import annotations

import enum
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .facts import ConnectionFacts, OwnerFacts

__all__ = (
    "PROGRAM",
    "Kind",
    "Moment",
    "Verdict",
    "is_refuted",
    "judge",
    "spare_single_escapes",
)


PROGRAM = "The program"  # whose work has ended, where nobody says otherwise
_NOT_CONNECTED = frozenset({"SYN_SENT", "CLOSED"})


class Kind(enum.Enum):
    """What is wrong with an open connection.

    In the order in which the report prefers them: the first that holds names the
    cure, the others are listed beside it.
    """

    UNREAD = "unread"
    ORPHAN = "orphan"
    UNCLOSED = "unclosed"
    CLOSE_WAIT = "close_wait"
    IDLE = "idle"


class Moment(enum.Enum):
    """When the verdict is taken."""

    RUNNING = "running"
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One connection's verdict.

    Attributes:
        also: Other kinds that hold.
        proof: What was seen that shows it.
        sentence: What is open, who owns it and why it lives.
        fix: What to write to cure it.
    """

    kind: Kind
    also: tuple[Kind, ...]
    proof: str
    sentence: str
    fix: str


def judge(
    facts: ConnectionFacts,
    now: float,
    *,
    moment: Moment,
    idle_after_s: float,
    made_since: float | None = None,
) -> Verdict | None:
    """Return what is wrong with a connection, or None if nothing is.

    Args:
        facts: The connection.
        now: Monotonic seconds.
        moment: Whether the program goes on or has ended its work.
        idle_after_s: How long a connection may be unused, half closed or unread
            while the program goes on.
        made_since: When the work that has ended began, in monotonic seconds: an owner
            made earlier belongs to somebody else, who may close it later.
    """
    if not facts.is_open or facts.kernel_state in _NOT_CONNECTED:
        return None
    kinds = [
        kind
        for kind in Kind
        if _holds(kind, facts, now, moment, idle_after_s)
        and not _is_excused(kind, facts.owner, made_since)
    ]
    if not kinds:
        return None
    first, *others = kinds
    return Verdict(
        kind=first,
        also=tuple(others),
        proof=_proof(first, facts, now),
        sentence=_sentence(first, facts, now),
        fix=_fix(first, facts),
    )


def spare_single_escapes(
    judged: Iterable[tuple[ConnectionFacts, Verdict | None]],
) -> list[Verdict | None]:
    """Take back the verdict on a connection that alone escaped its session's close.

    A reply that a variable still holds keeps the pool of its closed session, and with
    it one connection: that is over when the variable is. Several of one line grow.

    Returns:
        The verdicts, in the order of `judged`.
    """
    pairs = list(judged)
    counts = Counter(
        _cause(facts) for facts, verdict in pairs if _is_escape(facts, verdict)
    )
    return [
        None if _is_escape(facts, verdict) and counts[_cause(facts)] == 1 else verdict
        for facts, verdict in pairs
    ]


def _is_escape(facts: ConnectionFacts, verdict: Verdict | None) -> bool:
    is_orphan = verdict is not None and verdict.kind is Kind.ORPHAN
    return is_orphan and facts.owner is not None and _escaped(facts.owner)


def _cause(facts: ConnectionFacts) -> tuple[object, ...]:
    owner = facts.owner
    return () if owner is None else (owner.type, owner.made_at)


def is_refuted(
    verdict: Verdict, facts: ConnectionFacts, later: ConnectionFacts | None
) -> bool:
    """Whether facts from the end of the process take a verdict back.

    The user must have closed it: that the collector, a finalizer of the library or the
    end of the process did is no cure.

    Args:
        verdict: What was said.
        facts: What it was said of.
        later: The same connection at the end; None if it is forgotten.
    """
    if later is None:
        return False
    if later.owner is None:
        # A socket that was its own owner has none once somebody has called its close();
        # of one that was collected nobody knows who closed it.
        is_own = facts.owner is not None and facts.owner.noun == "socket"
        return is_own and later.closed_by is not None
    if verdict.kind is Kind.UNREAD and (later.is_open or later.has_unread_body):
        return later.has_unread_body is False
    was_closed = facts.owner is not None and facts.owner.is_closed is True
    return later.owner.is_closed is True and not was_closed


def _is_excused(kind: Kind, owner: OwnerFacts | None, made_since: float | None) -> bool:
    """Whether nothing is asked of the owner, or not yet."""
    if owner is None:
        return False
    if owner.is_exempt:
        return True
    if owner.is_closed is True:
        # Closing a session does not finish a response that was handed out.
        return kind is not Kind.UNREAD and not (kind is Kind.ORPHAN and _escaped(owner))
    is_older = (
        made_since is not None
        and owner.made_at_s is not None
        and owner.made_at_s < made_since
    )
    return is_older and kind is Kind.UNCLOSED


def _escaped(owner: OwnerFacts) -> bool:
    """Whether what is still open escaped the closing of its owner."""
    return owner.is_closed is True and owner.closes_at_once


def _is_lost(facts: ConnectionFacts) -> bool:
    owner = facts.owner
    if owner is None:
        return False
    if owner.is_closed is True:
        return _escaped(owner) and not facts.is_checked_out
    return not owner.is_alive or owner.is_reachable is False


def _holds(
    kind: Kind, facts: ConnectionFacts, now: float, moment: Moment, after_s: float
) -> bool:
    owner = facts.owner
    is_lost = _is_lost(facts)
    if kind is Kind.ORPHAN:
        return is_lost
    is_ended = moment is Moment.ENDED
    if kind is Kind.UNCLOSED:
        # What the kernel alone showed has no owner to ask: it is open all the same.
        is_known = owner is not None or facts.is_inferred
        return is_ended and is_known and not is_lost
    if kind is Kind.UNREAD:
        is_unread = facts.has_unread_body is True
        return is_unread and (is_ended or facts.quiet_s(now) >= after_s)
    if kind is Kind.CLOSE_WAIT:
        fin_at = facts.peer_fin_at or facts.last_used_at or facts.opened_at
        is_half_closed = facts.kernel_state == "CLOSE_WAIT"
        return is_half_closed and (is_ended or now - fin_at >= after_s)
    idle_s = facts.idle_s(now)
    return not is_ended and not is_lost and idle_s is not None and idle_s >= after_s


def _proof(kind: Kind, facts: ConnectionFacts, now: float) -> str:
    owner = facts.owner
    kernel = f"the kernel says {facts.kernel_state or 'nothing'}"
    if kind is Kind.CLOSE_WAIT:
        since = ""
        if facts.peer_fin_at is not None:
            since = f" since {now - facts.peer_fin_at:.1f} s, when the peer's FIN came"
        return f"{kernel}{since}"
    if kind is Kind.IDLE:
        return f"{kernel}; no data went either way for {facts.quiet_s(now):.1f} s"
    if kind is Kind.UNREAD:
        waiting = facts.unread_bytes
        bytes_wait = f"; {waiting} bytes wait in the kernel" if waiting else ""
        return f"{kernel}; the response is neither at its end nor closed{bytes_wait}"
    if owner is None:
        return f"{kernel}; no Python object is known to own the socket"
    if kind is Kind.ORPHAN and _escaped(owner):
        return f"{kernel}; the {owner.short_type} was {owner.closed_word} before"
    if kind is Kind.ORPHAN and not owner.is_alive:
        return f"{kernel}; the {owner.short_type} was freed"
    if kind is Kind.ORPHAN:
        return f"{kernel}; no name of the program leads to the {owner.short_type}"
    return f"{kernel}; no {owner.closing} was seen"


def _sentence(kind: Kind, facts: ConnectionFacts, now: float) -> str:
    where = facts.where
    owner = facts.owner
    if owner is None:
        return (
            f"A connection to {where} is open and no owner is known for it"
            f"{_appeared(facts)}."
        )
    made = "" if owner.made_at is None else f" made at {owner.made_at}"
    name = f"the {owner.short_type}{made}"
    if kind is Kind.ORPHAN:
        return f"The connection to {where} is open, and {name} {_why_lost(facts)}."
    if kind is Kind.UNCLOSED:
        return (
            f"{PROGRAM} has ended its work, and {name} still has a connection to "
            f"{where}: it is alive and was never {owner.closed_word}."
        )
    if kind is Kind.UNREAD:
        return (
            f"A response from {where} was neither read to its end nor closed, so "
            f"its connection is checked out of {name} for ever."
        )
    if kind is Kind.CLOSE_WAIT:
        return (
            f"{where} closed the connection of {name}, which has not answered: "
            "the socket stays in CLOSE_WAIT until somebody looks."
        )
    idle_s = facts.idle_s(now) or 0.0
    return f"The connection to {where} of {name} has been unused for {idle_s:.1f} s."


def _appeared(facts: ConnectionFacts) -> str:
    if facts.opened_by is None:
        return ""
    return f"; it appeared while {facts.opened_by} ran"


def _why_lost(facts: ConnectionFacts) -> str:
    owner = facts.owner
    assert owner is not None
    if _escaped(owner):
        keeper = f"{facts.path[0]} keeps it" if facts.path else "something keeps it"
        return f"was {owner.closed_word}, but that did not reach the socket: {keeper}"
    if not owner.is_alive:
        return f"is gone: it was dropped and never {owner.closed_word}"
    if owner.root == "cycle":
        return "can be reached from nowhere: a cycle keeps it until the collector runs"
    held_by = owner.path[0] if owner.path else "a library"
    return f"can be reached from nothing of yours, only from {held_by}"


def _fix(kind: Kind, facts: ConnectionFacts) -> str:
    owner = facts.owner
    if owner is None:
        return "Close what opened it."
    if kind is Kind.UNREAD:
        return "Read the body to its end, or close the response in a `with` block."
    if _escaped(owner):
        keeper = facts.path[0] if facts.path else "the replies that came over it"
        return f"Let go of what holds it when you close the {owner.noun}: {keeper}."
    cure = f"call {owner.closing} when you are done with the {owner.noun}"
    if kind is Kind.IDLE:
        return f"{cure[0].upper()}{cure[1:]}, or let it close idle connections."
    if not owner.has_block:
        return f"{cure[0].upper()}{cure[1:]}."
    return f"Use the {owner.noun} in a `with` block, or {cure}."
