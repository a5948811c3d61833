"""Section 1, schemes: ``data:`` and ``file:`` are loaded like everything else."""

from __future__ import annotations

import asyncio
import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from urlsession import (
    URLError,
    URLErrorCode,
    URLRequest,
    URLResponse,
    URLSession,
    UsageError,
)
from urlsession.cli.main import main
from urlsession.testing import RecordingDelegate, answering, descriptors, wait_until

if TYPE_CHECKING:
    from ..conftest import Serve

RESPONSE = "data_task_did_receive_response"
DATA = "data_task_did_receive_data"
END = [
    "task_did_finish_collecting_metrics",
    "task_did_complete",
    "session_did_become_invalid",
]
BROKEN = ["data:", "data:text/plain", "data:,%zz", "data:;base64,a!b", "data:x;y,z"]
BROKEN += [
    f"data:;base64,{one}" for one in ("=", "YQ=", "YWJj=", "YWJj====", "Y", "Y=Q=")
]


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """Return a file that has a type, and a name that must be escaped."""
    path = tmp_path / "a page é.html"
    path.write_bytes(b"<p>hello</p>")
    return path


@pytest.mark.parametrize(
    ("url", "data", "mime_type", "charset"),
    [
        ("data:,a%20b", b"a b", "text/plain", None),
        ("data:;charset=UTF-8,a", b"a", "text/plain", "utf-8"),
        ("data:;charset=utf-8;charset=utf-16,a", b"a", "text/plain", "utf-8"),
        ("data:;charset=utf-8;x/y,a", b"a", "text/plain", "utf-8"),
        ("data:a/b;c=d;charset=macroman,,1", b",1", "a/b", "macroman"),
        ("DATA:text/HTML;charset=UTF-8,%C3%A9", b"\xc3\xa9", "text/html", "utf-8"),
        ("data:image/gif;base64,R0lG", b"GIF", "image/gif", None),
        ("data:,", b"", "text/plain", None),
        ("data:;base64,", b"", "text/plain", None),
        ("data:;base64,YQ", b"a", "text/plain", None),
        ("data:;base64,YQ==", b"a", "text/plain", None),
        ("data:;base64,%20YW%0AI%3D", b"ab", "text/plain", None),
    ],
)
def test_data_url_is_its_own_answer(
    url: str, data: bytes, mime_type: str, charset: str | None
) -> None:
    """Body, type, charset and length are in the URL."""
    with URLSession() as session:
        reply = session.data(url).result(timeout=5)

    assert reply.data == data
    assert reply.response.mime_type == mime_type
    assert reply.response.text_encoding_name == charset
    assert reply.response.expected_content_length == len(data)


@pytest.mark.parity("15:broken data: URL")
@pytest.mark.parametrize("url", BROKEN)
def test_broken_data_url_fails_everybody(url: str) -> None:
    """Whoever waits is told -1000: handler, awaiter, delegate."""
    told: list[URLError | None] = []
    with URLSession(delegate=(delegate := RecordingDelegate())) as session:
        with pytest.raises(URLError) as caught:
            session.data(url).result(timeout=5)
        session.data_task(url, lambda _d, _r, error: told.append(error)).resume()
        session.data_task(url).resume()

    assert caught.value.code is URLErrorCode.BAD_URL
    assert [error and error.code for error in told] == [URLErrorCode.BAD_URL]
    assert delegate.count("task_did_complete") == 1


@pytest.mark.parametrize("kind", ["data", "file"])
def test_delegate_is_told_as_by_http(kind: str, page: Path) -> None:
    """Response, data, metrics, completion, in this order."""
    url = "data:,hello" if kind == "data" else page.as_uri()
    with URLSession(delegate=(delegate := RecordingDelegate())) as session:
        session.data_task(url).resume()

    assert delegate.names == ["did_create_task", RESPONSE, DATA, *END]
    assert delegate.received in (b"hello", b"<p>hello</p>")


