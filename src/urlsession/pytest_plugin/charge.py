"""Whose leak is it: rules, without pytest and without a clock.

Decides which test is charged: the one that ran when the connection was opened (or, for
a response left unread, when that was first seen), not the one in which somebody
noticed; and when. What is out of reach is a leak at once. What is within reach may be
a wider fixture's to close: it is asked for once those that were alive at the end of
the test have been torn down. What was made before any test (at import) may live as
long as the process, but what is out of reach or unread is a leak whoever made it.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..watch.verdict import Kind

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from ..watch.report import Finding

__all__ = ("Charges", "TestRun", "WideFixture")


@dataclass(frozen=True, slots=True, kw_only=True)
class TestRun:
    """One test's run.

    Attributes:
        node_id: pytest's name of it.
        location: File, line from 0, and name, as pytest reports it.
        started_at: Monotonic seconds.
        may_leak: Whether it is marked so.
    """

    __test__ = False  # not a test class, whatever pytest thinks of its name

    node_id: str
    location: tuple[str, int | None, str]
    started_at: float
    may_leak: bool = False


@dataclass(slots=True, kw_only=True, eq=False)
class WideFixture:
    """A fixture of wider scope than a test's, from its set-up on.

    Attributes:
        name: Its name.
        scope: ``class``, ``module``, ``package`` or ``session``.
        began_at: When its set-up began, in monotonic seconds.
        set_up_at: When that was done; None meanwhile.
        has_teardown: Whether anything of it runs at its end, and may close something.
        is_torn_down: Whether it has ended.
    """

    name: str
    scope: str
    began_at: float
    set_up_at: float | None = None
    has_teardown: bool = True
    is_torn_down: bool = False

    def made(self, at: float | None) -> bool:
        """Whether something was made while it was set up."""
        if at is None or at < self.began_at:
            return False
        return self.set_up_at is None or at <= self.set_up_at


@dataclass(slots=True, kw_only=True)
class _Leak:
    """What was found out when a connection was first seen to leak.

    Attributes:
        maker: The fixture whose set-up made its owner.
        run: Whom to charge; None before any test.
        awaited: The fixtures that may close it yet.
        was_unread: Whether a response was left unread then.
    """

    maker: WideFixture | None
    run: TestRun | None
    awaited: tuple[WideFixture, ...]
    was_unread: bool


@dataclass(slots=True)
class Charges:
    """What ran when, and what was charged already."""

    _runs: list[TestRun] = field(default_factory=list)
    _fixtures: list[WideFixture] = field(default_factory=list)
    _leaks: dict[int, _Leak] = field(default_factory=dict)
    _charged: set[int] = field(default_factory=set)

    def begin(self, run: TestRun) -> None:
        """Note that a test begins."""
        self._runs.append(run)

    def add(self, fixture: WideFixture) -> None:
        """Note that a fixture's set-up begins."""
        self._fixtures.append(fixture)

    def look(
        self,
        leaks: Iterable[Finding],
        *,
        set_up: WideFixture | None = None,
        threads: Collection[str] = (),
    ) -> bool:
        """Take down whose the leaks are that are seen for the first time.

        To be called after each test, and after the set-up of each wide fixture.

        Args:
            leaks: What a test's end finds wrong.
            set_up: The fixture that has just been set up; None after a test.
            threads: The names of the threads that run beside the tests.

        Returns:
            Whether a test is to be charged with one of them now.
        """
        is_any = False
        for one in leaks:
            is_unread = _is_unread(one)
            known = self._leaks.get(one.facts.id)
            # The same connection may be left unread long after it was first seen.
            if known is None or known.was_unread is not is_unread:
                self._leaks[one.facts.id] = self._first_seen(one, set_up, threads)
            is_any = is_any or self._is_due(one)
        return is_any

    def settle(
        self, leaks: tuple[Finding, ...]
    ) -> list[tuple[TestRun, WideFixture | None, Finding]]:
        """Return whom to charge with which leak, each leak once."""
        found = []
        for one in leaks:
            known = self._leaks.get(one.facts.id)
            if known is not None and known.run is not None and self._is_due(one):
                self._charged.add(one.facts.id)
                found.append((known.run, known.maker, one))
        return found

    def _first_seen(
        self, one: Finding, set_up: WideFixture | None, threads: Collection[str]
    ) -> _Leak:
        maker, is_unread = self._maker_of(one), _is_unread(one)
        run = self._runs[-1] if is_unread and self._runs else self._run_of(one)
        if not is_unread or one.facts.thread in threads:
            # A thread that goes on reads the response, or may do so yet.
            awaited = [one for one in self._fixtures if _may_close(one)]
        else:
            awaited = [] if set_up is None else [set_up]
        if maker is not None and not is_unread:
            awaited.append(maker)
        return _Leak(maker=maker, run=run, awaited=tuple(awaited), was_unread=is_unread)

    def _is_due(self, one: Finding) -> bool:
        known = self._leaks[one.facts.id]
        run = known.run
        if run is None or run.may_leak or one.facts.id in self._charged:
            return False
        kind = None if one.verdict is None else one.verdict.kind
        if kind is Kind.ORPHAN:
            return True
        if any(not fixture.is_torn_down for fixture in known.awaited):
            return False
        if kind is Kind.UNREAD or known.maker is not None or one.facts.owner is None:
            return True
        made_at = one.facts.owner.made_at_s
        # Else made at import or by an earlier test, or before the watch began.
        return made_at is not None and made_at >= run.started_at

    def _maker_of(self, finding: Finding) -> WideFixture | None:
        """Return the wide fixture that made a connection's owner, if one did."""
        owner = finding.facts.owner
        made_at = finding.facts.opened_at if owner is None else owner.made_at_s
        for fixture in reversed(self._fixtures):
            if fixture.made(made_at):
                return fixture
        return None

    def _run_of(self, finding: Finding) -> TestRun | None:
        """Return the test that ran when a connection was opened."""
        at = bisect_right(
            self._runs, finding.facts.opened_at, key=lambda run: run.started_at
        )
        return self._runs[at - 1] if at else None


def _is_unread(one: Finding) -> bool:
    return one.verdict is not None and one.verdict.kind is Kind.UNREAD


def _may_close(fixture: WideFixture) -> bool:
    return fixture.has_teardown and not fixture.is_torn_down
