"""Downloads with what else a load has: challenges, cookies, the cache."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from urlsession import (
    AuthChallengeDisposition,
    URLCredential,
    URLError,
    URLSession,
    URLSessionConfiguration,
)
from urlsession.testing import (
    ReceivedRequest,
    RecordingDelegate,
    ServerConnection,
    answering,
)

from .auth_server import basic, basic_value
from .ranges import RangeServer, left_files, pattern

if TYPE_CHECKING:
    from pathlib import Path

    from urlsession.testing.handlers import Answer

    from ..conftest import Serve

BODY = pattern(200_001)
NO_PAGE = b"who are you?" * 1000


@pytest.mark.parity("17:download task", "17:challenge")
def test_challenge_comes_before_the_file(
    serve: Serve, configuration: URLSessionConfiguration, folder: Path
) -> None:
    """The page of the 401 is not in the file."""
    server = serve(answering(basic(body=NO_PAGE)))
    use = AuthChallengeDisposition.USE_CREDENTIAL
    read: list[bytes] = []

    def keep(_session: object, _task: object, location: Path) -> None:
        read.append(location.read_bytes())

    delegate = RecordingDelegate(
        {
            "task_did_receive_challenge": (use, URLCredential("me", "s3cret")),
            "download_task_did_finish_downloading": keep,
        }
    )
    with URLSession(configuration, delegate) as session:
        session.download_task(server.url()).resume()

    names = [name for name in delegate.names if "write_data" not in name]
    assert names == [
        "did_create_task",
        "task_did_receive_challenge",
        "download_task_did_finish_downloading",
        "task_did_finish_collecting_metrics",
        "task_did_complete",
        "session_did_become_invalid",
    ]
    assert read == [b"welcome "]
    assert left_files(folder) == []


@pytest.mark.parity("17:challenge")
def test_challenge_of_a_resumed_download_keeps_what_there_is(
    serve: Serve, configuration: URLSessionConfiguration
) -> None:
    """The rest comes with the answer to the challenge."""
    handler = RangeServer(BODY)
    handler.cuts = [100_000]
    server = serve(handler)
    use = AuthChallengeDisposition.USE_CREDENTIAL
    delegate = RecordingDelegate(
        {"task_did_receive_challenge": (use, URLCredential("me", "s3cret"))}
    )

    def lock(connection: ServerConnection, request: ReceivedRequest) -> bool:
        if request.header("Authorization") == basic_value("me", "s3cret"):
            return False
        fields = [("WWW-Authenticate", 'Basic realm="r"')]
        connection.send_response(401, fields, NO_PAGE)
        return True

    with URLSession(configuration, delegate) as session:
        with pytest.raises(URLError) as caught:
            session.download(server.url()).result(timeout=10)
        data = caught.value.download_task_resume_data
        handler.answer = lock
        location, response = session.download(resume_data=data).result(timeout=10)

    assert response.status_code == 206
    assert location.read_bytes() == BODY


def test_cookies_are_stored_and_sent(
    serve: Serve, configuration: URLSessionConfiguration
) -> None:
    """As for data tasks."""
    seen: list[str | None] = []

    def answer(request: ReceivedRequest) -> Answer:
        seen.append(request.header("Cookie"))
        return 200, [("Set-Cookie", "a=b")], BODY

    server = serve(answering(answer))
    with URLSession(configuration) as session:
        for _ in range(2):
            session.download(server.url()).result(timeout=10)

    assert seen == [None, "a=b"]


def test_downloads_are_never_cached(
    serve: Serve, configuration: URLSessionConfiguration
) -> None:
    """However long the server says that they stay fresh."""
    seen: list[str] = []

    def answer(request: ReceivedRequest) -> Answer:
        seen.append(request.target)
        return 200, [("Cache-Control", "max-age=1000")], BODY

    server = serve(answering(answer))
    cache = configuration.url_cache
    assert cache is not None
    with URLSession(configuration) as session:
        for _ in range(2):
            session.download(server.url()).result(timeout=10)
        used = cache.current_memory_usage

    assert len(seen) == 2
    assert used == 0
