"""A server that counts, for the tests of the cache, and loads from it in both doors."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from urlsession import (
    CachePolicy,
    Reply,
    URLCache,
    URLRequest,
    URLSession,
    URLSessionConfiguration,
    URLSessionDataTask,
)
from urlsession.testing import ReceivedRequest
from urlsession.testing.handlers import Answer, answering

__all__ = ("Fields", "Loads", "Origin", "configured", "sources")

Fields = list[tuple[str, str]]


class Origin:
    """Answers each request with a body that is its number, and remembers it.

    Attributes:
        fields: The header fields of each answer.
        status: Its status.
        requests: What was asked, in order.
        answer: Answers in the place of all that, if it returns something.
    """

    def __init__(
        self,
        fields: Fields | None = None,
        status: int = 200,
        answer: Callable[[ReceivedRequest], Answer | None] | None = None,
    ) -> None:
        self.fields = fields or []
        self.status = status
        self.requests: list[ReceivedRequest] = []
        self.answer = answer
        self.handler = answering(self._answer)

    @property
    def count(self) -> int:
        """Requests so far."""
        return len(self.requests)

    def _answer(self, request: ReceivedRequest) -> Answer:
        self.requests.append(request)
        if self.answer is not None:
            answer = self.answer(request)
            if answer is not None:
                return answer
        status, fields = self.status, self.fields
        etag = dict(fields).get("ETag")
        if etag is not None and request.header("If-None-Match") == etag:
            return 304, fields, b""
        changed = dict(fields).get("Last-Modified")
        if changed is not None and request.header("If-Modified-Since") == changed:
            return 304, fields, b""
        body = b"" if status in (204, 304) else b"%d" % self.count
        return status, fields, body


def configured(
    cache: URLCache | None, policy: CachePolicy | None = None
) -> URLSessionConfiguration:
    """Return a configuration with a cache, and a policy for its requests."""
    configuration = URLSessionConfiguration.ephemeral()
    configuration.url_cache = cache
    if policy is not None:
        configuration.request_cache_policy = policy
    return configuration


class Loads:
    """Loads one after the other, in one session, by awaiting or by waiting.

    Args:
        cache: The session's cache.
        door: ``await`` or ``result``.
    """

    def __init__(self, cache: URLCache | None, door: str = "result") -> None:
        self._configuration = configured(cache)
        self._door = door

    def run(self, *requests: URLRequest | str) -> list[URLSessionDataTask]:
        """Return the tasks, all over; errors are theirs to tell."""
        if self._door == "await":
            return asyncio.run(self._run(requests))
        with URLSession(self._configuration) as session:
            return [_waited(session.data(one)) for one in requests]

    async def _run(self, requests: Any) -> list[URLSessionDataTask]:
        tasks = []
        async with URLSession(self._configuration) as session:
            for one in requests:
                task = session.data(one)
                try:
                    await task
                except OSError:
                    pass
                tasks.append(task)
        return tasks

    def bodies(self, *requests: URLRequest | str) -> list[bytes]:
        """Return the bodies; every load must succeed."""
        return [body(task) for task in self.run(*requests)]


def body(task: URLSessionDataTask) -> bytes:
    """Return the body of a task that is over."""
    reply: Reply = task.result()
    return reply.data


def sources(task: URLSessionDataTask) -> list[str]:
    """Return where each transaction of a task came from."""
    metrics = task.metrics
    assert metrics is not None
    return [one.resource_fetch_type.name for one in metrics.transaction_metrics]


def _waited(task: URLSessionDataTask) -> URLSessionDataTask:
    try:
        task.result(10)
    except OSError:
        pass
    return task
