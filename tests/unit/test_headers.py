"""Header fields keep order, case and duplicates, and let nothing be smuggled in."""

from __future__ import annotations

import copy
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from urlsession.errors import UsageError
from urlsession.headers import HTTPHeaders

NAMES = st.text("abcXYZ-_09!~", min_size=1, max_size=8)
VALUES = st.text(
    st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_characters="\x7f"),
    max_size=12,
).map(lambda text: text.strip(" "))
PAIRS = st.lists(st.tuples(NAMES, VALUES), max_size=8)


@pytest.mark.parity("7:value(forHTTPHeaderField:)")
def test_value_is_found_in_any_case() -> None:
    """Names compare without case."""
    headers = HTTPHeaders({"Content-Type": "text/plain"})

    assert headers["content-TYPE"] == "text/plain"
    assert "CONTENT-type" in headers
    assert headers.get("content-type") == "text/plain"


@pytest.mark.parity("7:allHeaderFields")
def test_values_of_one_name_are_joined() -> None:
    """A name given twice reads as one field (RFC 9110, 5.2)."""
    headers = HTTPHeaders([("A", "1"), ("B", "2"), ("a", "3")])

    assert headers["A"] == headers.get("a") == "1, 3"
    assert headers.get_all("a") == ["1", "3"]
    assert headers.items() == [("A", "1"), ("B", "2"), ("a", "3")]
    assert len(headers) == 2


def test_mapping_of_headers_has_each_name_once() -> None:
    """`dict(headers)` is what one expects, in order, as first written."""
    headers = HTTPHeaders([("B", "1"), ("a", "2"), ("b", "3")])

    assert dict(headers) == {"B": "1, 3", "a": "2"}
    assert list(headers) == headers.keys() == ["B", "a"]
    assert headers.values() == ["1, 3", "2"]


def test_missing_name_is_a_key_error_with_the_name() -> None:
    """Indexing is strict, `get` and `get_all` are not."""
    headers = HTTPHeaders()

    with pytest.raises(KeyError, match="X-No"):
        headers["X-No"]
    assert headers.get("X-No") is None
    assert headers.get("X-No", "d") == "d"
    assert headers.get_all("X-No") == []
    assert 3 not in headers


def test_set_replaces_in_place() -> None:
    """The first field keeps its place, the others of its name go."""
    headers = HTTPHeaders([("A", "1"), ("B", "2"), ("a", "3")])

    headers.set("a", "4")

    assert headers.items() == [("a", "4"), ("B", "2")]


def test_set_appends_a_new_name() -> None:
    """A name that was not there goes to the end, by method or by index."""
    headers = HTTPHeaders({"A": "1"})

    headers.set("B", "2")
    headers["C"] = "3"

    assert headers.items() == [("A", "1"), ("B", "2"), ("C", "3")]


def test_add_keeps_fields_of_the_same_name() -> None:
    """`add` never replaces, also after the fields have been read."""
    headers = HTTPHeaders({"A": "1"})
    assert headers["A"] == "1"

    headers.add("a", "2")

    assert headers["A"] == "1, 2"


def test_remove_takes_every_field_of_a_name() -> None:
    """`remove` is lenient, `del` is not."""
    headers = HTTPHeaders([("A", "1"), ("B", "2"), ("a", "3")])

    headers.remove("a")
    headers.remove("a")

    assert headers.items() == [("B", "2")]
    with pytest.raises(KeyError):
        del headers["a"]
    del headers["b"]
    assert headers.items() == []


def test_update_sets_each_name_and_keeps_new_duplicates() -> None:
    """Old values go, several new ones of a name stay."""
    headers = HTTPHeaders([("A", "1"), ("B", "2")])

    headers.update([("a", "3"), ("A", "4")])

    assert headers.items() == [("a", "3"), ("B", "2"), ("A", "4")]


def test_equality_ignores_case_and_order_of_names() -> None:
    """Equality is by what the fields say."""
    headers = HTTPHeaders([("A", "1"), ("B", "2")])

    assert headers == HTTPHeaders([("b", "2"), ("a", "1")])
    assert headers == {"b": "2", "a": "1"}
    assert headers != HTTPHeaders([("a", "1"), ("b", "3")])
    assert headers != {"bad name": "1"}
    assert headers != 3


