"""A data task whose response goes to a file, by the delegate's decision."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from urlsession import (
    ResponseDisposition,
    TaskState,
    URLError,
    URLErrorCode,
    URLSession,
    URLSessionConfiguration,
    URLSessionDownloadTask,
    UsageError,
)
from urlsession.testing import (
    RecordingDelegate,
    ServerConnection,
    fixed_body,
    wait_until,
)

from .ranges import RangeServer, left_files, pattern

if TYPE_CHECKING:
    from ..conftest import Serve

LoopFactory = Callable[[], asyncio.AbstractEventLoop]
BECAME = "4:URLSession:dataTask:didBecomeDownloadTask:"
MIB = 1024 * 1024
DECIDED = "data_task_did_receive_response"
FINISHED = "download_task_did_finish_downloading"


class Keeper(RecordingDelegate):
    """Says BECOME_DOWNLOAD, and reads the file."""

    def __init__(self, decide: object = ResponseDisposition.BECOME_DOWNLOAD) -> None:
        self.read: list[bytes] = []
        super().__init__({DECIDED: decide, FINISHED: self._keep})

    def _keep(self, _session: object, _task: object, location: Path) -> None:
        self.read.append(location.read_bytes())


@pytest.mark.parity(BECAME, "1:ResponseDisposition")
@pytest.mark.parametrize("size", [0, 5, 300_001, 8 * MIB])
def test_response_becomes_a_file(
    serve: Serve, configuration: URLSessionConfiguration, folder: Path, size: int
) -> None:
    """The data task is silent afterwards; nothing of the body is missing."""
    body = pattern(size)
    server = serve(fixed_body(body))
    delegate = Keeper()
    with URLSession(configuration, delegate) as session:
        task = session.data_task(server.url())
        task.resume()
        delegate.wait_for("task_did_complete")

    became = delegate.named("data_task_did_become_download_task")[0]
    download = became.args[1]
    assert isinstance(download, URLSessionDownloadTask)
    names = [name for name in delegate.names if "write_data" not in name]
    assert names == [
        "did_create_task",
        DECIDED,
        "did_create_task",
        "data_task_did_become_download_task",
        FINISHED,
        "task_did_finish_collecting_metrics",
        "task_did_complete",
        "session_did_become_invalid",
    ]
    assert delegate.read == [body]
    assert delegate.named("task_did_complete")[0].args == (download, None)
    assert task.state is download.state is TaskState.COMPLETED
    assert download.response is task.response
    assert left_files(folder) == []


@pytest.mark.parity(BECAME)
def test_what_came_before_a_late_decision_is_in_the_file(
    serve: Serve, configuration: URLSessionConfiguration, loop_factory: LoopFactory
) -> None:
    """More than is held: the transfer pauses until the delegate knows."""
    body = pattern(6 * MIB)
    server = serve(fixed_body(body))

    async def decide(*_args: object) -> ResponseDisposition:
        await asyncio.sleep(0.1)
        return ResponseDisposition.BECOME_DOWNLOAD

    delegate = Keeper(decide)

    async def main() -> None:
        async with URLSession(configuration, delegate) as session:
            session.data_task(server.url()).resume()

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.run(main())

    assert delegate.read == [body]


def test_end_before_a_late_decision_waits_for_it(
    serve: Serve, configuration: URLSessionConfiguration
) -> None:
    """A body that was all there before the delegate knew."""
    server = serve(fixed_body(b"short"))
    go_on = threading.Event()

    def decide(*_args: object) -> ResponseDisposition:
        assert go_on.wait(10)
        return ResponseDisposition.BECOME_DOWNLOAD

    delegate = Keeper(decide)
    with URLSession(configuration, delegate) as session:
        task = session.data_task(server.url())
        task.resume()
        delegate.wait_for(DECIDED)
        wait_until(lambda: not any(one.is_in_use for one in session.connections()))
        go_on.set()

    assert delegate.read == [b"short"]


@pytest.mark.parametrize("is_late", [False, True])
def test_allowed_response_loses_nothing_either(
    serve: Serve, configuration: URLSessionConfiguration, is_late: bool
) -> None:
    """What came meanwhile comes first."""
    body = pattern(6 * MIB)
    server = serve(fixed_body(body))
    go_on = threading.Event()

    def decide(*_args: object) -> ResponseDisposition:
        if is_late:
            go_on.wait(0.1)
        return ResponseDisposition.ALLOW

    delegate = RecordingDelegate({DECIDED: decide})
    with URLSession(configuration, delegate) as session:
        session.data_task(server.url()).resume()

    assert delegate.received == body
    assert delegate.names[-2:] == ["task_did_complete", "session_did_become_invalid"]


def test_connection_lost_before_a_late_decision_is_the_downloads_error(
    serve: Serve, configuration: URLSessionConfiguration, folder: Path
) -> None:
    """And it offers what came: a data task that became a download can go on."""
    body = pattern(300_000)
    handler = RangeServer(body)
    handler.cuts = [100_000]
    server = serve(handler)
    go_on = threading.Event()

    def decide(session: URLSession, *_args: object) -> ResponseDisposition:
        go_on.wait(0.1)
        return ResponseDisposition.BECOME_DOWNLOAD

    delegate = Keeper(decide)
    with URLSession(configuration, delegate) as session:
        session.data_task(server.url()).resume()
        error = delegate.wait_for("task_did_complete").args[1]
        assert isinstance(error, URLError)
        data = error.download_task_resume_data
        location, _ = session.download(resume_data=data).result(timeout=10)

    assert error.code is URLErrorCode.NETWORK_CONNECTION_LOST
    assert location.read_bytes() == body


def test_new_task_can_be_cancelled_and_suspended(
    serve: Serve, configuration: URLSessionConfiguration, folder: Path
) -> None:
    """It is the one that runs; awaiting the old one is a mistake that is told."""
    stalled = threading.Event()

    def handle(connection: ServerConnection) -> None:
        connection.recv_request()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nabc")
        stalled.set()
        connection.hold(10)

    server = serve(handle)
    delegate = Keeper()
    with URLSession(configuration, delegate) as session:
        task = session.data_task(server.url())
        task.resume()
        became = delegate.wait_for("data_task_did_become_download_task")
        download: Any = became.args[1]
        wait_until(lambda: task.state is TaskState.COMPLETED)
        running = list(session.all_tasks())
        with pytest.raises(UsageError, match="became"):
            task.result(timeout=10)
        download.cancel()
        with pytest.raises(URLError) as caught:
            download.result(timeout=10)

    assert running == [download]
    assert caught.value.code is URLErrorCode.CANCELLED
    assert delegate.count("task_did_complete") == 1
    assert left_files(folder) == []


def test_data_task_cancelled_while_it_gives_way_stays_cancelled(
    serve: Serve, configuration: URLSessionConfiguration, folder: Path
) -> None:
    """The delegate cancels it when it is told that the other was made."""
    server = serve(fixed_body(pattern(1000)))

    class Canceller(Keeper):
        def did_create_task(self, session: object, task: object) -> object:
            if isinstance(task, URLSessionDownloadTask):
                first.cancel()
            return super().did_create_task(session, task)

    delegate = Canceller()
    with URLSession(configuration, delegate) as session:
        first = session.data_task(server.url())
        first.resume()
        with pytest.raises(URLError) as caught:
            first.result(timeout=10)

    assert caught.value.code is URLErrorCode.CANCELLED
    assert delegate.count("data_task_did_become_download_task") == 0
    assert delegate.count(FINISHED) == 0
    assert delegate.count("task_did_complete") == 1
    assert left_files(folder) == []


def test_folder_that_is_missing_fails_the_download(
    serve: Serve, configuration: URLSessionConfiguration, folder: Path
) -> None:
    """After the delegate was told that there is one."""
    folder.rmdir()
    server = serve(fixed_body(pattern(3 * MIB)))
    delegate = Keeper()
    with URLSession(configuration, delegate) as session:
        session.data_task(server.url()).resume()
        error = delegate.wait_for("task_did_complete").args[1]

    assert isinstance(error, URLError)
    assert error.code is URLErrorCode.CANNOT_CREATE_FILE
    assert delegate.read == []
