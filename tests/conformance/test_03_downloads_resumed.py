"""Downloads that go on where an earlier one ended, and what they refuse to go on from."""

from __future__ import annotations

import asyncio
import gc
import gzip
import json
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from urlsession import (
    URLError,
    URLErrorCode,
    URLRequest,
    URLSession,
    URLSessionConfiguration,
    UsageError,
)
from urlsession.tasks.download_state import DownloadState
from urlsession.testing import (
    ReceivedRequest,
    RecordingDelegate,
    ServerConnection,
    wait_until,
)

from .ranges import ETAG, RangeServer, left_files, pattern

if TYPE_CHECKING:
    from urlsession.testing.certificates import CertificateAuthority

    from ..conftest import Serve

LoopFactory = Callable[[], asyncio.AbstractEventLoop]
BODY = pattern(500_003)
CUT = 200_001

RESUME = "1:downloadTask(withResumeData:)"
CANCEL = "3.2:URLSessionDownloadTask.cancel(byProducingResumeData:)"
ANYWHERE = "17:cancel_by_producing_resume_data anywhere"
ON_ERROR = "3.2:…TaskResumeData"
FORMAT = "3.2:resume data format"
DID_RESUME = "4:URLSession:downloadTask:didResumeAtOffset:…"


class Stalling(RangeServer):
    """Sends the first bytes of a body, and then waits until the client goes away."""

    def __init__(self, body: bytes, stall_at: int = CUT) -> None:
        super().__init__(body)
        self.is_stalling = True

        def stall(connection: ServerConnection, _request: ReceivedRequest) -> bool:
            if not self.is_stalling:
                return False
            self.is_stalling = False
            fields = [*self.fields, ("Content-Length", str(len(self.body)))]
            if self.etag is not None:
                fields.append(("ETag", self.etag))
            lines = ["HTTP/1.1 200 OK", *(f"{name}: {value}" for name, value in fields)]
            connection.send("\r\n".join([*lines, "", ""]).encode())
            connection.send(self.body[:stall_at])
            connection.hold(10)
            return True

        self.answer = stall


def resume_data_of(session: URLSession, request: URLRequest | str) -> bytes:
    """Fail a download, and return what its error offers."""
    with pytest.raises(URLError) as caught:
        session.download(request).result(timeout=10)
    data = caught.value.download_task_resume_data
    assert data is not None
    return data


@pytest.mark.parity(RESUME, CANCEL)
def test_cancelled_download_goes_on(
    serve: Serve, configuration: URLSessionConfiguration, loop_factory: LoopFactory
) -> None:
    """Awaited; only the rest is asked for, by Range and If-Range."""
    handler = Stalling(BODY)
    server = serve(handler)

    async def main() -> Path:
        async with URLSession(configuration) as session:
            task = session.download(server.url())
            while task.count_of_bytes_received < CUT:
                await asyncio.sleep(0.001)
            data = await task.cancel_by_producing_resume_data()
            assert data is not None
            location, response = await session.download(resume_data=data)
            assert response.status_code == 206
            return location

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        location = runner.run(main())

    assert location.read_bytes() == BODY
    second = handler.requests[1]
    assert second.header("Range") == f"bytes={CUT}-"
    assert second.header("If-Range") == ETAG
    assert second.header("Accept-Encoding") == "identity"