@pytest.mark.parametrize("host", ["", "localhost", "LOCALHOST"])
def test_file_of_this_host_is_read(host: str, page: Path) -> None:
    """Escapes are undone; the type comes from the name."""
    url = page.as_uri().replace("file://", f"file://{host}") + "?x#y"
    with URLSession() as session:
        reply = session.data(url).result(timeout=5)

    assert reply.data == b"<p>hello</p>"
    assert reply.response.mime_type == "text/html"
    assert reply.response.expected_content_length == 12
    assert reply.response.suggested_filename == "a page é.html"
    assert type(reply.response) is URLResponse
    assert reply.raise_for_status() is reply
    with pytest.raises(UsageError, match="no status"):
        _ = reply.status_code


def test_head_of_a_file_has_no_body(page: Path) -> None:
    """The response alone is wanted."""
    with URLSession() as session:
        request = URLRequest(page.as_uri(), method="HEAD")
        reply = session.data(request).result(timeout=5)

    assert (reply.data, reply.response.expected_content_length) == (b"", 12)


@pytest.mark.parity(
    "8:fileDoesNotExist / fileIsDirectory / noPermissionsToReadFile "
    "(-1100, -1101, -1102)"
)
@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("missing", URLErrorCode.FILE_DOES_NOT_EXIST),
        ("page.html/below", URLErrorCode.FILE_DOES_NOT_EXIST),
        ("folder", URLErrorCode.FILE_IS_DIRECTORY),
        ("secret", URLErrorCode.NO_PERMISSIONS_TO_READ_FILE),
        ("pipe", URLErrorCode.CANNOT_OPEN_FILE),
    ],
)
def test_file_that_cannot_be_read_says_why(
    tmp_path: Path, name: str, code: URLErrorCode
) -> None:
    """What the system says becomes Foundation's number; nothing stays open."""
    (tmp_path / "page.html").write_bytes(b"x")
    (tmp_path / "folder").mkdir()
    (tmp_path / "secret").touch(mode=0)
    os.mkfifo(tmp_path / "pipe")
    if name == "secret" and os.access(tmp_path / "secret", os.R_OK):
        pytest.skip("root may read everything")
    with URLSession() as session, pytest.raises(URLError) as caught:
        session.data((tmp_path / name).as_uri()).result(timeout=5)

    assert caught.value.code is code
    assert str(tmp_path / name) in str(caught.value)


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("file://elsewhere/etc/hosts", URLErrorCode.UNSUPPORTED_URL),
        ("file:relative", URLErrorCode.BAD_URL),
        ("file://localhost", URLErrorCode.BAD_URL),
        ("file:///a%00b", URLErrorCode.BAD_URL),
    ],
)
def test_url_that_names_no_file_here_is_refused(url: str, code: URLErrorCode) -> None:
    """Another host's file is not fetched by some other way."""
    with URLSession() as session, pytest.raises(URLError) as caught:
        session.data(url).result(timeout=5)

    assert caught.value.code is code


def test_file_is_not_written_to(page: Path) -> None:
    """A POST with a body is no way to read."""
    request = URLRequest(page.as_uri(), method="POST", body=b"x")
    with URLSession() as session, pytest.raises(URLError) as caught:
        session.data(request).result(timeout=5)

    assert caught.value.code is URLErrorCode.UNSUPPORTED_URL


def test_large_file_is_read_no_faster_than_it_is_taken(tmp_path: Path) -> None:
    """Of a file that nobody reads on, little is in memory; then it comes whole."""
    path = tmp_path / "large.bin"
    with path.open("wb") as file:
        file.truncate(64 * 1024 * 1024)
    with URLSession() as session:
        chunks, _ = session.bytes(path.as_uri()).result(timeout=5)
        reader = iter(chunks)
        total = len(next(reader))
        task = chunks.task
        assert wait_until(lambda: task.count_of_bytes_received >= 1024 * 1024)
        assert task.count_of_bytes_received <= 3 * 1024 * 1024
        total += sum(len(piece) for piece in reader)

    assert total == 64 * 1024 * 1024


