"""Which idle connections go, and when to ask again."""

from __future__ import annotations

import math
import weakref

import pytest
from hypothesis import given
from hypothesis import strategies as st

from urlsession.connections import Connection, Owner
from urlsession.engine.reaper import ReapPolicy, plan_reaping

NOW = 1000.0
OWNER = Owner(type="test", ref=weakref.ref(Connection), made_at=None)


def idle_connection(
    idle_s: float = 0.0, age_s: float | None = None, number: int = 1
) -> Connection:
    """Return a connection that has been idle, and open, for so long."""
    return Connection(
        id=number,
        fd=number,
        inode=number,
        host="a.example",
        remote=("127.0.0.1", 80),
        is_secure=False,
        opened_at=NOW - (idle_s if age_s is None else age_s),
        last_used_at=NOW - idle_s,
        owner=OWNER,
        opened_by=None,
    )


def policy(idle_s: float = math.inf, lifetime_s: float = math.inf) -> ReapPolicy:
    """Return a policy."""
    return ReapPolicy(idle_timeout_s=idle_s, maximum_lifetime_s=lifetime_s)


@pytest.mark.parametrize(
    ("idle_s", "goes"), [(0, False), (59.999, False), (60, True), (1e6, True)]
)
def test_connection_goes_when_it_was_idle_for_too_long(
    idle_s: float, goes: bool
) -> None:
    """At the very moment."""
    plan = plan_reaping([idle_connection(idle_s)], policy(60), NOW)

    assert bool(plan.expired) is goes


@pytest.mark.parametrize(("age_s", "goes"), [(99.9, False), (100, True)])
def test_connection_goes_when_it_was_open_for_too_long(
    age_s: float, goes: bool
) -> None:
    """However recently it was used."""
    one = idle_connection(idle_s=0, age_s=age_s)

    assert bool(plan_reaping([one], policy(60, 100), NOW).expired) is goes


def test_next_question_is_for_the_first_that_will_go() -> None:
    """By either limit."""
    idle = [idle_connection(10), idle_connection(30), idle_connection(5, age_s=95)]

    assert plan_reaping(idle[:2], policy(60), NOW).next_at == NOW + 30
    assert plan_reaping(idle, policy(60, 100), NOW).next_at == NOW + 5


def test_nothing_to_reap_asks_for_no_question() -> None:
    """No connection, or no limit: no timer, no wake-up."""
    assert plan_reaping([], policy(60), NOW).next_at == math.inf
    assert plan_reaping([idle_connection(1e9)], policy(), NOW).next_at == math.inf


@given(
    st.lists(st.floats(0, 200), max_size=20),
    st.floats(0.1, 100),
    st.floats(0.1, 1000),
)
def test_plan_divides_the_connections(
    idle_s: list[float], timeout_s: float, lifetime_s: float
) -> None:
    """None is forgotten: what does not go now is asked for in time."""
    idle = [idle_connection(s, s, number=n) for n, s in enumerate(idle_s)]
    plan = plan_reaping(idle, policy(timeout_s, lifetime_s), NOW)
    kept = [one for one in idle if one not in plan.expired]
    limit_s = min(timeout_s, lifetime_s)

    assert all(NOW - one.last_used_at >= limit_s * 0.999 for one in plan.expired)
    assert plan.next_at > NOW
    assert bool(kept) is (plan.next_at < math.inf)
    again = plan_reaping(kept, policy(timeout_s, lifetime_s), plan.next_at)
    assert bool(again.expired) is bool(kept)
