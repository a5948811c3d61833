"""Download tasks: the file, who gets it, and when it is gone."""

from __future__ import annotations

import asyncio
import errno
import gc
import gzip
import os
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from urlsession import (
    HTTPURLResponse,
    TaskState,
    URLError,
    URLErrorCode,
    URLRequest,
    URLSession,
    URLSessionConfiguration,
    URLSessionDownloadTask,
)
from urlsession.loading.temporary_file import TemporaryFile
from urlsession.testing import (
    RecordingDelegate,
    ServerConnection,
    answering,
    fixed_body,
    redirecting,
    wait_until,
)

from .ranges import RangeServer, left_files, pattern

if TYPE_CHECKING:
    from ..conftest import Serve

LoopFactory = Callable[[], asyncio.AbstractEventLoop]
MIB = 1024 * 1024
BODY = pattern(700_001)

DOWNLOAD = "1:downloadTask(with:)"
AWAITED = "1:download(for:/from:/resumeFrom:delegate:)"
TASK = "3.2:URLSessionDownloadTask"
FINISHED = "4:URLSession:downloadTask:didFinishDownloadingToURL:"
WROTE = "4:URLSession:downloadTask:didWriteData:…"
ORDER = "17:download task"


@pytest.mark.parity(DOWNLOAD, AWAITED, TASK)
def test_awaited_download_gives_a_file_of_the_callers(
    serve: Serve,
    configuration: URLSessionConfiguration,
    folder: Path,
    loop_factory: LoopFactory,
) -> None:
    """It stays when task and session are gone; nobody else can read it."""
    server = serve(fixed_body(BODY))

    async def main() -> tuple[Path, HTTPURLResponse]:
        async with URLSession(configuration) as session:
            location, response = await session.download(server.url("/file"))
        return location, response

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        location, response = runner.run(main())
    gc.collect()

    assert location.read_bytes() == BODY
    assert location.parent == folder
    assert stat.S_IMODE(location.stat().st_mode) == 0o600
    assert response.status_code == 200


@pytest.mark.parity(DOWNLOAD, AWAITED)
def test_blocking_download_gives_a_file_of_the_callers(
    serve: Serve, configuration: URLSessionConfiguration
) -> None:
    """The other door; the task can be made suspended, and awaited all the same."""
    server = serve(fixed_body(BODY))
    with URLSession(configuration) as session:
        first, _ = session.download(server.url()).result(timeout=10)
        task = session.download_task(server.url())
        task.resume()
        second, response = task.result(timeout=10)

    assert first.read_bytes() == second.read_bytes() == BODY
    assert first != second
    assert response is task.response


def test_default_folder_is_the_systems(serve: Serve) -> None:
    """And the file's name says whose it is."""
    import tempfile

    server = serve(fixed_body(b"x"))
    with URLSession() as session:
        location, _ = session.download(server.url()).result(timeout=10)
    try:
        assert str(location.parent) == tempfile.gettempdir()
        assert location.name.startswith("urlsession-")
    finally:
        location.unlink()


@pytest.mark.parity(DOWNLOAD)
def test_handler_gets_a_file_that_is_removed_when_it_returns(
    serve: Serve, configuration: URLSessionConfiguration, folder: Path
) -> None:
    """Exactly one call; what was moved meanwhile stays."""
    server = serve(fixed_body(BODY))
    calls: list[tuple[bytes, object, object]] = []
    kept = folder.parent / "kept"
    is_over = threading.Event()

    def done(
        location: Path | None, response: HTTPURLResponse | None, error: URLError | None
    ) -> None:
        assert location is not None
        calls.append((location.read_bytes(), response, error))
        if len(calls) == 2:
            location.rename(kept)
            is_over.set()

    with URLSession(configuration) as session:
        for _ in range(2):
            session.download_task(server.url(), done).resume()
        assert is_over.wait(10)

    assert [one[0] for one in calls] == [BODY, BODY]
    assert all(one[2] is None for one in calls)
    assert left_files(folder) == []
    assert kept.read_bytes() == BODY


def test_awaitable_handler_has_the_file_until_it_is_through(
    serve: Serve, configuration: URLSessionConfiguration, folder: Path
) -> None:
    """An awaitable is not over when the call is."""
    server = serve(fixed_body(BODY))
    seen: list[bool] = []

    async def main() -> None:
        async def done(
            location: Path | None, _response: object, _error: object
        ) -> None:
            await asyncio.sleep(0.02)
            assert location is not None
            seen.append(location.exists())

        async with URLSession(configuration) as session:
            task = session.download_task(server.url(), done)
            task.resume()
            await task

    asyncio.run(main())

    assert seen == [True]
    assert left_files(folder) == []