def test_copies_change_on_their_own() -> None:
    """A copy, by any way, has fields of its own."""
    headers = HTTPHeaders({"A": "1"})

    for made in (headers.copy(), copy.copy(headers), HTTPHeaders(headers)):
        made.add("B", "2")
    unpickled = pickle.loads(pickle.dumps(headers))

    assert headers.items() == [("A", "1")]
    assert unpickled == headers


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("X", "a\r\nEvil: 1", id="crlf"),
        pytest.param("X", "a\nEvil: 1", id="lf"),
        pytest.param("X", "a\r", id="cr-at-end"),
        pytest.param("X", "a\n", id="lf-at-end"),
        pytest.param("X", "a\0b", id="nul"),
        pytest.param("X", "a\x7fb", id="delete"),
        pytest.param("X", "5 €", id="outside-latin-1"),
        pytest.param("X\r\nEvil", "1", id="crlf-in-name"),
        pytest.param("X\n", "1", id="lf-at-end-of-name"),
        pytest.param("X:", "1", id="colon-in-name"),
        pytest.param("X Y", "1", id="space-in-name"),
        pytest.param("", "1", id="empty-name"),
        pytest.param("É", "1", id="letter-outside-ascii"),
    ],
)
def test_illegal_field_is_refused_everywhere(name: str, value: str) -> None:
    """No door lets a caller put a field into another's value."""
    headers = HTTPHeaders({"A": "1"})

    with pytest.raises(UsageError, match="header"):
        HTTPHeaders({name: value})
    with pytest.raises(UsageError, match="header"):
        headers.set(name, value)
    with pytest.raises(UsageError, match="header"):
        headers.add(name, value)
    with pytest.raises(UsageError, match="header"):
        headers.update({name: value})
    assert headers.items() == [("A", "1")]


def test_refusal_names_the_header_and_hides_the_value() -> None:
    """The value may be a secret."""
    with pytest.raises(UsageError) as caught:
        HTTPHeaders({"Authorization": "Bearer s3cret\n"})

    assert "'Authorization'" in str(caught.value)
    assert "s3cret" not in str(caught.value)


def test_value_that_is_no_str_is_refused() -> None:
    """A number is not turned into text in silence."""
    with pytest.raises(UsageError, match=r"'X-Count'.*int"):
        HTTPHeaders({"X-Count": 3})  # type: ignore[arg-type]  # the mistake under test


def test_outer_blanks_of_a_value_are_dropped() -> None:
    """They would not survive the wire (RFC 9110, 5.5)."""
    assert HTTPHeaders({"A": " \tx y\t "})["A"] == "x y"


def test_parse_reads_lines_as_sent() -> None:
    """Line ends of either kind, blanks around values, an end-of-head line."""
    lines = [b"A: 1\r\n", b"B:2\n", b"C:\t 3 \r\n", b"D:\r\n", b"\r\n"]

    headers = HTTPHeaders.parse(lines)

    assert headers.items() == [("A", "1"), ("B", "2"), ("C", "3"), ("D", "")]


@pytest.mark.parametrize(
    ("lines", "fields"),
    [
        pytest.param([b"A: 1\r\n", b"  2\r\n"], [("A", "1 2")], id="folded"),
        pytest.param([b"A:\r\n", b"\t2\r\n"], [("A", "2")], id="folded-from-empty"),
        pytest.param([b"A: 1\r\n", b" \r\n"], [("A", "1")], id="folded-empty"),
        pytest.param([b" lost\r\n", b"A: 1\r\n"], [("A", "1")], id="fold-of-nothing"),
        pytest.param([b"A : 1\r\n"], [("A", "1")], id="blank-before-colon"),
        pytest.param([b"no colon\r\n", b"A: 1"], [("A", "1")], id="no-colon"),
        pytest.param([b": 1\r\n"], [], id="no-name"),
        pytest.param([b"A: b:c\r\n"], [("A", "b:c")], id="colon-in-value"),
        pytest.param([b"A: \xe9\xa0\r\n"], [("A", "\xe9\xa0")], id="latin-1"),
        pytest.param([], [], id="nothing"),
    ],
)
def test_parse_is_lenient(lines: list[bytes], fields: list[tuple[str, str]]) -> None:
    """What libcurl let pass is read as well as it can be."""
    assert HTTPHeaders.parse(lines).items() == fields


@given(PAIRS)
def test_parse_gives_back_what_was_written(pairs: list[tuple[str, str]]) -> None:
    """Fields survive the way over the wire."""
    lines = [f"{name}: {value}\r\n".encode("latin-1") for name, value in pairs]

    assert HTTPHeaders.parse(lines).items() == HTTPHeaders(pairs).items() == pairs


@given(st.lists(st.binary(max_size=20), max_size=6))
def test_parse_never_fails(lines: list[bytes]) -> None:
    """Whatever a peer sends, no error and no empty name."""
    headers = HTTPHeaders.parse(lines)

    assert all(name for name, _ in headers.items())
    assert dict(headers).keys() == set(headers.keys())


@given(PAIRS, NAMES)
def test_removed_name_is_gone_and_the_rest_stays(
    pairs: list[tuple[str, str]], name: str
) -> None:
    """`remove` touches one name only."""
    headers = HTTPHeaders(pairs)

    headers.remove(name)

    assert name not in headers
    assert headers.items() == [one for one in pairs if one[0].lower() != name.lower()]


@given(st.text(max_size=10), st.text(max_size=10))
def test_accepted_field_is_one_line(name: str, value: str) -> None:
    """Nothing that is accepted can break out of its line."""
    try:
        headers = HTTPHeaders({name: value})
    except UsageError:
        return

    line = "".join(f"{n}: {v}" for n, v in headers.items()).encode("latin-1")
    assert HTTPHeaders.parse([line + b"\r\n"]).items() == headers.items()
    assert not set(b"\r\n\0") & set(line)
