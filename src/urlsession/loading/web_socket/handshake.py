"""The HTTP exchange that opens a WebSocket.

Decides what is asked for and which answers are good. Pure: what is random comes in
as an argument.

Source: RFC 6455 sections 1.3, 4.1 and 11.3.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ...errors import UsageError

if TYPE_CHECKING:
    from ...request import URLRequest
    from ...response import HTTPURLResponse

__all__ = (
    "accept_of",
    "as_http",
    "as_web_socket",
    "check_request",
    "checked_protocols",
    "handshake_fields",
    "new_key",
    "refusal",
)

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_WEB_SOCKET = re.compile(r"ws(s?):", re.IGNORECASE)
_HTTP = re.compile(r"http(s?):", re.IGNORECASE)


def as_http(url: str) -> str | None:
    """Return the URL of the handshake; None if `url` is not ws or wss."""
    match = _WEB_SOCKET.match(url)
    return None if match is None else f"http{match[1].lower()}:{url[match.end() :]}"


def as_web_socket(url: str) -> str:
    """Return `url` with ws or wss for http or https; others stay as they are."""
    match = _HTTP.match(url)
    return url if match is None else f"ws{match[1].lower()}:{url[match.end() :]}"


def checked_protocols(protocols: Sequence[str]) -> tuple[str, ...]:
    """Return the subprotocols to offer, most wanted first.

    Raises:
        ValueError: One is not a token, or is there twice.
        TypeError: A str was given for the sequence.
    """
    if isinstance(protocols, str):
        raise TypeError("protocols must be a sequence of names, not a str")
    for name in protocols:
        if not _TOKEN.fullmatch(name):
            raise ValueError(f"{name!r} is not a legal subprotocol name")
    if len(set(protocols)) < len(protocols):
        raise ValueError("a subprotocol is offered twice")
    return tuple(protocols)


def check_request(request: URLRequest) -> None:
    """See that a handshake can be made of `request`.

    Raises:
        UsageError: It is no GET, has a body, or offers an extension, which there is no
            code for here.
    """
    has_body = request.http_body is not None or request.http_body_stream is not None
    if request.http_method != "GET" or has_body:
        raise UsageError("a WebSocket's handshake is a GET without a body")
    if request.value("Sec-WebSocket-Extensions") is not None:
        raise UsageError(
            "a WebSocket's handshake cannot offer an extension: the frames of a server "
            "that uses it could not be read; leave Sec-WebSocket-Extensions out"
        )


def new_key(entropy: bytes) -> str:
    """Return a ``Sec-WebSocket-Key`` of 16 random bytes."""
    return base64.b64encode(entropy).decode("ascii")


def accept_of(key: str) -> str:
    """Return the ``Sec-WebSocket-Accept`` that answers `key`."""
    from hashlib import sha1  # loads OpenSSL: for those who open a WebSocket only

    digest = sha1(key.encode("ascii") + _GUID, usedforsecurity=False).digest()
    return base64.b64encode(digest).decode("ascii")


def handshake_fields(
    request: URLRequest, protocols: Sequence[str], key: str
) -> list[tuple[str, str]]:
    """Return the fields that make `request` a handshake; those it has are kept."""
    fields = [
        ("Upgrade", "websocket"),
        ("Connection", "Upgrade"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", key),
    ]
    if protocols:
        fields.append(("Sec-WebSocket-Protocol", ", ".join(protocols)))
    return [(name, value) for name, value in fields if request.value(name) is None]


def refusal(response: HTTPURLResponse, key: str, offered: Sequence[str]) -> str | None:
    """Return why a 101 response opens no WebSocket; None if it does.

    Args:
        response: The head.
        key: The key that was sent.
        offered: The subprotocols that were offered.
    """
    if (response.value("Upgrade") or "").strip().lower() != "websocket":
        return "it does not upgrade to websocket"
    if "upgrade" not in _names(response.value("Connection")):
        return "its Connection field does not say upgrade"
    if (response.value("Sec-WebSocket-Accept") or "").strip() != accept_of(key):
        return "its Sec-WebSocket-Accept does not answer the key"
    if response.value("Sec-WebSocket-Extensions"):
        return "it uses an extension that was not offered"
    protocol = response.value("Sec-WebSocket-Protocol")
    if protocol is not None and protocol.strip() not in offered:
        return f"it chose subprotocol {protocol!r}, which was not offered"
    return None


def _names(value: str | None) -> list[str]:
    return [name.strip().lower() for name in (value or "").split(",")]
