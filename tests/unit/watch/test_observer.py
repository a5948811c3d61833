"""The observer's life."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator

from urlsession.connections import Ledger
from urlsession.watch.adapter import Sighting
from urlsession.watch.adapters import URLSessionAdapter
from urlsession.watch.capture.kernel import KernelSnapshot
from urlsession.watch.observer import Observer
from urlsession.watch.verdict import Kind

from .conftest import StandIn

Make = Callable[[], StandIn]


def test_check_finds_an_unclosed_session_when_the_work_has_ended(
    observer: Observer, make_session: Make
) -> None:
    """And names it a leak."""
    session = make_session()
    report = observer.check(ended=True)

    assert [one.verdict.kind for one in report.leaks if one.verdict] == [Kind.UNCLOSED]
    session.invalidate()


def test_check_says_nothing_while_the_program_goes_on(
    observer: Observer, make_session: Make
) -> None:
    """A warm pool is no leak."""
    session = make_session()
    report = observer.check()

    assert len(report.connections) == 1
    assert report.leaks == ()
    session.invalidate()


def test_check_sees_the_closers_state_from_the_kernel(
    observer: Observer, make_session: Make
) -> None:
    """Sampled when the close was told."""
    make_session().invalidate()
    (one,) = observer.check(ended=True).connections

    assert one.facts.state_at_close in {"FIN_WAIT1", "FIN_WAIT2"}
    assert one.verdict is None


def test_numbers_of_connections_stay_from_check_to_check(
    observer: Observer, make_session: Make
) -> None:
    """A report can be compared with the one before."""
    first, second = make_session(), make_session()
    before = [one.facts.id for one in observer.check().connections]
    first.invalidate()
    after = [one.facts.id for one in observer.check().connections]

    assert before == after == [1, 2]
    second.invalidate()


def test_check_of_the_open_ones_keeps_the_numbers_of_the_others(
    observer: Observer, make_session: Make
) -> None:
    """They are told of again by the next whole one."""
    first, second = make_session(), make_session()
    before = [one.facts.id for one in observer.check().connections]
    first.invalidate()
    still_open = observer.check(ended=True, only_open=True).connections
    after = [one.facts.id for one in observer.check().connections]

    assert [one.facts.id for one in still_open] == [2]
    assert before == after
    second.invalidate()


def test_observer_holds_no_session(observer: Observer, make_session: Make) -> None:
    """Reference counts are as they were after a check."""
    session = make_session()
    before = len(gc.get_referrers(session))
    report = observer.check(ended=True)

    assert len(gc.get_referrers(session)) == before
    assert report.leaks
    session.invalidate()


def test_check_holds_the_collector_back_while_it_lasts() -> None:
    """A collection would cure what is looked for."""
    seen: list[bool] = []

    class Noting(URLSessionAdapter):
        def sightings(self, kernel: KernelSnapshot) -> Iterator[Sighting]:
            seen.append(gc.isenabled())
            return super().sightings(kernel)

    observer = Observer(adapters=[Noting(Ledger())])
    observer.start()
    observer.check(ended=True)
    observer.stop()

    assert seen == [False]
    assert gc.isenabled()


def test_verdict_is_withdrawn_when_the_session_is_closed_later(
    observer: Observer, make_session: Make
) -> None:
    """As an exit handler does; the facts stay."""
    session = make_session()
    report = observer.check(ended=True)
    session.invalidate()
    later = observer.withdraw_refuted(report)

    assert len(report.leaks) == 1
    assert later.leaks == ()
    assert later.connections[0].facts is report.connections[0].facts


def test_verdict_stays_when_the_session_is_only_dropped(
    observer: Observer, make_session: Make
) -> None:
    """What the collector does is no cure."""
    session = make_session()
    sock = session.socket
    report = observer.check(ended=True)
    del session
    sock.close()

    assert len(observer.withdraw_refuted(report).leaks) == 1


def test_failing_adapter_is_a_line_in_the_report() -> None:
    """Never an exception in the program."""

    class Broken(URLSessionAdapter):
        def start(self, sink: object) -> None:
            raise RuntimeError("no hook")

    observer = Observer(adapters=[Broken(Ledger())])
    observer.start()
    report = observer.check(ended=True)
    observer.stop()

    assert report.connections == ()
    assert "no hook" in report.problems[0]


def test_descriptors_are_equal_with_and_without(
    observer: Observer, make_session: Make
) -> None:
    """The observer has none of its own."""
    session = make_session()
    before = os.listdir("/proc/self/fd")
    observer.check(ended=True)

    assert os.listdir("/proc/self/fd") == before
    session.invalidate()
