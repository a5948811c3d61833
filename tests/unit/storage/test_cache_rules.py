"""What HTTP lets a private cache do, and what Foundation's policies ask of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from urlsession.headers import HTTPHeaders
from urlsession.request import CachePolicy
from urlsession.storage.cache_control import parse_directives
from urlsession.storage.cache_rules import (
    STORED_COOKIES,
    Use,
    Validity,
    conditions,
    decide,
    has_conditions,
    is_answered_by,
    is_for_everybody,
    is_of_interest,
    is_storable,
    is_validated_by,
    may_serve_after_error,
    merged_lines,
    request_directives,
    storable_lines,
    validity_of,
    variant_of,
    vary_names,
)

NOW = 1_767_225_600.0  # Thu, 01 Jan 2026 00:00:00 GMT
DATE = "Thu, 01 Jan 2026 00:00:00 GMT"
HOUR_AGO = "Wed, 31 Dec 2025 23:00:00 GMT"
IN_AN_HOUR = "Thu, 01 Jan 2026 01:00:00 GMT"
TEN_DAYS_AGO = "Mon, 22 Dec 2025 00:00:00 GMT"
YEARS_AGO = "Mon, 22 Dec 2003 00:00:00 GMT"
DAY_S = 86_400.0

Fields = list[tuple[str, str]]


@pytest.mark.parametrize(
    ("value", "is_it"),
    [
        ("max-age=60", False),
        ("private, max-age=60", False),
        ("public, max-age=60", True),
        ("must-revalidate, max-age=60", True),
        ("s-maxage=60", True),
    ],
)
def test_reply_to_credentials_is_for_everybody(value: str, is_it: bool) -> None:
    """If it says so."""
    assert is_for_everybody(HTTPHeaders([("Cache-Control", value)])) is is_it


def validity(fields: Fields, status: int = 200, *, now: float = NOW) -> Validity:
    return validity_of(status, HTTPHeaders(fields), NOW, now)


CC = "Cache-Control"
STORABLE: dict[str, tuple[str, int, Fields, str, bool]] = {
    "plain 200": ("GET", 200, [], "", True),
    "HEAD": ("HEAD", 200, [], "", True),
    "POST": ("POST", 200, [(CC, "max-age=60")], "", False),
    "no-store": ("GET", 200, [(CC, "no-store")], "", False),
    "no-store among others": ("GET", 200, [(CC, "public, NO-Store")], "", False),
    "no-store, understood": ("GET", 200, [(CC, "no-store, must-understand")], "", True),
    "private": ("GET", 200, [(CC, "private, max-age=60")], "", True),
    "no-cache": ("GET", 200, [(CC, "no-cache")], "", True),
    "asked not to": ("GET", 200, [(CC, "max-age=60")], "no-store", False),
    "Vary: *": ("GET", 200, [(CC, "max-age=60"), ("Vary", "a, *")], "", False),
    "206": ("GET", 206, [(CC, "max-age=60")], "", False),
    "204": ("GET", 204, [], "", True),
    "201": ("GET", 201, [], "", False),
    "201, told": ("GET", 201, [(CC, "max-age=60")], "", True),
    "301": ("GET", 301, [], "", True),
    "302": ("GET", 302, [], "", False),
    "302, told": ("GET", 302, [("Expires", IN_AN_HOUR)], "", True),
    "307, public": ("GET", 307, [(CC, "public")], "", True),
    "304": ("GET", 304, [(CC, "max-age=60")], "", False),
    "404": ("GET", 404, [(CC, "max-age=60")], "", False),
    "500": ("GET", 500, [(CC, "max-age=60")], "", False),
    "another success, told": ("GET", 299, [(CC, "max-age=60")], "", True),
    "another success": ("GET", 299, [], "", False),
    "not understood": ("GET", 299, [(CC, "max-age=9, must-understand")], "", False),
    "unknown status": ("GET", 599, [(CC, "max-age=60")], "", False),
}


@pytest.mark.parametrize(
    ("method", "status", "fields", "asked", "is_it"), STORABLE.values(), ids=STORABLE
)
def test_storable(
    method: str, status: int, fields: Fields, asked: str, is_it: bool
) -> None:
    """By method, status and what both sides say."""
    headers = HTTPHeaders(fields)

    assert is_storable(method, status, headers, parse_directives(asked)) is is_it


LIFETIMES: dict[str, tuple[Fields, float]] = {
    "nothing said": ([], 0),
    "max-age": ([(CC, "max-age=3600")], 3600),
    "max-age twice": ([(CC, "max-age=3600"), (CC, "max-age=1")], 1),
    "max-age before Expires": ([(CC, "max-age=60"), ("Expires", IN_AN_HOUR)], 60),
    "max-age=0 before Expires": ([(CC, "max-age=0"), ("Expires", IN_AN_HOUR)], 0),
    "bad max-age before Expires": ([(CC, "max-age=x"), ("Expires", IN_AN_HOUR)], 0),
    "s-maxage is for shared caches": ([(CC, "s-maxage=3600, max-age=1")], 1),
    "s-maxage alone": ([(CC, "s-maxage=3600")], 0),
    "Expires": ([("Expires", IN_AN_HOUR), ("Date", DATE)], 3600),
    "Expires without Date": ([("Expires", IN_AN_HOUR)], 3600),
    "Expires in the past": ([("Expires", HOUR_AGO), ("Date", DATE)], 0),
    "Expires: 0": ([("Expires", "0"), ("Last-Modified", TEN_DAYS_AGO)], 0),
    "Expires in two lines": ([("Expires", "Thu"), ("Expires", IN_AN_HOUR[5:])], 0),
    "Last-Modified": ([("Last-Modified", TEN_DAYS_AGO), ("Date", DATE)], DAY_S),
    "Last-Modified long ago": ([("Last-Modified", YEARS_AGO)], 7 * DAY_S),
    "Last-Modified ahead": ([("Last-Modified", IN_AN_HOUR)], 0),
}


@pytest.mark.parametrize(("fields", "seconds"), LIFETIMES.values(), ids=LIFETIMES)
def test_lifetime(fields: Fields, seconds: float) -> None:
    """Of a private cache, by RFC 9111 4.2.1 and 4.2.2."""
    assert validity(fields).lifetime_s == seconds


AGES: dict[str, tuple[Fields, float]] = {
    "new": ([], 0),
    "Age": ([("Age", "100")], 100),
    "Date in the past": ([("Date", HOUR_AGO)], 3600),
    "the older of both": ([("Date", HOUR_AGO), ("Age", "7200")], 7200),
    "Date ahead": ([("Date", IN_AN_HOUR)], 0),
    "illegible": ([("Date", "soon"), ("Age", "old")], 0),
}


@pytest.mark.parametrize(("fields", "seconds"), AGES.values(), ids=AGES)
def test_age(fields: Fields, seconds: float) -> None:
    """By RFC 9111 4.2.3; what the reply took counts."""
    assert validity(fields, now=NOW + 5).born_at == NOW - seconds


FRESH = Validity(NOW, 60.0, etag='"a"')
STALE = Validity(NOW - 100, 60.0, etag='"a"')
BARE = Validity(NOW - 100, 60.0)
NO_CACHE = Validity(NOW, 60.0, no_cache=True, etag='"a"')
PROTOCOL, RELOAD, ELSE_LOAD, DONT_LOAD, RELOAD_ALL, REVALIDATE = CachePolicy
DECISIONS: dict[str, tuple[CachePolicy, Validity | None, str, Use]] = {
    "nothing": (PROTOCOL, None, "", Use.LOAD),
    "fresh": (PROTOCOL, FRESH, "", Use.SERVE),
    "stale": (PROTOCOL, STALE, "", Use.VALIDATE),
    "stale, nothing to ask by": (PROTOCOL, BARE, "", Use.LOAD),
    "no-cache": (PROTOCOL, NO_CACHE, "", Use.VALIDATE),
    "asked no-cache": (PROTOCOL, FRESH, "no-cache", Use.VALIDATE),
    "asked no-store": (PROTOCOL, FRESH, "no-store", Use.LOAD),
    "asked max-age=0": (PROTOCOL, FRESH, "max-age=0", Use.VALIDATE),
    "asked max-age=60": (PROTOCOL, FRESH, "max-age=60", Use.SERVE),
    "asked min-fresh": (PROTOCOL, FRESH, "min-fresh=61", Use.VALIDATE),
    "asked max-stale": (PROTOCOL, STALE, "max-stale=50", Use.SERVE),
    "asked any max-stale": (PROTOCOL, STALE, "max-stale", Use.SERVE),
    "asked too little max-stale": (PROTOCOL, STALE, "max-stale=30", Use.VALIDATE),
    "must-revalidate": (
        PROTOCOL,
        STALE._replace(must_revalidate=True),
        "max-stale",
        Use.VALIDATE,
    ),
    "only-if-cached": (PROTOCOL, FRESH, "only-if-cached", Use.SERVE),
    "only-if-cached, stale": (PROTOCOL, STALE, "only-if-cached", Use.FAIL),
    "only-if-cached, nothing": (PROTOCOL, None, "only-if-cached", Use.FAIL),
    "clock turned back": (PROTOCOL, Validity(NOW + 9, 60, etag="a"), "", Use.VALIDATE),
    "reload": (RELOAD, FRESH, "", Use.LOAD),
    "reload all": (RELOAD_ALL, FRESH, "", Use.LOAD),
    "else load, fresh": (ELSE_LOAD, FRESH, "", Use.SERVE),
    "else load, stale": (ELSE_LOAD, BARE, "", Use.SERVE),
    "else load, no-cache": (ELSE_LOAD, NO_CACHE, "", Use.SERVE),
    "else load, nothing": (ELSE_LOAD, None, "", Use.LOAD),
    "don't load, stale": (DONT_LOAD, BARE, "", Use.SERVE),
    "don't load, nothing": (DONT_LOAD, None, "", Use.FAIL),
    "revalidate, fresh": (REVALIDATE, FRESH, "", Use.VALIDATE),
    "revalidate, nothing": (REVALIDATE, None, "", Use.LOAD),
    "revalidate, nothing to ask by": (REVALIDATE, BARE, "", Use.LOAD),
}


@pytest.mark.parametrize(
    ("policy", "stored", "asked", "use"), DECISIONS.values(), ids=DECISIONS
)
def test_decision(
    policy: CachePolicy, stored: Validity | None, asked: str, use: Use
) -> None:
    """By policy, freshness and the request's own directives."""
    assert decide(policy, stored, parse_directives(asked), NOW) is use


