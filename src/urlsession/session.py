"""Sessions: a pool of connections, a delegate, and the tasks that use them.

Decides who drives a session, who may still make tasks, and the order in which a
session ends. What holds what:

* the user holds the session; a running task holds it too, a finished one does not;
* the session holds its delegate until it has become invalid;
* drivers, the pool and the ledger never hold the session.

So a session that the user forgets is freed at once, closes its pool from its
finalizer and says which line made it.

Source: Foundation's ``URLSession``.
"""

from __future__ import annotations

import copy
import itertools
import math
import sys
import threading
import time
import warnings
import weakref
from collections.abc import Callable, Sequence
from functools import partial
from typing import (
    TYPE_CHECKING,
    Any,
    ClassVar,
    NoReturn,
    Self,
    TypeVar,
)

from .configuration import URLSessionConfiguration
from .connections import CallSite, Owner, capture_call_site
from .delegate import find_method
from .engine import process
from .engine.io_thread import shared_io_thread
from .errors import SessionInvalidatedError, UsageError
from .request import URLRequest
from .storage.emptying import empty_store, write_store_out
from .tasks.chore import Chore
from .tasks.core import SessionCore
from .tasks.data_task import URLSessionDataTask
from .tasks.delivery import report_callback_error
from .tasks.groups import TaskGroups, TaskList
from .tasks.queue import (
    WORKERS,
    DelegateQueue,
    loop_queue,
    make_queue,
)
from .tasks.stream import BytesLoad, StreamedDataTask
from .tasks.task import CompletionHandler, URLSessionTask
from .tasks.waiting import new_future, new_lock, wake

if TYPE_CHECKING:
    from .connections import Connection, Listener
    from .engine.driver import Driver
    from .request import Body, FilePath
    from .tasks.download_task import DownloadCompletion, URLSessionDownloadTask
    from .tasks.resume_data import ResumeData
    from .tasks.stream_task import URLSessionStreamTask
    from .tasks.upload_task import URLSessionUploadTask
    from .tasks.waiting import Waiter
    from .tasks.web_socket_task import URLSessionWebSocketTask

__all__ = ("URLSession",)


_TaskT = TypeVar("_TaskT", bound=URLSessionTask)


class _Shared:
    """The class property `URLSession.shared`."""

    def __get__(self, _instance: object, owner: type[URLSession]) -> URLSession:
        session = URLSession._shared
        if session is None or session._core.pool.is_closed:
            session = URLSession._shared = owner._make_shared()
        return session


