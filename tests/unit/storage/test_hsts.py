"""What Strict-Transport-Security says, and whom it holds for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from urlsession.storage.hsts import MAXIMUM_HOSTS, KnownHosts, Policy, read_policy

NOW = 1_000_000.0


@pytest.mark.parametrize(
    ("value", "policy"),
    [
        ("max-age=10", Policy(NOW + 10, False)),
        ('max-age="10"', Policy(NOW + 10, False)),
        ("Max-Age=10 ; includeSubDomains", Policy(NOW + 10, True)),
        ("includesubdomains;max-age=10;", Policy(NOW + 10, True)),
        (" max-age = 10; preload; x=y", Policy(NOW + 10, False)),
        ("max-age=0", Policy(0.0, False)),
        (";; max-age=10 ;;", Policy(NOW + 10, False)),
        ("", None),
        ("includeSubDomains", None),
        ("max-age", None),
        ("max-age=", None),
        ("max-age=-1", None),
        ("max-age=1e3", None),
        ("max-age=10; max-age=20", None),
        ("max-age=10 20", None),
        ("max-age=10; includeSubDomains; includeSubDomains", None),
        ('max-age="10', None),
        ("max-age=10, includeSubDomains", None),
    ],
)
def test_value_is_read(value: str, policy: Policy | None) -> None:
    """Each directive once; what is not valid is ignored as a whole."""
    assert read_policy(value, NOW) == policy


@given(st.text())
def test_any_value_is_read_or_ignored(value: str) -> None:
    """No value of a server's is an error of ours."""
    read_policy(value, NOW)


def test_age_has_a_limit() -> None:
    """What would not fit into a date does not break one."""
    policy = read_policy(f"max-age={'9' * 400}", NOW)

    assert policy is not None and policy.expires_at < 1e12


@pytest.mark.parametrize(
    ("host", "is_held"),
    [
        ("example.com", True),
        ("example.com.", True),
        ("www.example.com", False),
        ("sub.example.org", True),
        ("a.sub.example.org", True),
        ("example.org", True),
        ("notexample.org", False),
        ("org", False),
        ("127.0.0.1", False),
        ("::1", False),
    ],
)
def test_policy_holds_for(host: str, *, is_held: bool) -> None:
    """The host itself, and those below it if it says so."""
    known = KnownHosts()
    known.note("example.com", "max-age=10", NOW)
    known.note("example.org", "max-age=10; includeSubDomains", NOW)

    assert known.requires_tls(host, NOW + 9) is is_held
    assert not known.requires_tls(host, NOW + 10)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "fe80::1%eth0"])
def test_address_cannot_ask(host: str) -> None:
    """RFC 6797, section 8.1.1."""
    known = KnownHosts()

    assert not known.note(host, "max-age=10", NOW)
    assert not known.policies


def test_host_may_ask_to_be_forgotten() -> None:
    """By an age of 0, which is worth to be written down once."""
    known = KnownHosts()
    known.note("a", "max-age=10", NOW)

    assert known.note("a", "max-age=0", NOW)
    assert not known.note("a", "max-age=0", NOW)
    assert not known.requires_tls("a", NOW)


def test_repetition_is_not_written_down() -> None:
    """Every reply has the field; only what changes is news."""
    known = KnownHosts()

    assert known.note("a", "max-age=100000", NOW)
    assert not known.note("a", "max-age=100000", NOW + 5)
    assert known.note("a", "max-age=100000; includeSubDomains", NOW + 5)
    assert known.note("a", "max-age=100000; includeSubDomains", NOW + 90000)


def test_number_of_hosts_is_bounded() -> None:
    """Expired ones go first, then those known longest."""
    known = KnownHosts()
    known.note("expired", "max-age=1", NOW)
    for number in range(MAXIMUM_HOSTS + 5):
        known.note(f"host{number}", "max-age=10", NOW + 2)

    assert len(known.policies) == MAXIMUM_HOSTS
    assert "expired" not in known.policies
    assert f"host{MAXIMUM_HOSTS + 4}" in known.policies
