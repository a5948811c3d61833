"""One cookie, as a value.

Decides what a cookie consists of and which of that is legal. Must not know from whom
it came or to whom it goes.
"""

from __future__ import annotations

import enum
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime

from ...errors import URLError
from ...headers import HeadersInit
from ...url import URLParts, parse_url
from .date import datetime_of, parse_cookie_date
from .policy import CookieSameSitePolicy
from .received import (
    CONTROL,
    MAXIMUM_ATTRIBUTE_SIZE,
    MAXIMUM_SIZE,
    fields_of,
    received_cookie,
)
from .site import is_address, url_parts

__all__ = ("CookieKey", "HTTPCookie")

_OUTSIDE_NAME = re.compile(rf"{CONTROL.pattern}|[;=]")
_OUTSIDE_VALUE = re.compile(rf"{CONTROL.pattern}|;")


class CookieKey(enum.StrEnum):
    """What `HTTPCookie.properties` goes by: Foundation's keys with its strings."""

    NAME = "Name"
    VALUE = "Value"
    ORIGIN_URL = "OriginURL"
    VERSION = "Version"
    DOMAIN = "Domain"
    PATH = "Path"
    SECURE = "Secure"
    EXPIRES = "Expires"
    COMMENT = "Comment"
    COMMENT_URL = "CommentURL"
    DISCARD = "Discard"
    MAXIMUM_AGE = "Max-Age"
    PORT = "Port"
    SAME_SITE_POLICY = "SameSite"
    SET_BY_JAVASCRIPT = "SetByJavaScript"
    HTTP_ONLY = "HttpOnly"
    """Not Foundation's, whose cookies lose this on the way through `properties`."""


