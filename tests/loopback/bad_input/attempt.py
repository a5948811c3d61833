"""One load that is meant to fail, through either door, and what it left."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from urlsession import (
    Reply,
    URLError,
    URLErrorCode,
    URLRequest,
    URLSession,
    URLSessionConfiguration,
    URLSessionDataTask,
)
from urlsession.testing import wait_until

_KEEPING = {
    URLErrorCode.HTTP_TOO_MANY_REDIRECTS,
    URLErrorCode.REDIRECT_TO_NON_EXISTENT_LOCATION,
    URLErrorCode.UNSUPPORTED_URL,
    URLErrorCode.CANNOT_FIND_HOST,
}
"""Failures that say nothing of the connection: it is kept, and rightly."""

__all__ = ("Attempt", "Load", "load_awaiting", "load_blocking")


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What came of a load.

    Attributes:
        reply: What it gave; None if it failed.
        error: Why it failed; None if it did not.
        task: The task.
        has_connection: Whether the session still had one, shortly after.
    """

    reply: Reply | None
    error: URLError | None
    task: URLSessionDataTask
    has_connection: bool

    def failed(
        self,
        code: URLErrorCode,
        *,
        curl_code: int | None = None,
        failing_url: str | None = None,
    ) -> URLError:
        """Check what every failure must tell, and return the error."""
        error = self.error
        assert error is not None, f"did not fail: {self.reply!r}"
        assert error.code is code, error
        assert error.curl_code == curl_code, error
        assert error.failing_url == (failing_url or self.task.original_request.url)
        assert error.task_id == self.task.task_identifier
        assert self.task.error is error
        assert "\n" not in str(error)
        assert not self.has_connection, "the session kept the connection"
        return error


class Load(Protocol):
    """Loads through one of the doors."""

    def __call__(
        self,
        request: URLRequest | str,
        configuration: URLSessionConfiguration | None = None,
    ) -> Attempt:
        """Load, in a session of its own that is invalidated at the end."""


def load_blocking(
    request: URLRequest | str, configuration: URLSessionConfiguration | None = None
) -> Attempt:
    """Load by ``.result()``; the shared I/O thread drives."""
    reply = error = None
    with URLSession(configuration) as session:
        task = session.data(request)
        try:
            reply = task.result(timeout=15)
        except URLError as raised:
            error = raised
        kept = not wait_until(lambda: not session.connections(), _wait_s(error))
    return Attempt(reply=reply, error=error, task=task, has_connection=kept)


def load_awaiting(
    request: URLRequest | str, configuration: URLSessionConfiguration | None = None
) -> Attempt:
    """Load by ``await``; an asyncio loop drives."""

    async def run() -> Attempt:
        reply = error = None
        async with URLSession(configuration) as session:
            task = session.data(request)
            try:
                async with asyncio.timeout(15):
                    reply = await task
            except URLError as raised:
                error = raised
            kept = not await _holds(lambda: not session.connections(), _wait_s(error))
        return Attempt(reply=reply, error=error, task=task, has_connection=kept)

    return asyncio.run(run())


def _wait_s(error: URLError | None) -> float:
    # A connection that worked is kept, rightly: only a failure is worth a wait.
    if error is None or error.code in _KEEPING:
        return 0.0
    return 1.0


async def _holds(condition: Callable[[], bool], within_s: float) -> bool:
    loop = asyncio.get_running_loop()
    end = loop.time() + within_s
    while not condition():
        if loop.time() >= end:
            return False
        await asyncio.sleep(0.005)
    return True
