"""How a stub's answer is played to a load.

Decides the timing: on a loop by its timers, elsewhere by a thread that waits and is
woken when the load is stopped. Opens nothing.
"""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Awaitable, Iterator
from copy import copy
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from ..protocol import URLProtocol
from ..response import HTTPURLResponse
from .stub import StubbedRequest, StubReply

if TYPE_CHECKING:
    from ..request import URLRequest
    from ..tasks.task import URLSessionTask

__all__ = ("Answering", "StubProtocol")


class Answering(Protocol):
    """Who has the answers."""

    def covers(self, task: URLSessionTask) -> bool:
        """Whether the task's loads are to be answered here."""

    def answer(self, request: StubbedRequest) -> StubReply:
        """Note a request and return what it gets."""


class StubProtocol(URLProtocol):
    """Answers whatever it is asked. Subclassed for each network.

    Attributes:
        network: Who has the answers.
    """

    network: ClassVar[Answering]
    _stopped: threading.Event | None = None

    @classmethod
    def can_init_task(cls, task: URLSessionTask) -> bool:
        """Whether the network covers the task."""
        return cls.network.covers(task)

    def start_loading(self) -> None | Awaitable[None]:
        """Ask for the answer and play it."""
        is_on_loop = sys.modules["asyncio"]._get_running_loop() is not None
        stream = self.request.http_body_stream
        if hasattr(stream, "__aiter__") and not hasattr(stream, "__iter__"):
            if is_on_loop:
                return self._read_and_play()
            asyncio.run(self._read_and_play())
            return None
        reply = self._reply(_body_of(self.request))
        if is_on_loop and (reply.delay or reply.piece_delay):
            return self._play_on_loop(reply)
        self._stopped = threading.Event()
        for pause in self._play(reply):
            if pause and self._stopped.wait(pause):
                break
        return None

    def stop_loading(self) -> None:
        """Wait no more."""
        if self._stopped is not None:
            self._stopped.set()

    def _reply(self, body: bytes) -> StubReply:
        request = self.request
        return self.network.answer(
            StubbedRequest(
                method=request.http_method,
                url=request.url,
                headers=request.headers.copy(),
                body=body,
                request=request,
            )
        )

    async def _read_and_play(self) -> None:
        stream = self.request.http_body_stream
        pieces = [bytes(piece) async for piece in stream]  # type: ignore[union-attr]  # it has __aiter__
        await self._play_on_loop(self._reply(b"".join(pieces)))

    async def _play_on_loop(self, reply: StubReply) -> None:
        for pause in self._play(reply):
            await asyncio.sleep(pause)

    def _play(self, reply: StubReply) -> Iterator[float]:
        """Tell the client, and yield the seconds to wait before the next thing."""
        client = self.client
        yield reply.delay
        if reply.status:
            headers = reply.headers
            url = self.request.url
            response = HTTPURLResponse(url, reply.status, "HTTP/1.1", headers)
            following = self.redirected_request(self.request, response)
            if following is not None:
                client.was_redirected(self, following, response)
                return
            client.did_receive_response(self, response)
            if self.request.http_method != "HEAD":
                for piece in reply.pieces:
                    yield reply.piece_delay
                    client.did_load(self, piece)
        if reply.error is not None:
            client.did_fail(self, copy(reply.error))
        else:
            client.did_finish_loading(self)


def _body_of(request: URLRequest) -> bytes:
    stream: Any = request.http_body_stream  # told apart by what it can do
    if stream is None:
        return request.http_body or b""
    if hasattr(stream, "__fspath__"):
        with open(stream, "rb") as file:
            return file.read()
    if hasattr(stream, "open_body"):
        with stream.open_body() as file:
            return bytes(file.read())
    if hasattr(stream, "read"):
        return bytes(stream.read())
    return b"".join(bytes(piece) for piece in stream)
