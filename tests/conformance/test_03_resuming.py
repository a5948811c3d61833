"""Resumable uploads: section 3.2, against a server of the draft."""

from __future__ import annotations

import asyncio
import hashlib
import io
import itertools
import os
import random
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from urlsession import (
    AuthChallengeDisposition,
    MultipartForm,
    URLCredential,
    URLError,
    URLErrorCode,
    URLRequest,
    URLSession,
    URLSessionConfiguration,
)
from urlsession.testing import RecordingDelegate, ServerConnection

from .resumable_server import ResumableServer, url_of

if TYPE_CHECKING:
    from ..conftest import Serve

RESUME = "1:uploadTask(withResumeData:)"
AWAITED = "1:upload(resumeFrom:delegate:)"
PRODUCE = "3.2:URLSessionUploadTask.cancel(byProducingResumeData:)"
REST = "task_need_new_body_stream_from_offset"
DATA = random.Random(5).randbytes(3_000_000)
SHA256 = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return a file to upload."""
    path = tmp_path / "body.bin"
    path.write_bytes(DATA)
    return path


def upload(peer: ResumableServer, serve: Serve, **body: Any) -> tuple[int, bytes]:
    """Upload to a server; return the response's status and body."""
    server = serve(peer.handle)
    with URLSession(delegate=peer.delegate()) as session:
        data, response = session.upload(url_of(server), **body).result(15)
    return response.status_code, data


# -- a lost connection -----------------------------------------------------------------


@pytest.mark.parity("3.2:URLSessionUploadTask")
@pytest.mark.parametrize("by_reset", [False, True], ids=["FIN", "RST"])
@pytest.mark.parametrize("seed", range(6))
def test_upload_goes_on_after_connections_broke_at_random_bytes(
    serve: Serve, file: Path, seed: int, *, by_reset: bool
) -> None:
    """What the server has in the end is what was sent; one response comes of it."""
    dice = random.Random(seed)
    # Not below what both kernels buffer, so that the offer has been read by then.
    first = dice.randrange(1_500_000, 2_000_000)
    breaks = (first, *(dice.randrange(0, 200_000) for _ in range(3)))
    peer = ResumableServer(breaks, by_reset=by_reset)

    assert upload(peer, serve, from_file=file) == (200, b"stored")
    assert peer.upload.sha256 == SHA256
    assert [one for one in peer.methods() if one != "PATCH"] == ["POST", *["HEAD"] * 4]


@pytest.mark.parametrize("kind", ["bytes", "file", "form"])
def test_whatever_can_be_read_from_its_middle_is_resumed(
    serve: Serve, file: Path, kind: str
) -> None:
    """A file object begins where it stood."""
    form = MultipartForm({"a": "b"}, {"f": file})
    body: dict[str, Any] = {
        "bytes": DATA,
        "file": io.BytesIO(b"skip" + DATA),
        "form": form,
    }
    whole = {"bytes": DATA, "file": DATA, "form": form.open_body().read()}
    body["file"].seek(4)
    peer = ResumableServer((1_500_000, 500_000))

    upload(peer, serve, from_data=body[kind])
    assert bytes(peer.upload.data) == whole[kind]


@pytest.mark.parity("4:URLSession:task:needNewBodyStreamFromOffset:")
@pytest.mark.parametrize("is_async", [False, True], ids=["iterable", "async"])
def test_delegate_gives_the_rest_of_a_streamed_upload(
    serve: Serve, *, is_async: bool
) -> None:
    """It is asked from which byte on."""

    def pieces(_session: object, _task: object, offset: int = 0) -> Iterator[bytes]:
        for start in range(offset, len(DATA), 50_000):
            yield DATA[start : start + 50_000]

    async def async_pieces(
        _session: object, _task: object, offset: int = 0
    ) -> AsyncIterator[bytes]:
        for piece in pieces(None, None, offset):
            yield piece

    give: Any = async_pieces if is_async else pieces
    peer = ResumableServer((1_500_000, 500_000))
    server = serve(peer.handle)
    delegate = peer.delegate({"task_need_new_body_stream": give, REST: give})
    with URLSession(delegate=delegate) as session:
        task = session.upload_task(
            URLRequest(url_of(server), method="POST"), streamed=True
        )
        task.resume()
        task.result(15)

    assert peer.upload.sha256 == SHA256
    assert [call.args[1] for call in delegate.named(REST)] == [1_500_000, 2_000_000]
    assert delegate.count("data_task_did_receive_response") == 1
    assert delegate.received == b"stored"