@pytest.mark.parity(CANCEL, ANYWHERE, DID_RESUME)
def test_delegate_is_told_of_end_and_resumption(
    serve: Serve, configuration: URLSessionConfiguration, folder: Path
) -> None:
    """The handler gets the data; so does the error that the delegate is told of."""
    server = serve(Stalling(BODY))
    delegate = RecordingDelegate()
    got: list[bytes | None] = []
    has_come = threading.Event()

    def produced(data: bytes | None) -> None:
        got.append(data)
        has_come.set()

    with URLSession(configuration, delegate) as session:
        task = session.download_task(server.url())
        task.resume()
        wait_until(lambda: task.count_of_bytes_received == CUT)
        task.cancel_by_producing_resume_data(produced)
        assert has_come.wait(10)
        delegate.wait_for("task_did_complete")
        error = delegate.named("task_did_complete")[0].args[1]
        assert isinstance(error, URLError)
        data = got[0]
        again = session.download_task(resume_data=data)
        again.resume()
        delegate.wait_for("task_did_complete", count=2)

    assert error.code is URLErrorCode.CANCELLED
    assert error.download_task_resume_data == data
    resumed = [call for call in delegate.calls if call.args[:1] == (again,)]
    names = [call.name for call in resumed]
    assert names[:2] == ["did_create_task", "download_task_did_resume"]
    assert resumed[1].args[1:] == (CUT, len(BODY))
    written = [c.args for c in resumed if c.name == "download_task_did_write_data"]
    assert written[-1][2:] == (len(BODY), len(BODY))
    assert sum(_number(one[1]) for one in written) == len(BODY) - CUT
    assert again.count_of_bytes_received == len(BODY)
    assert left_files(folder) == []


@pytest.mark.parity(ON_ERROR)
def test_error_of_a_lost_connection_offers_resume_data(
    serve: Serve, configuration: URLSessionConfiguration
) -> None:
    """Again and again, each from where the one before ended."""
    handler = RangeServer(BODY)
    handler.cuts = [100, 0, 12_345, 200_000]
    server = serve(handler)
    with URLSession(configuration) as session:
        data = resume_data_of(session, server.url())
        for _ in range(3):
            with pytest.raises(URLError) as caught:
                session.download(resume_data=data).result(timeout=10)
            assert caught.value.code is URLErrorCode.NETWORK_CONNECTION_LOST
            data = caught.value.download_task_resume_data or data
        location, _ = session.download(resume_data=data).result(timeout=10)

    assert location.read_bytes() == BODY
    assert handler.ranges == [None, *(f"bytes={n}-" for n in (100, 100, 12445, 212445))]


def test_download_over_tls_goes_on(
    serve: Serve, ca: CertificateAuthority, configuration: URLSessionConfiguration
) -> None:
    """Through a redirect, which is asked for again."""
    handler = RangeServer(BODY)

    def redirect(connection: ServerConnection, request: ReceivedRequest) -> bool:
        if request.target != "/from":
            return False
        connection.send_response(302, [("Location", "/to")])
        return True

    handler.answer = redirect
    handler.cuts = [CUT]
    server = serve(handler, tls=True)
    configuration.trusted_certificates = ca.pem
    with URLSession(configuration) as session:
        data = resume_data_of(session, server.url("/from"))
        location, response = session.download(resume_data=data).result(timeout=10)

    state = DownloadState.from_bytes(data)
    assert state.original_url == server.url("/from")
    assert state.current_url == response.url == server.url("/to")
    assert location.read_bytes() == BODY
    targets = [(one.target, one.header("Range")) for one in handler.requests]
    rest = f"bytes={CUT}-"
    assert targets == [("/from", None), ("/to", None), ("/from", rest), ("/to", rest)]


@pytest.mark.parity(ON_ERROR)
def test_time_out_offers_resume_data(
    serve: Serve, configuration: URLSessionConfiguration
) -> None:
    """The resource timer's too."""
    server = serve(Stalling(BODY))
    configuration.timeout_interval_for_resource = 0.3
    with URLSession(configuration) as session:
        with pytest.raises(TimeoutError) as caught:
            session.download(server.url()).result(timeout=10)
        error = caught.value
        assert isinstance(error, URLError)
        data = error.download_task_resume_data
        assert data is not None
        location, _ = session.download(resume_data=data).result(timeout=10)

    assert location.read_bytes() == BODY


def test_failure_before_an_answer_keeps_what_there_was(
    serve: Serve, configuration: URLSessionConfiguration
) -> None:
    """Whether it is told so by the error, or the first resume data are used again."""
    handler = RangeServer(BODY)
    handler.cuts = [CUT]
    server = serve(handler)
    with URLSession(configuration) as session:
        data = resume_data_of(session, server.url())
        handler.answer = _reset
        for _ in range(2):
            with pytest.raises(URLError):
                session.download(resume_data=data).result(timeout=10)
            gc.collect()
        again = resume_data_of_resumed(session, data)
        handler.answer = None
        location, _ = session.download(resume_data=again).result(timeout=10)

    assert DownloadState.from_bytes(again).offset == CUT
    assert location.read_bytes() == BODY