def test_stream_that_is_left_closes_the_file(tmp_path: Path) -> None:
    """The descriptor goes with the reader."""
    path = tmp_path / "large.bin"
    path.write_bytes(bytes(8 * 1024 * 1024))
    with URLSession() as session:
        chunks, _ = session.bytes(path.as_uri()).result(timeout=5)
        for _chunk in chunks:
            break
        del chunks, _chunk

        assert wait_until(lambda: str(path) not in descriptors().values())


def test_suspended_file_load_waits(tmp_path: Path) -> None:
    """Nothing ends while the task is suspended."""
    path = tmp_path / "large.bin"
    path.write_bytes(bytes(8 * 1024 * 1024))
    first, go = threading.Event(), threading.Event()

    def slow(*_arguments: object) -> None:
        first.set()
        go.wait(5)

    delegate = RecordingDelegate({"data_task_did_receive_data": slow})
    with URLSession(delegate=delegate) as session:
        task = session.data_task(path.as_uri())
        task.resume()
        assert first.wait(5)
        task.suspend()
        go.set()
        with pytest.raises(TimeoutError):
            task.result(timeout=0.1)
        task.resume()
        task.result(timeout=5)

    assert len(delegate.received) == 8 * 1024 * 1024


@pytest.mark.parametrize("url", ["data:,evil", "file:///etc/passwd", "file://x/y"])
def test_redirect_leads_to_no_local_scheme(serve: Serve, url: str) -> None:
    """A server must not send a program to its own files."""
    server = serve(answering(lambda _request: (302, [("Location", url)], b"")))
    with URLSession() as session, pytest.raises(URLError) as caught:
        session.data(server.url("/")).result(timeout=5)

    assert caught.value.code is URLErrorCode.UNSUPPORTED_URL


def test_delegate_cannot_be_made_to_follow_to_a_file(serve: Serve, page: Path) -> None:
    """Not even a request of the delegate's own goes there by a redirect."""
    server = serve(answering(lambda _request: (302, [("Location", "/x")], b"")))
    delegate = RecordingDelegate(
        {"task_will_perform_http_redirection": URLRequest(page.as_uri())}
    )
    with URLSession() as session, pytest.raises(URLError) as caught:
        session.data(server.url("/"), delegate=delegate).result(timeout=5)

    assert caught.value.code is URLErrorCode.UNSUPPORTED_URL


def test_local_schemes_are_awaited_too(page: Path) -> None:
    """The other door, whole and as a stream."""

    async def load() -> list[bytes]:
        async with URLSession() as session:
            whole = await session.data(page.as_uri())
            inline = await session.data("data:,hello")
            chunks, _ = await session.bytes(page.as_uri())
            return [whole.data, inline.data, await chunks.aread()]

    assert asyncio.run(load()) == [b"<p>hello</p>", b"hello", b"<p>hello</p>"]


def test_metrics_tell_of_a_file(page: Path) -> None:
    """One transaction, without a connection."""
    with URLSession() as session:
        task = session.data(page.as_uri())
        task.result(timeout=5)

    assert task.metrics is not None
    (transaction,) = task.metrics.transaction_metrics
    assert task.metrics.redirect_count == 0
    assert transaction.connection_id is None
    assert transaction.response is task.response


@pytest.mark.parametrize(
    ("options", "code", "shown"),
    [
        ((), 0, "<p>hello</p>"),
        (("-f",), 0, "<p>hello</p>"),
        (
            ("-i",),
            0,
            "Content-Type: text/html\r\nContent-Length: 12\r\n\r\n<p>hello</p>",
        ),
        (("-o", "kept", "--resume"), 2, ""),
    ],
)
def test_fetch_reads_files(
    page: Path,
    capfdbinary: pytest.CaptureFixture[bytes],
    monkeypatch: pytest.MonkeyPatch,
    options: tuple[str, ...],
    code: int,
    shown: str,
) -> None:
    """The command takes them too; a head has what is known."""
    monkeypatch.chdir(page.parent)

    assert main(["fetch", "-s", *options, page.as_uri()]) == code
    assert capfdbinary.readouterr().out.decode() == shown
