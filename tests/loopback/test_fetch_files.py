"""``urlsession fetch -o``: files that are whole, or not there."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from urlsession.testing import ServerConnection, answering, fixed_body
from urlsession.testing.connection import ReceivedRequest

from .fetching import fetch

if TYPE_CHECKING:
    from urlsession.testing.handlers import Answer

    from ..conftest import Serve

pytestmark = pytest.mark.slow


def cut_short(connection: ServerConnection) -> None:
    """Announce more than comes."""
    connection.recv_request()
    connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")


def test_body_goes_to_the_file_and_the_user_is_told(
    serve: Serve, tmp_path: Path
) -> None:
    """The only trace is the file itself."""
    server = serve(fixed_body(b"whole"))

    done = fetch("-o", "a.txt", server.url(), cwd=tmp_path)

    assert (done.exit_code, done.out) == (0, b"")
    assert done.err == f"{server.url()} -> a.txt (5 B)\n"
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]
    assert (tmp_path / "a.txt").read_bytes() == b"whole"


def test_new_file_gets_the_usual_modes(serve: Serve, tmp_path: Path) -> None:
    """Not the private ones of a temporary file."""
    (tmp_path / "usual").touch()
    fetch("-o", tmp_path / "new", serve(fixed_body(b"x")).url())

    modes = {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert len(modes) == 1


def test_replaced_file_keeps_its_modes_and_links(serve: Serve, tmp_path: Path) -> None:
    """The file behind a link is replaced, not the link."""
    (tmp_path / "real").write_text("old")
    (tmp_path / "real").chmod(0o600)
    (tmp_path / "link").symlink_to("real")
    fetch("-o", tmp_path / "link", serve(fixed_body(b"new")).url())

    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"new"
    assert stat.S_IMODE((tmp_path / "real").stat().st_mode) == 0o600


def test_failed_load_leaves_the_old_file(serve: Serve, tmp_path: Path) -> None:
    """And nothing beside it."""
    (tmp_path / "a").write_text("old")
    done = fetch("-o", tmp_path / "a", serve(cut_short).url())

    assert done.exit_code == 56
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert (tmp_path / "a").read_text() == "old"


def test_failed_load_into_a_folder_leaves_nothing(serve: Serve, tmp_path: Path) -> None:
    """Not even the temporary file."""
    done = fetch("-o", tmp_path, serve(cut_short).url("/a"))

    assert done.exit_code == 56
    assert list(tmp_path.iterdir()) == []


def test_folder_takes_the_names_that_servers_suggest(
    serve: Serve, tmp_path: Path
) -> None:
    """Content-Disposition, the path, the host; never a path of the server's."""

    def answer(request: ReceivedRequest) -> Answer:
        if request.target == "/disposition":
            value = 'attachment; filename="../../report.pdf"'
            return 200, [("Content-Disposition", value)], b"1"
        return 200, [], b"2"

    server = serve(answering(answer))
    fetch(
        "-o",
        f"{tmp_path}/made/here/",
        server.url("/disposition"),
        server.url("/a/b.txt?q"),
        server.url("/"),
    )

    names = {path.name for path in (tmp_path / "made/here").iterdir()}
    assert names == {"_.._report.pdf", "b.txt", "127.0.0.1"}
    assert {path.name for path in tmp_path.iterdir()} == {"made"}


def test_same_names_are_numbered_in_the_order_of_the_urls(
    serve: Serve, tmp_path: Path
) -> None:
    """Although the first is answered last; an older file stays what it is."""
    (tmp_path / "x-2.txt").write_text("older")
    release = threading.Event()

    def answer(request: ReceivedRequest) -> Answer:
        if request.target.startswith("/0"):
            assert release.wait(10)
        elif request.target.startswith("/3"):
            release.set()
        return 200, [], request.target.encode()

    server = serve(answering(answer))
    fetch("-o", tmp_path, *(server.url(f"/{number}/x.txt") for number in range(4)))

    found = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert found.pop("x-2.txt") == "older"
    assert found["x.txt"] == "/0/x.txt"
    assert sorted(found.values()) == [f"/{number}/x.txt" for number in range(4)]
    assert len(found) == 4


def test_device_is_written_to_and_not_replaced(serve: Serve, tmp_path: Path) -> None:
    """So is a pipe: a rename would put a file in its place."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        fetch("-o", pipe, serve(fixed_body(b"x")).url())

        assert os.read(reader, 10) == b"x"
        assert stat.S_ISFIFO(pipe.stat().st_mode)
    finally:
        os.close(reader)


def test_folder_that_cannot_be_written_to_is_an_output_error(serve: Serve) -> None:
    """Code 23, and the reason; /proc takes no files from anybody."""
    done = fetch("-o", "/proc/x", serve(fixed_body(b"x")).url())

    assert done.exit_code == 23
    assert "error 23: cannot write to '/proc'" in done.err