def test_progress_of_a_resumed_upload_is_that_of_the_whole(
    serve: Serve, file: Path
) -> None:
    """It falls back to what has arrived, and ends at the length."""
    peer = ResumableServer((1_500_000,))
    delegate = peer.delegate()
    server = serve(peer.handle)
    with URLSession(delegate=delegate) as session:
        task = session.upload(url_of(server), from_file=file)
        task.result(15)

    told = [call.args[1:] for call in delegate.named("task_did_send_body_data")]
    assert told[-1][1:] == (len(DATA), len(DATA))
    assert any(total > 1_500_000 for _, total, _ in told)  # type: ignore[operator]  # recorded as object
    assert task.count_of_bytes_sent == task.count_of_bytes_expected_to_send
    assert task.metrics is not None
    assert len(task.metrics.transaction_metrics) == 3


def test_server_may_take_the_rest_in_pieces(serve: Serve, file: Path) -> None:
    """Upload-Limit: max-append-size."""
    peer = ResumableServer((1_500_000,), limit=600_000)

    assert upload(peer, serve, from_file=file) == (200, b"stored")
    assert peer.upload.sha256 == SHA256
    assert peer.methods().count("PATCH") == 3


def test_offset_is_asked_again_while_the_server_is_down(
    serve: Serve, file: Path
) -> None:
    """For a while: 5xx, and no answer at all."""
    peer = ResumableServer((1_500_000,), head_failures=(503, 0))

    assert upload(peer, serve, from_file=file) == (200, b"stored")
    assert peer.methods() == ["POST", *["HEAD"] * 3, "PATCH"]


