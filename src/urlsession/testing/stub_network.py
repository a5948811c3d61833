"""A network that exists in a test only: requests are answered by stubs.

Decides which sessions are covered, and that nothing of them reaches a real network: a
request without a stub fails, and no socket is opened for anything else either.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from ..connections import LEDGER, Owner
from ..errors import URLError, URLErrorCode, UsageError, without_password
from ..protocol import URLProtocol
from .stub import Stub, StubbedRequest, StubReply
from .stub_protocol import StubProtocol

if TYPE_CHECKING:
    from ..session import URLSession
    from ..tasks.task import URLSessionTask

__all__ = ("StubNetwork", "stub_network")

_LOCAL = ("data", "file")


def stub_network(*sessions: URLSession) -> StubNetwork:
    """Return a network to use in a ``with`` block; stub what is needed there.

    Args:
        sessions: The sessions that use it; without any, every session that is made
            inside the block, and `URLSession.shared`.
    """
    return StubNetwork(*sessions)


class StubNetwork:
    """Answers the requests of some sessions, or of all that a test makes.

    While its block lasts, a request that no stub is for fails with
    ``RESOURCE_UNAVAILABLE`` and a message that names the nearest stub, and covered
    sessions open no socket. Stubs that were added later are asked first. ``data:`` and
    ``file:`` need no network and are loaded as ever, unless a stub is for them.

    Attributes:
        requests: Every request, oldest first.
        unexpected: Those that no stub was for.
        stubs: The stubs, oldest first.
    """

    def __init__(self, *sessions: URLSession) -> None:
        self.requests: list[StubbedRequest] = []
        self.unexpected: list[StubbedRequest] = []
        self.stubs: list[Stub] = []
        self._sessions = sessions
        self._entered_at: float | None = None
        self._protocol: type[StubProtocol] | None = None

    # -- what is stubbed -------------------------------------------------------------------

    def stub(
        self,
        method: str | None,
        url: str | re.Pattern[str],
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        json: Any = None,
        body: bytes | None = None,
    ) -> Stub:
        """Add a stub; give it answers by `Stub.reply` and its kin.

        Args:
            method: The method; None for any.
            url: The URL, in which ``*`` stands for anything, or a compiled pattern for
                the whole of it. Without a ``?`` in it, any query will do.
            query: Fields that the query must have, among others.
            headers: Fields that the request must have, among others.
            json: What the body must be as JSON.
            body: What the body must be.
        """
        made = Stub(method, url, query=query, headers=headers, json=json, body=body)
        self.stubs.append(made)
        return made

    def get(self, url: str | re.Pattern[str], **conditions: Any) -> Stub:
        """Stub a GET; see `stub`."""
        return self.stub("GET", url, **conditions)

    def post(self, url: str | re.Pattern[str], **conditions: Any) -> Stub:
        """Stub a POST; see `stub`."""
        return self.stub("POST", url, **conditions)

    def put(self, url: str | re.Pattern[str], **conditions: Any) -> Stub:
        """Stub a PUT; see `stub`."""
        return self.stub("PUT", url, **conditions)

    def patch(self, url: str | re.Pattern[str], **conditions: Any) -> Stub:
        """Stub a PATCH; see `stub`."""
        return self.stub("PATCH", url, **conditions)

    def delete(self, url: str | re.Pattern[str], **conditions: Any) -> Stub:
        """Stub a DELETE; see `stub`."""
        return self.stub("DELETE", url, **conditions)

    def head(self, url: str | re.Pattern[str], **conditions: Any) -> Stub:
        """Stub a HEAD; see `stub`."""
        return self.stub("HEAD", url, **conditions)

    def assert_all_used(self) -> None:
        """Fail if a stub has answered nothing, or a request had no stub.

        Raises:
            AssertionError: It names them.
        """
        unused = [repr(one) for one in self.stubs if not one.is_used]
        surplus = [f"{one.method} {one.url}" for one in self.unexpected]
        if unused or surplus:
            raise AssertionError(
                f"stubs without a request: {', '.join(unused) or 'none'}; "
                f"requests without a stub: {', '.join(surplus) or 'none'}"
            )

    # -- the block -----------------------------------------------------------------------------

    def __enter__(self) -> Self:
        if self._protocol is not None:
            raise UsageError("this stubbed network is in use already")
        self._entered_at = time.monotonic()
        self._protocol = type("StubbedNetwork", (StubProtocol,), {"network": self})
        URLProtocol.register(self._protocol)
        LEDGER.gates = (*LEDGER.gates, self._may_open)
        return self

    def __exit__(self, *_exc: object) -> None:
        if self._protocol is not None:
            URLProtocol.unregister(self._protocol)
            self._protocol = None
        LEDGER.gates = tuple(one for one in LEDGER.gates if one != self._may_open)

    # -- Answering -------------------------------------------------------------------------------

    def covers(self, task: URLSessionTask) -> bool:
        """Whether the task's loads are answered here."""
        session = task._session
        if session is None or not self._covers(session._core.pool.roster.owner):
            return False
        request = task.current_request
        if request.url.partition(":")[0].lower() not in _LOCAL:
            return True
        seen = StubbedRequest(
            method=request.http_method,
            url=request.url,
            headers=request.headers.copy(),
            body=b"",
            request=request,
        )
        return any("URL" not in stub.misses(seen) for stub in self.stubs)

    def answer(self, request: StubbedRequest) -> StubReply:
        """Note a request and return what it gets."""
        self.requests.append(request)
        for stub in reversed(self.stubs):
            if not stub.misses(request):
                return stub.take(request)
        self.unexpected.append(request)
        error = URLError(
            URLErrorCode.RESOURCE_UNAVAILABLE,
            f"unexpected {request.method} request where the network is stubbed: "
            f"{self._nearest(request)}",
            failing_url=request.url,
        )
        return StubReply(status=0, error=error)

    def _nearest(self, request: StubbedRequest) -> str:
        if not self.stubs:
            return "there are no stubs"
        from difflib import SequenceMatcher

        def distance(stub: Stub) -> tuple[int, float]:
            shown = f"{request.method} {request.url}"
            likeness = SequenceMatcher(None, repr(stub), shown).ratio()
            return len(stub.misses(request)), -likeness

        nearest = min(self.stubs, key=distance)
        missed = " and ".join(nearest.misses(request))
        return f"the nearest stub is {without_password(repr(nearest))}, whose {missed} differs"

    # -- sockets ------------------------------------------------------------------------------

    def _may_open(self, owner: Owner) -> bool:
        return not self._covers(owner)

    def _covers(self, owner: Owner) -> bool:
        session = owner.ref()
        if self._sessions:
            return any(session is one for one in self._sessions)
        entered_at, made_at = self._entered_at, owner.made_at_s
        is_inside = (
            entered_at is not None and made_at is not None and made_at >= entered_at
        )
        return is_inside or bool(getattr(session, "is_shared", False))
