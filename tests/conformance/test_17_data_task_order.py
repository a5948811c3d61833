"""Section 17: everything that a data task can tell its delegate, in its order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from urlsession import (
    AuthChallengeDisposition,
    URLCredential,
    URLSession,
    URLSessionConfiguration,
)
from urlsession.testing import RecordingDelegate, ServerConnection

if TYPE_CHECKING:
    from ..conftest import Serve

CHALLENGE = ("WWW-Authenticate", 'Basic realm="here"')


def journey(connection: ServerConnection) -> None:
    """Challenge, redirect, say that it will be a while, and answer."""
    while request := connection.recv_request():
        if request.target == "/end":
            connection.send_response(103, [("Link", "</style.css>; rel=preload")])
            connection.send_response(200, [("Cache-Control", "max-age=60")], b"end")
        elif request.header("Authorization") is None:
            connection.send_response(401, [CHALLENGE], b"who?")
        else:
            connection.send_response(302, [("Location", "/end")])


@pytest.mark.parity(
    "17:data task with delegate",
    "A:8 challenges, metrics, delayed requests … never produced",
)
def test_data_task_tells_everything_in_order(serve: Serve) -> None:
    """Challenge, redirect, 1xx, response, data, caching, metrics, end."""
    credential = URLCredential("user", "secret", URLCredential.Persistence.NONE)
    told = RecordingDelegate(
        {
            "task_did_receive_challenge": (
                AuthChallengeDisposition.USE_CREDENTIAL,
                credential,
            ),
            "data_task_will_cache_response": lambda _session, _task, proposed: proposed,
        }
    )
    configuration = URLSessionConfiguration.ephemeral()
    with URLSession(configuration, told) as session:
        task = session.data_task(serve(journey).url("/start"))
        task.resume()
        task.result(5)
    told.wait_for("session_did_become_invalid")

    assert told.names == [
        "did_create_task",
        "task_did_receive_challenge",
        "task_will_perform_http_redirection",
        "task_did_receive_informational_response",
        "data_task_did_receive_response",
        "data_task_did_receive_data",
        "data_task_will_cache_response",
        "task_did_finish_collecting_metrics",
        "task_did_complete",
        "session_did_become_invalid",
    ]
    assert told.received == b"end"