def test_tries_without_progress_end(
    serve: Serve, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the last error, and with what a later try needs."""
    monkeypatch.setattr("urlsession.loading.resumable._FIRST_DELAY_S", 0.001)
    peer = ResumableServer((1_500_000, *(0 for _ in range(20))))
    with pytest.raises(URLError) as caught:
        upload(peer, serve, from_file=file)

    assert caught.value.code is URLErrorCode.NETWORK_CONNECTION_LOST
    assert caught.value.upload_task_resume_data is not None
    assert peer.methods().count("HEAD") == 6


@pytest.mark.parametrize("offsets", [(0,), (0, 1000)], ids=["same", "to-and-fro"])
def test_server_that_gets_nowhere_is_given_up(
    serve: Serve, file: Path, monkeypatch: pytest.MonkeyPatch, offsets: tuple[int, ...]
) -> None:
    """One that always names another offset, or goes back to an earlier one."""
    monkeypatch.setattr("urlsession.loading.resumable._FIRST_DELAY_S", 0.001)
    told = itertools.cycle(offsets)

    class Stubborn(ResumableServer):
        def _tell_offset(self, connection: ServerConnection, _upload: Any) -> None:
            connection.send_response(204, [("Upload-Offset", str(next(told)))])

        def _append(
            self, connection: ServerConnection, head: Any, _upload: Any
        ) -> None:
            for _ in connection.iter_body(head):
                pass
            connection.send_response(409, [("Upload-Offset", "5")])

    peer = Stubborn((1_500_000,))
    with pytest.raises(URLError) as caught:
        upload(peer, serve, from_file=file)

    assert caught.value.code is URLErrorCode.NETWORK_CONNECTION_LOST
    assert peer.methods().count("PATCH") < 10


def test_tries_that_bring_the_upload_further_are_not_counted(
    serve: Serve, file: Path
) -> None:
    """A bad network is not a dead one."""
    peer = ResumableServer((1_500_000, *(100_000 for _ in range(12))))

    assert upload(peer, serve, from_file=file) == (200, b"stored")
    assert peer.upload.sha256 == SHA256


@pytest.mark.parity("4:URLSession:task:needNewBodyStreamFromOffset:")
@pytest.mark.parametrize("kind", ["file", "streamed"])
def test_rest_is_sent_again_where_a_redirect_leads(
    serve: Serve, file: Path, kind: str
) -> None:
    """The rest, not the whole: the delegate is asked for it once more."""

    class Moved(ResumableServer):
        def _append(self, connection: ServerConnection, head: Any, upload: Any) -> None:
            if "?" in head.target:
                super()._append(connection, head, upload)
                return
            for _ in connection.iter_body(head):
                pass
            connection.send_response(307, [("Location", f"{head.target}?moved")])

        def _answer(self, connection: ServerConnection, head: Any) -> None:
            path = head.target.partition("?")[0]
            if path in self.uploads and path != head.target:
                self._append(connection, head, self.uploads[path])
            else:
                super()._answer(connection, head)

    def pieces(_session: object, _task: object, offset: int = 0) -> Iterator[bytes]:
        for start in range(offset, len(DATA), 50_000):
            yield DATA[start : start + 50_000]

    peer = Moved((1_500_000,))
    delegate = peer.delegate({"task_need_new_body_stream": pieces, REST: pieces})
    server = serve(peer.handle)
    with URLSession(delegate=delegate) as session:
        request = URLRequest(url_of(server), method="POST")
        if kind == "file":
            task = session.upload_task(request, from_file=file)
        else:
            task = session.upload_task(request, streamed=True)
        task.resume()
        assert task.result(15).status_code == 200

    assert peer.upload.sha256 == SHA256
    offsets = [call.args[1] for call in delegate.named(REST)]
    assert offsets == ([] if kind == "file" else [1_500_000] * 2)


@pytest.mark.parity("4:URLSession:task:didReceiveChallenge:")
@pytest.mark.parametrize("kind", ["file", "streamed"])
def test_server_may_ask_who_resumes(serve: Serve, file: Path, kind: str) -> None:
    """A challenge is answered in between as at the start; the body is sent anew."""

    class Guarded(ResumableServer):
        def _answer(self, connection: ServerConnection, head: Any) -> None:
            if head.header("Authorization") is None:
                for _ in connection.iter_body(head):
                    pass
                fields = [("WWW-Authenticate", 'Basic realm="uploads"')]
                connection.send_response(401, fields)
            else:
                super()._answer(connection, head)

    def pieces(_session: object, _task: object, offset: int = 0) -> Iterator[bytes]:
        for start in range(offset, len(DATA), 50_000):
            yield DATA[start : start + 50_000]

    credential = URLCredential("me", "s3cret")
    answer = (AuthChallengeDisposition.USE_CREDENTIAL, credential)
    peer = Guarded((1_500_000, 500_000))
    delegate = peer.delegate(
        {
            "task_did_receive_challenge": lambda *_: answer,
            "task_need_new_body_stream": pieces,
            REST: pieces,
        }
    )
    server = serve(peer.handle)
    configuration = URLSessionConfiguration.ephemeral()
    with URLSession(configuration, delegate) as session:
        request = URLRequest(url_of(server), method="POST")
        if kind == "file":
            task = session.upload_task(request, from_file=file)
        else:
            task = session.upload_task(request, streamed=True)
        task.resume()
        assert task.result(15).status_code == 200

    assert peer.upload.sha256 == SHA256
    assert delegate.count("data_task_did_receive_response") == 1
    if kind == "streamed":
        assert delegate.count("task_need_new_body_stream") >= 2


# -- what is not resumed ---------------------------------------------------------------


@pytest.mark.parametrize(
    "peer",
    [
        ResumableServer((1_500_000,), offers=False),
        ResumableServer((1_500_000,), version="6"),
    ],
    ids=["no-offer", "other-version"],
)
def test_upload_without_an_offer_fails_as_ever(
    serve: Serve, file: Path, peer: ResumableServer
) -> None:
    """-1005, and nothing to resume it with."""
    with pytest.raises(URLError) as caught:
        upload(peer, serve, from_file=file)

    assert caught.value.code is URLErrorCode.NETWORK_CONNECTION_LOST
    assert caught.value.upload_task_resume_data is None
    assert peer.methods() == ["POST"]


def test_data_task_does_not_ask_to_be_resumed(serve: Serve) -> None:
    """Its user asked for no upload."""
    peer = ResumableServer()
    server = serve(peer.handle)
    with URLSession() as session:
        request = URLRequest(url_of(server), method="POST", body=b"x")
        session.data(request).result(5)

    assert peer.requests[0].header("Upload-Complete") is None


def test_user_who_speaks_the_protocol_is_left_alone(serve: Serve) -> None:
    """The 104 is theirs to read."""
    peer = ResumableServer((1,), offers=False)
    server = serve(peer.handle)
    request = URLRequest(
        url_of(server), method="POST", headers={"Upload-Complete": "?0"}
    )
    session = URLSession(delegate=peer.delegate())
    with session, pytest.raises(URLError):
        session.upload(request, from_data=b"body").result(5)

    assert peer.methods() == ["POST"]
    assert peer.requests[0].header("Upload-Draft-Interop-Version") is None


def test_iterable_cannot_be_resumed(serve: Serve) -> None:
    """Its middle cannot be had again: the error is the interruption's."""
    peer = ResumableServer((1_500_000,))
    pieces = (DATA[n : n + 50_000] for n in range(0, len(DATA), 50_000))
    with pytest.raises(URLError) as caught:
        upload(peer, serve, from_data=pieces)

    assert caught.value.code is URLErrorCode.REQUEST_BODY_STREAM_EXHAUSTED
    assert caught.value.upload_task_resume_data is None


def test_response_that_was_lost_with_a_complete_upload_is_an_error(
    serve: Serve,
) -> None:
    """The protocol has no way to ask for it again."""
    peer = ResumableServer(loses_response=True)
    with pytest.raises(URLError, match="complete") as caught:
        upload(peer, serve, from_data=DATA)

    assert caught.value.upload_task_resume_data is None
    assert peer.upload.sha256 == SHA256


def test_upload_that_the_server_has_dropped_is_an_error(
    serve: Serve, file: Path
) -> None:
    """The interruption's, with what the server said."""
    peer = ResumableServer((1_500_000,), head_failures=(404,))
    with pytest.raises(URLError, match="404") as caught:
        upload(peer, serve, from_file=file)

    assert caught.value.code is URLErrorCode.NETWORK_CONNECTION_LOST


def test_failure_of_the_whole_is_the_response(serve: Serve, file: Path) -> None:
    """A 4xx or 5xx of an upload that arrived is not the upload's interruption."""
    peer = ResumableServer((1_500_000,), respond=lambda _: (422, b"no"))

    assert upload(peer, serve, from_file=file) == (422, b"no")


def test_file_that_changes_meanwhile_is_not_mixed_up(serve: Serve, file: Path) -> None:
    """-1021; half of the one and half of the other would be neither."""

    class Changing(ResumableServer):
        def _tell_offset(self, connection: ServerConnection, upload: Any) -> None:
            os.utime(file, ns=(1, 1))
            super()._tell_offset(connection, upload)

    with pytest.raises(URLError, match="changed") as caught:
        upload(Changing((1_500_000,)), serve, from_file=file)

    assert caught.value.code is URLErrorCode.REQUEST_BODY_STREAM_EXHAUSTED
    assert caught.value.upload_task_resume_data is None


def test_time_out_is_not_resumed_but_can_be(serve: Serve, file: Path) -> None:
    """It is the user's own limit; its error holds what goes on."""

    class Stuck(ResumableServer):
        def _receive(self, connection: ServerConnection, *rest: Any) -> None:
            connection.hold()

    peer = Stuck()
    server = serve(peer.handle)
    request = URLRequest(url_of(server), method="POST", timeout_interval=0.2)
    session = URLSession(delegate=peer.delegate())
    with session, pytest.raises(URLError) as caught:
        session.upload(request, from_file=file).result(5)

    assert caught.value.code is URLErrorCode.TIMED_OUT
    assert caught.value.upload_task_resume_data is not None


# -- resume data -----------------------------------------------------------------------


class Pausing(ResumableServer):
    """Stops to read in the middle of the first upload, until it is told to go on."""

    def __init__(self) -> None:
        super().__init__((1_500_000,))
        self.is_half_through = threading.Event()

    def _create(self, connection: ServerConnection, head: Any) -> None:
        try:
            super()._create(connection, head)
        except ConnectionError:
            self.is_half_through.set()
            connection.hold()
            raise


def produce(
    peer: Pausing, serve: Serve, **body: Any
) -> tuple[bytes | None, URLError | None, str]:
    """Cancel an upload in its middle; return its resume data and its error."""
    server = serve(peer.handle)
    configuration = URLSessionConfiguration.ephemeral()
    with URLSession(configuration, peer.delegate()) as session:
        request = URLRequest(url_of(server), method="PUT", headers={"X-Mine": "1"})
        task = session.upload(request, **body)
        assert peer.is_half_through.wait(5)
        produced = task.cancel_by_producing_resume_data()
        return produced.result(5), task.error, url_of(server)


@pytest.mark.parity(PRODUCE, AWAITED, RESUME)
@pytest.mark.parametrize("door", ["blocking", "asyncio"])
def test_cancelled_upload_goes_on_from_its_resume_data(
    serve: Serve, file: Path, door: str
) -> None:
    """In another session, with the fields of the request."""
    peer = Pausing()
    data, error, _ = produce(peer, serve, from_file=file)
    assert data is not None

    async def main() -> bytes:
        async with URLSession() as session:
            return (await session.upload(resume_data=data)).data

    if door == "asyncio":
        assert asyncio.run(main()) == b"stored"
    else:
        with URLSession() as session:
            task = session.upload_task(resume_data=data)
            task.resume()
            assert task.result(10).data == b"stored"
            assert task.count_of_bytes_sent == len(DATA)
    assert error is not None
    assert error.code is URLErrorCode.CANCELLED
    assert error.upload_task_resume_data == data
    assert peer.upload.sha256 == SHA256
    assert peer.methods() == ["PUT", "HEAD", "PATCH"]
    assert all(one.header("X-Mine") == "1" for one in peer.requests)


@pytest.mark.parity(PRODUCE)
def test_resume_data_can_be_awaited(serve: Serve, file: Path) -> None:
    """Where a loop drives."""
    peer = Pausing()
    server = serve(peer.handle)

    async def main() -> bytes | None:
        async with URLSession(delegate=peer.delegate()) as session:
            task = session.upload(url_of(server), from_file=file)
            assert await asyncio.to_thread(peer.is_half_through.wait, 5)
            return await task.cancel_by_producing_resume_data()

    assert asyncio.run(main()) is not None


@pytest.mark.parity(PRODUCE)
def test_body_from_memory_has_no_resume_data(serve: Serve) -> None:
    """It would have to hold the body."""
    data, error, _ = produce(Pausing(), serve, from_data=DATA)

    assert data is None
    assert error is not None
    assert error.upload_task_resume_data is None


@pytest.mark.parity(PRODUCE)
def test_finished_upload_has_no_resume_data(serve: Serve) -> None:
    """And stays what it was."""
    server = serve(ResumableServer().handle)
    with URLSession() as session:
        task = session.upload(url_of(server), from_data=b"x")
        task.result(5)

        assert task.cancel_by_producing_resume_data().result(5) is None
        assert task.result(5).data == b"stored"


@pytest.mark.parity(PRODUCE)
def test_upload_that_never_began_has_no_resume_data(serve: Serve) -> None:
    """It is cancelled without any network."""
    server = serve(ResumableServer().handle)
    with URLSession() as session:
        task = session.upload_task(url_of(server), from_data=b"x")

        assert task.cancel_by_producing_resume_data().result(5) is None
    assert server.accepted == 0


@pytest.mark.parity(RESUME)
def test_streamed_upload_goes_on_from_its_resume_data(serve: Serve) -> None:
    """The delegate is asked for the rest."""
    peer = Pausing()
    server = serve(peer.handle)

    def pieces(_session: object, _task: object, offset: int = 0) -> Iterator[bytes]:
        for start in range(offset, len(DATA), 50_000):
            yield DATA[start : start + 50_000]

    delegate = peer.delegate({"task_need_new_body_stream": pieces, REST: pieces})
    with URLSession(delegate=delegate) as session:
        task = session.upload_task(
            URLRequest(url_of(server), method="POST"), streamed=True
        )
        task.resume()
        assert peer.is_half_through.wait(5)
        data = task.cancel_by_producing_resume_data().result(5)
        again = session.upload_task(resume_data=data)
        again.resume()
        again.result(10)

    assert peer.upload.sha256 == SHA256
    assert delegate.named(REST)[0].args[1] == 1_500_000


@pytest.mark.parity(RESUME)
def test_resumed_upload_compares_the_file(serve: Serve, file: Path) -> None:
    """-1021 if it is not what it was."""
    data, _, _ = produce(Pausing(), serve, from_file=file)
    file.write_bytes(DATA + b"more")
    with URLSession() as session, pytest.raises(URLError, match="changed") as caught:
        session.upload(resume_data=data).result(5)

    assert caught.value.code is URLErrorCode.REQUEST_BODY_STREAM_EXHAUSTED


@pytest.mark.parity(RESUME)
def test_resumed_upload_needs_its_file(serve: Serve, file: Path) -> None:
    """The error says that it is gone."""
    data, _, _ = produce(Pausing(), serve, from_file=file)
    file.unlink()
    with URLSession() as session, pytest.raises(URLError) as caught:
        session.upload(resume_data=data).result(5)

    assert isinstance(caught.value.__cause__, FileNotFoundError)


@pytest.mark.parity(RESUME)
def test_resumed_upload_that_the_server_forgot_is_an_error(
    serve: Serve, file: Path
) -> None:
    """Its status is told."""
    peer = Pausing()
    data, _, _ = produce(peer, serve, from_file=file)
    peer.uploads.clear()
    with URLSession() as session, pytest.raises(URLError, match="404") as caught:
        session.upload(resume_data=data).result(5)

    assert caught.value.code is URLErrorCode.BAD_SERVER_RESPONSE


@pytest.mark.parity(AWAITED)
@pytest.mark.parametrize("data", [b"", b"rubbish", b"urlsession-resume-data x 1 y\n{}"])
def test_damaged_resume_data_ends_the_task(data: bytes) -> None:
    """Awaiter, handler and delegate are told."""
    told: list[URLError | None] = []
    delegate = RecordingDelegate()
    with URLSession(delegate=delegate) as session:
        with pytest.raises(URLError) as caught:
            session.upload(resume_data=data).result(5)
        session.upload_task(resume_data=data).resume()
        session.upload_task(
            completion=lambda _data, _response, error: told.append(error),
            resume_data=data,
        ).resume()

    errors = [caught.value, *told, delegate.named("task_did_complete")[-1].args[-1]]
    assert [type(one) for one in errors] == [URLError] * 3
    for error in errors:
        assert isinstance(error, URLError)
        assert error.code is URLErrorCode.UNSUPPORTED_URL


# -- cancelling in between -------------------------------------------------------------


@pytest.mark.parametrize("moment", ["asking", "waiting"])
def test_upload_can_be_cancelled_while_it_resumes(
    serve: Serve, file: Path, moment: str
) -> None:
    """While the offset is asked for, and between two tries."""
    reached = threading.Event()

    class Halting(ResumableServer):
        def _tell_offset(self, connection: ServerConnection, _upload: Any) -> None:
            reached.set()
            if moment == "asking":
                connection.hold()
            else:
                connection.send_response(503)

    peer = Halting((1_500_000,))
    server = serve(peer.handle)
    with URLSession(delegate=peer.delegate()) as session:
        task = session.upload(url_of(server), from_file=file)
        assert reached.wait(5)
        task.cancel()
        with pytest.raises(URLError) as caught:
            task.result(5)

    assert caught.value.code is URLErrorCode.CANCELLED
