"""Whose leak is it: rules, without pytest and without a clock.

Decides which test is charged: the one that ran when the connection was opened, not the
one in which somebody noticed. What a fixture of wider scope made is nobody's until that
fixture has been torn down; what was made before any test (at import) may live as long
as the process, but what is out of reach or unread is a leak whoever made it.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..watch.verdict import Kind

if TYPE_CHECKING:
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
        is_torn_down: Whether it has ended.
    """

    name: str
    scope: str
    began_at: float
    set_up_at: float | None = None
    is_torn_down: bool = False

    def made(self, at: float | None) -> bool:
        """Whether something was made while it was set up."""
        if at is None or at < self.began_at:
            return False
        return self.set_up_at is None or at <= self.set_up_at


@dataclass(slots=True)
class Charges:
    """What ran when, and what was charged already."""

    _runs: list[TestRun] = field(default_factory=list)
    _fixtures: list[WideFixture] = field(default_factory=list)
    _charged: set[int] = field(default_factory=set)

    def begin(self, run: TestRun) -> None:
        """Note that a test begins."""
        self._runs.append(run)

    def add(self, fixture: WideFixture) -> None:
        """Note that a fixture's set-up begins."""
        self._fixtures.append(fixture)

    def fixture_of(self, finding: Finding) -> WideFixture | None:
        """Return the wide fixture that made a connection's owner, if one did."""
        owner = finding.facts.owner
        made_at = finding.facts.opened_at if owner is None else owner.made_at_s
        for fixture in reversed(self._fixtures):
            if fixture.made(made_at):
                return fixture
        return None

    def run_of(self, finding: Finding) -> TestRun | None:
        """Return the test that ran when a connection was opened."""
        at = bisect_right(
            self._runs, finding.facts.opened_at, key=lambda run: run.started_at
        )
        return self._runs[at - 1] if at else None

    def settle(
        self, leaks: tuple[Finding, ...]
    ) -> list[tuple[TestRun, WideFixture | None, Finding]]:
        """Return whom to charge with which leak, each leak once."""
        found = []
        for one in leaks:
            run = self.run_of(one)
            if run is not None and self.is_new(one):
                self._charged.add(one.facts.id)
                found.append((run, self.fixture_of(one), one))
        return found

    def is_new(self, one: Finding) -> bool:
        """Whether a leak is some test's and was not charged yet."""
        run = self.run_of(one)
        if run is None or run.may_leak or one.facts.id in self._charged:
            return False
        return not self._is_somebody_elses(one, run)

    def _is_somebody_elses(self, one: Finding, run: TestRun) -> bool:
        fixture = self.fixture_of(one)
        if one.verdict is None or one.verdict.kind is not Kind.UNCLOSED:
            return False
        if fixture is not None:
            return not fixture.is_torn_down
        owner = one.facts.owner
        made_at = None if owner is None else owner.made_at_s
        # Made at import or by an earlier test, or before the watch began.
        return owner is not None and (made_at is None or made_at < run.started_at)
