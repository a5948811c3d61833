"""``urlsession fetch ws://…``: lines in as messages, messages out as lines.

Decides when the talk is over: the server closes, or standard input has ended and the
server has been silent since. Standard input is read by a thread of its own: a file
cannot be waited for, and a terminal is read for ever.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from ...errors import URLError
from ...response import HTTPURLResponse
from ...session import URLSession
from .exit_code import ExitCode, exit_code_for
from .loader import Outcome, head_bytes
from .progress import Screen, one_line

if TYPE_CHECKING:
    from ...tasks.web_socket_task import URLSessionWebSocketTask
    from .options import FetchOptions
    from .stdout import OrderedOutput

__all__ = ("LINGER_S", "talk")

LINGER_S = 1.0  # seconds of silence after the last line; arbitrary
_STANDARD_INPUT = 0
_READ_BYTES = 64 * 1024
_STATUS_OF_OPEN = 101


async def talk(
    options: FetchOptions, screen: Screen, output: OrderedOutput
) -> list[Outcome]:
    """Talk over one WebSocket; return what came of it.

    Args:
        options: With one URL, ws or wss.
        screen: Told of errors.
        output: Standard output.

    Raises:
        StandardOutputError: It takes nothing more; the WebSocket was closed.
    """
    (request,) = options.requests
    outcome = Outcome(request.url)
    async with URLSession(options.configuration) as session:
        try:
            task = session.web_socket(request, options.subprotocols)
        except ValueError as error:
            _complain(screen, ExitCode.USAGE, str(error))
            return [Outcome(request.url, ExitCode.USAGE)]
        try:
            await _Talk(task, output).run(shows_head=options.shows_head)
        except URLError as error:
            outcome.exit_code = _exit_code_for(task, error)
            _complain(screen, outcome.exit_code, str(error))
        except UnicodeDecodeError:
            outcome.exit_code = ExitCode.INPUT
            _complain(screen, outcome.exit_code, "standard input is not UTF-8")
    outcome.metrics = task.metrics
    return [outcome]


def _exit_code_for(task: URLSessionWebSocketTask, error: URLError) -> ExitCode:
    response = task.response
    if (
        isinstance(response, HTTPURLResponse)
        and response.status_code != _STATUS_OF_OPEN
    ):
        return ExitCode.STATUS
    return exit_code_for(error)


def _complain(screen: Screen, code: ExitCode, message: str) -> None:
    screen.say(one_line(f"urlsession fetch: error {code.value}: {message}"))


class _Talk:
    """One WebSocket and the two standard streams."""

    def __init__(self, task: URLSessionWebSocketTask, output: OrderedOutput) -> None:
        self._task = task
        self._write = output.writer.write
        self._input_ended = asyncio.Event()
        self._input_error: UnicodeDecodeError | None = None

    async def run(self, *, shows_head: bool) -> None:
        """Talk until it is over."""
        async with self._task as ws:
            if shows_head and isinstance(ws.response, HTTPURLResponse):
                await self._write(head_bytes(ws.response))
            loop = asyncio.get_running_loop()
            threading.Thread(
                target=self._send_lines,
                args=(lambda: loop.call_soon_threadsafe(self._input_ended.set),),
                name="urlsession-stdin",
                daemon=True,
            ).start()
            while (message := await self._next_message()) is not None:
                data = message.encode() if isinstance(message, str) else message
                await self._write(data + b"\n")
            if self._input_error is not None:
                raise self._input_error

    async def _next_message(self) -> str | bytes | None:
        """Return the next message; None when it is over."""
        receiving = asyncio.ensure_future(self._receive())
        ending = asyncio.ensure_future(self._input_ended.wait())
        try:
            await asyncio.wait((receiving, ending), return_when=asyncio.FIRST_COMPLETED)
            if not receiving.done():
                await asyncio.wait((receiving,), timeout=LINGER_S)
            return receiving.result() if receiving.done() else None
        finally:
            receiving.cancel()
            ending.cancel()

    async def _receive(self) -> str | bytes | None:
        return await anext(self._task, None)

    def _send_lines(self, tell_end: Callable[[], object]) -> None:
        """Send each line of standard input; runs on a thread of its own."""
        rest = b""
        try:
            while data := os.read(_STANDARD_INPUT, _READ_BYTES):
                *lines, rest = (rest + data).split(b"\n")
                for line in lines:
                    self._send_line(line)
            if rest:
                self._send_line(rest)
        except UnicodeDecodeError as error:
            self._input_error = error
        except (URLError, OSError):
            return  # whoever receives is told
        finally:
            try:
                tell_end()
            except RuntimeError:  # the loop is closed: it is over already
                pass

    def _send_line(self, line: bytes) -> None:
        self._task.send(line.removesuffix(b"\r").decode()).result()