def _reset(connection: ServerConnection, _request: ReceivedRequest) -> bool:
    connection.reset()
    return True


def resume_data_of_resumed(session: URLSession, data: bytes) -> bytes:
    """Fail a download that goes on, and return what its error offers."""
    with pytest.raises(URLError) as caught:
        session.download(resume_data=data).result(timeout=10)
    again = caught.value.download_task_resume_data
    assert again is not None
    return again


def test_file_is_kept_only_for_who_asked(
    serve: Serve, configuration: URLSessionConfiguration, folder: Path
) -> None:
    """An error that nobody asked leaves no file when it is gone; likewise a cancel."""
    handler = RangeServer(BODY)
    handler.cuts = [CUT]
    server = serve(handler)
    with URLSession(configuration) as session:
        try:
            session.download(server.url()).result(timeout=10)
        except URLError:
            there = left_files(folder)
        gc.collect()
        after_error = left_files(folder)
        stalling = serve(Stalling(BODY))
        held = [session.download(stalling.url())]
        wait_until(lambda: held[0].count_of_bytes_received == CUT)
        held[0].cancel_by_producing_resume_data()
        wait_until(lambda: not session.all_tasks())
        held.clear()
        gc.collect()

    assert len(there) == 1
    assert after_error == []
    assert left_files(folder) == []


def _changed(handler: RangeServer, _state: DownloadState) -> None:
    handler.body, handler.etag = BODY[::-1], '"v2"'


def _without_file(_handler: RangeServer, state: DownloadState) -> None:
    os.unlink(state.path)


def _shortened(_handler: RangeServer, state: DownloadState) -> None:
    os.truncate(state.path, state.offset - 1)


def _lengthened(_handler: RangeServer, state: DownloadState) -> None:
    os.truncate(state.path, state.offset + 1)


def _link(_handler: RangeServer, state: DownloadState) -> None:
    os.rename(state.path, state.path + ".moved")
    os.symlink(state.path + ".moved", state.path)


def _folder(_handler: RangeServer, state: DownloadState) -> None:
    os.unlink(state.path)
    os.mkdir(state.path)


def _answering(status: int, *fields: tuple[str, str]) -> Any:
    """Return what makes the server answer once so to a request for a range."""

    def prepare(handler: RangeServer, _state: DownloadState) -> None:
        def answer(connection: ServerConnection, request: ReceivedRequest) -> bool:
            if request.header("Range") is None:
                return False
            connection.send_response(status, fields, BODY[CUT:])
            return True

        handler.answer = answer

    return prepare


STARTS_OVER = {
    "resource changed": _changed,
    "file missing": _without_file,
    "file shortened": _shortened,
    "file lengthened": _lengthened,
    "file is a link": _link,
    "file is a folder": _folder,
    "range not satisfiable": _answering(416),
    "other offset": _answering(206, ("Content-Range", f"bytes 0-{len(BODY) - 1}/*")),
    "not to the end": _answering(
        206, ("Content-Range", f"bytes {CUT}-{len(BODY) - 2}/{len(BODY)}")
    ),
    "other length": _answering(
        206, ("Content-Range", f"bytes {CUT}-{len(BODY)}/{len(BODY) + 1}")
    ),
    "other entity": _answering(
        206,
        ("Content-Range", f"bytes {CUT}-{len(BODY) - 1}/{len(BODY)}"),
        ("ETag", '"v9"'),
    ),
    "several parts": _answering(206, ("Content-Type", "multipart/byteranges")),
    "no Content-Range": _answering(206),
    "coded": _answering(
        206,
        ("Content-Range", f"bytes {CUT}-{len(BODY) - 1}/{len(BODY)}"),
        ("Content-Encoding", "x-unknown"),
    ),
}