@pytest.mark.parity(FINISHED, ORDER)
@pytest.mark.parametrize("status", [200, 404, 503])
def test_delegate_gets_the_file_for_any_status(
    serve: Serve, configuration: URLSessionConfiguration, folder: Path, status: int
) -> None:
    """In Foundation's order, and the file is gone afterwards."""
    server = serve(answering(lambda _request: (status, [], BODY)))
    read: list[bytes] = []

    def finish(_session: object, _task: object, location: Path) -> None:
        read.append(location.read_bytes())

    delegate = RecordingDelegate({"download_task_did_finish_downloading": finish})
    with URLSession(configuration, delegate) as session:
        session.download_task(server.url()).resume()

    names = [name for name in delegate.names if "write_data" not in name]
    assert names == [
        "did_create_task",
        "download_task_did_finish_downloading",
        "task_did_finish_collecting_metrics",
        "task_did_complete",
        "session_did_become_invalid",
    ]
    assert read == [BODY]
    assert left_files(folder) == []


@pytest.mark.parity(WROTE)
def test_progress_is_told_at_a_period_and_adds_up(
    serve: Serve, configuration: URLSessionConfiguration
) -> None:
    """The last telling is of all of it, before the file is."""
    body = bytes(64 * MIB)
    server = serve(fixed_body(body))
    delegate = RecordingDelegate()
    with URLSession(configuration, delegate) as session:
        task = session.download_task(server.url())
        task.resume()
        task.result(timeout=15)
        progress = task.progress

    told = [call.args[1:] for call in delegate.named("download_task_did_write_data")]
    assert 1 <= len(told) < 100  # ten a second at most, for 4,096 pieces
    assert sum(_number(one[0]) for one in told) == len(body)
    assert told[-1][1:] == (len(body), len(body))
    assert delegate.names.index(
        "download_task_did_finish_downloading"
    ) > delegate.names.index("download_task_did_write_data")
    assert (progress.completed, progress.total) == (len(body), len(body))


@pytest.mark.parity(WROTE)
def test_slow_download_tells_progress_while_it_comes(
    serve: Serve, configuration: URLSessionConfiguration
) -> None:
    """A few bytes are told too, though they fill no buffer."""
    go_on = threading.Event()

    def handle(connection: ServerConnection) -> None:
        connection.recv_request()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n")
        for _ in range(5):
            connection.send(b"ab")
            connection.hold(0.15) if not go_on.is_set() else None

    server = serve(handle)
    delegate = RecordingDelegate()
    with URLSession(configuration, delegate) as session:
        session.download_task(server.url()).resume()
        call = delegate.wait_for("download_task_did_write_data")
        go_on.set()

    assert 0 < _number(call.args[2]) < 10
    assert call.args[3] == 10


def test_delegate_of_an_awaited_download_is_told_progress_only(
    serve: Serve, configuration: URLSessionConfiguration
) -> None:
    """The file is whose who awaits."""
    server = serve(fixed_body(BODY))
    delegate = RecordingDelegate()
    with URLSession(configuration) as session:
        load = session.download(server.url(), delegate=delegate)
        location, _ = load.result(timeout=10)

    assert location.read_bytes() == BODY
    assert delegate.names == [
        "did_create_task",
        "download_task_did_write_data",
        "task_did_finish_collecting_metrics",
    ]


@pytest.mark.parity("A:9 download files; response nil; received bytes not counted")
def test_response_is_there_while_the_download_runs(
    serve: Serve, configuration: URLSessionConfiguration, folder: Path
) -> None:
    """And the bytes are counted."""
    go_on = threading.Event()

    def handle(connection: ServerConnection) -> None:
        connection.recv_request()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabcde")
        go_on.wait(10)
        connection.send(b"fghij")

    server = serve(handle)
    with URLSession(configuration) as session:
        task = session.download(server.url())
        wait_until(lambda: task.count_of_bytes_received == 5)
        response, expected = task.response, task.count_of_bytes_expected_to_receive
        go_on.set()
        location, _ = task.result(timeout=10)

    assert isinstance(response, HTTPURLResponse)
    assert expected == 10
    assert location.read_bytes() == b"abcdefghij"