class URLSession:
    """Loads URLs, over connections of its own.

    Made where an asyncio loop runs, a session is driven by that loop; made anywhere
    else, by one I/O thread that all such sessions share. Both take ``await`` and
    ``.result()``. Close a session by leaving its ``with`` or ``async with`` block,
    by `finish_tasks_and_invalidate` or by `invalidate_and_cancel`.

    Args:
        configuration: How to load; copied. None for the default one.
        delegate: Told of what happens; held until the session has become invalid.
        delegate_queue: Where delegate methods and completion handlers run: an event
            loop, an executor, or None for the session's loop or, without one, a
            private serial queue on a thread of its own.

    Raises:
        UsageError: `delegate_queue` is neither.
        TypeError: `configuration` is no `URLSessionConfiguration`.

    Attributes:
        session_description: A label of the user's; shown in reports.

    Source: Foundation's ``URLSession``.
    """

    _shared: ClassVar[URLSession | None] = None
    shared: ClassVar[_Shared] = _Shared()
    """The process's session, without a delegate; it cannot be invalidated."""

    session_description: str | None = None
    is_shared: bool = False
    """Whether this is `URLSession.shared`."""

    _is_invalidated = False
    _is_ending = False
    _has_ended = False
    _lost_because: str | None = None
    _resting: weakref.WeakSet[URLSessionTask] | None = None

    def __init__(
        self,
        configuration: URLSessionConfiguration | None = None,
        delegate: object | None = None,
        delegate_queue: DelegateQueue | None = None,
    ) -> None:
        self._has_ended = True  # until there is something to end: see __del__
        if configuration is None:
            configuration = URLSessionConfiguration.default()
        elif not isinstance(configuration, URLSessionConfiguration):
            raise TypeError(
                "configuration must be a URLSessionConfiguration, not "
                f"{type(configuration).__name__}"
            )
        self._set_up(configuration, delegate, delegate_queue, _running_loop())

    def _set_up(
        self,
        configuration: URLSessionConfiguration,
        delegate: object | None,
        delegate_queue: DelegateQueue | None,
        loop: Any,
    ) -> None:
        self._configuration = configuration.copy()
        self._delegate = delegate
        self._delegate_queue = delegate_queue
        self._made_at: CallSite | None = capture_call_site(2)
        self._tasks: dict[int, URLSessionTask] = {}
        self._unresumed: weakref.WeakSet[URLSessionTask] | None = None
        self._identifiers = itertools.count(1)
        self._waiters: list[Waiter] = []
        driver: Driver
        user_code = WORKERS
        if loop is None:
            driver = shared_io_thread()
        else:
            from .engine.asyncio_driver import driver_of

            driver = driver_of(loop)
            user_code = loop_queue(loop)
        owner = Owner(
            type="urlsession.URLSession",
            ref=weakref.ref(self),
            made_at=self._made_at,
            made_at_s=time.monotonic(),
        )
        queue = make_queue(delegate_queue, loop)
        self._core = SessionCore(self._configuration, owner, driver, queue, user_code)
        stores = self._configuration.private_stores
        if stores is not None:
            stores.session_began()
        self._has_ended = False

    @classmethod
    def _make_shared(cls) -> URLSession:
        session = cls.__new__(cls)
        # Used from any loop there may be, one after the other: driven by none.
        session._set_up(URLSessionConfiguration.default(), None, None, None)
        session.is_shared = True
        return session

    # -- what one may ask --------------------------------------------------------------

    @property
    def configuration(self) -> URLSessionConfiguration:
        """A copy of the configuration; changing it changes nothing here."""
        return self._configuration.copy()

    @property
    def delegate(self) -> object | None:
        """The delegate; None once the session has become invalid."""
        return self._delegate

    @property
    def delegate_queue(self) -> DelegateQueue | None:
        """The delegate queue that was asked for."""
        return self._delegate_queue

    @property
    def is_invalidated(self) -> bool:
        """Whether the session was invalidated: it takes no new tasks."""
        # One that lost its pool to exit or fork was not: the observer must not take
        # the end of the process for the user's own doing.
        return self._is_invalidated and self._lost_because is None

    @property
    def made_at(self) -> CallSite | None:
        """The line that made this session."""
        return self._made_at

    def connections(self) -> list[Connection]:
        """Return the live connections as they are now, oldest first.

        Each is a copy: it does not change any more.
        """
        rosters = self._core.rosters()
        live = [one for roster in rosters for one in roster.connections()]
        return [copy.copy(one) for one in sorted(live, key=lambda one: one.id)]

    def add_connection_listener(self, listener: Listener) -> None:
        """Call ``listener(event, connection)`` from now on.

        It is told of each connection that is opened, reused, idle or closed. It runs
        on the driving thread, must be quick, and what it raises is ignored.
        """
        for roster in self._core.rosters():
            roster.add_listener(listener)

    def remove_connection_listener(self, listener: Listener) -> None:
        """Stop telling `listener`."""
        for roster in self._core.rosters():
            roster.remove_listener(listener)

    def all_tasks(self) -> TaskList:
        """Return the tasks that were resumed and are not over; may be awaited."""
        with self._core.lock:
            return TaskList([*self._tasks.values(), *(self._resting or ())])

    def tasks(self) -> TaskGroups:
        """Return the same tasks by kind, at once or awaited: ``(data, upload, download)``.

        WebSocket tasks and stream tasks are in `all_tasks` only. An upload task is
        not among the data tasks.
        """
        return TaskGroups.of(self.all_tasks())

    # -- what is kept -----------------------------------------------------------------------

    def reset(self, completion: Callable[[], object] | None = None) -> Chore:
        """Empty the cookies, the cache and the credentials; use new connections.

        Running tasks keep the connections they have; what downloads have in memory
        goes to their files. When this returns, the stores
        are empty: what it returns may be awaited, or waited for, which matters if
        there is a completion.

        Args:
            completion: Called on the delegate queue afterwards.

        Raises:
            OSError: What a store has on disk cannot be removed.

        Source: Foundation's ``reset(completionHandler:)``.
        """
        self._core.guard.forget_all()
        return self._renew(empty_store, completion)

    def flush(self, completion: Callable[[], object] | None = None) -> Chore:
        """Write the stores to disk; use new connections.

        Running tasks keep the connections they have.

        Args:
            completion: Called on the delegate queue afterwards.

        Raises:
            OSError: A store cannot be written.

        Source: Foundation's ``flush(completionHandler:)``.
        """
        return self._renew(write_store_out, completion)

    def _renew(
        self,
        see_to: Callable[[object], None],
        completion: Callable[[], object] | None,
    ) -> Chore:
        configuration = self._configuration
        for store in (
            configuration.http_cookie_storage,
            configuration.url_cache,
            configuration.url_credential_storage,
        ):
            if store is not None:
                see_to(store)
        for task in self.all_tasks():
            task._write_out()
        self._core.pool.renew()
        self._core.context.sites.alternatives.clear()
        return Chore(self._core, completion)

    # -- tasks ------------------------------------------------------------------------------

    def data(
        self, request: URLRequest | str, *, delegate: object | None = None
    ) -> URLSessionDataTask:
        """Load a URL: ``data, response = await session.data(url)``.

        Args:
            request: A URL or a request; a request is copied.
            delegate: Asked before the session's delegate, about redirects and the
                like; told of neither response nor data.

        Returns:
            The task, already resumed. Await it, or take its ``.result()``.

        Raises:
            SessionInvalidatedError: The session was invalidated.
        """
        task = self._make_task(URLSessionDataTask, request, delegate)
        task._launch()
        return task

    def bytes(
        self, request: URLRequest | str, *, delegate: object | None = None
    ) -> BytesLoad:
        """Load a URL as a stream: ``chunks, response = await session.bytes(url)``.

        Args:
            request: As for `data`.
            delegate: As for `data`.

        Returns:
            What to await, or to take the ``.result()`` of: ready once the head is in.

        Raises:
            SessionInvalidatedError: The session was invalidated.
        """
        task = self._make_task(StreamedDataTask, request, delegate)
        load = BytesLoad(task)
        task._launch()
        return load

    def upload(
        self,
        request: URLRequest | str | None = None,
        *,
        from_data: Body | None = None,
        from_file: FilePath | str | None = None,
        resume_data: ResumeData | None = None,
        delegate: object | None = None,
    ) -> URLSessionUploadTask:
        """Send a body: ``data, response = await session.upload(url, from_file=path)``.

        Args:
            request: A URL, which is sent by POST, or a request, whose own body is
                left out; None with `resume_data`, which holds it.
            from_data: The body: bytes, text, a `MultipartForm`, a binary file, an
                iterable or an async iterable of bytes.
            from_file: A path; the file is read while it is sent.
            resume_data: Of an upload from a file that was cancelled or interrupted. A
                task whose data cannot be read (changed, or of a newer version) ends
                with ``UNSUPPORTED_URL``.
            delegate: As for `data`.

        Returns:
            The task, already resumed. Await it, or take its ``.result()``.

        Raises:
            SessionInvalidatedError: The session was invalidated.
            TypeError: There is not exactly one body.
        """
        task = self._make_upload(
            request, from_data, from_file, resume_data, delegate, is_streamed=False
        )
        task._launch()
        return task

    def upload_task(
        self,
        request: URLRequest | str | None = None,
        completion: CompletionHandler | None = None,
        *,
        from_data: Body | None = None,
        from_file: FilePath | str | None = None,
        streamed: bool = False,
        resume_data: ResumeData | None = None,
    ) -> URLSessionUploadTask:
        """Make an upload task, suspended; `URLSessionTask.resume` starts it.

        Args:
            request: As for `upload`.
            completion: As for `data_task`.
            from_data: As for `upload`.
            from_file: As for `upload`.
            streamed: Whether the delegate's `task_need_new_body_stream` gives the body.
            resume_data: As for `upload`; of a streamed upload too, whose delegate is
                then asked `task_need_new_body_stream_from_offset`.

        Raises:
            SessionInvalidatedError: The session was invalidated.
            TypeError: There is not exactly one body.
        """
        task = self._make_upload(
            request, from_data, from_file, resume_data, None, is_streamed=streamed
        )
        self._keep_suspended(task, completion)
        return task

    def data_task(
        self,
        request: URLRequest | str,
        completion: CompletionHandler | None = None,
    ) -> URLSessionDataTask:
        """Make a data task, suspended; `URLSessionTask.resume` starts it.

        Args:
            request: A URL or a request; a request is copied.
            completion: Called once with (data, response, error) on the delegate
                queue; the delegate then gets neither response nor data. None: the
                delegate gets everything.

        Raises:
            SessionInvalidatedError: The session was invalidated.
        """
        task = self._make_task(URLSessionDataTask, request, None)
        self._keep_suspended(task, completion)
        return task

    def download(
        self,
        request: URLRequest | str | None = None,
        *,
        resume_data: ResumeData | None = None,
        delegate: object | None = None,
    ) -> URLSessionDownloadTask:
        """Load a URL into a file: ``location, response = await session.download(url)``.

        The file, in the configuration's ``download_directory``, is the caller's.

        Args:
            request: A URL or a request; a request is copied.
            resume_data: What an earlier download left, to go on from there. A
                `request` beside it must be for the same URL; it gives the header
                fields, among them the credentials that resume data never hold. A
                task whose data cannot be read (changed, or of another version) ends
                with ``UNSUPPORTED_URL``.
            delegate: Asked before the session's delegate; told of progress, but not
                of the finished file.

        Returns:
            The task, already resumed. Await it, or take its ``.result()``.

        Raises:
            SessionInvalidatedError: The session was invalidated.
            UsageError: `resume_data` is of another URL than `request`.
            TypeError: Neither was given, or not in the form of a request or of bytes.
        """
        task = self._make_download(request, resume_data, delegate)
        task._launch()
        return task

    def download_task(
        self,
        request: URLRequest | str | None = None,
        completion: DownloadCompletion | None = None,
        *,
        resume_data: ResumeData | None = None,
    ) -> URLSessionDownloadTask:
        """Make a download task, suspended; `URLSessionTask.resume` starts it.

        Args:
            request: A URL or a request; a request is copied.
            completion: Called once with (location, response, error) on the delegate
                queue; the file is removed when it has returned. None: the delegate
                is told of the file, or whoever awaits the task gets it.
            resume_data: As for `download`.

        Raises:
            SessionInvalidatedError: The session was invalidated.
            UsageError: As for `download`.
        """
        task = self._make_download(request, resume_data, None)
        self._keep_suspended(task, completion)
        return task

    def _make_download(
        self,
        request: URLRequest | str | None,
        resume_data: ResumeData | None,
        delegate: object | None,
    ) -> URLSessionDownloadTask:
        # A program that downloads nothing need not load what only downloads need.
        from .tasks.download_task import URLSessionDownloadTask, resumed_request

        kind: Callable[..., URLSessionDownloadTask] = URLSessionDownloadTask
        if resume_data is not None:
            resume, request = resumed_request(resume_data, request)
            kind = partial(URLSessionDownloadTask, resume=resume)
        elif request is None:
            raise TypeError("a download takes a request, or resume_data")
        return self._make_task(kind, request, delegate)

    def _keep_suspended(
        self,
        task: URLSessionDataTask | URLSessionDownloadTask,
        completion: CompletionHandler | DownloadCompletion | None,
    ) -> None:
        task._completion = completion
        task._is_delegate_driven = completion is None
        self._suspended(task)

    def web_socket(
        self,
        request: URLRequest | str,
        protocols: Sequence[str] = (),
        *,
        delegate: object | None = None,
    ) -> URLSessionWebSocketTask:
        """Open a WebSocket: ``async with session.web_socket(url) as ws:``, or ``with``.

        Args:
            request: As for `web_socket_task`.
            protocols: As for `web_socket_task`.
            delegate: Asked before the session's delegate.

        Returns:
            The task, already resumed.

        Raises:
            SessionInvalidatedError: The session was invalidated.
            UsageError, ValueError: As for `web_socket_task`.
        """
        task = self._make_web_socket(request, protocols, delegate)
        task._launch()
        return task

    def web_socket_task(
        self, request: URLRequest | str, protocols: Sequence[str] = ()
    ) -> URLSessionWebSocketTask:
        """Make a WebSocket task, suspended; `URLSessionTask.resume` starts it.

        Args:
            request: A ws or wss URL, or a GET request for one, whose header fields
                are kept as they are; a request is copied.
            protocols: Subprotocols to offer, most wanted first.

        Raises:
            SessionInvalidatedError: The session was invalidated.
            UsageError: The request is no GET, or has a body.
            ValueError: A subprotocol's name is not legal, or is there twice.
        """
        return self._suspended(self._make_web_socket(request, protocols, None))

    def _make_web_socket(
        self,
        request: URLRequest | str,
        protocols: Sequence[str],
        delegate: object | None,
    ) -> URLSessionWebSocketTask:
        # Most programs open none; loaded by those that do.
        from .loading.web_socket.handshake import check_request, checked_protocols
        from .tasks.web_socket_task import URLSessionWebSocketTask

        if isinstance(request, URLRequest):
            check_request(request)
        offered = checked_protocols(protocols)
        task = self._make_task(URLSessionWebSocketTask, request, delegate)
        task._conversation.load.protocols = offered
        return task

    def stream_task(self, host: str, port: int) -> URLSessionStreamTask:
        """Make a stream task, suspended; `URLSessionTask.resume` connects.

        Args:
            host: Host name or address; IPv6 with or without brackets.
            port: From 1 to 65535.

        Raises:
            SessionInvalidatedError: The session was invalidated.
            TypeError: `host` is no str, or `port` no int.
            ValueError: `port` is out of range.
        """
        from .loading.stream import stream_url
        from .tasks.stream_task import URLSessionStreamTask

        if not isinstance(host, str):
            raise TypeError(f"host must be a str, not {type(host).__name__}")
        if isinstance(port, bool) or not isinstance(port, int):
            raise TypeError(f"port must be an int, not {type(port).__name__}")
        if not 0 < port < 65536:
            raise ValueError(f"port must be from 1 to 65535, not {port}")
        url = stream_url(host, port)
        return self._suspended(self._make_task(URLSessionStreamTask, url, None))

    def _suspended(self, task: _TaskT) -> _TaskT:
        """Remember a task that is not resumed: it is cancelled at the end."""
        with self._core.lock:
            if self._unresumed is None:
                self._unresumed = weakref.WeakSet()
            self._unresumed.add(task)
        return task

    def _make_upload(
        self,
        request: URLRequest | str | None,
        from_data: Body | None,
        from_file: FilePath | str | None,
        resume_data: ResumeData | None,
        delegate: object | None,
        *,
        is_streamed: bool,
    ) -> URLSessionUploadTask:
        from .tasks.upload_source import request_with_body
        from .tasks.upload_task import URLSessionUploadTask, request_in

        if resume_data is not None:
            if request is not None or from_data is not None or from_file is not None:
                raise TypeError("resume_data holds request and body: give neither")
            made = request_in(resume_data)
        elif request is None:
            raise TypeError("an upload takes a request, or resume_data")
        else:
            made = request_with_body(
                request, from_data, from_file, is_streamed=is_streamed
            )
        task = self._make_task(URLSessionUploadTask, made, delegate)
        task._is_streamed = is_streamed
        if resume_data is not None:
            task.resume_from(resume_data)
        return task

    def _make_task(
        self,
        kind: Callable[[URLSession, int, URLRequest], _TaskT],
        request: URLRequest | str,
        delegate: object | None,
    ) -> _TaskT:
        if self._is_invalidated:
            self._refuse_task()
        if isinstance(request, str):
            request = URLRequest(request)
        elif isinstance(request, URLRequest):
            request = request.copy()
            request.url = request.url or ""  # None: Foundation's -1002 when it runs
        else:
            raise TypeError(
                f"request must be a URL or a URLRequest, not {type(request).__name__}"
            )
        task = kind(self, next(self._identifiers), request)
        if delegate is not None:
            task._delegate = delegate
        if delegate is not None or self._delegate is not None:
            self._tell_created(task)
        return task

    def _refuse_task(self) -> NoReturn:
        if self._lost_because is not None:
            raise UsageError(f"{self!r} {self._lost_because}")
        raise SessionInvalidatedError(
            f"{self!r} has been invalidated: a task cannot be made in it; make a "
            "new session"
        )

    def _tell_created(self, task: URLSessionTask) -> None:
        method = task._method("did_create_task")
        if method is not None:
            try:
                method(self, task)
            except Exception as error:  # user code; the task is there all the same
                report_callback_error(error)

    # -- the end ------------------------------------------------------------------------------

    def finish_tasks_and_invalidate(self) -> None:
        """Take no new tasks, and end the session when the running ones are over.

        The delegate is then told and let go of, and every connection is closed.
        Returns at once. Tasks that were never resumed are cancelled.

        Raises:
            UsageError: This is `URLSession.shared`.
        """
        self._invalidate()
        for task in list(self._resting or ()):
            task._finish_resting()

    def invalidate_and_cancel(self) -> None:
        """Like `finish_tasks_and_invalidate`, but cancel every task first.

        Raises:
            UsageError: This is `URLSession.shared`.
        """
        tasks = self._invalidate()
        for task in tasks:
            task._invalidate()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, _error: object, _traceback: object) -> None:
        if self.is_shared:
            return
        self._leave(is_error=kind is not None)
        core = self._core
        if core.driver.is_current() or core.queue.is_current():
            return  # waiting here would never end; the session ends by itself
        core.driver.wait(core.pool, lambda: self._has_ended, math.inf)
        with core.lock:
            if self._has_ended:
                return
            lock = new_lock()
            self._waiters.append(lock)
        lock.acquire()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: object, _error: object, _traceback: object) -> None:
        if self.is_shared:
            return
        self._leave(is_error=kind is not None)
        with self._core.lock:
            if self._has_ended:
                return
            future = new_future()
            self._waiters.append(future)
        await future

    def __del__(self) -> None:
        if self._has_ended:
            return
        if self._core.pool.is_closed:  # at exit
            return
        has_leaked = not self._is_invalidated and self._core.was_used
        self._core.close()
        self._purge_private_stores()
        if has_leaked:
            self._warn_of_leak()

    def __copy__(self) -> Self:
        return self

    def __repr__(self) -> str:
        label = f" {self.session_description!r}" if self.session_description else ""
        made = "" if self._made_at is None else f" made at {self._made_at}"
        state = " invalidated" if self._is_invalidated else ""
        return f"<{type(self).__name__}{label}{state}{made}>"

    def _leave(self, *, is_error: bool) -> None:
        if is_error:
            self.invalidate_and_cancel()
        else:
            self.finish_tasks_and_invalidate()
            for task in self.all_tasks():
                task._leave()

    def _invalidate(self) -> list[URLSessionTask]:
        if self.is_shared:
            raise UsageError("URLSession.shared cannot be invalidated")
        with self._core.lock:
            self._is_invalidated = True
            tasks = self.all_tasks()
            unresumed = [
                task for task in self._unresumed or () if not task._was_resumed
            ]
        for task in unresumed:
            task.cancel()
        if not tasks:
            self._end_if_idle()
        return tasks

    # -- from tasks -----------------------------------------------------------------------------

    def _forget(self, task: URLSessionTask) -> None:
        """Let go of a task whose last callback has returned."""
        self._tasks.pop(task.task_identifier, None)
        if self._resting:
            self._resting.discard(task)
        if self._is_invalidated and not self._tasks:
            self._end_if_idle()

    def _hold_weakly(self, task: URLSessionWebSocketTask) -> None:
        """The task runs, and may end as soon as nobody else wants it."""
        with self._core.lock:
            if self._tasks.pop(task.task_identifier, None) is None:
                return  # it is over already
            if self._resting is None:
                self._resting = weakref.WeakSet()
            self._resting.add(task)

    def _rest(self, task: URLSessionStreamTask) -> None:
        """Hold a stream task no more: nothing is pending that was asked of it."""
        with self._core.lock:
            if task._has_ended or task._stream.channel.is_pending:
                return
            if self._resting is None:
                self._resting = weakref.WeakSet()
            self._resting.add(task)
            self._tasks.pop(task.task_identifier, None)
        if self._is_invalidated:
            task._finish_resting()

    def _keep(self, task: URLSessionStreamTask) -> None:
        """Hold a stream task again."""
        with self._core.lock:
            if not task._has_ended:
                self._tasks[task.task_identifier] = task
                if self._resting is not None:
                    self._resting.discard(task)

    def _end_if_idle(self) -> None:
        with self._core.lock:
            if self._tasks or self._resting or self._has_ended or self._is_ending:
                return
            self._is_ending = True
        if find_method(self._delegate, "session_did_become_invalid") is None:
            self._finish_ending()
        else:
            self._core.queue.submit(self._tell_and_finish)

    def _tell_and_finish(self) -> None:
        method = find_method(self._delegate, "session_did_become_invalid")
        if method is not None:
            try:
                result = method(self, None)
            except Exception as error:  # user code; the session ends all the same
                report_callback_error(error)
            else:
                if hasattr(result, "__await__"):
                    self._core.queue.finish(result, self._told)
                    return
        self._finish_ending()

    def _told(self, _value: object, error: BaseException | None) -> None:
        if error is not None:
            report_callback_error(error)
        self._finish_ending()

    def _finish_ending(self) -> None:
        self._delegate = None
        self._core.close()
        self._purge_private_stores()
        with self._core.lock:
            self._has_ended = True
            waiters, self._waiters = self._waiters, []
        wake(waiters)

    def _purge_private_stores(self) -> None:
        stores = self._configuration.private_stores
        if stores is not None:
            stores.session_ended()

    def _abandon(self, reason: str) -> None:
        """The pool is gone, by fork or exit: nothing runs and nobody is told."""
        self._core.lock = threading.RLock()  # may be held by a thread that is not here
        self._lost_because = reason
        self._is_invalidated = self._has_ended = True
        tasks = self.all_tasks()
        self._tasks, self._resting = {}, None
        for task in tasks:
            task._abandon(f"{self!r} {reason}")

    def _warn_of_leak(self) -> None:
        site = self._made_at
        message = f"{self!r} was dropped and never invalidated; its connections are "
        message += "closed now. Use `with`, or invalidate it"
        if site is None:
            warnings.warn(message, ResourceWarning, source=self, stacklevel=2)
        else:
            # Reported at the line that made the session, not at the line where the
            # last reference happened to go.
            warnings.warn_explicit(
                message, ResourceWarning, site.file, site.line, source=self
            )


def _running_loop() -> Any:
    """Return the running asyncio loop, without loading asyncio to find none."""
    events = sys.modules.get("asyncio.events")
    return None if events is None else events._get_running_loop()


def _abandon(owner: object, reason: str) -> None:
    if isinstance(owner, URLSession):
        owner._abandon(reason)


process.install(_abandon)