@dataclass(frozen=True, slots=True, init=False, repr=False)
class HTTPCookie:
    """A name and a value that go to some hosts and paths, for some time.

    Args:
        properties: By `CookieKey` or its string. Name, value, path, and domain or
            origin URL are needed, the others are

            * ``Version``: 0 or 1; ``Comment``, ``CommentURL``, ``Port`` ("80,443"; of
              version 0 the first only): kept, without effect;
            * ``Expires``: a `datetime` with a time zone, or a date as text;
            * ``Max-Age``: seconds from now, which beat ``Expires``;
            * ``Discard``: ``"TRUE"`` or True for no expiry at all;
            * ``Secure``, ``HttpOnly``, ``SetByJavaScript``: any value but False, None
              and "" is yes;
            * ``SameSite``: ``"lax"``, ``"strict"`` or a `CookieSameSitePolicy`;
              ``"none"`` is none.

    Raises:
        TypeError: A property that is text is none.
        ValueError: Something is missing or cannot be read; the name or the value
            holds a control character or ";", the name "="; both are empty, or longer
            than 4096 bytes together; the domain is no host, or it or the path longer
            than 1024 bytes; the path does not begin with "/".

    Attributes:
        name: May be empty.
        value: As the server wrote it, quotes included; bytes that are not ASCII are
            read as Latin-1 and sent as they came.
        domain: The host in lower case; with a leading dot every name below it too.
        path: Where it goes, and everything below.
        is_secure: Whether it goes over TLS only.
        is_http_only: Whether it is not for scripts; without effect here.
        same_site_policy: What holds when another site's document asks; None: it goes.
        version: 0, or 1 for a cookie of RFC 2965.
        comment: Its purpose, by RFC 2965.
        comment_url: Where that is described.
        port_list: The ports it would go to by RFC 2965; without effect.
        is_set_by_javascript: What the property said.
        expires_at: When it ends, in seconds since 1970; None: with the program.
        created_at: When it was made, in seconds since 1970. Two cookies that differ
            in nothing else are equal.

    Source: Foundation's ``HTTPCookie``.
    """

    name: str
    value: str
    domain: str
    path: str
    is_secure: bool
    is_http_only: bool
    same_site_policy: CookieSameSitePolicy | None
    version: int
    comment: str | None
    comment_url: str | None
    port_list: tuple[int, ...] | None
    is_set_by_javascript: bool
    expires_at: float | None
    created_at: float = field(compare=False)

    def __init__(
        self, properties: Mapping[str, object] | Mapping[CookieKey, object]
    ) -> None:
        given = {CookieKey(key): value for key, value in properties.items()}
        now = datetime.now(UTC).timestamp()
        self._set(
            name=_text(given, CookieKey.NAME),
            value=_text(given, CookieKey.VALUE),
            domain=_domain(given),
            path=_text(given, CookieKey.PATH),
            is_secure=_flag(given, CookieKey.SECURE),
            is_http_only=_flag(given, CookieKey.HTTP_ONLY),
            same_site_policy=_same_site_policy(given),
            version=_version(given),
            comment=_text_or_none(given, CookieKey.COMMENT),
            comment_url=_text_or_none(given, CookieKey.COMMENT_URL),
            port_list=_port_list(given),
            is_set_by_javascript=_flag(given, CookieKey.SET_BY_JAVASCRIPT),
            expires_at=_expires_at(given, now),
            created_at=now,
        )
        self.checked()

    @classmethod
    def of(
        cls,
        name: str,
        value: str,
        domain: str,
        path: str,
        *,
        created_at: float,
        expires_at: float | None = None,
        is_secure: bool = False,
        is_http_only: bool = False,
        same_site_policy: CookieSameSitePolicy | None = None,
        **rest: object,
    ) -> HTTPCookie:
        """Return a cookie of parts that have been checked; what is left out is unset."""
        made = cls.__new__(cls)
        values = (
            *(name, value, domain, path, is_secure, is_http_only, same_site_policy),
            *((_REST | rest).values() if rest else _NO_REST),
            *(expires_at, created_at),
        )
        for set_field, one in zip(_SETTERS, values, strict=True):
            set_field(made, one)
        return made

    @property
    def expires_date(self) -> datetime | None:
        """When it ends, in UTC; None: with the program."""
        return None if self.expires_at is None else datetime_of(self.expires_at)

    @property
    def is_session_only(self) -> bool:
        """Whether it ends with the program, and is kept in memory only."""
        return self.expires_at is None

    @property
    def properties(self) -> dict[CookieKey, object]:
        """What `HTTPCookie` makes an equal cookie of; what is not set is left out."""
        found: dict[CookieKey, object] = {
            CookieKey.NAME: self.name,
            CookieKey.VALUE: self.value,
            CookieKey.DOMAIN: self.domain,
            CookieKey.PATH: self.path,
            CookieKey.VERSION: self.version,
            CookieKey.EXPIRES: self.expires_date,
            CookieKey.DISCARD: self.is_session_only,
            CookieKey.SECURE: self.is_secure,
            CookieKey.HTTP_ONLY: self.is_http_only,
            CookieKey.SAME_SITE_POLICY: self.same_site_policy,
            CookieKey.COMMENT: self.comment,
            CookieKey.COMMENT_URL: self.comment_url,
            CookieKey.SET_BY_JAVASCRIPT: self.is_set_by_javascript,
        }
        if self.port_list is not None:
            found[CookieKey.PORT] = ",".join(map(str, self.port_list))
        return {k: v for k, v in found.items() if v is not None and v is not False}

    @staticmethod
    def request_header_fields(cookies: Iterable[HTTPCookie]) -> dict[str, str]:
        """Return the header fields that send `cookies`, in their order: one or none."""
        pairs = "; ".join(cookie.pair for cookie in cookies)
        return {"Cookie": pairs} if pairs else {}

    @staticmethod
    def cookies_from_response(headers: HeadersInit, url: str) -> list[HTTPCookie]:
        """Return the cookies that a response from `url` sets, in order.

        Those that the rules refuse are left out, see docs/cookies.md, and those
        without a name. A cookie for another host is there: as in Foundation it is
        `HTTPCookieStorage.set_cookies` that refuses it. One that the server deletes
        comes with an `expires_date` in the past.

        Args:
            headers: `HTTPHeaders`, (name, value) pairs, or a mapping, where a comma may
                join several cookies.
            url: The URL that answered.

        Raises:
            URLError: `url` cannot be read, or its scheme is not supported.
            UsageError: A name or value of `headers` is no str.
        """
        now = datetime.now(UTC).timestamp()
        parts = url_parts(url)
        found = [
            received_cookie(HTTPCookie, field, parts, now, is_for_program=True)
            for field in fields_of(headers)
        ]
        return [one for one in found if one is not None]

    @classmethod
    def received(
        cls, fields: Iterable[str], parts: URLParts, now: float
    ) -> list[HTTPCookie]:
        """Return the cookies of Set-Cookie fields; those refused are left out.

        Args:
            fields: The values of the fields.
            parts: The URL that answered.
            now: Seconds since 1970.
        """
        found = [received_cookie(cls, field, parts, now) for field in fields]
        return [one for one in found if one is not None]

    @property
    def pair(self) -> str:
        """What is sent: ``name=value``, or the value if there is no name."""
        return f"{self.name}={self.value}" if self.name else self.value

    @property
    def key(self) -> tuple[str, str, str]:
        """(domain, path, name): a storage has one cookie for each."""
        return self.domain, self.path, self.name

    def created_when(self, created_at: float) -> HTTPCookie:
        """Return an equal cookie with another time of birth."""
        made = type(self).__new__(type(self))
        for set_field, name in zip(_SETTERS, _FIELDS, strict=True):
            set_field(made, getattr(self, name))
        made._set(created_at=created_at)
        return made

    def __repr__(self) -> str:
        # The value is as good as a password.
        return f"HTTPCookie({self.name!r}, domain={self.domain!r}, path={self.path!r})"

    def _set(self, **values: object) -> None:
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def checked(self) -> HTTPCookie:
        """Return the cookie itself.

        Raises:
            ValueError: It is none, see the class.
        """
        where = f"cookie {self.name[:40]!r}"
        if not self.name and not self.value:
            raise ValueError("a cookie has a name or a value; both are empty")
        for what, text, bad in (
            ("name", self.name, _OUTSIDE_NAME.search(self.name)),
            ("value", self.value, _OUTSIDE_VALUE.search(self.value)),
            ("path", self.path, _OUTSIDE_VALUE.search(self.path)),
        ):
            if bad is not None:
                at = bad.start()
                raise ValueError(f"{where}: {what} holds {bad[0]!r} at position {at}")
            if text != text.strip(" \t"):
                raise ValueError(f"{where}: {what} begins or ends with a blank")
        size = _size(self.name) + _size(self.value)
        if size > MAXIMUM_SIZE:
            raise ValueError(
                f"{where}: name and value have {size} bytes, more than {MAXIMUM_SIZE}"
            )
        if max(_size(self.domain), _size(self.path)) > MAXIMUM_ATTRIBUTE_SIZE:
            raise ValueError(
                f"{where}: domain or path has more than {MAXIMUM_ATTRIBUTE_SIZE} bytes"
            )
        if not self.path.startswith("/"):
            raise ValueError(f"{where}: path {self.path!r} does not begin with '/'")
        return self


