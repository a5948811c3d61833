"""``urlsession fetch --resume``: a file that is there in part is gone on with."""

from __future__ import annotations

import os
import signal
import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from urlsession.testing import ReceivedRequest, ServerConnection, wait_until

from ..conformance.ranges import ETAG, RangeServer, pattern
from .fetching import fetch, start_fetch

if TYPE_CHECKING:
    from ..conftest import Serve

pytestmark = pytest.mark.slow

BODY = pattern(300_007)
CUT = 100_001
BESIDE = "a.urlsession-resume"


def names(folder: Path) -> list[str]:
    """Return what is in a folder."""
    return sorted(one.name for one in folder.iterdir())


def test_file_that_was_begun_is_gone_on_with(serve: Serve, tmp_path: Path) -> None:
    """A load that breaks keeps what came; the next one asks for the rest."""
    handler = RangeServer(BODY)
    handler.cuts = [CUT]
    server = serve(handler)
    first = fetch("-o", "a", "--resume", server.url(), cwd=tmp_path)
    between = names(tmp_path), (tmp_path / "a").read_bytes() == BODY[:CUT]
    second = fetch("-o", "a", "--resume", server.url(), cwd=tmp_path)

    assert first.exit_code == 56
    assert "urlsession fetch: a: 97.7 KiB kept, for --resume" in first.err
    assert between == (["a", BESIDE], True)
    assert second.exit_code == 0
    assert second.err.startswith("urlsession fetch: a: going on at 97.7 KiB\n")
    assert names(tmp_path) == ["a"]
    assert (tmp_path / "a").read_bytes() == BODY
    assert handler.ranges == [None, f"bytes={CUT}-"]
    assert handler.requests[1].header("If-Range") == ETAG


def test_killed_command_is_gone_on_with(serve: Serve, tmp_path: Path) -> None:
    """By kill -9, which lets nothing be tidied."""
    handler = RangeServer(BODY)

    def stall(connection: ServerConnection, request: ReceivedRequest) -> bool:
        if request.header("Range") is not None:
            return False
        fields = [f"Content-Length: {len(BODY)}", f"ETag: {ETAG}"]
        head = ["HTTP/1.1 200 OK", "Accept-Ranges: bytes", *fields, "", ""]
        connection.send("\r\n".join(head).encode() + BODY[:CUT])
        connection.hold(10)
        return True

    handler.answer = stall
    server = serve(handler)
    file = tmp_path / "a"
    process = start_fetch("-o", file, "--resume", server.url())
    wait_until(lambda: file.exists() and file.stat().st_size == CUT)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    done = fetch("-o", file, "--resume", server.url())

    assert done.exit_code == 0
    assert handler.ranges == [None, f"bytes={CUT}-"]
    assert file.read_bytes() == BODY
    assert names(tmp_path) == ["a"]


def test_file_of_another_program_is_gone_on_with(serve: Serve, tmp_path: Path) -> None:
    """Without a validator the server is believed; silence is possible."""
    (tmp_path / "a").write_bytes(BODY[:CUT])
    handler = RangeServer(BODY)
    done = fetch("-s", "-o", tmp_path / "a", "--resume", serve(handler).url())

    assert (done.exit_code, done.err) == (0, "")
    assert (tmp_path / "a").read_bytes() == BODY
    assert handler.ranges == [f"bytes={CUT}-"]
    assert handler.requests[0].header("If-Range") is None


@pytest.mark.parametrize(
    ("modified", "ranges"),
    [
        ("Tue, 01 Sep 2026 10:00:00 GMT", [f"bytes={CUT}-"]),
        ("Tue, 01 Sep 2026 12:00:00 GMT", [f"bytes={CUT}-", None]),
    ],
    ids=["older", "younger"],
)
def test_resource_younger_than_the_file_is_loaded_anew(
    serve: Serve, tmp_path: Path, modified: str, ranges: list[str | None]
) -> None:
    """By the server's clock, for a file that was written an hour ago."""
    file = tmp_path / "a"
    file.write_bytes(BODY[:CUT])
    hour_ago = time.time() - 3600  # noqa: TID251 - the modification time of a file
    os.utime(file, (hour_ago, hour_ago))
    handler = RangeServer(BODY)
    date = "Tue, 01 Sep 2026 12:30:00 GMT"
    handler.fields += [("Last-Modified", modified), ("Date", date)]
    done = fetch("-o", file, "--resume", serve(handler).url())

    assert done.exit_code == 0
    assert handler.ranges == ranges
    assert file.read_bytes() == BODY


