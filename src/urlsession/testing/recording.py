"""A delegate that writes down what it is told, in order.

Implements every method of section 4 of the reference that these tasks can cause,
except those that give a body stream or answer a challenge: implementing them changes
how a body is sent and how connections are made, so they are there only when the test
says what to answer. So is the one that decides what a cache keeps.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ("RecordedCall", "RecordingDelegate")


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedCall:
    """One message to the delegate.

    Attributes:
        name: Name of the method.
        args: Arguments without the session, so that a recording never holds one.
        thread: Name of the thread that called.
        at: When, in monotonic seconds.
    """

    name: str
    args: tuple[object, ...]
    thread: str
    at: float


class RecordingDelegate:
    """A session delegate or task delegate that records. Safe from any thread.

    Args:
        answers: By method name, what to return; a callable is called with the
            method's arguments (session first) and may return an awaitable. What
            is not named is answered as if the method were not implemented: the
            redirect is followed, the response allowed.

    Attributes:
        calls: The messages so far, oldest first.
    """

    def __init__(self, answers: Mapping[str, object] | None = None) -> None:
        self._answers = dict(answers or {})
        self._changed = threading.Condition()
        self.calls: list[RecordedCall] = []
        if "task_need_new_body_stream" in self._answers:
            self.task_need_new_body_stream = self._need_new_body_stream
        if "task_need_new_body_stream_from_offset" in self._answers:
            self.task_need_new_body_stream_from_offset = self._need_rest_of_body
        if "data_task_will_cache_response" in self._answers:
            self.data_task_will_cache_response = self._will_cache_response
        if "session_did_receive_challenge" in self._answers:
            self.session_did_receive_challenge = self._session_challenge
        if "task_did_receive_challenge" in self._answers:
            self.task_did_receive_challenge = self._task_challenge

    @property
    def names(self) -> list[str]:
        """The names of the messages so far, in order."""
        return [call.name for call in list(self.calls)]

    @property
    def received(self) -> bytes:
        """All data received so far, of every task."""
        pieces = (c.args[1] for c in self.named("data_task_did_receive_data"))
        return b"".join(piece for piece in pieces if isinstance(piece, bytes))

    def named(self, name: str) -> list[RecordedCall]:
        """Return the messages of one name, in order."""
        return [call for call in list(self.calls) if call.name == name]

    def count(self, name: str) -> int:
        """Return how often a message came."""
        return len(self.named(name))

    def wait_for(
        self, name: str, within_s: float = 5.0, *, count: int = 1
    ) -> RecordedCall:
        """Wait until a message has come `count` times; return that one.

        Must not be called on the thread that the messages come on.

        Raises:
            TimeoutError: It did not come within the bound; names what did.
        """
        with self._changed:
            came = self._changed.wait_for(lambda: self.count(name) >= count, within_s)
        if not came:
            raise TimeoutError(f"no {name} within {within_s} s, but {self.names}")
        return self.named(name)[count - 1]

    # URLSessionDelegate

    def session_did_become_invalid(self, session: object, error: object) -> object:
        """Record it."""
        return self._record("session_did_become_invalid", session, error)

    # URLSessionTaskDelegate

    def did_create_task(self, session: object, task: object) -> object:
        """Record it."""
        return self._record("did_create_task", session, task)

    def task_is_waiting_for_connectivity(self, session: object, task: object) -> object:
        """Record it."""
        return self._record("task_is_waiting_for_connectivity", session, task)

    def task_will_perform_http_redirection(
        self, session: object, task: object, response: object, new_request: object
    ) -> object:
        """Record it, and follow the redirect unless told otherwise."""
        return self._record(
            "task_will_perform_http_redirection",
            session,
            task,
            response,
            new_request,
            default=new_request,
        )

    def task_did_send_body_data(
        self,
        session: object,
        task: object,
        bytes_sent: int,
        total_bytes_sent: int,
        total_bytes_expected_to_send: int,
    ) -> object:
        """Record it."""
        return self._record(
            "task_did_send_body_data",
            session,
            task,
            bytes_sent,
            total_bytes_sent,
            total_bytes_expected_to_send,
        )

    def task_did_receive_informational_response(
        self, session: object, task: object, response: object
    ) -> object:
        """Record it."""
        return self._record(
            "task_did_receive_informational_response", session, task, response
        )

    def task_did_finish_collecting_metrics(
        self, session: object, task: object, metrics: object
    ) -> object:
        """Record it."""
        return self._record(
            "task_did_finish_collecting_metrics", session, task, metrics
        )

    def task_did_complete(self, session: object, task: object, error: object) -> object:
        """Record it."""
        return self._record("task_did_complete", session, task, error)

    # URLSessionDataDelegate

    def data_task_did_receive_response(
        self, session: object, data_task: object, response: object
    ) -> object:
        """Record it, and let the response in unless told otherwise."""
        return self._record(
            "data_task_did_receive_response", session, data_task, response
        )

    def data_task_did_receive_data(
        self, session: object, data_task: object, data: bytes
    ) -> object:
        """Record it."""
        return self._record("data_task_did_receive_data", session, data_task, data)

    def data_task_did_become_download_task(
        self, session: object, data_task: object, download_task: object
    ) -> object:
        """Record it."""
        return self._record(
            "data_task_did_become_download_task", session, data_task, download_task
        )

    def data_task_did_become_stream_task(
        self, session: object, data_task: object, stream_task: object
    ) -> object:
        """Record it."""
        return self._record(
            "data_task_did_become_stream_task", session, data_task, stream_task
        )

    # URLSessionDownloadDelegate

    def download_task_did_resume(
        self,
        session: object,
        download_task: object,
        file_offset: int,
        expected_total_bytes: int,
    ) -> object:
        """Record it."""
        return self._record(
            "download_task_did_resume",
            session,
            download_task,
            file_offset,
            expected_total_bytes,
        )

    def download_task_did_write_data(
        self,
        session: object,
        download_task: object,
        bytes_written: int,
        total_bytes_written: int,
        total_bytes_expected_to_write: int,
    ) -> object:
        """Record it."""
        return self._record(
            "download_task_did_write_data",
            session,
            download_task,
            bytes_written,
            total_bytes_written,
            total_bytes_expected_to_write,
        )

    def download_task_did_finish_downloading(
        self, session: object, download_task: object, location: object
    ) -> object:
        """Record it; the file is removed afterwards unless the answer moves it."""
        return self._record(
            "download_task_did_finish_downloading", session, download_task, location
        )

    # URLSessionWebSocketDelegate

    def web_socket_task_did_open(
        self, session: object, task: object, protocol: object
    ) -> object:
        """Record it."""
        return self._record("web_socket_task_did_open", session, task, protocol)

    def web_socket_task_did_close(
        self, session: object, task: object, close_code: int, reason: object
    ) -> object:
        """Record it."""
        return self._record(
            "web_socket_task_did_close", session, task, close_code, reason
        )

    def _will_cache_response(
        self, session: object, task: object, proposed: object
    ) -> object:
        name = "data_task_will_cache_response"
        return self._record(name, session, task, proposed)

    def _need_new_body_stream(self, session: object, task: object) -> object:
        return self._record("task_need_new_body_stream", session, task)

    def _need_rest_of_body(self, session: object, task: object, offset: int) -> object:
        name = "task_need_new_body_stream_from_offset"
        return self._record(name, session, task, offset)

    def _session_challenge(self, session: object, challenge: object) -> object:
        return self._record("session_did_receive_challenge", session, challenge)

    def _task_challenge(
        self, session: object, task: object, challenge: object
    ) -> object:
        return self._record("task_did_receive_challenge", session, task, challenge)

    def _record(
        self, name: str, session: object, *args: object, default: object = None
    ) -> object:
        call = RecordedCall(
            name=name,
            args=args,
            thread=threading.current_thread().name,
            at=time.monotonic(),
        )
        with self._changed:
            self.calls.append(call)
            self._changed.notify_all()
        answer = self._answers.get(name, default)
        return answer(session, *args) if callable(answer) else answer
