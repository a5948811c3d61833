"""Fields of HTTP caching are read the way that caches less."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from urlsession.storage.cache_control import (
    age_seconds,
    http_date,
    parse_directives,
    seconds_of,
)

NOW = 1_767_225_600.0  # 2026-01-01T00:00:00Z

DIRECTIVES: dict[str, tuple[str | None, dict[str, str | None]]] = {
    "none": (None, {}),
    "empty": ("", {}),
    "one": ("no-store", {"no-store": None}),
    "case": ("No-StOrE, MaX-aGe=3600", {"no-store": None, "max-age": "3600"}),
    "quoted": ('max-age="3600"', {"max-age": "3600"}),
    "name in quotes": (
        'extension="max-age=3600, no-store", max-age=1',
        {"extension": "max-age=3600, no-store", "max-age": "1"},
    ),
    "twice, larger first": ("max-age=1800, max-age=1", {"max-age": "1"}),
    "twice, smaller first": ("max-age=1, max-age=1800", {"max-age": "1"}),
    "space before =": ("max-age =3600", {"max-age": None}),
    "empty parts": (" , ,no-cache,, ", {"no-cache": None}),
    "list": ('private="a, b", public', {"private": "a, b", "public": None}),
    "unclosed": ('max-age="3600', {"max-age": ""}),
}


@pytest.mark.parametrize(("value", "found"), DIRECTIVES.values(), ids=DIRECTIVES)
def test_directives_of(value: str | None, found: dict[str, str | None]) -> None:
    """Names without case, arguments as they are; what quotes hold is an argument."""
    directives = parse_directives(value)

    assert {name: directives.get(name) for name in found} == found
    assert ("no-store" in directives) == ("no-store" in found)


SECONDS = {
    "3600": 3600,
    "003600": 3600,
    "0": 0,
    "2147483648": 2**31,
    "99999999999": 2**31,
    "9" * 400: 2**31,
    "-1": 0,
    "3600.0": 0,
    "3600a": 0,
    "a3600": 0,
    "'3600'": 0,
    "٣٦": 0,
    "": 0,
}


@pytest.mark.parametrize(("argument", "seconds"), SECONDS.items())
def test_seconds_of_a_directive(argument: str, seconds: int) -> None:
    """Whatever is no number counts as none left."""
    assert seconds_of({"max-age": argument}, "max-age") == seconds


AGES: list[tuple[list[str], int]] = [
    ([], 0),
    (["7200"], 7200),
    (["7200, 0"], 7200),
    (["0, 7200"], 0),
    (["7200", "0"], 7200),
    (["abc"], 0),
    (["-7200"], 0),
    (["7200.0"], 0),
    (["7200;foo=bar"], 7200),
]


@pytest.mark.parametrize(("lines", "seconds"), AGES)
def test_age_is_the_first_number(lines: list[str], seconds: int) -> None:
    """Of the first line; what is no number is no age."""
    assert age_seconds(lines) == seconds


DATES: dict[str, float | None] = {
    "Thu, 01 Jan 2026 00:00:00 GMT": NOW,
    "thu, 01 JAN 2026 00:00:00 gmt": NOW,
    "Thursday, 01-Jan-26 00:00:00 GMT": NOW,
    "Thu Jan  1 00:00:00 2026": NOW,
    "Saturday, 01-Jan-99 00:00:00 GMT": 915_148_800.0,
    "Wed, 01 Jan 9999 00:00:00 GMT": 253_370_764_800.0,
    "Tue, 19 Jan 2038 03:14:08 GMT": 2.0**31,
    "Thu, 01 Jan 2026 00:00:00 UTC": None,
    "Thu, 01 Jan 2026 00:00:00 AEST": None,
    "Thu, 01 Jan 26 00:00:00 GMT": None,
    "Thu 01 Jan 2026 00:00:00 GMT": None,
    "Thu,  01  Jan  2026 00:00:00 GMT": None,
    "Thu, 01-Jan-2026 00:00:00 GMT": None,
    "Thu, 01 Jan 2026 00.00.00 GMT": None,
    "Thu, 01 Jan 2026 0:00:00 GMT": None,
    "Thu, 31 Jun 2026 00:00:00 GMT": None,
    "Thu, 01 Foo 2026 00:00:00 GMT": None,
    "0": None,
    "-1": None,
    "": None,
}


@pytest.mark.parametrize(("text", "seconds"), DATES.items())
def test_date_is_in_one_of_three_forms(text: str, seconds: float | None) -> None:
    """And in no other."""
    assert http_date(text, NOW) == seconds


@given(st.text(max_size=60))
def test_nothing_a_server_sends_raises(text: str) -> None:
    """Neither as directives, as a date nor as an age."""
    for name in parse_directives(text):
        assert seconds_of(parse_directives(text), name) >= 0
    http_date(text, NOW)
    assert age_seconds([text]) >= 0