def test_changed_resource_begins_anew(serve: Serve, tmp_path: Path) -> None:
    """And the user is told."""
    handler = RangeServer(BODY)
    handler.cuts = [CUT]
    server = serve(handler)
    fetch("-o", "a", "--resume", server.url(), cwd=tmp_path)
    handler.body, handler.etag = BODY[::-1], '"v2"'
    done = fetch("-o", "a", "--resume", server.url(), cwd=tmp_path)

    assert done.exit_code == 0
    assert done.err.startswith(
        "urlsession fetch: a: beginning anew, 97.7 KiB dropped\n"
    )
    assert (tmp_path / "a").read_bytes() == BODY[::-1]


def test_server_without_ranges_begins_anew(serve: Serve, tmp_path: Path) -> None:
    """It answers with all of it."""
    (tmp_path / "a").write_bytes(b"something else")
    handler = RangeServer(BODY)

    def whole(connection: ServerConnection, _request: ReceivedRequest) -> bool:
        connection.send_response(200, [], BODY)
        return True

    handler.answer = whole
    done = fetch("-o", tmp_path / "a", "--resume", serve(handler).url())

    assert done.exit_code == 0
    assert (tmp_path / "a").read_bytes() == BODY


def test_whole_file_is_left_alone(serve: Serve, tmp_path: Path) -> None:
    """The server says that there is no more."""
    (tmp_path / "a").write_bytes(BODY)
    done = fetch("-o", "a", "--resume", serve(RangeServer(BODY)).url(), cwd=tmp_path)

    assert (done.exit_code, done.err) == (0, "urlsession fetch: a: is whole already\n")
    assert (tmp_path / "a").read_bytes() == BODY


def test_file_that_is_too_long_is_loaded_anew(serve: Serve, tmp_path: Path) -> None:
    """It cannot be a part of what is there."""
    (tmp_path / "a").write_bytes(BODY + b"more")
    done = fetch("-o", tmp_path / "a", "--resume", serve(RangeServer(BODY)).url())

    assert done.exit_code == 0
    assert (tmp_path / "a").read_bytes() == BODY


def test_errors_page_does_not_touch_the_file(serve: Serve, tmp_path: Path) -> None:
    """Exit code 22, without --fail too."""
    (tmp_path / "a").write_bytes(BODY[:CUT])
    handler = RangeServer(BODY)

    def busy(connection: ServerConnection, _request: ReceivedRequest) -> bool:
        connection.send_response(503, [], b"busy")
        return True

    handler.answer = busy
    done = fetch("-o", tmp_path / "a", "--resume", serve(handler).url())

    assert done.exit_code == 22
    assert "503" in done.err
    assert (tmp_path / "a").read_bytes() == BODY[:CUT]


def test_load_that_brings_nothing_leaves_nothing(tmp_path: Path) -> None:
    """Not even an empty file."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    done = fetch("-o", "a", "--resume", f"http://127.0.0.1:{port}/", cwd=tmp_path)

    assert done.exit_code == 7
    assert names(tmp_path) == []


def test_empty_body_makes_an_empty_file(serve: Serve, tmp_path: Path) -> None:
    """It is whole."""
    done = fetch("-o", "a", "--resume", serve(RangeServer(b"")).url(), cwd=tmp_path)

    assert done.exit_code == 0
    assert names(tmp_path) == ["a"]


def test_file_in_use_is_refused(serve: Serve, tmp_path: Path) -> None:
    """Two commands would write into each other."""
    import fcntl

    file = tmp_path / "a"
    with file.open("wb") as held:
        held.write(b"x")
        held.flush()
        fcntl.flock(held, fcntl.LOCK_EX)
        done = fetch("-o", file, "--resume", serve(RangeServer(BODY)).url())

    assert done.exit_code == 23
    assert "in use" in done.err
    assert file.read_bytes() == b"x"


@pytest.mark.parametrize(
    "arguments",
    [
        ["--resume"],
        ["--resume", "-o", "-"],
        ["--resume", "-o", "folder/"],
        ["--resume", "-o", "/dev/null"],
        ["--resume", "-o", "a", "-i"],
        ["--resume", "-o", "a", "-d", "x"],
    ],
    ids=["no file", "stdout", "folder", "device", "head", "POST"],
)
def test_what_cannot_be_gone_on_with_is_a_mistake(
    arguments: list[str], tmp_path: Path
) -> None:
    """Before anything is loaded."""
    done = fetch(*arguments, "http://127.0.0.1:1/", cwd=tmp_path)

    assert done.exit_code == 2
    assert "--resume" in done.err
