"""The rules of HTTP caching, for a cache that serves one user.

Decides which replies may be stored and which of those anybody could use, how long
one stays fresh, which requests it may answer, what a 304 changes in it. Times are
seconds since 1970, `now` is an argument. Must not know where anything is stored.

Where RFC 9111 leaves room, Foundation's documentation decides, else what discloses
least: a reply that was asked for with an Authorization or a Cookie field of the
caller's own answers only requests with the same, as if Vary had named these fields.

Source: RFC 9111; RFC 5861, section 4; Foundation's ``NSURLRequest.CachePolicy``.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from ..errors import UsageError
from ..headers import HTTPHeaders
from ..request import CachePolicy
from .cache_control import (
    NO_DIRECTIVES,
    Directives,
    age_seconds,
    http_date,
    parse_directives,
    seconds_of,
)

__all__ = (
    "STORED_COOKIES",
    "Use",
    "Validity",
    "ValueOf",
    "conditions",
    "decide",
    "glance",
    "has_conditions",
    "is_answered_by",
    "is_for_everybody",
    "is_of_interest",
    "is_storable",
    "is_validated_by",
    "may_serve_after_error",
    "merged_lines",
    "request_directives",
    "storable_lines",
    "validity_of",
    "variant_of",
    "vary_names",
)

HEURISTIC_FRACTION = 0.1  # of the time since Last-Modified; RFC 9111 4.2.2
HEURISTIC_LIMIT_S = 7 * 86_400.0  # seconds; what Foundation's limit is nobody says
VARY_LIMIT = 64  # names; a reply that varies by more is taken to vary by everything

_STORED_BY_DEFAULT = frozenset((200, 203, 204, 301, 308))
_STORED_IF_TOLD = frozenset((*range(200, 300), 302, 303, 307)) - {206}
_UNDERSTOOD = _STORED_BY_DEFAULT | {201, 202, 205, 207, 208, 226, 302, 303, 307}
_ERRORS_TO_BRIDGE = frozenset((500, 502, 503, 504))  # RFC 5861, section 4

# Of one connection, or of one message (RFC 9111 3.1). A cookie is set once, by the
# reply that brought it, and is no secret to be left in a file.
_NOT_STORED = frozenset(
    (
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authentication-info",
        b"proxy-authorization",
        b"proxy-connection",
        b"set-cookie",
        b"set-cookie2",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    )
)
# They tell of the body, which a 304 does not bring (RFC 9111 3.2).
_NOT_UPDATED = _NOT_STORED | {
    b"content-encoding",
    b"content-length",
    b"content-md5",
    b"content-range",
    b"content-type",
    b"etag",
}
# 0.2 µs for most heads, which have no field that begins so.
_closer_look = re.compile(
    rb"\n(?:etag:|last-modified:|expires:|cache-control:[^\n]*max-age)", re.IGNORECASE
).search
_ALWAYS_VARIES = ("authorization", "cookie")
STORED_COOKIES = ":stored-cookies"
"""What `variant_of` asks for beside the Cookie field of a reply that varies by it."""
_CONDITIONS = (
    "if-none-match",
    "if-modified-since",
    "if-match",
    "if-unmodified-since",
    "if-range",
    "range",
)


ValueOf = Callable[[str], str | None]
"""Gives the value of the request's field of a name, in lower case; None for none."""


class Use(enum.Enum):
    """What to do with a stored reply."""

    SERVE = enum.auto()
    VALIDATE = enum.auto()
    LOAD = enum.auto()
    """Load without it."""
    FAIL = enum.auto()
    """Neither it nor the network may answer."""


class Validity(NamedTuple):
    """How long a reply may be used.

    Attributes:
        born_at: When it left its origin: the present less this is its age.
        lifetime_s: The age at which it turns stale, in seconds.
        no_cache: Whether it is to be validated before each use.
        must_revalidate: Whether it must never be used stale.
        stale_if_error_s: For how long beyond its lifetime it may stand in for an
            error, in seconds.
        etag: Its entity tag; None if it has none.
        last_modified: Its date of change as it came; None if it has none.
    """

    born_at: float
    lifetime_s: float
    no_cache: bool = False
    must_revalidate: bool = False
    stale_if_error_s: int = 0
    etag: str | None = None
    last_modified: str | None = None

    @property
    def can_be_validated(self) -> bool:
        """Whether a server can be asked if it still holds."""
        return self.etag is not None or self.last_modified is not None

    @property
    def is_useful(self) -> bool:
        """Whether a request may ever profit from it, without asking for any age."""
        return self.can_be_validated or (self.lifetime_s > 0 and not self.no_cache)

    def is_fresh(self, now: float, margin_s: float = 0.0) -> bool:
        """Whether it is fresh now, and for `margin_s` seconds to come.

        Not if the clock was turned back behind its birth: nothing is known then.
        """
        return self.born_at <= now < self.born_at + self.lifetime_s - margin_s


def glance(head: bytes) -> bool:
    """Whether `is_of_interest` need be asked of a head, given in lower case."""
    return (
        b"\netag:" in head
        or b"\nlast-modified:" in head
        or b"max-age" in head
        or b"\nexpires:" in head
    )


