"""Cookies that a server sets: from Set-Cookie fields to cookies.

Decides what a field means and whether its cookie may be taken at all, as far as the
field and the URL that answered tell. What is stored already and who asked for the URL
is not looked at here, see `jar` and `storage`.

Source: RFC 6265bis, 5.4, 5.6 and 5.7.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ...errors import UsageError
from ...headers import HeadersInit, HTTPHeaders
from .date import parse_cookie_date
from .policy import CookieSameSitePolicy
from .site import default_path, domain_matches, is_address, is_public_suffix

if TYPE_CHECKING:
    from ...url import URLParts
    from .cookie import HTTPCookie

__all__ = ("fields_of", "fields_of_head", "received_cookie")

MAXIMUM_SIZE = 4096  # bytes of name and value together; RFC 6265bis, 5.6
MAXIMUM_ATTRIBUTE_SIZE = 1024  # bytes of an attribute's value; RFC 6265bis, 5.6
CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
MAXIMUM_AGE_S = 400 * 86_400.0  # seconds; RFC 6265bis, 5.5
_BLANK = " \t"
_MAX_AGE = re.compile(r"-?[0-9]+")
# A comma that ends a cookie is followed by the next one's name, which is a token (RFC
# 9110, 5.6.2); one in a date or a comment is not.
_NEXT_COOKIE = re.compile(r",\s*(?=[!#$%&'*+.^_`|~0-9A-Za-z-]+[ \t]*=)")
_HOST = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*")
_OF_RFC_2965 = frozenset(("comment", "commenturl", "port", "version"))
_PORTS = re.compile(r'"?[0-9]{1,5}(?:[ ,]+[0-9]{1,5})*"?')
_EARLIEST = 0.0  # of a cookie that is to be deleted; 1970 is past enough


def fields_of(headers: HeadersInit) -> list[str]:
    """Return the value of each Set-Cookie field, taking apart what a comma joins.

    `HTTPHeaders` and pairs have kept the fields apart, a plain mapping cannot.

    Raises:
        UsageError: A name or a value is no str.
    """
    if not isinstance(headers, Mapping):
        return HTTPHeaders(headers).get_all("set-cookie")
    found: list[str] = []
    for name, value in headers.items():
        if not (isinstance(name, str) and isinstance(value, str)):
            kinds = f"{type(name).__name__} and {type(value).__name__}"
            raise UsageError(
                f"header {name!r}: name and value must be str, not {kinds}; several "
                "cookies are pairs, or HTTPHeaders"
            )
        if name.lower() == "set-cookie":
            found += _NEXT_COOKIE.split(value)
    return found


def fields_of_head(lines: Sequence[bytes]) -> list[str]:
    """Return the value of each Set-Cookie field of a head, from its raw lines.

    Source: RFC 9110, 5.3: the one field whose lines must not be joined.
    """
    found: list[str] = []
    is_open = False
    for line in lines:
        first = line[:1]
        if first in (b" ", b"\t"):  # goes on with the field before (obs-fold)
            if is_open:
                found[-1] += " " + line.strip(b" \t\r\n").decode("latin-1")
            continue
        is_open = False
        if first not in (b"s", b"S"):
            continue
        name, colon, value = line.partition(b":")
        is_open = bool(colon) and name.rstrip(b" \t").lower() == b"set-cookie"
        if is_open:
            found.append(value.strip(b" \t\r\n").decode("latin-1"))
    return found


def received_cookie(
    kind: type[HTTPCookie],
    field: str,
    parts: URLParts,
    now: float,
    *,
    is_for_program: bool = False,
) -> HTTPCookie | None:
    """Return the cookie of one Set-Cookie field.

    Args:
        kind: What to make of it.
        field: The field's value, bytes read as Latin-1.
        parts: The URL that answered.
        now: Seconds since 1970.
        is_for_program: Whether a program reads the field, by Foundation's rules: no
            cookie is without a name, and one for another host is the storage's to
            refuse.

    Returns:
        None if it must not be taken. A cookie to be deleted has expired.
    """
    pair, _, rest = field.partition(";")
    name, equals, value = pair.partition("=")
    if not equals:
        name, value = "", name
    name, value = name.strip(_BLANK), value.strip(_BLANK)
    if not (name or value) or len(name) + len(value) > MAXIMUM_SIZE:
        return None
    if CONTROL.search(field) or (is_for_program and not name):
        return None
    attributes = _attributes(rest)
    domain = _domain(
        attributes.get("domain", ""), parts.host, keeps_others=is_for_program
    )
    path = attributes.get("path", "")
    is_secure = "secure" in attributes
    same_site = attributes.get("samesite", "").lower()
    has_root_path = path == "/"
    if not path.startswith("/"):
        path = default_path(parts.path)
        has_root_path = "path" in attributes and path == "/"
    if (
        domain is None
        or (is_secure and not parts.is_secure)
        or (same_site == "none" and not is_secure)
        or not _may_have_prefix(
            name or value,
            is_secure=is_secure,
            is_http_only="httponly" in attributes,
            is_of_host=has_root_path and not domain.startswith("."),
            is_nameless=not name,
        )
    ):
        return None
    return kind.of(
        name,
        value,
        domain,
        path,
        created_at=now,
        expires_at=_expires_at(attributes, now),
        is_secure=is_secure,
        is_http_only="httponly" in attributes,
        same_site_policy=_SAME_SITE.get(same_site),
        **({} if _OF_RFC_2965.isdisjoint(attributes) else _old_facts(attributes)),
    )


_SAME_SITE = {one.value: one for one in CookieSameSitePolicy}


def _attributes(text: str) -> dict[str, str]:
    """Return the attributes by lower-case name; of several the last one counts.

    Dates and ages that cannot be read are left out, so that an earlier one counts.
    """
    found: dict[str, str] = {}
    for one in text.split(";"):
        name, _, value = one.partition("=")
        name, value = name.strip(_BLANK).lower(), value.strip(_BLANK)
        if (
            len(value) > MAXIMUM_ATTRIBUTE_SIZE
            or (name == "expires" and parse_cookie_date(value) is None)
            or (name == "max-age" and not _MAX_AGE.fullmatch(value))
        ):
            continue
        found[name] = value
    return found


def _old_facts(attributes: Mapping[str, str]) -> dict[str, object]:
    """Return what RFC 2965 added to cookies, which Foundation keeps; no effect."""
    version = 1 if attributes.get("version", "").strip('"') == "1" else 0
    ports = attributes.get("port", "")
    found = None
    if _PORTS.fullmatch(ports):
        found = tuple(map(int, re.findall("[0-9]+", ports)))
    return {
        "version": version,
        "comment": attributes.get("comment") or None,
        "comment_url": attributes.get("commenturl") or None,
        "port_list": found if found is None or version else found[:1],
    }


def _expires_at(attributes: Mapping[str, str], now: float) -> float | None:
    age = attributes.get("max-age")
    if age is not None:
        # A thousand digits are a long time, and more than int() takes.
        age_s = MAXIMUM_AGE_S if len(age) > 15 else float(age)
        if age.startswith("-") or age_s <= 0:
            return _EARLIEST
        return now + min(age_s, MAXIMUM_AGE_S)
    date = attributes.get("expires")
    moment = None if date is None else parse_cookie_date(date)
    return None if moment is None else min(moment, now + MAXIMUM_AGE_S)


def _domain(attribute: str, host: str, *, keeps_others: bool) -> str | None:
    """Return the cookie's domain, with a leading dot if names below are meant.

    None if the host may not set a cookie for that domain, unless `keeps_others`.
    """
    domain = attribute.removeprefix(".").lower()
    if not domain.isascii():
        return None
    if not domain:
        return host
    if is_address(host) and domain.strip("[]") == host:
        return host
    if not domain_matches(host, domain):
        if not (keeps_others and _HOST.fullmatch(domain)):
            return None
        return domain if is_address(domain) else f".{domain}"
    if is_public_suffix(domain):
        return host if domain == host else None
    return f".{domain}"


def _may_have_prefix(
    text: str,
    *,
    is_secure: bool,
    is_http_only: bool,
    is_of_host: bool,
    is_nameless: bool,
) -> bool:
    """Return whether a cookie keeps the promise that the prefix of its name makes.

    Source: RFC 6265bis, 4.1.3 and 5.7; ``__Http-`` and ``__Host-Http-`` are of the
    draft that follows it (Cookies: HTTP State Management Mechanism).
    """
    if not text.startswith("__"):
        return True
    lowered = text[:12].lower()
    is_of_host_only = lowered.startswith("__host-")
    is_http = lowered.startswith(("__http-", "__host-http-"))
    if not (is_of_host_only or is_http or lowered.startswith("__secure-")):
        return True
    return (
        is_secure
        and not is_nameless
        and (is_of_host or not is_of_host_only)
        and (is_http_only or not is_http)
    )
