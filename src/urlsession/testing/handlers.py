"""Handlers for the peers that tests want most often.

Each keeps a connection open for as many requests as the client sends, and
returns (which closes it) when the client has sent FIN.
"""

from __future__ import annotations

import base64
import json
import mimetypes
from collections.abc import Callable, Mapping
from pathlib import Path

from .connection import Headers, ReceivedRequest, ServerConnection
from .server import Handler

__all__ = (
    "Answer",
    "answering",
    "echo_handler",
    "fixed_body",
    "redirecting",
    "serve_files",
)

Answer = tuple[int, Headers, bytes]
"""(status, headers, body) of a response."""


def answering(answer: Callable[[ReceivedRequest], Answer]) -> Handler:
    """Return a handler that answers every request with what `answer` says.

    A ``HEAD`` request gets the head alone; ``Connection: close`` is obeyed.
    """

    def handle(connection: ServerConnection) -> None:
        while request := connection.recv_request():
            _respond(connection, request, answer(request))
            if (request.header("Connection") or "").lower() == "close":
                return

    return handle


def fixed_body(
    body: bytes, *, content_type: str = "application/octet-stream"
) -> Handler:
    """Return a handler that answers every request with the same body."""
    return answering(lambda _request: (200, [("Content-Type", content_type)], body))


def redirecting(locations: Mapping[str, tuple[int, str]]) -> Handler:
    """Return a handler that redirects, and echoes what it does not redirect.

    Args:
        locations: (status, ``Location``) by the path of the request.
    """

    def answer(request: ReceivedRequest) -> Answer:
        found = locations.get(request.target.partition("?")[0])
        if found is None:
            return _echo(request)
        status, location = found
        return status, [("Location", location)], b""

    return answering(answer)


def serve_files(root: Path) -> Handler:
    """Return a handler that serves the files below `root`; 404 for the rest."""
    top = root.resolve()

    def answer(request: ReceivedRequest) -> Answer:
        path = (top / request.target.partition("?")[0].lstrip("/")).resolve()
        if not path.is_relative_to(top) or not path.is_file():
            return 404, [("Content-Type", "text/plain")], b"no such file\n"
        kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        return 200, [("Content-Type", kind)], path.read_bytes()

    return answering(answer)


def _echo(request: ReceivedRequest) -> Answer:
    seen = {
        "method": request.method,
        "target": request.target,
        "headers": request.headers,
        "body": request.body.decode("latin-1"),
        "body_base64": base64.b64encode(request.body).decode("ascii"),
    }
    return 200, [("Content-Type", "application/json")], json.dumps(seen).encode()


echo_handler: Handler = answering(_echo)
"""Answers with the request as JSON: method, target, headers, body, body_base64."""


def _respond(
    connection: ServerConnection, request: ReceivedRequest, answer: Answer
) -> None:
    status, headers, body = answer
    if request.method == "HEAD":
        headers = [*headers, ("Content-Length", str(len(body)))]
        body = b""
    connection.send_response(status, headers, body)