def test_reply_turns_stale_at_the_very_second() -> None:
    """Fresh while its age is below its lifetime."""
    assert is_answered_by(FRESH, {}, NOW + 59.9)
    assert not is_answered_by(FRESH, {}, NOW + 60)


AFTER_ERROR: dict[str, tuple[Validity, str, int | None, bool]] = {
    "nobody allows it": (STALE, "", None, False),
    "the server does": (STALE._replace(stale_if_error_s=60), "", None, True),
    "not for so long": (STALE._replace(stale_if_error_s=30), "", None, False),
    "the request does": (STALE, "stale-if-error=60", 503, True),
    "503": (STALE._replace(stale_if_error_s=60), "", 503, True),
    "404": (STALE._replace(stale_if_error_s=60), "", 404, False),
    "must-revalidate": (
        STALE._replace(stale_if_error_s=60, must_revalidate=True),
        "",
        503,
        False,
    ),
    "asked no-cache": (STALE._replace(stale_if_error_s=60), "no-cache", 503, False),
}


@pytest.mark.parametrize(
    ("stored", "asked", "status", "may_it"), AFTER_ERROR.values(), ids=AFTER_ERROR
)
def test_stale_reply_after_an_error(
    stored: Validity, asked: str, status: int | None, may_it: bool
) -> None:
    """Only if somebody said so: RFC 5861."""
    assert may_serve_after_error(stored, parse_directives(asked), status, NOW) is may_it