def test_body_is_decoded_as_for_data_tasks(
    serve: Serve, configuration: URLSessionConfiguration
) -> None:
    """Of a coded body the length is not known."""
    coded = gzip.compress(BODY)
    server = serve(answering(lambda _r: (200, [("Content-Encoding", "gzip")], coded)))
    delegate = RecordingDelegate()
    with URLSession(configuration, delegate) as session:
        location, _ = session.download(server.url()).result(timeout=10)
        told = delegate.named("download_task_did_write_data")[-1].args

    assert location.read_bytes() == BODY
    assert told[2:] == (len(BODY), -1)


@pytest.mark.parity("8:downloadDecodingFailed… (-3006, -3007)")
@pytest.mark.parametrize(
    ("damage", "code"),
    [
        (lambda coded: coded[:-9], URLErrorCode.DOWNLOAD_DECODING_FAILED_TO_COMPLETE),
        (
            lambda coded: coded[:50] + bytes(50) + coded[100:],
            URLErrorCode.DOWNLOAD_DECODING_FAILED_MID_STREAM,
        ),
    ],
    ids=["cut short", "damaged"],
)
def test_body_that_cannot_be_decoded_is_an_error(
    serve: Serve,
    configuration: URLSessionConfiguration,
    folder: Path,
    damage: Callable[[bytes], bytes],
    code: URLErrorCode,
) -> None:
    """Of the download's own numbers; nothing is left."""
    coded = damage(gzip.compress(os.urandom(100_000)))
    server = serve(answering(lambda _r: (200, [("Content-Encoding", "gzip")], coded)))
    with URLSession(configuration) as session:
        with pytest.raises(URLError) as caught:
            session.download(server.url()).result(timeout=10)

    assert caught.value.code is code
    assert caught.value.download_task_resume_data is None
    assert left_files(folder) == []


def test_redirect_is_followed_and_the_last_body_is_the_file(
    serve: Serve, configuration: URLSessionConfiguration
) -> None:
    """And a refused one is a file too."""
    server = serve(redirecting({"/a": (302, "/b")}))
    delegate = RecordingDelegate(
        {"task_will_perform_http_redirection": lambda *_args: None}
    )
    with URLSession(configuration) as session:
        location, response = session.download(server.url("/a")).result(timeout=10)
        refused = session.download(server.url("/a"), delegate=delegate)
        empty, found = refused.result(timeout=10)

    assert b'"target": "/b"' in location.read_bytes()
    assert response.url == server.url("/b")
    assert (found.status_code, empty.read_bytes()) == (302, b"")


def test_head_makes_an_empty_file(
    serve: Serve, configuration: URLSessionConfiguration
) -> None:
    """There is no body, and that is no failure."""
    server = serve(fixed_body(BODY))
    with URLSession(configuration) as session:
        request = URLRequest(server.url(), method="HEAD")
        location, _ = session.download(request).result(timeout=10)

    assert location.read_bytes() == b""


def _break_off(connection: ServerConnection) -> None:
    connection.recv_request()
    connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nabc")


def test_failed_download_leaves_no_file(
    serve: Serve, configuration: URLSessionConfiguration, folder: Path
) -> None:
    """The handler gets the error alone; nothing can be resumed without a validator."""
    server = serve(_break_off)
    got: list[tuple[object, object, URLError]] = []
    with URLSession(configuration) as session:
        task = session.download_task(server.url(), lambda *args: got.append(args))
        task.resume()
        with pytest.raises(URLError):
            task.result(timeout=10)

    ((location, response, error),) = got
    assert location is response is None
    assert error.code is URLErrorCode.NETWORK_CONNECTION_LOST
    assert error.download_task_resume_data is None
    assert left_files(folder) == []


@pytest.mark.parametrize("is_told", [False, True], ids=["alone", "with a delegate"])
def test_cancelled_download_leaves_no_file(
    serve: Serve, configuration: URLSessionConfiguration, folder: Path, is_told: bool
) -> None:
    """Cancelled half-way; the connection is closed."""
    body = RangeServer(BODY)
    hold = threading.Event()

    def stall(connection: ServerConnection, _request: object) -> bool:
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nabc")
        hold.wait(10)
        return True

    body.answer = stall
    server = serve(body)
    with URLSession(configuration, RecordingDelegate() if is_told else None) as session:
        task = session.download_task(server.url())
        task.resume()
        wait_until(lambda: task.response is not None)
        task.cancel()
        with pytest.raises(URLError) as caught:
            task.result(timeout=10)
        is_open = bool(session.connections())
        hold.set()

    assert caught.value.code is URLErrorCode.CANCELLED
    assert not is_open
    assert left_files(folder) == []


