"""What an upload sends, and which of it can be sent from its middle."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from urlsession.request import URLRequest
from urlsession.tasks.upload_source import (
    ChangedFileError,
    UploadSource,
    request_with_body,
)

URL = "http://host/"


def test_url_alone_is_sent_by_post() -> None:
    """A request says itself how."""
    made = request_with_body(URL, b"x", None, is_streamed=False)
    given = request_with_body(URLRequest(URL), b"x", None, is_streamed=False)

    assert (made.http_method, given.http_method) == ("POST", "GET")


def test_body_and_length_of_the_request_are_left_out() -> None:
    """The request that was given is not changed."""
    request = URLRequest(
        URL, method="PUT", body=b"own", headers={"Content-Length": "3", "A": "b"}
    )
    made = request_with_body(request, None, None, is_streamed=True)

    assert made.http_body is None
    assert made.headers == {"A": "b"}
    assert request.http_body == b"own"


def test_text_is_a_path_for_a_file_and_a_body_for_data() -> None:
    """As the names say."""
    file = request_with_body(URL, None, "name", is_streamed=False)
    data = request_with_body(URL, "name", None, is_streamed=False)

    assert file.http_body_stream == Path("name")
    assert data.http_body == b"name"


def test_rest_of_bytes_is_cut_out() -> None:
    """Up to the limit."""
    source, request = UploadSource(b"abcdef"), URLRequest(URL)

    assert source.length == 6
    assert source.put_rest(request, 2, None) == 0
    assert request.http_body == b"cdef"
    assert source.put_rest(request, 2, 3) == 0
    assert request.http_body == b"cde"


def test_rest_of_a_file_is_its_path_and_how_much_to_skip(tmp_path: Path) -> None:
    """If it is what it was."""
    path = tmp_path / "f"
    path.write_bytes(b"abc")
    source, request = UploadSource(path), URLRequest(URL)
    source.note()

    assert (source.length, source.mtime_ns) == (3, path.stat().st_mtime_ns)
    assert source.put_rest(request, 2, None) == 2
    assert request.http_body_stream == path


@pytest.mark.parametrize("change", ["longer", "touched"])
def test_changed_file_has_no_rest(tmp_path: Path, change: str) -> None:
    """Half of the one and half of the other would be neither."""
    path = tmp_path / "f"
    path.write_bytes(b"abc")
    source = UploadSource(path)
    source.note()
    if change == "longer":
        path.write_bytes(b"abcd")
        os.utime(path, ns=(0, source.mtime_ns))
    else:
        os.utime(path, ns=(0, source.mtime_ns + 1))

    with pytest.raises(ChangedFileError):
        source.put_rest(URLRequest(URL), 1, None)


def test_source_of_a_file_from_resume_data_compares_too(tmp_path: Path) -> None:
    """It was another process that noted what the file was."""
    path = tmp_path / "f"
    path.write_bytes(b"abc")
    mtime_ns = path.stat().st_mtime_ns

    UploadSource.of_file(str(path), 3, mtime_ns).put_rest(URLRequest(URL), 1, None)
    with pytest.raises(ChangedFileError):
        UploadSource.of_file(str(path), 4, mtime_ns).put_rest(URLRequest(URL), 1, None)


def test_file_object_is_put_back_to_where_it_stood() -> None:
    """What is skipped is counted from there."""
    file = io.BytesIO(b"skipbody")
    file.seek(4)
    source, request = UploadSource.of(URLRequest(URL, body=file)), URLRequest(URL)
    source.note()
    file.read()

    assert source.put_rest(request, 2, None) == 2
    assert file.tell() == 4