def test_stale_if_error_is_read_of_the_reply() -> None:
    """With its seconds."""
    assert validity([(CC, "max-age=1, stale-if-error=60")]).stale_if_error_s == 60


USEFUL: dict[str, tuple[Fields, bool]] = {
    "nothing": ([], False),
    "etag": ([("ETag", '"a"')], True),
    "last-modified": ([("Last-Modified", TEN_DAYS_AGO)], True),
    "max-age": ([(CC, "max-age=1")], True),
    "max-age=0": ([(CC, "max-age=0")], False),
    "max-age, no-cache": ([(CC, "max-age=60, no-cache")], False),
    "expires": ([("Expires", IN_AN_HOUR)], True),
}


@pytest.mark.parametrize(("fields", "is_it"), USEFUL.values(), ids=USEFUL)
def test_useful(fields: Fields, is_it: bool) -> None:
    """A reply that is never fresh and cannot be validated is of no use."""
    assert validity(fields).is_useful is is_it


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["ETag", "Last-Modified", "Expires", CC, "Server"]),
            st.sampled_from(["max-age=5", "no-cache", IN_AN_HOUR, '"a"', "x"]),
        )
    )
)
def test_glance_never_misses_a_useful_reply(fields: Fields) -> None:
    """It may take others for useful."""
    lines = [b"HTTP/1.1 200 OK\r\n"]
    lines += [f"{name.upper()}: {value}\r\n".encode() for name, value in fields]

    assert is_of_interest(lines) or not validity(fields).is_useful


def test_glance_sees_that_there_is_nothing() -> None:
    """As in the replies of most interfaces."""
    lines = [b"HTTP/1.1 200 OK\r\n", b"Date: x\r\n", b"Cache-Control: no-store\r\n"]

    assert not is_of_interest(lines)


@pytest.mark.parametrize("value", ["", "a\x01b", "a\x00b"])
def test_validator_that_cannot_be_sent_is_none(value: str) -> None:
    """A peer may send what a request must not."""
    lines = [f"{name}: {value}".encode() for name in ("ETag", "Last-Modified")]

    found = validity_of(200, HTTPHeaders.parse(lines), NOW, NOW)

    assert not found.can_be_validated


