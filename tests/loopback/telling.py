"""What a session tells, and loads that let it tell everything, in either door."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import groupby
from typing import Any

import pytest

from urlsession import URLError, URLRequest, URLSession, URLSessionTask
from urlsession.testing import ReceivedRequest, ServerConnection
from urlsession.testing.handlers import Answer

__all__ = (
    "COMPLETE",
    "DATA",
    "END",
    "INVALID",
    "MADE",
    "METRICS",
    "REDIRECT",
    "RESPONSE",
    "Run",
    "answer",
    "both_doors",
    "half",
    "held",
    "load",
    "load_blocking",
    "once",
)

MADE = "did_create_task"
REDIRECT = "task_will_perform_http_redirection"
RESPONSE = "data_task_did_receive_response"
DATA = "data_task_did_receive_data"
METRICS = "task_did_finish_collecting_metrics"
COMPLETE = "task_did_complete"
INVALID = "session_did_become_invalid"
END = [METRICS, COMPLETE, INVALID]


def answer(request: ReceivedRequest) -> Answer:
    """Answer with the status that is the path: ``/302`` redirects to ``/200``."""
    status = int(request.target.strip("/"))
    headers = [("Content-Type", "text/plain")]
    if 300 <= status < 400 and status != 399:
        headers.append(("Location", "/200"))
    return status, headers, b"" if status in (204, 304) else b"body %d" % status


def held(connection: ServerConnection) -> None:
    """Read the request and never answer it."""
    connection.recv_request()
    connection.hold()


def half(connection: ServerConnection) -> None:
    """Send a head and half of the body, then nothing."""
    connection.recv_request()
    connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf!")
    connection.hold()


def once(names: list[str]) -> list[str]:
    """Return the names with each run of the same one told once."""
    return [name for name, _ in groupby(names)]


def load(delegate: object, request: URLRequest | str, **options: Any) -> URLSessionTask:
    """Run a delegate-driven task in a session on a loop, to the session's end."""

    async def story() -> URLSessionTask:
        async with URLSession(delegate=delegate, **options) as session:
            task = session.data_task(request)
            task.resume()
            try:
                await task
            except URLError:
                pass
        return task

    return asyncio.run(story())


def load_blocking(
    delegate: object, request: URLRequest | str, **options: Any
) -> URLSessionTask:
    """Run a delegate-driven task in a session without a loop, to its end."""
    with URLSession(delegate=delegate, **options) as session:
        task = session.data_task(request)
        task.resume()
        try:
            task.result(5)
        except URLError:
            pass
    return task


Run = Callable[..., URLSessionTask]
both_doors = pytest.mark.parametrize("run", [load, load_blocking], ids=["loop", "io"])
