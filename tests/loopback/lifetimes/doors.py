"""One story, told through each of the client's doors.

A story is an ``async def`` that takes a `Door` and does everything that takes time
through it. The asyncio doors run it on a loop; the blocking door runs the same
story with no loop at all: each of its methods blocks instead of awaiting.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from urlsession import URLSession, URLSessionConfiguration, URLSessionTask
from urlsession.testing import Handler, LoopbackServer, descriptors, wait_until

if TYPE_CHECKING:
    from urlsession import AsyncBytes, URLRequest
    from urlsession.testing.certificates import CertificateAuthority

    from ...conftest import Serve

__all__ = ("AsyncioDoor", "BlockingDoor", "Door", "Site", "has_socket")

T = TypeVar("T")
LIMIT_S = 10.0  # for anything that must come at all


class Door:
    """What a story may wait for.

    Attributes:
        name: For messages.
    """

    name = ""

    def run(self, story: Callable[[Door], Coroutine[Any, Any, T]]) -> T:
        """Run a story to its end."""
        raise NotImplementedError

    async def finish(self, task: URLSessionTask) -> Any:
        """Return a task's reply."""
        raise NotImplementedError

    async def open(self, session: URLSession, url: str | URLRequest) -> AsyncBytes:
        """Return an opened stream."""
        raise NotImplementedError

    async def first_piece(self, chunks: AsyncBytes) -> bytes:
        """Begin to read a stream, and break out of the loop."""
        raise NotImplementedError

    async def until(
        self, predicate: Callable[[], object], within_s: float = LIMIT_S
    ) -> bool:
        """Wait until `predicate` holds, with whoever drives the session at work."""
        raise NotImplementedError

    async def load(self, session: URLSession, url: str | URLRequest) -> Any:
        """Load a URL and return the reply."""
        return await self.finish(session.data(url))

    async def pause(self, seconds: float) -> None:
        """Let time pass, for what must *not* happen meanwhile."""
        end = time.monotonic() + seconds
        await self.until(lambda: time.monotonic() >= end, seconds)


class AsyncioDoor(Door):
    """Sessions driven by an event loop."""

    def __init__(
        self, name: str, loop_factory: Callable[[], asyncio.AbstractEventLoop]
    ) -> None:
        self.name = name
        self._loop_factory = loop_factory

    def run(self, story: Callable[[Door], Coroutine[Any, Any, T]]) -> T:
        """See `Door`."""
        with asyncio.Runner(loop_factory=self._loop_factory) as runner:
            return runner.run(story(self))

    async def finish(self, task: URLSessionTask) -> Any:
        """See `Door`."""
        return await task

    async def open(self, session: URLSession, url: str | URLRequest) -> AsyncBytes:
        """See `Door`."""
        return (await session.bytes(url))[0]

    async def first_piece(self, chunks: AsyncBytes) -> bytes:
        """See `Door`."""
        async for piece in chunks:
            return piece
        return b""

    async def until(
        self, predicate: Callable[[], object], within_s: float = LIMIT_S
    ) -> bool:
        """See `Door`."""
        end = time.monotonic() + within_s
        while not predicate():
            if time.monotonic() >= end:
                return bool(predicate())
            await asyncio.sleep(0.001)
        return True


class BlockingDoor(Door):
    """Sessions driven by the shared I/O thread."""

    name = "blocking"

    def run(self, story: Callable[[Door], Coroutine[Any, Any, T]]) -> T:
        """See `Door`."""
        told = story(self)
        try:
            told.send(None)
        except StopIteration as end:
            value: T = end.value
            return value
        told.close()
        raise AssertionError("the story awaited something that is not the door's")

    async def finish(self, task: URLSessionTask) -> Any:
        """See `Door`."""
        return task.result(LIMIT_S)

    async def open(self, session: URLSession, url: str | URLRequest) -> AsyncBytes:
        """See `Door`."""
        return session.bytes(url).result(LIMIT_S)[0]

    async def first_piece(self, chunks: AsyncBytes) -> bytes:
        """See `Door`."""
        return next(iter(chunks))

    async def until(
        self, predicate: Callable[[], object], within_s: float = LIMIT_S
    ) -> bool:
        """See `Door`."""
        return wait_until(predicate, within_s, every_s=0.001)


@dataclass
class Site:
    """Servers of one scheme, and configurations for sessions that trust them."""

    is_secure: bool
    serve: Serve
    ca: CertificateAuthority

    def start(self, handler: Handler) -> LoopbackServer:
        """Start a server for the length of the test."""
        return self.serve(handler, tls=self.is_secure)

    def configuration(self) -> URLSessionConfiguration:
        """Return a new configuration that trusts the suite's own root."""
        configuration = URLSessionConfiguration.ephemeral()
        configuration.trusted_certificates = self.ca.path
        return configuration


def has_socket(inode: int) -> bool:
    """Whether a descriptor of this process refers to the socket with `inode`."""
    return f"socket:[{inode}]" in descriptors().values()