def test_file_that_nobody_takes_is_removed_with_the_task(
    serve: Serve, configuration: URLSessionConfiguration, folder: Path
) -> None:
    """A download that nobody waited for."""
    server = serve(fixed_body(BODY))
    with URLSession(configuration) as session:
        held = [session.download(server.url())]
        wait_until(lambda: held[0].state is TaskState.COMPLETED)
        there = left_files(folder)
        held.clear()
        gc.collect()

    assert len(there) == 1
    assert left_files(folder) == []


_LEAVER = """
import os, sys, time
from urlsession import *
configuration = URLSessionConfiguration.ephemeral()
configuration.download_directory = sys.argv[2]
session = URLSession(configuration)
done = session.download(sys.argv[1] + "/done")
while done.state is not TaskState.COMPLETED:
    time.sleep(0.001)
running = session.download(sys.argv[1] + "/stall")
while running.response is None:
    time.sleep(0.001)
if os.fork() == 0:
    sys.exit(0)  # a child that ends removes nothing of its parent's
os.wait()
print(len(os.listdir(sys.argv[2])))
"""


@pytest.mark.slow
def test_exit_removes_the_files_that_nobody_took(
    serve: Serve, configuration: URLSessionConfiguration, folder: Path
) -> None:
    """Finished or half done; a forked child's exit is not the process's."""

    def handle(connection: ServerConnection) -> None:
        while request := connection.recv_request():
            if request.target == "/stall":
                connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nabc")
                connection.hold(10)
                return
            connection.send_response(200, [], BODY)

    server = serve(handle)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", _LEAVER, server.url(""), folder],
        capture_output=True,
        text=True,
        check=False,
        timeout=15,
    )

    assert (done.stdout, done.stderr) == ("2\n", "")
    assert left_files(folder) == []


@pytest.mark.slow
def test_memory_stays_flat(
    serve: Serve, configuration: URLSessionConfiguration
) -> None:
    """Whatever the size: 256 MiB cost no more than the buffers."""
    from ..loopback.test_streams import GROWTH_LIMIT, SIZE, Large, rss

    server = serve(Large())
    with URLSession(configuration) as session:
        task = session.download(server.url())
        highest = before = rss()
        while task.state is not TaskState.COMPLETED:
            highest = max(highest, rss())
            threading.Event().wait(0.002)
        location, _ = task.result()

    assert location.stat().st_size == SIZE
    assert highest - before < GROWTH_LIMIT


@pytest.mark.parity("8:file errors (-3000 to -3005)")
def test_folder_that_is_missing_is_an_error(
    serve: Serve, configuration: URLSessionConfiguration, folder: Path
) -> None:
    """Of a number of its own, with the system's."""
    server = serve(fixed_body(BODY))
    folder.rmdir()
    delegate = RecordingDelegate()
    with URLSession(configuration, delegate) as session:
        with pytest.raises(URLError) as caught:
            session.download(server.url()).result(timeout=10)

    assert caught.value.code is URLErrorCode.CANNOT_CREATE_FILE
    assert isinstance(caught.value.underlying, FileNotFoundError)
    assert caught.value.errno == caught.value.underlying.errno