_FIELDS = tuple(one.name for one in fields(HTTPCookie))
_REST: dict[str, object] = {
    "version": 0,
    "comment": None,
    "comment_url": None,
    "port_list": None,
    "is_set_by_javascript": False,
}
_NO_REST = tuple(_REST.values())
# The slots' own setters: a frozen class has no other quick way in, and a cookie is made
# for every Set-Cookie field and row.
_SETTERS = tuple(vars(HTTPCookie)[name].__set__ for name in _FIELDS)
_Given = Mapping[CookieKey, object]


def _canonical_host(host: str) -> str:
    """Return a host in lower case and IDNA form; IPv6 without its brackets.

    Raises:
        ValueError: It is no host.
    """
    shown = f"[{host}]" if host.count(":") > 1 and not host.startswith("[") else host
    try:
        parts = parse_url(f"http://{shown}/")
    except URLError as error:
        raise ValueError(f"{host!r} is not a host: {error}") from error
    if parts.path != "/" or parts.port != 80 or parts.user is not None or parts.query:
        raise ValueError(f"{host!r} is not a host")
    return parts.host


def _size(text: str) -> int:
    try:
        return len(text.encode())
    except UnicodeEncodeError:
        raise ValueError("a cookie cannot hold half a surrogate pair") from None


def _text(given: _Given, key: CookieKey) -> str:
    value = given.get(key)
    if value is None:
        raise ValueError(f"cookie property {key.value} is missing")
    if not isinstance(value, str):
        raise TypeError(
            f"cookie property {key.value} must be a str, not {type(value).__name__}"
        )
    return value