def is_of_interest(lines: Sequence[bytes]) -> bool:
    """Whether a head could be that of a useful reply; quick, and never wrong by no.

    Args:
        lines: The raw lines of the head.
    """
    return _closer_look(b"".join(lines)) is not None


def request_directives(headers: HTTPHeaders | None) -> Directives:
    """Return the caching directives of a request; Pragma if it has no others."""
    if headers is None:
        return NO_DIRECTIVES
    value = headers.get("cache-control")
    if value is None and "no-cache" in parse_directives(headers.get("pragma")):
        return {"no-cache": None}
    return parse_directives(value)


def has_conditions(headers: HTTPHeaders | None) -> bool:
    """Whether the caller asks for a part or sets conditions: the answer is theirs."""
    return headers is not None and any(name in headers for name in _CONDITIONS)


def is_storable(
    method: str, status: int, headers: HTTPHeaders, asked: Directives
) -> bool:
    """Whether a reply may be stored at all.

    Args:
        method: The request's method.
        status: The reply's status.
        headers: The reply's fields.
        asked: The request's directives.

    Source: RFC 9111, section 3.
    """
    if method not in ("GET", "HEAD") or "no-store" in asked:
        return False
    told = parse_directives(headers.get("cache-control"))
    must_understand = "must-understand" in told
    if must_understand and status not in _UNDERSTOOD:
        return False
    if "no-store" in told and not must_understand:
        return False
    if vary_names(headers) is None:
        return False
    if status in _STORED_BY_DEFAULT:
        return True
    is_told = "max-age" in told or "public" in told or "expires" in headers
    return status in _STORED_IF_TOLD and is_told


def is_for_everybody(headers: HTTPHeaders) -> bool:
    """Whether a reply to credentials may answer requests without (RFC 9111 3.5)."""
    told = parse_directives(headers.get("cache-control"))
    return "public" in told or "must-revalidate" in told or "s-maxage" in told


def validity_of(
    status: int, headers: HTTPHeaders, requested_at: float, now: float
) -> Validity:
    """Return how long a reply may be used.

    Args:
        status: The reply's status.
        headers: The reply's fields.
        requested_at: When the request went out; what the reply took counts as age.
        now: The present.

    Source: RFC 9111, section 4.2.
    """
    told = parse_directives(headers.get("cache-control"))
    date = http_date(headers.get("date", ""), now)
    born_at = requested_at - age_seconds(headers.get_all("age"))
    if date is not None and date < born_at:
        born_at = date
    return Validity(
        born_at=born_at,
        lifetime_s=_lifetime_s(status, headers, told, date or requested_at, now),
        no_cache="no-cache" in told,
        must_revalidate="must-revalidate" in told,
        stale_if_error_s=(
            seconds_of(told, "stale-if-error") if "stale-if-error" in told else 0
        ),
        etag=_sendable(headers, "etag"),
        last_modified=_sendable(headers, "last-modified"),
    )


def _sendable(headers: HTTPHeaders, name: str) -> str | None:
    """Return a value that came, if it is one that a request may send back."""
    value = headers.get(name)
    if not value:
        return None
    try:
        HTTPHeaders([(name, value)])
    except UsageError:
        return None
    return value


def _lifetime_s(
    status: int, headers: HTTPHeaders, told: Directives, date: float, now: float
) -> float:
    if "max-age" in told:
        return seconds_of(told, "max-age")
    expires = headers.get_all("expires")
    if expires:
        at = http_date(expires[0], now) if len(expires) == 1 else None
        return 0.0 if at is None else max(0.0, at - date)
    modified = http_date(headers.get("last-modified", ""), now)
    if modified is None or status not in _STORED_BY_DEFAULT:
        return 0.0
    return min(HEURISTIC_LIMIT_S, max(0.0, date - modified) * HEURISTIC_FRACTION)


def decide(
    policy: CachePolicy, stored: Validity | None, asked: Directives, now: float
) -> Use:
    """Return what to do about a request.

    Args:
        policy: The request's policy, or the session's.
        stored: That of the stored reply which matches; None if none does.
        asked: The request's directives. Under the policies that take a reply of any
            age, or none, they do not count.
        now: The present.
    """
    if policy == CachePolicy.RETURN_CACHE_DATA_DONT_LOAD:
        return Use.FAIL if stored is None else Use.SERVE
    if policy == CachePolicy.RETURN_CACHE_DATA_ELSE_LOAD:
        return Use.LOAD if stored is None else Use.SERVE
    if policy in (
        CachePolicy.RELOAD_IGNORING_LOCAL_CACHE_DATA,
        CachePolicy.RELOAD_IGNORING_LOCAL_AND_REMOTE_CACHE_DATA,
    ):
        return Use.LOAD
    must_validate = policy == CachePolicy.RELOAD_REVALIDATING_CACHE_DATA
    if "no-store" not in asked and stored is not None:
        if not must_validate and is_answered_by(stored, asked, now):
            return Use.SERVE
        if "only-if-cached" not in asked and stored.can_be_validated:
            return Use.VALIDATE
    return Use.FAIL if "only-if-cached" in asked else Use.LOAD


