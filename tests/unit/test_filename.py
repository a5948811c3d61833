"""A name that a server suggests never leaves the directory it is saved in."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from urlsession.filename import (
    MAX_FILENAME_BYTES,
    filename_from_disposition,
    safe_filename,
)


@pytest.mark.parametrize(
    ("value", "name"),
    [
        pytest.param("attachment; filename=a.txt", "a.txt", id="token"),
        pytest.param('attachment; filename="a b.txt"', "a b.txt", id="quoted"),
        pytest.param(
            'attachment;FILENAME = "a;b.txt" ; x=y', "a;b.txt", id="semicolon"
        ),
        pytest.param(r'attachment; filename="a\"b.txt"', "a_b.txt", id="escaped-quote"),
        pytest.param("filename=a.txt", "a.txt", id="no-type"),
        pytest.param(
            "attachment; filename=a.txt; filename*=UTF-8''%e2%82%ac.txt",
            "€.txt",
            id="extended-wins",
        ),
        pytest.param(
            "attachment; filename*=utf-8'en'%c3%bc.txt; filename=a.txt",
            "ü.txt",
            id="extended-first-with-language",
        ),
        pytest.param(
            "attachment; filename*=ISO-8859-1''%fc.txt", "ü.txt", id="latin-1"
        ),
        pytest.param(
            "attachment; filename*=utf-7''%2BAKM-.txt; filename=a.txt",
            "a.txt",
            id="charset-not-allowed",
        ),
        pytest.param(
            "attachment; filename*=UTF-8''%ff; filename=a.txt", "a.txt", id="bad-utf-8"
        ),
        pytest.param("attachment; filename*=a.txt", None, id="extended-malformed"),
        pytest.param("attachment; filename=\xc3\xbc.txt", "ü.txt", id="raw-utf-8"),
        pytest.param("attachment; filename=\xfc.txt", "ü.txt", id="raw-latin-1"),
        pytest.param(
            'attachment; filename="../../etc/passwd"', "_.._etc_passwd", id="path"
        ),
        pytest.param('attachment; filename="/a/b"', "_a_b", id="slashes"),
        pytest.param(
            r'attachment; filename="C:\\x\\y.exe"', "y.exe", id="windows-path"
        ),
        pytest.param("attachment; filename*=UTF-8''..%2fx", "_x", id="escaped-path"),
        pytest.param('attachment; filename=""', None, id="empty"),
        pytest.param('attachment; filename=".."', None, id="dots-only"),
        pytest.param("attachment", None, id="no-parameter"),
        pytest.param("attachment; name=x", None, id="other-parameter"),
        pytest.param("attachment; filename=a; filename=b", "a", id="first-of-two"),
        pytest.param('attachment; filename="a', "_a", id="quote-left-open"),
        pytest.param(
            r'attachment; x=y\; filename="a"; filename="b"', "b", id="escaped-semicolon"
        ),
    ],
)
def test_disposition_gives(value: str, name: str | None) -> None:
    """RFC 6266, with what servers send in practice."""
    assert filename_from_disposition(value) == name


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        pytest.param("a\\b/c.txt", "b_c.txt", id="separators"),
        pytest.param("dir/", "dir_", id="directory"),
        pytest.param(".bashrc", "bashrc", id="hidden"),
        pytest.param("a\r\nb\0.txt", "ab.txt", id="controls"),
        pytest.param("gpj.\u202eexe", "gpj.exe", id="direction-override"),
        pytest.param('a<>:"|?*b', "a_______b", id="windows-marks"),
        pytest.param("a. . ", "a", id="trailing-dots"),
        pytest.param("..", "", id="parent"),
        pytest.param("日本.txt", "日本.txt", id="unicode-kept"),
    ],
)
def test_safe_name_of(name: str, safe: str) -> None:
    """What could harm is gone, the rest stays."""
    assert safe_filename(name) == safe


def test_long_name_is_cut_before_its_ending() -> None:
    """Whole characters go from the stem, so that the ending still tells."""
    name = safe_filename("é" * 300 + ".jpeg")

    assert len(name.encode()) in (MAX_FILENAME_BYTES - 1, MAX_FILENAME_BYTES)
    assert name.endswith("é.jpeg")


def test_long_name_without_ending_is_cut_at_the_end() -> None:
    """A long text after a dot is no ending."""
    assert safe_filename("a" * 300) == "a" * MAX_FILENAME_BYTES
    assert safe_filename("a." + "b" * 300) == "a." + "b" * (MAX_FILENAME_BYTES - 2)


@given(st.text(max_size=300))
@example(". 0")
@pytest.mark.parity("7:suggestedFilename")
def test_safe_name_is_safe_whatever_was_suggested(text: str) -> None:
    """One part of a path, printable, not hidden, short enough, and stable."""
    name = safe_filename(text)

    assert not set(name) & set('/\\\0<>:"|?*')
    assert name.isprintable()
    assert not name.startswith(".")
    assert len(name.encode()) <= MAX_FILENAME_BYTES
    assert safe_filename(name) == name


@given(st.text(st.characters(max_codepoint=0xFF), max_size=60))
def test_disposition_never_fails(text: str) -> None:
    """Whatever a peer sends, a safe name or none."""
    name = filename_from_disposition(text)

    assert name is None or name == safe_filename(name) != ""
