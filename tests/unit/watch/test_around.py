"""Which object around a session is named as its owner."""

from __future__ import annotations

from urlsession.connections import CallSite
from urlsession.watch.around import maker_of, outer_of, put_around
from urlsession.watch.capture.owners import OwnerRecord
from urlsession.watch.facts import OwnerFacts

HERE = CallSite("app.py", 3, "main")
THERE = CallSite("app.py", 9, "main")


class Thing:
    """Something that can be closed."""


def record(
    thing: object,
    *around: OwnerRecord,
    made_at: CallSite | None = HERE,
    is_handmade: bool = False,
) -> OwnerRecord:
    """Return a record of something made at a line, with what stood around it."""
    one = OwnerRecord(
        thing, adapter=None, made_at=made_at, made_at_s=None, around=around
    )
    one.is_handmade = is_handmade
    return one


def test_maker_is_the_outermost_that_the_same_line_made() -> None:
    """As constructors call each other."""
    things = [Thing(), Thing(), Thing()]
    outer = record(things[0])
    middle = record(things[1], outer)
    session = record(things[2], outer, middle)

    assert maker_of(session) is outer


def test_maker_is_none_when_another_line_made_what_is_around() -> None:
    """A client that makes its session at the first use; the heap may tell."""
    client, session = Thing(), Thing()
    around = record(client, made_at=THERE)

    assert maker_of(record(session, around)) is None


def test_maker_is_none_when_it_is_gone() -> None:
    """The session was taken out of it."""
    session = Thing()
    around = record(Thing())

    assert maker_of(record(session, around)) is None


def test_nothing_is_around_a_session_made_by_hand() -> None:
    """It stays the user's to close, whoever has it too."""
    client, session = Thing(), Thing()
    around = record(client)
    own = record(session, around, is_handmade=True)

    assert maker_of(own) is None
    assert outer_of(own, around, is_lost=False) is None
    assert outer_of(own, None, is_lost=True) is None


def test_outer_is_the_innermost_that_the_user_made() -> None:
    """The credential, not the client that asked it for a token."""
    things = [Thing(), Thing(), Thing()]
    client = record(things[0], is_handmade=True)
    credential = record(things[1], is_handmade=True)
    session = record(things[2], client, credential)

    assert outer_of(session, client, is_lost=False) is credential
    assert outer_of(session, None, is_lost=True) is credential


def test_outer_is_what_the_heap_shows_when_no_making_was_seen() -> None:
    """Or, once nothing leads there, the outermost that stood around it."""
    things = [Thing(), Thing(), Thing()]
    client = record(things[0], made_at=None)
    pool = record(things[1], made_at=None)
    session = record(things[2], client, pool)

    assert outer_of(session, pool, is_lost=False) is pool
    assert outer_of(session, None, is_lost=False) is None
    assert outer_of(session, None, is_lost=True) is client


def test_facts_of_the_outer_keep_the_session_as_inner() -> None:
    """With the line of the outer where it was noted, else of the next that was."""
    things = [Thing(), Thing(), Thing()]
    noted = record(things[0], made_at=THERE)
    unknown = record(things[1], made_at=None)
    session = record(things[2], unknown, noted)
    facts = OwnerFacts(type="lib.Session", made_at=HERE)
    put = put_around(facts, session, unknown)

    assert (put.inner_type, put.made_at) == ("lib.Session", THERE)
    assert put_around(facts, session, None) is facts
