"""What -F and -T mean is as with curl."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from urlsession.cli.fetching.upload_body import (
    file_to_upload,
    form_of,
    url_with_name,
)


def written(*pieces: str) -> bytes:
    """Return the form of some -F arguments."""
    with form_of(pieces).open_body() as body:
        return body.read()


def test_field_is_its_text() -> None:
    """The first '=' divides."""
    assert b'name="a"\r\n\r\nb=c\r\n' in written("a=b=c")


def test_file_is_sent_under_its_name(tmp_path: Path) -> None:
    """With the type that the name tells."""
    path = tmp_path / "page.html"
    path.write_bytes(b"<p>")
    form = written(f"f=@{path}")

    assert b'name="f"; filename="page.html"\r\nContent-Type: text/html' in form
    assert b"\r\n\r\n<p>\r\n" in form


def test_type_and_name_may_follow_a_file(tmp_path: Path) -> None:
    """In either order; a semicolon may be the file's own."""
    path = tmp_path / "a;b"
    path.write_bytes(b"x")
    form = written(f'f=@{path};filename="n.txt";type=a/b')

    assert b'filename="n.txt"\r\nContent-Type: a/b\r\n' in form


def test_text_of_a_file_can_be_a_field(tmp_path: Path) -> None:
    """With no name of its own."""
    path = tmp_path / "text"
    path.write_bytes(b"text")

    assert b'name="a"\r\n\r\ntext\r\n' in written(f"a=<{path}")


@pytest.mark.parametrize(
    ("piece", "reason"),
    [
        ("a", "NAME=VALUE"),
        ("=b", "NAME=VALUE"),
        ("a=@/missing/file", "No such file"),
        ("a=</missing/file", "No such file"),
        ("a=@/", "directory"),
    ],
)
def test_mistake_in_a_form_is_told(piece: str, reason: str) -> None:
    """Before anything is loaded."""
    with pytest.raises(ValueError, match=reason):
        form_of([piece])


def test_file_to_upload_is_a_path(tmp_path: Path) -> None:
    """Read while it is sent."""
    path = tmp_path / "f"
    path.write_bytes(b"x")

    assert file_to_upload(str(path)) == path


@pytest.mark.parametrize(
    ("name", "reason"), [("/missing", "No such file"), ("/", "folder")]
)
def test_mistake_in_an_upload_is_told(name: str, reason: str) -> None:
    """Before anything is loaded."""
    with pytest.raises(ValueError, match=reason):
        file_to_upload(name)


@pytest.mark.parametrize(
    ("url", "result"),
    [
        ("http://host/a/", "http://host/a/n%20m"),
        ("http://host/a/?q", "http://host/a/n%20m?q"),
        ("http://host/a", "http://host/a"),
        ("http://host", "http://host"),
    ],
)
def test_name_is_put_behind_a_folder(url: str, result: str) -> None:
    """Standard input has none."""
    assert url_with_name(url, Path("/x/n m")) == result
    assert url_with_name(url, io.BytesIO()) == url