def test_file_that_cannot_be_closed_is_an_error(
    serve: Serve,
    configuration: URLSessionConfiguration,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As a network file system has it, which tells at the very end."""
    server = serve(fixed_body(BODY))

    def refuse(file: TemporaryFile) -> None:
        file.discard()
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(TemporaryFile, "close", refuse)
    with URLSession(configuration) as session:
        with pytest.raises(URLError) as caught:
            session.download(server.url()).result(timeout=10)

    assert caught.value.code is URLErrorCode.CANNOT_CLOSE_FILE
    assert caught.value.errno == errno.EIO
    assert left_files(folder) == []


@pytest.mark.parity("1:flush(completionHandler:)", "1:reset(completionHandler:)")
@pytest.mark.parametrize("name", ["flush", "reset"])
def test_flush_and_reset_write_out_what_downloads_have(
    serve: Serve, configuration: URLSessionConfiguration, folder: Path, name: str
) -> None:
    """The task goes on."""
    go_on = threading.Event()

    def handle(connection: ServerConnection) -> None:
        connection.recv_request()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabcde")
        go_on.wait(10)
        connection.send(b"fghij")

    server = serve(handle)
    with URLSession(configuration) as session:
        task = session.download(server.url())
        wait_until(lambda: task.count_of_bytes_received == 5)
        (file,) = folder.iterdir()
        before = file.read_bytes()
        getattr(session, name)().result(timeout=10)
        between = file.read_bytes()
        go_on.set()
        location, _ = task.result(timeout=10)

    assert (before, between) == (b"", b"abcde")
    assert location.read_bytes() == b"abcdefghij"


def test_cancelling_who_awaits_removes_the_file(
    serve: Serve,
    configuration: URLSessionConfiguration,
    folder: Path,
    loop_factory: LoopFactory,
) -> None:
    """A time-out of asyncio's, for instance."""

    def handle(connection: ServerConnection) -> None:
        connection.recv_request()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabcde")
        connection.hold(10)

    server = serve(handle)

    async def main() -> bool:
        async with URLSession(configuration) as session:
            task = session.download(server.url())
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.2):
                    await task
            return task.response is not None

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        had_begun = runner.run(main())

    assert had_begun
    assert left_files(folder) == []


def test_file_that_cannot_be_removed_is_a_logged_warning(
    serve: Serve,
    configuration: URLSessionConfiguration,
    folder: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The load is over, and went well."""
    server = serve(fixed_body(BODY))

    def spoil(location: Path | None, *_args: object) -> None:
        assert location is not None
        location.unlink()
        location.mkdir()  # which unlink does not remove

    with URLSession(configuration) as session:
        task = session.download_task(server.url(), spoil)
        task.resume()
        task.result(timeout=10)

    assert "cannot be removed" in caplog.text
    (folder / left_files(folder)[0]).rmdir()


def test_download_of_nothing_is_refused() -> None:
    """Neither a request nor resume data."""
    with URLSession() as session:
        with pytest.raises(TypeError, match="takes a request"):
            session.download()


def test_body_of_an_upload_may_be_answered_by_a_file(
    serve: Serve, configuration: URLSessionConfiguration
) -> None:
    """A download may POST."""
    server = serve(answering(lambda request: (200, [], request.body[::-1])))
    with URLSession(configuration) as session:
        request = URLRequest(server.url(), method="POST", body=b"abc")
        location, _ = session.download(request).result(timeout=10)

    assert location.read_bytes() == b"cba"


def test_suspended_download_goes_on(
    serve: Serve, configuration: URLSessionConfiguration
) -> None:
    """Where it was, without another request."""
    handler = RangeServer(bytes(8 * MIB))
    server = serve(handler)
    with URLSession(configuration) as session:
        task = session.download(server.url())
        wait_until(lambda: task.response is not None)
        task.suspend()
        task.resume()
        location, _ = task.result(timeout=15)

    assert location.stat().st_size == 8 * MIB
    assert len(handler.requests) == 1


def test_other_schemes_come_in_files_too(
    configuration: URLSessionConfiguration, folder: Path, tmp_path: Path
) -> None:
    """A file's copy, and what stands in a URL; neither can go on later."""
    source = tmp_path / "source"
    source.write_bytes(BODY)
    with URLSession(configuration) as session:
        copy, response = session.download(source.as_uri()).result(timeout=10)
        text, _ = session.download("data:,hello").result(timeout=10)
        with pytest.raises(URLError) as caught:
            session.download((tmp_path / "none").as_uri()).result(timeout=10)

    assert copy.read_bytes() == BODY
    assert response.expected_content_length == len(BODY)
    assert text.read_bytes() == b"hello"
    assert caught.value.code is URLErrorCode.FILE_DOES_NOT_EXIST
    assert len(left_files(folder)) == 2


def test_task_says_what_it_is(
    serve: Serve, configuration: URLSessionConfiguration
) -> None:
    """Foundation's class, and its defaults."""
    with URLSession(configuration) as session:
        task = session.download_task("http://127.0.0.1:1/")

        assert isinstance(task, URLSessionDownloadTask)
        assert task.prefers_incremental_delivery is False
        assert task.count_of_bytes_expected_to_receive == 0


def _number(value: Any) -> int:
    assert isinstance(value, int)
    return value
