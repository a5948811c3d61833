"""Loads the URLs: one session, a bounded number of loads at a time.

Decides what a load's outcome is, and what ends all of them (a standard output that
takes nothing more). Where bodies go is the sinks' business.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ...errors import URLError, without_password
from ...response import HTTPURLResponse
from ...session import URLSession
from .exit_code import ExitCode, exit_code_for
from .progress import Screen, one_line
from .sink import FileSink, FolderNames, FolderSink, OutputError, Sink
from .stdout import OrderedOutput, StandardOutputError
from .waterfall import size_text

if TYPE_CHECKING:
    from ...metrics import URLSessionTaskMetrics
    from ...request import URLRequest
    from ...response import URLResponse
    from ...tasks.data_task import URLSessionDataTask
    from ...tasks.stream import BytesLoad
    from .options import FetchOptions

__all__ = ("Outcome", "head_bytes", "load_all")


@dataclass(slots=True)
class Outcome:
    """What came of one URL.

    Attributes:
        url: As the user gave it.
        exit_code: ``OK``, or why not.
        metrics: What was measured; None if nothing was begun.
    """

    url: str
    exit_code: ExitCode = ExitCode.OK
    metrics: URLSessionTaskMetrics | None = None


class _Sinks(Protocol):
    def __call__(self, index: int) -> Sink: ...


async def load_all(
    options: FetchOptions, screen: Screen, output: OrderedOutput | None
) -> list[Outcome]:
    """Load every URL; return what came of each, in their order.

    Args:
        options: What to load.
        screen: Told of errors and files.
        output: Standard output; None if bodies go to files.

    Raises:
        StandardOutputError: It takes nothing more; everything was stopped.
    """
    loader = _Loader(options, screen, _make_sinks(options, output))
    try:
        async with URLSession(options.configuration) as session:
            with screen.bars():
                async with asyncio.TaskGroup() as group:
                    for _ in range(min(options.parallel, len(options.requests))):
                        group.create_task(loader.work(session))
    except* StandardOutputError as errors:
        raise _first(errors) from None
    return loader.outcomes


def head_bytes(response: URLResponse) -> bytes:
    """Return a response's head as it stands on the wire of HTTP/1.

    One that no HTTP server sent has no status line, and the fields that are known.
    """
    if not isinstance(response, HTTPURLResponse):
        fields = [f"Content-Type: {response.mime_type or 'application/octet-stream'}"]
        if response.expected_content_length >= 0:
            fields.append(f"Content-Length: {response.expected_content_length}")
        return "\r\n".join([*fields, "", ""]).encode("latin-1", "replace")
    status = f"{response.http_version or 'HTTP'} {response.status_code}"
    lines = [f"{status} {response.reason_phrase}".rstrip()]
    lines += [f"{name}: {value}" for name, value in response.headers.items()]
    return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace")


def _make_sinks(options: FetchOptions, output: OrderedOutput | None) -> _Sinks:
    file, folder = options.file, options.folder
    if folder is not None:
        names = FolderNames()
        return lambda index: FolderSink(folder, names, index)
    if file is not None:
        return lambda _index: FileSink(file)
    assert output is not None
    return output.sink


class _Loader:
    """Takes the URLs one after the other, in as many loads as there are slots."""

    def __init__(self, options: FetchOptions, screen: Screen, sinks: _Sinks) -> None:
        self._options = options
        self._screen = screen
        self._sinks = sinks
        self._queue: Iterator[tuple[int, URLRequest]] = iter(
            enumerate(options.requests)
        )
        self.outcomes = [Outcome(one.url) for one in options.requests]

    async def work(self, session: URLSession) -> None:
        """Load one URL after the other until none is left."""
        for index, request in self._queue:
            outcome = self.outcomes[index]
            if self._options.resumes and self._options.file is not None:
                await self._go_on(session, request, self._options.file, outcome)
                continue
            sink = self._sinks(index)
            try:
                await self._load(session, request, sink, outcome)
            finally:
                sink.discard()

    async def _go_on(
        self, session: URLSession, request: URLRequest, file: Path, outcome: Outcome
    ) -> None:
        from .continued import AlreadyWholeError, ContinuedSink, StartOverError

        sink = ContinuedSink(file, request, self._tell)
        try:
            try:
                await self._load(session, sink.prepare(), sink, outcome)
            except StartOverError:
                request = sink.prepare(is_anew=True)
                await self._load(session, request, sink, outcome)
        except AlreadyWholeError:
            self._tell(f"{file}: is whole already")
        except OutputError as error:
            await self._fail(sink, outcome, ExitCode.OUTPUT, str(error))
        finally:
            sink.discard()

    def _tell(self, text: str) -> None:
        if not self._options.is_silent:
            self._screen.say(one_line(f"urlsession fetch: {text}"))

    async def _load(
        self, session: URLSession, request: URLRequest, sink: Sink, outcome: Outcome
    ) -> None:
        task: URLSessionDataTask
        if self._options.uploads:
            task = _upload(session, request)
            transfer = self._answer(task, sink, outcome)
        else:
            load = session.bytes(request)
            task = load.task
            transfer = self._transfer(load, sink, outcome)
        name = without_password(request.url)
        try:
            with self._screen.bar(name, task):
                place = await transfer
        except URLError as error:
            await self._fail(sink, outcome, exit_code_for(error), str(error))
        except StandardOutputError:
            raise
        except OutputError as error:
            task.cancel()
            await self._fail(sink, outcome, ExitCode.OUTPUT, f"{error}; loading {name}")
        else:
            if place is not None and not self._options.is_silent:
                size = size_text(task.count_of_bytes_received)
                self._screen.say(one_line(f"{name} -> {place} ({size})"))
        finally:
            outcome.metrics = task.metrics

    async def _transfer(
        self, load: BytesLoad, sink: Sink, outcome: Outcome
    ) -> str | None:
        """Move one body; return where it went."""
        chunks, response = await load
        with chunks:
            if not await self._begin(response, sink, outcome):
                return None
            async for chunk in chunks:
                await sink.write(chunk)
        return await sink.finish()

    async def _answer(
        self, task: URLSessionDataTask, sink: Sink, outcome: Outcome
    ) -> str | None:
        """Send one body, and move what is answered; return where it went."""
        data, response = await task
        if not await self._begin(response, sink, outcome):
            return None
        await sink.write(data)
        return await sink.finish()

    async def _begin(
        self, response: HTTPURLResponse, sink: Sink, outcome: Outcome
    ) -> bool:
        """Begin with the head; whether the body is wanted."""
        if self._options.resumes and not hasattr(response, "status_code"):
            message = f"cannot go on with {response.url}: it is not loaded over HTTP"
            await self._fail(sink, outcome, ExitCode.USAGE, message)
            return False
        if self._refuses(response):
            phrase = response.localized_string(response.status_code)
            message = f"server answered {response.status_code} {phrase} loading "
            message += without_password(response.url)
            await self._fail(sink, outcome, ExitCode.STATUS, message)
            return False
        await sink.begin(response)
        if self._options.shows_head:
            await sink.write(head_bytes(response))
        return True

    def _refuses(self, response: HTTPURLResponse) -> bool:
        if not hasattr(response, "status_code"):  # of a file
            return False
        if self._options.resumes:  # an error's page must not stand in the file
            return response.status_code >= 300 and response.status_code != 416
        return self._options.fails_on_status and response.status_code >= 400

    async def _fail(
        self, sink: Sink, outcome: Outcome, code: ExitCode, message: str
    ) -> None:
        outcome.exit_code = code
        text = f"urlsession fetch: error {code.value}: {message}"
        self._screen.say(one_line(text))
        await sink.abandon()


def _upload(session: URLSession, request: URLRequest) -> URLSessionDataTask:
    body = request.http_body_stream
    if isinstance(body, Path):
        return session.upload(request, from_file=body)
    return session.upload(request, from_data=body)


def _first(errors: BaseExceptionGroup[StandardOutputError]) -> StandardOutputError:
    error = errors.exceptions[0]
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