@pytest.mark.parity(RESUME, DID_RESUME)
@pytest.mark.parametrize("name", STARTS_OVER)
def test_what_does_not_fit_starts_over(
    serve: Serve, configuration: URLSessionConfiguration, name: str
) -> None:
    """The delegate is told of offset 0, and the file is whole."""
    handler = RangeServer(BODY)
    handler.cuts = [CUT]
    server = serve(handler)
    delegate = RecordingDelegate()
    with URLSession(configuration) as session:
        data = resume_data_of(session, server.url())
        STARTS_OVER[name](handler, DownloadState.from_bytes(data))
        task = session.download(resume_data=data, delegate=delegate)
        location, response = task.result(timeout=10)

    assert location.read_bytes() == handler.body
    assert response.status_code == 200
    told = [call.args[1:] for call in delegate.named("download_task_did_resume")]
    assert told == [(0, len(handler.body))]
    assert len(task.metrics.transaction_metrics if task.metrics else ()) >= 1


def test_other_status_is_a_reply_and_spoils_nothing(
    serve: Serve, configuration: URLSessionConfiguration
) -> None:
    """The error's page is a file of its own; the same resume data still serve."""
    handler = RangeServer(BODY)
    handler.cuts = [CUT]
    server = serve(handler)
    with URLSession(configuration) as session:
        data = resume_data_of(session, server.url())

        def busy(connection: ServerConnection, _request: ReceivedRequest) -> bool:
            connection.send_response(503, [], b"busy")
            return True

        handler.answer = busy
        page, response = session.download(resume_data=data).result(timeout=10)
        gc.collect()
        handler.answer = None
        location, _ = session.download(resume_data=data).result(timeout=10)

    assert (response.status_code, page.read_bytes()) == (503, b"busy")
    assert location.read_bytes() == BODY
    assert handler.ranges == [None, f"bytes={CUT}-", f"bytes={CUT}-"]


def test_resume_data_used_twice_at_once_write_two_files(
    serve: Serve, configuration: URLSessionConfiguration
) -> None:
    """The second begins anew; neither spoils the other."""
    handler = RangeServer(BODY)
    handler.cuts = [CUT]
    server = serve(handler)
    with URLSession(configuration) as session:
        data = resume_data_of(session, server.url())
        tasks = [session.download(resume_data=data) for _ in range(2)]
        files = [task.result(timeout=10)[0] for task in tasks]

    assert files[0] != files[1]
    assert [one.read_bytes() for one in files] == [BODY, BODY]
    assert sorted(handler.ranges[1:], key=str) == [None, f"bytes={CUT}-"]


def test_all_there_but_the_end_asks_for_the_last_byte(
    serve: Serve, configuration: URLSessionConfiguration
) -> None:
    """There is no range for nothing."""
    handler = Stalling(BODY, stall_at=len(BODY))
    original = handler.answer
    assert original is not None

    def hides_length(connection: ServerConnection, request: ReceivedRequest) -> bool:
        if not handler.is_stalling:
            return False
        handler.is_stalling = False
        head = f"HTTP/1.1 200 OK\r\nAccept-Ranges: bytes\r\nETag: {ETAG}\r\n"
        connection.send(f"{head}Content-Length: {len(BODY)}\r\n\r\n".encode())
        connection.send(BODY[:-1])
        connection.hold(10)
        return True

    handler.answer = hides_length
    server = serve(handler)
    with URLSession(configuration) as session:
        task = session.download(server.url())
        wait_until(lambda: task.count_of_bytes_received == len(BODY) - 1)
        data = task.cancel_by_producing_resume_data().result(timeout=10)
        assert data is not None
        location, _ = session.download(resume_data=data).result(timeout=10)

    assert location.read_bytes() == BODY
    assert handler.ranges[1] == f"bytes={len(BODY) - 1}-"


# What can be resumed at all

