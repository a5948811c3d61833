"""A server of draft-ietf-httpbis-resumable-upload that stores what it got.

Written from the draft's text for servers, not from the client: interop version 8.
Faults are injected by the test: where to break a connection off, and how.
"""

from __future__ import annotations

import hashlib
import itertools
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from urlsession.testing import (
    LoopbackServer,
    ReceivedRequest,
    RecordingDelegate,
    ServerConnection,
)

VERSION = "8"


class BrokenOffError(ConnectionError):
    """The test wants this connection to end here."""


@dataclass
class Upload:
    """One upload resource."""

    path: str
    method: str
    headers: tuple[tuple[str, str], ...]
    data: bytearray = field(default_factory=bytearray)
    length: int | None = None
    is_complete: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def sha256(self) -> str:
        """The hash of what arrived."""
        return hashlib.sha256(self.data).hexdigest()


class ResumableServer:
    """Takes uploads; give `handle` to the `serve` fixture.

    Args:
        break_at: For each request with a body, in their order: after how many bytes
            of it to break off; None to take all of it.
        by_reset: Whether breaking off is RST; FIN otherwise.
        offers: Whether to send 104.
        version: The interop version that it speaks.
        limit: The most bytes that one append may have, announced; None for any.
        respond: The final response's (status, body) for a complete upload.
        head_failures: Statuses for the first requests for the offset; 0 breaks off.
        loses_response: Whether to break off instead of the first final response.

    Attributes:
        uploads: The resources by their paths.
        requests: Every request's head, in their order.
    """

    def __init__(
        self,
        break_at: tuple[int | None, ...] = (),
        *,
        by_reset: bool = False,
        offers: bool = True,
        version: str = VERSION,
        limit: int | None = None,
        respond: Callable[[Upload], tuple[int, bytes]] = lambda _: (200, b"stored"),
        head_failures: tuple[int, ...] = (),
        loses_response: bool = False,
    ) -> None:
        self._break_at = iter((*break_at, *itertools.repeat(None, 1000)))
        self._by_reset = by_reset
        self._offers = offers
        self._version = version
        self._limit = limit
        self._respond = respond
        self._head_failures = iter(head_failures)
        self._loses_response = loses_response
        self._lock = threading.Lock()
        self._offer_was_seen = threading.Event()
        self.uploads: dict[str, Upload] = {}
        self.requests: list[ReceivedRequest] = []

    @property
    def upload(self) -> Upload:
        """The newest resource."""
        return list(self.uploads.values())[-1]

    def methods(self) -> list[str]:
        """Return the methods of the requests, in their order."""
        return [one.method for one in self.requests]

    def delegate(
        self, answers: Mapping[str, object] | None = None
    ) -> RecordingDelegate:
        """Return a delegate whose offer is seen before any connection is broken off."""
        return RecordingDelegate(
            {
                "task_did_receive_informational_response": lambda *_: (
                    self._offer_was_seen.set()
                ),
                **(answers or {}),
            }
        )

    def handle(self, connection: ServerConnection) -> None:
        """Serve one connection."""
        try:
            while head := connection.recv_head():
                self.requests.append(head)
                self._answer(connection, head)
        except BrokenOffError:
            if self._by_reset:
                connection.reset()

    def _answer(self, connection: ServerConnection, head: ReceivedRequest) -> None:
        upload = self.uploads.get(head.target)
        if upload is None:
            if head.target.startswith("/uploads/"):
                connection.send_response(404)
            else:
                self._create(connection, head)
        elif head.method == "HEAD":
            self._tell_offset(connection, upload)
        elif head.method == "PATCH":
            self._append(connection, head, upload)
        elif head.method == "DELETE":
            del self.uploads[head.target]
            connection.send_response(204)
        else:
            connection.send_response(405)

    def _create(self, connection: ServerConnection, head: ReceivedRequest) -> None:
        with self._lock:
            path = f"/uploads/{len(self.uploads) + 1}"
            upload = Upload(path, head.method, head.headers)
            self.uploads[path] = upload
        upload.length = self._length_of(head, 0)
        is_asked = (
            head.header("Upload-Complete") is not None
            and head.header("Upload-Draft-Interop-Version") == VERSION
        )
        if is_asked and self._offers:
            fields = [("Location", path), ("Upload-Draft-Interop-Version", VERSION)]
            fields[1] = ("Upload-Draft-Interop-Version", self._version)
            if self._limit is not None:
                fields.append(("Upload-Limit", f"max-append-size={self._limit}"))
            connection.send_response(104, fields)
        self._receive(connection, head, upload)
        upload.is_complete = True
        self._send_final(connection, upload)

    def _tell_offset(self, connection: ServerConnection, upload: Upload) -> None:
        failure = next(self._head_failures, None)
        if failure == 0:
            raise BrokenOffError
        if failure is not None:
            connection.send_response(failure)
            return
        with upload.lock:  # whoever still receives is let finish
            fields = [
                ("Upload-Offset", str(len(upload.data))),
                ("Upload-Complete", "?1" if upload.is_complete else "?0"),
                ("Cache-Control", "no-store"),
            ]
        connection.send_response(204, fields)

    def _append(
        self, connection: ServerConnection, head: ReceivedRequest, upload: Upload
    ) -> None:
        assert head.header("Content-Type") == "application/partial-upload"
        assert head.header("Upload-Draft-Interop-Version") == VERSION
        offset = int(head.header("Upload-Offset") or -1)
        if upload.is_complete or offset != len(upload.data):
            for _ in connection.iter_body(head):
                pass
            fields = [("Upload-Offset", str(len(upload.data)))]
            connection.send_response(409, fields)
            return
        before = len(upload.data)
        self._receive(connection, head, upload)
        if self._limit is not None:
            assert len(upload.data) - before <= self._limit
        if head.header("Upload-Complete") == "?1":
            upload.is_complete = True
            self._send_final(connection, upload)
        else:
            connection.send_response(204, [("Upload-Complete", "?0")])

    def _receive(
        self, connection: ServerConnection, head: ReceivedRequest, upload: Upload
    ) -> None:
        break_at, received = next(self._break_at), 0
        with upload.lock:
            if break_at == 0:
                raise BrokenOffError
            for piece in connection.iter_body(head):
                kept = piece if break_at is None else piece[: break_at - received]
                upload.data += kept
                received += len(kept)
                if break_at is not None and received >= break_at:
                    if self._offers and self._version == VERSION:
                        self._offer_was_seen.wait(5)
                    raise BrokenOffError

    def _send_final(self, connection: ServerConnection, upload: Upload) -> None:
        if self._loses_response:
            self._loses_response = False
            raise BrokenOffError
        status, body = self._respond(upload)
        connection.send_response(status, [("Upload-Complete", "?1")], body)

    @staticmethod
    def _length_of(head: ReceivedRequest, offset: int) -> int | None:
        length = head.header("Content-Length")
        return None if length is None else offset + int(length)


def url_of(server: LoopbackServer) -> str:
    """Return where uploads are begun."""
    return server.url("/files")