def _text_or_none(given: _Given, key: CookieKey) -> str | None:
    return None if given.get(key) is None else _text(given, key)


def _flag(given: _Given, key: CookieKey) -> bool:
    return given.get(key) not in (None, False, "")


def _domain(given: _Given) -> str:
    if given.get(CookieKey.DOMAIN) is None and CookieKey.ORIGIN_URL in given:
        try:
            return url_parts(_text(given, CookieKey.ORIGIN_URL)).host
        except URLError as error:
            raise ValueError(f"cookie property OriginURL: {error}") from error
    domain = _text(given, CookieKey.DOMAIN)
    if domain == ".":  # of no host: Foundation takes it, and it goes nowhere
        return domain
    host = _canonical_host(domain.removeprefix("."))
    return f".{host}" if domain.startswith(".") and not is_address(host) else host


def _same_site_policy(given: _Given) -> CookieSameSitePolicy | None:
    value = _text_or_none(given, CookieKey.SAME_SITE_POLICY)
    if value is None or value.lower() == "none":
        return None
    try:
        return CookieSameSitePolicy(value.lower())
    except ValueError:
        raise ValueError(
            f"cookie property SameSite is lax, strict or none, not {value!r}"
        ) from None


def _version(given: _Given) -> int:
    value = given.get(CookieKey.VERSION, 0)
    version = {"0": 0, "1": 1}.get(str(value))
    if version is None:
        raise ValueError(f"cookie property Version is 0 or 1, not {value!r}")
    return version


def _port_list(given: _Given) -> tuple[int, ...] | None:
    value = _text_or_none(given, CookieKey.PORT)
    if value is None:
        return None
    ports = [one.strip() for one in value.strip('"').split(",")]
    if not all(one.isascii() and one.isdigit() and len(one) < 6 for one in ports):
        raise ValueError(f"cookie property Port is a list as '80,443', not {value!r}")
    return tuple(map(int, ports))[: None if _version(given) else 1]


def _number(value: object) -> float:
    try:
        return float(str(value))
    except ValueError:
        return math.nan


def _expires_at(given: _Given, now: float) -> float | None:
    discard = given.get(CookieKey.DISCARD)
    if discard is True or (isinstance(discard, str) and discard.upper() == "TRUE"):
        return None
    age = given.get(CookieKey.MAXIMUM_AGE)
    if age is not None:
        age_s = _number(age)
        if not math.isfinite(age_s):
            raise ValueError(
                f"cookie property Max-Age is a number of seconds, not {age!r}"
            )
        return now + age_s
    expires = given.get(CookieKey.EXPIRES)
    if expires is None:
        return None
    if isinstance(expires, datetime) and expires.tzinfo is not None:
        return expires.timestamp()
    moment = parse_cookie_date(expires) if isinstance(expires, str) else None
    if moment is None:
        raise ValueError(
            "cookie property Expires is a datetime with a time zone or a date as "
            f"text, not {expires!r}"
        )
    return moment