OLD = "Tue, 01 Sep 2026 10:00:00 GMT"
NOT_RESUMABLE: dict[str, tuple[str | None, list[tuple[str, str]]]] = {
    "no validator": (None, [("Accept-Ranges", "bytes")]),
    "weak entity tag": ('W/"v1"', [("Accept-Ranges", "bytes")]),
    "no ranges": (ETAG, []),
    "ranges refused": (ETAG, [("Accept-Ranges", "none")]),
    "content coding": (
        ETAG,
        [("Accept-Ranges", "bytes"), ("Content-Encoding", "gzip")],
    ),
    "modified in this second": (
        None,
        [("Accept-Ranges", "bytes"), ("Last-Modified", OLD), ("Date", OLD)],
    ),
}


@pytest.mark.parity(CANCEL)
@pytest.mark.parametrize("name", NOT_RESUMABLE)
def test_no_resume_data_where_nothing_can_go_on(
    serve: Serve, configuration: URLSessionConfiguration, folder: Path, name: str
) -> None:
    """None, and no file."""
    handler = Stalling(gzip.compress(os.urandom(len(BODY))))
    handler.etag, handler.fields = NOT_RESUMABLE[name]
    server = serve(handler)
    with URLSession(configuration) as session:
        task = session.download(server.url())
        wait_until(lambda: task.count_of_bytes_received == CUT)
        data = task.cancel_by_producing_resume_data().result(timeout=10)

    assert data is None
    assert left_files(folder) == []


@pytest.mark.parametrize(
    "request_",
    [
        {"method": "POST", "body": b"x"},
        {"headers": {"Range": "bytes=5-"}},
    ],
    ids=["POST", "a range of one's own"],
)
def test_no_resume_data_for_requests_that_cannot_be_repeated_in_part(
    serve: Serve, configuration: URLSessionConfiguration, request_: dict[str, Any]
) -> None:
    """A GET for the whole of it is what can go on."""
    handler = Stalling(BODY)
    server = serve(handler)
    with URLSession(configuration) as session:
        task = session.download(URLRequest(server.url(), **request_))
        wait_until(lambda: task.count_of_bytes_received == CUT)
        data = task.cancel_by_producing_resume_data().result(timeout=10)

    assert data is None


def test_no_resume_data_before_a_byte_came_and_after_the_end(
    serve: Serve, configuration: URLSessionConfiguration, folder: Path
) -> None:
    """A file that was there for somebody else is not taken by asking."""
    server = serve(RangeServer(BODY))
    with URLSession(configuration) as session:
        unstarted = session.download_task(server.url())
        none = unstarted.cancel_by_producing_resume_data().result(timeout=10)
        task = session.download(server.url())
        wait_until(lambda: not session.all_tasks())
        late = task.cancel_by_producing_resume_data().result(timeout=10)
        del task
        gc.collect()

    assert none is late is None
    assert left_files(folder) == []


def test_last_modified_serves_where_there_is_no_strong_tag(
    serve: Serve, configuration: URLSessionConfiguration
) -> None:
    """If it is older than the response by a second."""
    handler = RangeServer(BODY)
    handler.etag = None
    handler.fields.append(("Last-Modified", OLD))
    handler.cuts = [CUT]
    server = serve(handler)
    with URLSession(configuration) as session:
        data = resume_data_of(session, server.url())
        location, _ = session.download(resume_data=data).result(timeout=10)

    assert handler.requests[1].header("If-Range") == OLD
    assert location.read_bytes() == BODY


def test_resumption_that_was_never_started_gives_back_what_it_got(
    serve: Serve, configuration: URLSessionConfiguration
) -> None:
    """Cancelled before it was resumed."""
    handler = RangeServer(BODY)
    handler.cuts = [CUT]
    server = serve(handler)
    with URLSession(configuration) as session:
        data = resume_data_of(session, server.url())
        task = session.download_task(resume_data=data)
        again = task.cancel_by_producing_resume_data().result(timeout=10)
        assert again is not None
        location, _ = session.download(resume_data=again).result(timeout=10)

    assert location.read_bytes() == BODY


# The bytes


