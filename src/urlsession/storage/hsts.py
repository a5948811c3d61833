"""Hosts that are to be spoken to over TLS only.

Decides what a ``Strict-Transport-Security`` field says, which hosts it holds for, and
when that ends. Pure: time arrives as `now`, in seconds since 1970, and what is on disk
is `hsts_file`'s business.

Source: RFC 6797.
"""

from __future__ import annotations

import re
from typing import NamedTuple

__all__ = ("KnownHosts", "Policy", "read_policy")

_DIRECTIVE = re.compile(
    r'\s*([!#$%&\'*+\-.^_`|~0-9A-Za-z]+)\s*(?:=\s*(?:"([^"]*)"|([^\s";]+)))?\s*(?:;|$)'
    r"|\s*(?:;|$)"
)
_ADDRESS = re.compile(r"[0-9.]+|.*:.*")
MAXIMUM_HOSTS = 4096  # arbitrary; some 0.5 MB
LONGEST_AGE_S = 10 * 365 * 86400.0  # what is longer would not fit into a date
WRITTEN_ANEW_S = 86400.0  # each reply repeats the field: a day's delay is no news


class Policy(NamedTuple):
    """What a host has asked for."""

    expires_at: float
    includes_subdomains: bool


def read_policy(value: str, now: float) -> Policy | None:
    """Read a field's value; None if it is not valid and has to be ignored."""
    directives: dict[str, str] = {}
    position = 0
    while position < len(value):
        match = _DIRECTIVE.match(value, position)
        if match is None or match.end() == position:
            return None
        position = match.end()
        name = (match[1] or "").lower()
        if name in directives:
            return None
        if name:
            directives[name] = match[2] if match[2] is not None else match[3] or ""
    age = directives.get("max-age", "")
    if not (age.isascii() and age.isdigit()):
        return None
    age_s = min(float(age), LONGEST_AGE_S)
    return Policy(now + age_s if age_s else 0.0, "includesubdomains" in directives)


class KnownHosts:
    """The hosts that have asked for TLS. Not thread-safe by itself."""

    def __init__(self) -> None:
        self.policies: dict[str, Policy] = {}

    def note(self, host: str, value: str, now: float) -> bool:
        """Take what a reply over TLS says.

        Args:
            host: Who said it, in lower case. An address cannot ask for anything.
            value: The field's value; only a reply's first one counts.
            now: Seconds since 1970.

        Returns:
            Whether that is worth to be written down.
        """
        if _ADDRESS.fullmatch(host):
            return False
        policy = read_policy(value, now)
        if policy is None:
            return False
        host = host.rstrip(".")
        old = self.policies.get(host)
        if not policy.expires_at:  # max-age=0: it asks to be forgotten
            return self.policies.pop(host, None) is not None
        if old is None and len(self.policies) >= MAXIMUM_HOSTS:
            self._make_room(now)
        self.policies[host] = policy
        return (
            old is None
            or old.includes_subdomains is not policy.includes_subdomains
            or abs(policy.expires_at - old.expires_at) >= WRITTEN_ANEW_S
        )

    def requires_tls(self, host: str, now: float) -> bool:
        """Whether `host`, or a host above it that speaks for it, has asked for TLS."""
        if _ADDRESS.fullmatch(host):
            return False
        name, is_itself = host.rstrip("."), True
        while name:
            policy = self.policies.get(name)
            if (
                policy is not None
                and policy.expires_at > now
                and (is_itself or policy.includes_subdomains)
            ):
                return True
            name, is_itself = name.partition(".")[2], False
        return False

    def _make_room(self, now: float) -> None:
        for host in [h for h, one in self.policies.items() if one.expires_at <= now]:
            del self.policies[host]
        while len(self.policies) >= MAXIMUM_HOSTS:
            del self.policies[next(iter(self.policies))]  # the one known longest
