"""Whose leak it is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from urlsession.pytest_plugin.charge import Charges, TestRun, WideFixture
from urlsession.watch.report import Finding
from urlsession.watch.verdict import Kind

from ..watch.reports import LEAK, OPEN, OWNER, VERDICT


def run(name: str, started_at: float, *, may_leak: bool = False) -> TestRun:
    """Return a test's run."""
    return TestRun(
        node_id=name,
        location=("test_it.py", 0, name),
        started_at=started_at,
        may_leak=may_leak,
    )


def leak(
    opened_at: float, made_at: float | None, kind: Kind = Kind.UNCLOSED, number: int = 1
) -> Finding:
    """Return a leak by when it was opened and its owner made."""
    facts = replace(
        OPEN, id=number, opened_at=opened_at, owner=replace(OWNER, made_at_s=made_at)
    )
    return Finding(facts, replace(VERDICT, kind=kind))


@pytest.fixture
def charges() -> Charges:
    """Return two tests: from 10 and from 20."""
    one = Charges()
    one.begin(run("first", 10.0))
    one.begin(run("second", 20.0))
    return one


def charged(charges: Charges, *leaks: Finding) -> list[str]:
    """Return the names of the tests that are charged."""
    charges.look(leaks)
    return [run.node_id for run, _, _ in charges.settle(leaks)]


def test_charge_goes_to_the_test_that_ran_when_it_was_opened(charges: Charges) -> None:
    """Not to the one that runs now."""
    assert charged(charges, leak(12.0, 11.0), leak(21.0, 20.5, number=2)) == [
        "first",
        "second",
    ]


def test_leak_is_charged_once(charges: Charges) -> None:
    """It is seen after each test from then on."""
    charged(charges, leak(12.0, 11.0))

    assert charged(charges, leak(12.0, 11.0)) == []


@pytest.mark.parametrize("made_at", [5.0, None], ids=["before the test", "unknown"])
def test_owner_made_elsewhere_is_not_asked_to_be_closed(
    charges: Charges, made_at: float | None
) -> None:
    """At import, or before the watch: it may live as long as the process."""
    assert charged(charges, leak(12.0, made_at)) == []


def test_what_is_out_of_reach_is_a_leak_whoever_made_the_owner(
    charges: Charges,
) -> None:
    """Nobody can close it any more."""
    assert charged(charges, leak(12.0, 5.0, Kind.ORPHAN)) == ["first"]


def test_connection_before_any_test_is_nobodys(charges: Charges) -> None:
    """A conftest made it."""
    assert charged(charges, leak(1.0, 1.0)) == []


def test_marked_test_may_leak() -> None:
    """It said why."""
    charges = Charges()
    charges.begin(run("first", 10.0, may_leak=True))

    assert charged(charges, leak(12.0, 11.0)) == []


def test_wide_fixture_is_charged_once_it_is_torn_down(charges: Charges) -> None:
    """To the test that ran when it connected."""
    fixture = WideFixture(name="client", scope="module", began_at=10.5, set_up_at=11.5)
    charges.add(fixture)
    one = leak(21.0, 11.0)
    before = charged(charges, one)
    fixture.is_torn_down = True
    found = charges.settle((one,))

    assert before == []
    assert [(run.node_id, maker) for run, maker, _ in found] == [("second", fixture)]


@pytest.mark.parametrize("has_teardown", [True, False])
def test_fixture_that_may_close_it_is_waited_for(
    charges: Charges, has_teardown: bool
) -> None:
    """One that has no teardown may not."""
    fixture = WideFixture(
        name="pool",
        scope="session",
        began_at=10.5,
        set_up_at=11.5,
        has_teardown=has_teardown,
    )
    charges.add(fixture)
    before = charged(charges, leak(21.0, 20.5))
    fixture.is_torn_down = True
    after = charged(charges, leak(21.0, 20.5))

    assert (before, after) == (([], ["second"]) if has_teardown else (["second"], []))


def test_unread_reply_is_charged_to_the_test_after_which_it_is_seen(
    charges: Charges,
) -> None:
    """Its connection was opened by another one, and was warm in between."""
    assert charged(charges, leak(12.0, 5.0)) == []
    assert charged(charges, leak(12.0, 5.0, Kind.UNREAD)) == ["second"]


def test_reply_that_a_fixture_holds_is_charged_when_it_has_ended(
    charges: Charges,
) -> None:
    """It was unread as soon as the fixture had been set up."""
    fixture = WideFixture(name="events", scope="module", began_at=20.1, set_up_at=20.5)
    charges.add(fixture)
    one = leak(20.3, 20.2, Kind.UNREAD)
    charges.look((one,), set_up=fixture)
    before = charged(charges, one)
    fixture.is_torn_down = True

    assert (before, charged(charges, one)) == ([], ["second"])


def test_reply_that_a_thread_is_reading_waits_for_the_fixtures(
    charges: Charges,
) -> None:
    """It may be one of theirs."""
    fixture = WideFixture(name="poller", scope="session", began_at=10.1, set_up_at=10.2)
    charges.add(fixture)
    unread = leak(21.0, 10.1, Kind.UNREAD)
    one = replace(unread, facts=replace(unread.facts, thread="Thread-1"))
    is_due = charges.look((one,), threads=["Thread-1"])
    fixture.is_torn_down = True

    assert not is_due
    assert charged(charges, one) == ["second"]


def test_fixture_that_is_being_set_up_makes_what_is_made_now() -> None:
    """Its end is not known yet."""
    fixture = WideFixture(name="client", scope="module", began_at=10.0)

    assert fixture.made(11.0)
    assert not fixture.made(9.0)
    assert not fixture.made(None)


def test_what_has_no_verdict_is_no_leak(charges: Charges) -> None:
    """Only what is handed in as one."""
    assert charges.settle((LEAK,)) == []
