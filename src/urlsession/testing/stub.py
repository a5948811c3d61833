"""One stub: which requests it is for, and what it answers them.

Decides when a request matches, how near one that does not match came, and which of
several answers is next. Plays nothing: see `stub_protocol`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import translate
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qsl, urlsplit

from ..errors import URLError, URLErrorCode
from ..headers import HeadersInit, HTTPHeaders

if TYPE_CHECKING:
    from ..request import URLRequest

__all__ = ("Stub", "StubReply", "StubbedRequest")


@dataclass(frozen=True, slots=True, kw_only=True)
class StubbedRequest:
    """A request that was made where the network is stubbed.

    Attributes:
        method: For instance ``GET``.
        url: The whole URL.
        headers: The request's fields and the session's.
        body: The whole body, from whatever it was given.
        request: The request itself.
    """

    method: str
    url: str
    headers: HTTPHeaders
    body: bytes
    request: URLRequest = field(repr=False)

    def json(self) -> Any:
        """Return the body parsed as JSON.

        Raises:
            ValueError: It is not JSON.
        """
        import json

        return json.loads(self.body)

    @property
    def text(self) -> str:
        """The body as UTF-8."""
        return self.body.decode()

    @property
    def query(self) -> dict[str, str]:
        """The fields of the URL's query; of one that is repeated, the last."""
        return dict(parse_qsl(urlsplit(self.url).query, keep_blank_values=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class StubReply:
    """One answer. Make it with `Stub.reply` and its kin, or for `Stub.answer`.

    Attributes:
        status: The status.
        headers: The response's fields.
        pieces: The body, in the pieces that a reader gets.
        error: Why the load fails, after the pieces if there is a response before it.
        delay: Seconds before anything is told.
        piece_delay: Seconds before each piece of the body.
    """

    status: int = 200
    headers: HTTPHeaders = field(default_factory=HTTPHeaders)
    pieces: Iterable[bytes] = ()
    error: URLError | None = None
    delay: float = 0.0
    piece_delay: float = 0.0

    @classmethod
    def of(
        cls,
        status: int = 200,
        *,
        json: Any = None,
        text: str | None = None,
        body: bytes | Iterable[bytes] = b"",
        headers: HeadersInit | None = None,
        delay: float = 0.0,
        piece_delay: float = 0.0,
    ) -> StubReply:
        """Make an answer; see `Stub.reply`."""
        fields = HTTPHeaders(headers or ())
        if json is not None:
            import json as json_module

            body = json_module.dumps(json).encode()
            if "Content-Type" not in fields:
                fields.set("Content-Type", "application/json")
        elif text is not None:
            body = text.encode()
            if "Content-Type" not in fields:
                fields.set("Content-Type", "text/plain; charset=utf-8")
        if isinstance(body, bytes | bytearray):
            pieces: Iterable[bytes] = [bytes(body)] if body else []
            if "Content-Length" not in fields:
                fields.set("Content-Length", str(len(body)))
        else:
            pieces = body
        return cls(
            status=status,
            headers=fields,
            pieces=pieces,
            delay=delay,
            piece_delay=piece_delay,
        )


class Stub:
    """What requests of one kind get. Made by a `StubNetwork`.

    Several answers are given one after the other, the last one from then on. A stub
    without an answer replies with an empty 200.

    Attributes:
        requests: What it has answered, oldest first.
    """

    def __init__(
        self,
        method: str | None,
        url: str | re.Pattern[str],
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        json: Any = None,
        body: bytes | None = None,
    ) -> None:
        self._method = None if method is None else method.upper()
        self._url = url
        self._pattern = url if isinstance(url, re.Pattern) else _glob(url)
        self._has_query = isinstance(url, re.Pattern) or "?" in url
        self._query = dict(query or {})
        self._headers = dict(headers or {})
        self._json = json
        self._body = body
        self._answers: list[StubReply | Callable[[StubbedRequest], StubReply]] = []
        self.requests: list[StubbedRequest] = []

    # -- what it answers -----------------------------------------------------------------

    def reply(
        self,
        status: int = 200,
        *,
        json: Any = None,
        text: str | None = None,
        body: bytes | Iterable[bytes] = b"",
        headers: HeadersInit | None = None,
        delay: float = 0.0,
        piece_delay: float = 0.0,
    ) -> Self:
        """Answer with a response.

        Args:
            status: The status. A redirect with a Location is followed like a real one.
            json: A value to send as JSON.
            text: A text to send as UTF-8.
            body: The body: bytes, or the pieces in which it comes.
            headers: The response's fields; type and length are added.
            delay: Seconds before the response.
            piece_delay: Seconds before each piece of the body.
        """
        reply = StubReply.of(
            status,
            json=json,
            text=text,
            body=body,
            headers=headers,
            delay=delay,
            piece_delay=piece_delay,
        )
        self._answers.append(reply)
        return self

    def fail(
        self,
        error: URLError | URLErrorCode = URLErrorCode.NETWORK_CONNECTION_LOST,
        *,
        after: bytes | Iterable[bytes] | None = None,
        status: int = 200,
        delay: float = 0.0,
    ) -> Self:
        """Answer with a failure.

        Args:
            error: What the load fails with.
            after: A part of the body that comes before, after a response; None for
                neither.
            status: The status of that response.
            delay: Seconds before anything happens.
        """
        if not isinstance(error, URLError):
            error = URLError(error, "the stub says so")
        pieces = [after] if isinstance(after, bytes) else (after or ())
        reply = StubReply(
            status=0 if after is None else status,
            pieces=pieces,
            error=error,
            delay=delay,
        )
        self._answers.append(reply)
        return self

    def redirect(self, location: str, status: int = 302) -> Self:
        """Answer with a redirect."""
        return self.reply(status, headers={"Location": location})

    def answer(self, make: Callable[[StubbedRequest], StubReply]) -> Self:
        """Answer with what `make` returns for each request: a `StubReply.of`."""
        self._answers.append(make)
        return self

    @property
    def is_used(self) -> bool:
        """Whether it has answered anything."""
        return bool(self.requests)

    # -- for the network ---------------------------------------------------------------------

    def misses(self, request: StubbedRequest) -> list[str]:
        """Return what of a request does not match; empty if everything does."""
        url = request.url.partition("#")[0]
        shown = url if self._has_query else url.partition("?")[0]
        missed: list[str] = []
        if not self._pattern.fullmatch(shown):
            missed.append("URL")
        if self._method not in (None, request.method):
            missed.append("method")
        query = request.query
        missed += [f"query {n}" for n, v in self._query.items() if query.get(n) != v]
        missed += [
            f"header {name}"
            for name, value in self._headers.items()
            if request.headers.get(name) != value
        ]
        if self._body is not None and request.body != self._body:
            missed.append("body")
        if self._json is not None and not self._has_json(request):
            missed.append("JSON")
        return missed

    def take(self, request: StubbedRequest) -> StubReply:
        """Note a request, and return what it gets."""
        self.requests.append(request)
        if not self._answers:
            return StubReply.of()
        index = min(len(self.requests), len(self._answers)) - 1
        answer = self._answers[index]
        return answer if isinstance(answer, StubReply) else answer(request)

    def __repr__(self) -> str:
        url = self._url if isinstance(self._url, str) else f"/{self._url.pattern}/"
        extra = "".join(f" {n}={v}" for n, v in self._query.items())
        return f"{self._method or 'ANY'} {url}{extra}"

    def _has_json(self, request: StubbedRequest) -> bool:
        try:
            return bool(request.json() == self._json)
        except ValueError:
            return False


def _glob(url: str) -> re.Pattern[str]:
    """Return a pattern in which ``*`` stands for anything, and nothing else does."""
    escaped = url.replace("[", "[[]").replace("?", "[?]")
    path = url.partition("://")[2]
    if path and "/" not in path and "*" not in path:
        escaped += "/"  # a URL always has a path
    return re.compile(translate(escaped))