def is_answered_by(stored: Validity, asked: Directives, now: float) -> bool:
    """Whether a reply may be used without asking the server (RFC 9111, section 4)."""
    if stored.no_cache or "no-cache" in asked:
        return False
    margin_s = seconds_of(asked, "min-fresh") if "min-fresh" in asked else 0
    if "max-age" in asked and now - stored.born_at >= seconds_of(asked, "max-age"):
        return False
    if stored.is_fresh(now, margin_s):
        return True
    if "max-stale" not in asked or stored.must_revalidate or margin_s:
        return False
    extra_s = seconds_of(asked, "max-stale", unsaid=2**31)
    return stored._replace(lifetime_s=stored.lifetime_s + extra_s).is_fresh(now)


def may_serve_after_error(
    stored: Validity, asked: Directives, status: int | None, now: float
) -> bool:
    """Whether a stale reply may stand in for an error (RFC 5861, section 4).

    Args:
        stored: That of the stale reply.
        asked: The request's directives.
        status: The error's status; None if there was no reply at all.
        now: The present.
    """
    if stored.must_revalidate or stored.no_cache or "no-cache" in asked:
        return False
    if status is not None and status not in _ERRORS_TO_BRIDGE:
        return False
    extra_s = stored.stale_if_error_s
    if "stale-if-error" in asked:
        extra_s = max(extra_s, seconds_of(asked, "stale-if-error"))
    return extra_s > 0 and now < stored.born_at + stored.lifetime_s + extra_s


def conditions(stored: Validity) -> list[tuple[str, str]]:
    """Return the fields that ask a server whether a reply still holds."""
    fields = []
    if stored.etag is not None:
        fields.append(("If-None-Match", stored.etag))
    if stored.last_modified is not None:
        fields.append(("If-Modified-Since", stored.last_modified))
    return fields


def is_validated_by(stored: Validity, headers: HTTPHeaders) -> bool:
    """Whether a 304 with these fields is about the stored reply (RFC 9111 4.3.4)."""
    etag = headers.get("etag")
    if etag is not None and stored.etag is not None:
        return etag.removeprefix("W/") == stored.etag.removeprefix("W/")
    return True


# -- what a reply varies by ---------------------------------------------------------


def vary_names(headers: HTTPHeaders) -> tuple[str, ...] | None:
    """Return the request's fields that select this reply, in order, in lower case.

    Returns:
        None if it answers no other request: ``Vary: *``.
    """
    value = headers.get("vary")
    if value is None:
        return ()
    names = {name.strip().lower() for name in value.split(",")} - {""}
    if "*" in names or len(names) > VARY_LIMIT:
        return None
    return tuple(sorted(names))


def variant_of(
    names: Sequence[str],
    value_of: ValueOf,
    digest: Callable[[str], str],
) -> str:
    """Return which variant a request selects, as one string.

    Two requests select the same variant of a resource if their strings are equal. Of
    secrets there is a digest only.

    Args:
        names: What the reply varies by.
        value_of: See `ValueOf`.
        digest: Gives the digest of a string.
    """
    found = []
    secrets: tuple[str, ...] = _ALWAYS_VARIES
    if "cookie" in names:  # those that the session adds count as well
        secrets = (*secrets, STORED_COOKIES)
    for name in dict.fromkeys((*secrets, *names)):
        value = value_of(name)
        if value is not None:
            if name in secrets:
                value = digest(value)
            found.append(f"{name}:{_normal(value)}")
    return "\n".join(found)


def _normal(value: str) -> str:
    return ",".join(" ".join(part.split()) for part in value.split(","))


# -- what is kept of a head -----------------------------------------------------------


def storable_lines(lines: Sequence[bytes]) -> tuple[bytes, ...]:
    """Return the raw lines of a head, the status line first, without what is not kept.

    Neither fields of the connection, nor those that Connection names, nor cookies.
    """
    dropped = _NOT_STORED
    for line in lines[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"connection":
            dropped = dropped | {one.strip().lower() for one in value.split(b",")}
    return (*lines[:1], *_without(lines[1:], dropped))


def merged_lines(stored: Sequence[bytes], update: Sequence[bytes]) -> tuple[bytes, ...]:
    """Return the head of a stored reply with the fields that a 304 brought.

    Args:
        stored: Its raw lines, the status line first.
        update: The raw lines of the 304.

    Source: RFC 9111, section 3.2.
    """
    new = [
        line for line in storable_lines(update)[1:] if _name(line) not in _NOT_UPDATED
    ]
    names = frozenset(map(_name, new))
    return (*stored[:1], *_without(stored[1:], names), *new)


def _without(lines: Sequence[bytes], names: frozenset[bytes]) -> list[bytes]:
    kept = []
    is_dropped = False
    for line in lines:
        if line[:1] not in (b" ", b"\t"):  # else it goes on the line before
            is_dropped = not line.strip() or _name(line) in names
        if not is_dropped:
            kept.append(line)
    return kept


def _name(line: bytes) -> bytes:
    return line.partition(b":")[0].strip().lower()
