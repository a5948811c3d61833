"""Looks after each test at what it left open, and charges who made it.

Decides when to look: when a test's own fixtures have been torn down, before anything
is collected, and when a fixture of wider scope has been set up, for what it holds then.
pytest's handling of unraisable exceptions has its own collection at the end of the
session and its own queue; neither is touched.
"""

from __future__ import annotations

import gc
import threading
import time
from typing import TYPE_CHECKING

import pytest

from ..watch.entry.process import current, observe, stop
from ..watch.forms.groups import group_leaks
from ..watch.observer import Observer
from .charge import Charges, TestRun, WideFixture
from .telling import tell_failure, tell_warning

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable

    from ..watch.report import Finding

__all__ = ("LeakChecker",)


class LeakChecker:
    """Watches one session of pytest.

    Args:
        config: The session's.
        fails: Whether a leak fails the test that made it; else it is a warning.
    """

    def __init__(self, config: pytest.Config, *, fails: bool) -> None:
        self._config = config
        self._fails = fails
        self._charges = Charges()
        self._fixtures: dict[int, WideFixture] = {}
        self._has_failed = False
        self._has_paused = False  # the collector
        running = current()
        self._is_ours = running is None
        self._observer = Observer() if running is None else running
        if self._is_ours:
            observe(self._observer)

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Refuse a marker that gives no reason, before anything runs."""
        for item in items:
            _may_leak(item)

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(
        self, fixturedef: pytest.FixtureDef[object]
    ) -> Generator[None, object, object]:
        """Note what a fixture of wider scope makes."""
        if fixturedef.scope == "function":
            return (yield)
        fixture = WideFixture(
            name=fixturedef.argname,
            scope=fixturedef.scope,
            began_at=time.monotonic(),
        )
        self._charges.add(fixture)
        self._fixtures[id(fixturedef)] = fixture
        before = _count_finalizers(fixturedef)
        try:
            return (yield)
        finally:
            fixture.set_up_at = time.monotonic()
            after = _count_finalizers(fixturedef)
            # Where pytest does not say, there may be something.
            fixture.has_teardown = before is None or after is None or after > before
            self._look_quickly(set_up=fixture)

    def pytest_fixture_post_finalizer(
        self, fixturedef: pytest.FixtureDef[object]
    ) -> None:
        """Note that a fixture has been torn down: what it left is a leak now."""
        fixture = self._fixtures.pop(id(fixturedef), None)
        if fixture is not None:
            fixture.is_torn_down = True

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(
        self, item: pytest.Item
    ) -> Generator[None, object, object]:
        """Run a test, then look at what is open."""
        run = TestRun(
            node_id=item.nodeid,
            location=item.location,
            started_at=time.monotonic(),
            may_leak=_may_leak(item),
        )
        self._charges.begin(run)
        if self._is_ours and current() is None:
            observe(self._observer)  # the test before stopped it
        try:
            result = yield
            self._look(item)
        finally:
            self._resume_collector()
        return result

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_call(self) -> Generator[None, object, object]:
        """Keep the collector from starting by itself between the test and the look.

        What pytest allocates for its reports would start it, and a client that the test
        dropped would be gone; whether it is would depend on the tests before.
        """
        self._resume_collector()  # the test may run again within its protocol
        try:
            return (yield)
        finally:
            if gc.isenabled():
                gc.disable()
                self._has_paused = True

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(
        self, session: pytest.Session, exitstatus: int | pytest.ExitCode
    ) -> None:
        """Look once more: a run that was cut short tears down its fixtures here."""
        if exitstatus == pytest.ExitCode.INTERRUPTED:
            return  # whatever the test was doing is open
        self._look(None)
        if self._has_failed and exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    @pytest.hookimpl(tryfirst=True)
    def pytest_unconfigure(self) -> None:
        """Stop watching, unless somebody else had begun to."""
        if self._is_ours:
            stop()

    def _resume_collector(self) -> None:
        if self._has_paused:
            gc.enable()
            self._has_paused = False

    def _look(self, here: pytest.Item | None) -> None:
        # Without the heap at first: mostly nothing is open, and a look is cheap.
        if not self._look_quickly():
            return
        report = self._observer.check(ended=True, only_open=True)
        charged = self._charges.settle(report.leaks)
        self._has_failed = self._has_failed or (self._fails and bool(charged))
        for run in dict.fromkeys(run for run, _, _ in charged):
            mine = [one for other, _, one in charged if other is run]
            fixtures = {one.facts.id: f for other, f, one in charged if other is run}
            self._tell(here, run, mine, fixtures)

    def _look_quickly(self, *, set_up: WideFixture | None = None) -> bool:
        """Take down whose the new leaks are; return whether to charge one now."""
        report = self._observer.check(ended=True, only_open=True, with_heap=False)
        if not report.leaks:
            return False
        here = threading.current_thread()
        threads = {one.name for one in threading.enumerate() if one is not here}
        return self._charges.look(report.leaks, set_up=set_up, threads=threads)

    def _tell(
        self,
        here: pytest.Item | None,
        run: TestRun,
        leaks: Iterable[Finding],
        fixtures: dict[int, WideFixture | None],
    ) -> None:
        tell = tell_failure if self._fails else tell_warning
        for group in group_leaks(one.said_of("The test") for one in leaks):
            maker = fixtures[group.findings[0].facts.id]
            tell(self._config, here, run, group, maker)


def _count_finalizers(fixturedef: pytest.FixtureDef[object]) -> int | None:
    """Return how many things run at a fixture's end; pytest has no public word for it."""
    finalizers = getattr(fixturedef, "_finalizers", None)
    return None if finalizers is None else len(finalizers)


def _may_leak(item: pytest.Item) -> bool:
    marker = item.get_closest_marker("allow_leaks")
    if marker is None:
        return False
    reason = marker.kwargs.get("reason") or next(iter(marker.args), None)
    if not isinstance(reason, str) or not reason.strip():
        raise pytest.UsageError(
            f"{item.nodeid}: allow_leaks needs a reason: allow_leaks(reason='…')"
        )
    return True