@pytest.mark.parity(FORMAT)
def test_resume_data_hold_what_is_needed_and_no_password(
    serve: Serve, configuration: URLSessionConfiguration
) -> None:
    """Neither in the URLs nor in the fields."""
    handler = RangeServer(BODY)
    handler.cuts = [CUT]
    server = serve(handler)
    url = server.url("/file").replace("http://", "http://ada:hidden@")
    headers = {
        "Accept": "a/b",
        "Authorization": "Bearer hidden",
        "Cookie": "a=hidden",
        "X-Api-Key": "hidden",
    }
    with URLSession(configuration) as session:
        data = resume_data_of(session, URLRequest(url, headers=headers))
        with_credentials = session.download(
            URLRequest(server.url("/file"), headers=headers), resume_data=data
        )
        location, _ = with_credentials.result(timeout=10)

    fields = json.loads(data.partition(b"\n")[2])
    assert b"hidden" not in data
    assert b"ada" not in data
    assert fields.pop("created_at").startswith("20")
    assert Path(fields.pop("path")).is_absolute()
    assert fields == {
        "original_url": server.url("/file"),
        "current_url": server.url("/file"),
        "method": "GET",
        "headers": [["Accept", "a/b"]],
        "offset": CUT,
        "total": len(BODY),
        "etag": ETAG,
        "last_modified": None,
    }
    assert handler.requests[1].header("Authorization") == "Bearer hidden"
    assert handler.requests[1].header("Range") == f"bytes={CUT}-"
    assert location.read_bytes() == BODY


@pytest.mark.parity(FORMAT, RESUME)
@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda data: data.replace(b"200001", b"200000"), "changed"),
        (lambda data: data[:-1], "changed"),
        (lambda data: b"", "no resume data"),
        (lambda data: b"bplist00\xd1", "no resume data"),
        (lambda data: data.replace(b"download 1 ", b"download 2 "), "changed"),
        (lambda data: data.replace(b"download 1 ", b"upload 1 "), "changed"),
    ],
    ids=["tampered", "cut short", "empty", "Apple's", "renumbered", "of an upload"],
)
def test_resume_data_that_were_changed_end_the_task(
    serve: Serve,
    configuration: URLSessionConfiguration,
    spoil: Callable[[bytes], bytes],
    message: str,
) -> None:
    """With what is wrong, told as any other end; nothing is asked for."""
    told: list[tuple[object, object, URLError | None]] = []
    handler = RangeServer(BODY)
    handler.cuts = [CUT]
    server = serve(handler)
    with URLSession(configuration) as session:
        data = resume_data_of(session, server.url())
        task = session.download_task(
            resume_data=spoil(data), completion=lambda *end: told.append(end)
        )
        assert told == []
        task.resume()
        with pytest.raises(URLError, match=message) as caught:
            session.download(resume_data=spoil(data)).result(5)

    location, response, error = told[0]
    assert (location, response) == (None, None)
    assert error is task.error
    for one in (error, caught.value):
        assert isinstance(one, URLError)
        assert one.code is URLErrorCode.UNSUPPORTED_URL
    assert len(handler.requests) == 1


def test_resume_data_of_another_version_are_refused(
    configuration: URLSessionConfiguration,
) -> None:
    """Which says so."""
    from urlsession.tasks.resume_data import seal

    with URLSession(configuration) as session:
        with pytest.raises(URLError, match="version 99"):
            session.download(resume_data=seal("download", 99, {"offset": 1})).result(5)
        with pytest.raises(URLError, match="not complete"):
            session.download(resume_data=seal("download", 1, {"offset": 1})).result(5)
        with pytest.raises(TypeError):
            session.download(resume_data="text")  # type: ignore[arg-type]  # what is tested


def test_resume_data_of_another_url_are_refused(
    serve: Serve, configuration: URLSessionConfiguration
) -> None:
    """A request beside them gives header fields, not another place."""
    handler = RangeServer(BODY)
    handler.cuts = [CUT]
    server = serve(handler)
    with URLSession(configuration) as session:
        data = resume_data_of(session, server.url("/a"))
        with pytest.raises(UsageError, match="not of GET"):
            session.download(server.url("/b"), resume_data=data)


def _number(value: Any) -> int:
    assert isinstance(value, int)
    return value
