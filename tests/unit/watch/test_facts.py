"""Facts of a connection."""

from __future__ import annotations

from dataclasses import replace

from urlsession.watch.facts import ConnectionFacts, OwnerFacts

FACTS = ConnectionFacts(
    id=1,
    library="urlsession",
    inode=1,
    host="localhost",
    remote=("127.0.0.1", 443),
    opened_at=10.0,
)


def test_idle_time_runs_from_the_last_use() -> None:
    """And from the opening where nothing was loaded."""
    assert FACTS.idle_s(14.0) == 4.0
    assert replace(FACTS, last_used_at=13.0).idle_s(14.0) == 1.0


def test_idle_time_is_unknown_while_in_use_and_after_the_close() -> None:
    """Such a connection is not idle."""
    assert replace(FACTS, is_checked_out=True).idle_s(14.0) is None
    assert replace(FACTS, closed_at=11.0).idle_s(14.0) is None


def test_short_type_is_without_the_module() -> None:
    """As a person says it."""
    assert OwnerFacts(type="urlsession.URLSession").short_type == "URLSession"
