"""Which failures are for want of a way, and when to try again."""

from __future__ import annotations

import errno
import threading
import time

import pytest

from urlsession.engine.connectivity import (
    LONGEST_DELAY_S,
    Lookout,
    has_default_route,
    is_about_connectivity,
    lookout,
    retry_delay_s,
)
from urlsession.testing import wait_until


@pytest.mark.parametrize(
    ("curl_code", "os_errno", "has_route", "is_so"),
    [
        (7, errno.ENETUNREACH, True, True),
        (7, errno.EHOSTUNREACH, True, True),
        (7, errno.ENETDOWN, True, True),
        (7, errno.ECONNREFUSED, False, False),
        (7, errno.ETIMEDOUT, False, False),
        (7, 0, False, False),
        (55, errno.ENETUNREACH, True, True),
        (55, errno.EPIPE, True, False),
        (6, 0, False, True),
        (6, 0, True, False),
        (5, 0, False, True),
        (28, errno.ENETUNREACH, False, False),
        (60, 0, False, False),
    ],
)
def test_failure_is_about_connectivity(
    curl_code: int, os_errno: int, *, has_route: bool, is_so: bool
) -> None:
    """Of names only if there is no route that could lead to a server of names."""
    assert is_about_connectivity(curl_code, os_errno, lambda: has_route) is is_so


def test_delays_grow_to_a_limit() -> None:
    """In case nobody tells of what has changed."""
    assert [retry_delay_s(number) for number in (1, 2, 3, 4)] == [1.0, 2.0, 4.0, 8.0]
    assert retry_delay_s(1000) == LONGEST_DELAY_S


def test_kernel_is_asked_for_a_route() -> None:
    """Here there is one or there is none; to ask is no error."""
    assert has_default_route() in (True, False)


def test_those_who_wait_are_called_at_their_time() -> None:
    """Once each, the soonest first; the thread ends with the last."""
    watch = Lookout()
    called: list[str] = []
    now = time.monotonic()
    watch.enter(lambda: called.append("later"), now + 0.2)
    watch.enter(lambda: called.append("sooner"), now + 0.05)

    assert wait_until(lambda: called == ["sooner", "later"])
    assert time.monotonic() - now >= 0.2
    assert wait_until(lambda: watch._thread is None)
    watch.enter(lambda: called.append("again"), now)
    assert wait_until(lambda: called[2:] == ["again"])
    assert wait_until(lambda: watch._thread is None)


def test_who_has_left_is_not_called() -> None:
    """And nobody waits for the rest of the time."""
    watch = Lookout()
    called: list[int] = []

    def act() -> None:
        called.append(1)

    watch.enter(act, time.monotonic() + 100)
    watch.leave(act)
    watch.leave(act)

    assert wait_until(lambda: watch._thread is None)
    assert not called
    assert not any(
        one.name == "urlsession-connectivity" for one in threading.enumerate()
    )
    assert lookout() is lookout()
