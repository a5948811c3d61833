"""``urlsession fetch`` sends forms and files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from urlsession.testing import ServerConnection, echo_handler

from .fetching import fetch

if TYPE_CHECKING:
    from ..conftest import Serve

LARGE = bytes(range(256)) * 8192


def test_form_with_a_file_is_posted(serve: Serve, tmp_path: Path) -> None:
    """By POST, with its length."""
    server = serve(echo_handler)
    (tmp_path / "a.txt").write_bytes(b"text")
    done = fetch("-F", "n=v", "-F", "f=@a.txt", server.url(), cwd=tmp_path)

    seen = json.loads(done.out)
    assert (done.exit_code, seen["method"]) == (0, "POST")
    assert 'filename="a.txt"' in seen["body"]
    assert 'name="n"\r\n\r\nv' in seen["body"]


def test_file_is_put_under_its_name(serve: Serve, tmp_path: Path) -> None:
    """A URL that ends in a folder gets the name."""
    server = serve(echo_handler)
    path = tmp_path / "body.bin"
    path.write_bytes(LARGE)
    done = fetch("-T", path, "-o", tmp_path / "out", server.url("/up/"))

    (request,) = server.requests
    assert done.exit_code == 0
    assert (request.method, request.target) == ("PUT", "/up/body.bin")
    assert request.body == LARGE


def test_standard_input_is_put(serve: Serve) -> None:
    """In chunks, as it comes."""
    server = serve(echo_handler)
    done = fetch("-T", "-", server.url("/x"), data=LARGE)

    assert done.exit_code == 0
    assert server.requests[0].body == LARGE


@pytest.mark.parametrize(
    "arguments",
    [
        ("-T", "-", "http://host/a", "http://host/b"),
        ("-T", "/missing", "http://host/"),
        ("-F", "x", "http://host/"),
        ("-F", "a=b", "-d", "c", "http://host/"),
        ("-X", "GET", "-F", "a=b", "http://host/"),
    ],
)
def test_mistakes_end_with_two(arguments: tuple[str, ...]) -> None:
    """Nothing is loaded."""
    assert fetch(*arguments).exit_code == 2


def test_status_can_fail_an_upload(serve: Serve, tmp_path: Path) -> None:
    """As with --fail for any load."""

    def refuse(connection: ServerConnection) -> None:
        if connection.recv_request():
            connection.send_response(507)

    path = tmp_path / "f"
    path.write_bytes(b"x")
    done = fetch("--fail", "-T", path, serve(refuse).url("/x"))

    assert done.exit_code == 22
    assert "507" in done.err
