"""What a configuration comes to, and when it is worked out anew."""

from __future__ import annotations

import math
from collections.abc import Callable

import pycurl
import pytest

from urlsession.configuration import URLSessionConfiguration
from urlsession.loading import plan as plan_module
from urlsession.loading.plan import plan_for


@pytest.fixture(autouse=True)
def no_earlier_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    """Begin with no plan remembered, and let the environment say nothing."""
    monkeypatch.setattr(plan_module, "_last", None)
    for name in plan_module._VARIABLES:
        monkeypatch.delenv(name, raising=False)


def configuration() -> URLSessionConfiguration:
    """Return a configuration that a test may change."""
    return URLSessionConfiguration.ephemeral()


def test_limits_and_policy_are_the_configurations() -> None:
    """In seconds, as they were set."""
    one = configuration()
    one.timeout_interval_for_request = 5
    one.timeout_interval_for_resource = 50
    one.idle_connection_timeout = 7
    one.maximum_connection_lifetime = 70
    one.http_maximum_connections_per_host = 3
    plan = plan_for(one)

    assert (plan.limits.idle_s, plan.limits.resource_s) == (5, 50)
    assert (plan.policy.idle_timeout_s, plan.policy.maximum_lifetime_s) == (7, 70)
    assert plan.maximum_connections_per_host == 3


def test_no_limit_is_infinity() -> None:
    """The engine knows no None."""
    one = configuration()
    one.idle_connection_timeout = None
    one.maximum_connection_lifetime = None
    policy = plan_for(one).policy

    assert (policy.idle_timeout_s, policy.maximum_lifetime_s) == (math.inf, math.inf)


def test_sessions_made_alike_share_their_handles() -> None:
    """Also if the copies are different objects."""
    assert plan_for(configuration()) is plan_for(configuration())


def _request(one: URLSessionConfiguration) -> None:
    one.timeout_interval_for_request = 5


def _headers(one: URLSessionConfiguration) -> None:
    one.http_additional_headers = {"X-A": "1"}


def _protocol(one: URLSessionConfiguration) -> None:
    one.http_protocol = "http/1.1"


@pytest.mark.parametrize("change", [_request, _headers, _protocol])
def test_other_configuration_has_another_plan(
    change: Callable[[URLSessionConfiguration], None],
) -> None:
    """Whatever the difference is."""
    first = plan_for(configuration())
    changed = configuration()
    change(changed)
    second = plan_for(changed)

    assert second is not first
    assert second.handles is not first.handles


def test_environment_is_read_for_every_session(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test may set it, and so may a program, before it makes a session."""
    first = plan_for(configuration())
    monkeypatch.setenv("LANG", "de_CH.UTF-8")
    second = plan_for(configuration())

    assert first.fields == ()
    assert second.fields == (("Accept-Language", "de-CH,de;q=0.9"),)


@pytest.mark.parametrize("has_fields", [False, True])
def test_handles_of_the_plan_have_its_header_fields(has_fields: bool) -> None:
    """Most requests have none of their own: nothing is set for them then."""
    one = configuration()
    if has_fields:
        one.http_additional_headers = {"X-A": "1"}
    plan = plan_for(one)
    options = dict(plan.handles._base)

    assert options.get(pycurl.HTTPHEADER) == (
        [b"X-A: 1", b"Expect:"] if has_fields else None
    )
    handle = plan.handles.take(lambda *_: pycurl.SOCKET_BAD)
    handle.close()