def test_conditions_are_of_what_was_stored() -> None:
    """Both, if both are there; the dates as they came."""
    assert conditions(FRESH._replace(last_modified=DATE)) == [
        ("If-None-Match", '"a"'),
        ("If-Modified-Since", DATE),
    ]


@pytest.mark.parametrize(
    ("etag", "is_it"), [('"a"', True), ('W/"a"', True), ('"b"', False), (None, True)]
)
def test_304_is_about_the_stored_reply(etag: str | None, is_it: bool) -> None:
    """Unless it names another tag."""
    headers = HTTPHeaders([] if etag is None else [("ETag", etag)])

    assert is_validated_by(FRESH, headers) is is_it


@pytest.mark.parametrize(
    ("fields", "asked"),
    [
        ([], {}),
        ([(CC, "no-store")], {"no-store": None}),
        ([("Pragma", "no-cache")], {"no-cache": None}),
        ([("Pragma", "no-cache"), (CC, "max-age=5")], {"max-age": "5"}),
        ([("Pragma", "other")], {}),
    ],
)
def test_request_directives(fields: Fields, asked: dict[str, str | None]) -> None:
    """Pragma counts where there is no Cache-Control."""
    assert request_directives(HTTPHeaders(fields)) == asked


@pytest.mark.parametrize("name", ["Range", "If-None-Match", "If-Modified-Since"])
def test_conditions_of_the_callers_own(name: str) -> None:
    """The answer to them is the caller's."""
    assert has_conditions(HTTPHeaders([(name, "x")]))
    assert not has_conditions(HTTPHeaders([("Accept", "x")]))
    assert not has_conditions(None)


VARIES: list[tuple[Fields, tuple[str, ...] | None]] = [
    ([], ()),
    ([("Vary", "Accept, ACCEPT ,, Foo")], ("accept", "foo")),
    ([("Vary", "foo"), ("Vary", "bar")], ("bar", "foo")),
    ([("Vary", "*")], None),
    ([("Vary", ", ".join(f"x-{n}" for n in range(500)))], None),
]


@pytest.mark.parametrize(("fields", "names"), VARIES)
def test_vary_names(fields: Fields, names: tuple[str, ...] | None) -> None:
    """In order, without case; too many are everything."""
    assert vary_names(HTTPHeaders(fields)) == names


def variant(names: tuple[str, ...], **fields: str) -> str:
    return variant_of(names, fields.get, lambda text: f"<{text}>")


def test_variant_is_told_apart_by_the_named_fields() -> None:
    """By no others; one that is missing differs from one that is empty."""
    assert variant(("foo",), foo="1") == variant(("foo",), foo="1", bar="2")
    assert variant(("foo",), foo="1") != variant(("foo",), foo="2")
    assert variant(("foo",)) != variant(("foo",), foo="")
    assert variant(("foo",), foo="a,  b") == variant(("foo",), foo="a,b")


def test_variant_is_always_told_apart_by_secrets() -> None:
    """Which are not written down."""
    assert variant((), authorization="me") != variant((), authorization="you")
    assert variant((), cookie="me") != variant(())
    assert variant(("cookie",), cookie="me") == "cookie:<me>"


def test_cookies_that_are_stored_count_where_vary_names_them() -> None:
    """A reply does not vary by all of a session's cookies otherwise."""

    def value_of(name: str) -> str | None:
        return "stored" if name == STORED_COOKIES else None

    assert variant_of(("cookie",), value_of, str) == f"{STORED_COOKIES}:stored"
    assert variant_of((), value_of, str) == ""


HEAD = (
    b"HTTP/1.1 200 OK\r\n",
    b"Connection: close, X-Hop\r\n",
    b"X-Hop: 1\r\n",
    b" folded\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Set-Cookie: secret\r\n",
    b"Content-Type: text/plain\r\n",
    b"X-Kept: 1\r\n",
    b"\r\n",
)


def test_head_is_stored_without_what_was_the_connections() -> None:
    """Nor cookies; a folded line goes with its field."""
    assert storable_lines(HEAD) == (HEAD[0], HEAD[6], HEAD[7])


def test_304_updates_the_stored_head() -> None:
    """But not what tells of the body."""
    update = (
        b"HTTP/1.1 304 Not Modified\r\n",
        b"x-kept: 2\r\n",
        b"X-New: 3\r\n",
        b"Content-Type: text/html\r\n",
        b"Content-Length: 0\r\n",
        b"Set-Cookie: secret\r\n",
    )

    assert merged_lines(storable_lines(HEAD), update) == (
        HEAD[0],
        HEAD[6],
        b"x-kept: 2\r\n",
        b"X-New: 3\r\n",
    )
