"""A form with files is what servers expect, and as long as it says."""

from __future__ import annotations

import email
import email.policy
import io
import os
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from urlsession.errors import UsageError
from urlsession.multipart import MultipartForm


def sent(form: MultipartForm) -> bytes:
    """Return the whole form."""
    with form.open_body() as body:
        return body.read()


def parse(form: MultipartForm) -> list[EmailMessage]:
    """Read a form with the standard library's parser, which is not ours."""
    head = f"Content-Type: {form.content_type}\r\n\r\n".encode()
    message = email.message_from_bytes(head + sent(form), policy=email.policy.HTTP)
    return [part for part in message.iter_parts() if isinstance(part, EmailMessage)]


def test_form_is_written_as_the_rfc_has_it() -> None:
    """RFC 7578, section 4."""
    form = MultipartForm({"a": "1"}, {"f": ("x.txt", b"text")}, boundary="B")

    assert form.content_type == "multipart/form-data; boundary=B"
    assert sent(form) == (
        b'--B\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'
        b'--B\r\nContent-Disposition: form-data; name="f"; filename="x.txt"\r\n'
        b"Content-Type: text/plain\r\n\r\ntext\r\n--B--\r\n"
    )


def test_form_without_parts_is_an_end_alone() -> None:
    """Which a server can read."""
    assert sent(MultipartForm(boundary="B")) == b"--B--\r\n"


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ('a"b', b"a%22b"),
        ("a\r\nX: y", b"a%0D%0AX: y"),
        ("ü", "ü".encode()),
        ("a\\b", b"a\\b"),
        ("a%22", b"a%22"),
    ],
)
def test_names_are_quoted_as_browsers_do(name: str, written: bytes) -> None:
    """So that no name can end its line."""
    form = MultipartForm({name: "v"}, {"f": (name, b"")})

    assert b'name="' + written + b'"\r\n' in sent(form)
    assert b'filename="' + written + b'"\r\n' in sent(form)


def test_field_may_come_several_times() -> None:
    """A list, and pairs."""
    form = MultipartForm({"a": ["1", "2"]}, [("f", b"x"), ("f", b"y")])

    assert [part.get_content() for part in parse(form)[:2]] == ["1", "2"]
    assert len(form) == 4


def test_file_has_the_name_and_type_of_its_path(tmp_path: Path) -> None:
    """Never the folders."""
    path = tmp_path / "page.html"
    path.write_bytes(b"<p>")
    form = MultipartForm(files={"f": path})

    (part,) = parse(form)
    assert part.get_filename() == "page.html"
    assert part.get_content_type() == "text/html"


def test_file_that_is_open_is_read_from_where_it_stands(tmp_path: Path) -> None:
    """Each time, and stays open."""
    path = tmp_path / "data.bin"
    path.write_bytes(b"skipdata")
    with path.open("rb") as file:
        file.seek(4)
        form = MultipartForm(files={"f": file}, boundary="B")

        assert sent(form) == sent(form)
        assert b'filename="data.bin"' in sent(form)
        assert b"\r\n\r\ndata\r\n" in sent(form)
        assert not file.closed


def test_same_file_may_be_in_a_form_twice() -> None:
    """Both parts are whole."""
    file = io.BytesIO(b"data")
    form = MultipartForm(files=[("a", file), ("b", file)])

    assert sent(form).count(b"data\r\n") == 2


def test_given_name_and_type_win() -> None:
    """A tuple holds both."""
    form = MultipartForm(files={"f": ("n", b"x", "a/b")})

    assert b'filename="n"\r\nContent-Type: a/b\r\n' in sent(form)


@example([b"", b""], 0, 1)
@given(st.lists(st.binary(max_size=9)), st.integers(0, 400), st.integers(1, 50))
def test_body_can_be_read_from_anywhere(
    files: list[bytes], start: int, size: int
) -> None:
    """In pieces of any size; the length is exact."""
    form = MultipartForm(files=[("f", file) for file in files], boundary="B")
    whole = sent(form)
    with form.open_body() as body:
        assert body.seek(0, os.SEEK_END) == len(whole)
        at = body.seek(start)
        pieces = []
        while piece := body.read(size):
            assert len(piece) <= size
            pieces.append(piece)

    assert b"".join(pieces) == whole[at:]


def test_boundaries_differ() -> None:
    """Nobody can guess one, and end a part with it."""
    assert MultipartForm().boundary != MultipartForm().boundary


@pytest.mark.parametrize("boundary", ["", "a b", "a\r\n", "x" * 71, 'a"'])
def test_boundary_that_is_not_legal_is_refused(boundary: str) -> None:
    """RFC 2046, section 5.1.1."""
    with pytest.raises(UsageError):
        MultipartForm(boundary=boundary)


def test_type_with_a_line_break_is_refused() -> None:
    """It would be a header field of somebody's."""
    with pytest.raises(UsageError):
        MultipartForm().add_file("f", b"", "n", "a/b\r\nX: y")


@pytest.mark.parametrize("content", [5, None, iter([b"x"])])
def test_content_that_has_no_length_is_refused(content: Any) -> None:
    """A pipe's would be known at its end only."""
    with pytest.raises(TypeError):
        MultipartForm().add_file("f", content)


def test_file_that_is_missing_is_found_out_when_the_form_is_sent(
    tmp_path: Path,
) -> None:
    """And the files before it are closed."""
    (tmp_path / "a").write_bytes(b"a")
    form = MultipartForm(files={"a": tmp_path / "a", "b": tmp_path / "b"})

    with pytest.raises(FileNotFoundError):
        form.open_body()


def test_file_that_shrinks_meanwhile_is_an_error(tmp_path: Path) -> None:
    """The length was promised."""
    path = tmp_path / "a"
    path.write_bytes(bytes(100))
    with MultipartForm(files={"a": path}).open_body() as body:
        os.truncate(path, 10)
        with pytest.raises(OSError, match="shorter"):
            body.read()
