"""The rules: facts and a time in, a verdict out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from urlsession.connections import CallSite, ClosedBy
from urlsession.watch.facts import ConnectionFacts, OwnerFacts
from urlsession.watch.verdict import (
    Kind,
    Moment,
    Verdict,
    is_refuted,
    judge,
    spare_single_escapes,
)

OWNER = OwnerFacts(
    type="urlsession.URLSession",
    made_at=CallSite("app.py", 12, "load"),
    path=("app.SESSION", "URLSession"),
)
FACTS = ConnectionFacts(
    id=1,
    library="urlsession",
    inode=1,
    host="api.example",
    remote=("192.0.2.1", 443),
    opened_at=0.0,
    last_used_at=0.0,
    kernel_state="ESTABLISHED",
    owner=OWNER,
)
NOW = 100.0


def owned(**changes: object) -> ConnectionFacts:
    """Return the facts with a changed owner."""
    return replace(FACTS, owner=replace(OWNER, **changes))  # type: ignore[arg-type]  # a table of fields


def rule(
    facts: ConnectionFacts, moment: Moment, idle_after_s: float = 30.0
) -> Verdict | None:
    """Judge at the usual time."""
    return judge(facts, NOW, moment=moment, idle_after_s=idle_after_s)


ENDED, RUNNING = Moment.ENDED, Moment.RUNNING
CASES = [
    ("reachable at the end", FACTS, ENDED, Kind.UNCLOSED, ()),
    ("freed at the end", owned(is_alive=False), ENDED, Kind.ORPHAN, ()),
    ("unreachable at the end", owned(is_reachable=False), ENDED, Kind.ORPHAN, ()),
    ("reachability unknown", owned(is_reachable=None), ENDED, Kind.UNCLOSED, ()),
    ("freed while it runs", owned(is_alive=False), RUNNING, Kind.ORPHAN, ()),
    (
        "half closed at the end",
        replace(FACTS, kernel_state="CLOSE_WAIT"),
        ENDED,
        Kind.UNCLOSED,
        (Kind.CLOSE_WAIT,),
    ),
    (
        "half closed for long",
        replace(FACTS, kernel_state="CLOSE_WAIT", peer_fin_at=10.0),
        RUNNING,
        Kind.CLOSE_WAIT,
        (Kind.IDLE,),
    ),
    (
        "unread at the end",
        replace(FACTS, has_unread_body=True, is_checked_out=True),
        ENDED,
        Kind.UNREAD,
        (Kind.UNCLOSED,),
    ),
    (
        "unread for long",
        replace(FACTS, has_unread_body=True, is_checked_out=True),
        RUNNING,
        Kind.UNREAD,
        (),
    ),
    ("idle for long", FACTS, RUNNING, Kind.IDLE, ()),
]


@pytest.mark.parametrize(
    ("facts", "moment", "kind", "also"),
    [case[1:] for case in CASES],
    ids=[case[0] for case in CASES],
)
def test_verdict_has_its_kind(
    facts: ConnectionFacts, moment: Moment, kind: Kind, also: tuple[Kind, ...]
) -> None:
    """The first that holds, and the others beside it."""
    verdict = rule(facts, moment)

    assert verdict is not None
    assert (verdict.kind, verdict.also) == (kind, also)
    assert verdict.fix


ESCAPED = owned(is_closed=True, closes_at_once=True)


@pytest.mark.parametrize("moment", Moment)
def test_connection_that_escaped_the_close_is_an_orphan(moment: Moment) -> None:
    """Its session was closed, and that did not reach the socket."""
    verdict = rule(ESCAPED, moment)

    assert verdict is not None
    assert verdict.kind is Kind.ORPHAN
    assert "did not reach the socket: app.SESSION keeps it" in verdict.sentence
    assert not is_refuted(verdict, ESCAPED, ESCAPED)


def test_one_escape_of_a_line_is_spared_and_two_are_not() -> None:
    """What a variable still holds is no growth."""
    verdict, other = rule(ESCAPED, ENDED), rule(FACTS, ENDED)

    assert spare_single_escapes([(ESCAPED, verdict), (FACTS, other)]) == [None, other]
    assert spare_single_escapes([(ESCAPED, verdict)] * 2) == [verdict] * 2


FINE = [
    (
        "in use though its session was closed",
        replace(ESCAPED, is_checked_out=True),
        RUNNING,
    ),
    ("closed", replace(FACTS, closed_at=1.0, closed_by=ClosedBy.LOCAL), ENDED),
    ("invalidated", owned(is_closed=True), ENDED),
    ("invalidated and gone", owned(is_closed=True, is_alive=False), ENDED),
    ("shared", owned(is_exempt=True), ENDED),
    ("warm", replace(FACTS, last_used_at=NOW - 1), RUNNING),
    ("idle just below", replace(FACTS, last_used_at=NOW - 29.9), RUNNING),
    ("in use", replace(FACTS, is_checked_out=True), RUNNING),
    ("reading", replace(FACTS, has_unread_body=True, last_used_at=NOW), RUNNING),
    (
        "half closed just now",
        replace(
            FACTS, kernel_state="CLOSE_WAIT", peer_fin_at=NOW - 1, last_used_at=NOW - 1
        ),
        RUNNING,
    ),
    ("without an owner", replace(FACTS, owner=None), ENDED),
]


@pytest.mark.parametrize(
    ("facts", "moment"), [case[1:] for case in FINE], ids=[case[0] for case in FINE]
)
def test_verdict_is_none_for_what_is_fine(
    facts: ConnectionFacts, moment: Moment
) -> None:
    """A wrong alarm is worse than a miss."""
    assert rule(facts, moment) is None


def test_sentence_names_host_owner_and_line() -> None:
    """What is open, who owns it, why it lives."""
    verdict = rule(FACTS, ENDED)

    assert verdict is not None
    for part in ("api.example:443", "URLSession", "app.py:12 in load"):
        assert part in verdict.sentence


def test_sentence_tells_a_cycle_from_a_freed_owner() -> None:
    """Both are orphans, for different reasons."""
    cycle = rule(owned(is_reachable=False, root="cycle"), ENDED)
    freed = rule(owned(is_alive=False), ENDED)

    assert cycle is not None
    assert "a cycle keeps it" in cycle.sentence
    assert freed is not None
    assert "was dropped" in freed.sentence


@pytest.mark.parametrize(
    ("later", "refuted"),
    [
        (FACTS, False),
        (None, False),
        (owned(is_closed=True), True),
        (replace(owned(is_closed=False), closed_at=1.0), False),
        (replace(owned(is_closed=None), closed_at=1.0), False),
        (replace(FACTS, owner=None, closed_at=1.0), False),
    ],
    ids=["open", "unseen", "invalidated", "dropped", "finalized", "without owner"],
)
def test_verdict_is_refuted_by_the_users_own_close(
    later: ConnectionFacts | None, refuted: bool
) -> None:
    """Not by the collector, a library's finalizer, nor by the end of the process."""
    verdict = rule(FACTS, ENDED)

    assert verdict is not None
    assert is_refuted(verdict, FACTS, later) is refuted


@pytest.mark.parametrize(("by", "refuted"), [(ClosedBy.LOCAL, True), (None, False)])
def test_verdict_on_a_bare_socket_is_refuted_by_its_close(
    by: ClosedBy | None, refuted: bool
) -> None:
    """It has no owner then; nor has one that was collected."""
    bare = owned(type="socket.socket", noun="socket")
    later = replace(bare, owner=None, closed_at=NOW, closed_by=by)
    verdict = rule(bare, ENDED)

    assert verdict is not None
    assert is_refuted(verdict, bare, later) is refuted


UNREAD = replace(FACTS, has_unread_body=True, is_checked_out=True)


@pytest.mark.parametrize(
    ("later", "refuted"),
    [
        (UNREAD, False),
        (replace(UNREAD, owner=replace(OWNER, is_closed=True)), False),
        (replace(UNREAD, has_unread_body=False), True),
    ],
    ids=["unread", "session closed", "read"],
)
def test_unread_response_is_refuted_by_reading_it(
    later: ConnectionFacts, refuted: bool
) -> None:
    """Closing the session does not finish a response that was handed out."""
    verdict = rule(UNREAD, ENDED)

    assert verdict is not None
    assert is_refuted(verdict, UNREAD, later) is refuted
