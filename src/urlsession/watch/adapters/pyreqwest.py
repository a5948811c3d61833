"""pyreqwest: its clients.

All of it is made in Rust, but its types take hooks. A client takes no weak reference:
it is looked for among the collector's objects by its identity, which `build` renews.
Its sockets are made by threads of Rust. What is new at the peer when the first request
of a sync client has been sent is that client's; the others are told by the peer's
address, in the order in which clients asked for it, which is weaker evidence.
"""

from __future__ import annotations

import gc
import sys
import threading
from collections import OrderedDict
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ..adapter import LibraryAdapter, OwnerState, Sighting
from .targets import is_at, unclaimed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from ...connections import CallSite
    from ..adapter import OwnerLike, Sink
    from ..capture.kernel import KernelSnapshot

__all__ = ("PyreqwestAdapter",)

REMEMBERED = 1024  # clients; the oldest are forgotten first
_CLOSERS = ("close", "__exit__", "__aexit__")
_VERBS = ("delete", "get", "head", "patch", "post", "put")
_FIRST = 2  # requests to an origin, after which its client has its sockets
_PORTS = {"http": 80, "https": 443}

_CLIENT = OwnerState(is_closed=None, noun="client")


class _Holder:
    """Stands for a client: it can be referred to weakly, and finds the client."""

    __slots__ = (
        "__weakref__",
        "_id",
        "_type",
        "before",
        "inodes",
        "is_closed",
        "lines",
        "owner",
    )

    def __init__(self, client: object) -> None:
        self._id: int | None = id(client)
        self._type = type(client)
        self.is_closed = False
        self.before: frozenset[int] = frozenset()  # sockets when a request was sent
        self.inodes: set[int] = set()  # sockets that were seen to be made for it
        self.owner: OwnerLike | None = None
        # By origin: the first line that asked for it, the last one, and how many did.
        self.lines: dict[
            tuple[str, int], tuple[CallSite | None, CallSite | None, int]
        ] = {}

    @property
    def is_new(self) -> bool:
        """Whether one of its first requests to an origin is under way."""
        return min((count for *_, count in self.lines.values()), default=0) <= _FIRST

    @property
    def client(self) -> object:
        """Return the client; None once it is freed."""
        if self._id is None:
            return None
        kind, wanted = self._type, self._id
        for one in gc.get_objects():
            if type(one) is kind and id(one) == wanted:
                return one
        return None

    def end(self) -> None:
        """Take down that another client has its identity: it is gone."""
        self._id = None


class PyreqwestAdapter(LibraryAdapter):
    """Knows pyreqwest's clients, sync and async."""

    name = "pyreqwest"
    modules = ("pyreqwest",)
    internals = ("pyreqwest",)
    native_modules = ("pyreqwest.client",)

    def __init__(self) -> None:
        self._holders: OrderedDict[int, _Holder] = OrderedDict()
        self._bases: set[tuple[str, int]] = set()
        # The client that each thread last built a request of, until it is sent.
        self._asking: dict[int, _Holder] = {}

    def hook(self, sink: Sink) -> None:
        """Wait for the module."""
        sink.when_imported("pyreqwest.client", self._hook)

    def stop(self) -> None:
        """Forget the clients."""
        self._holders.clear()
        self._asking.clear()

    def _hook(self, module: ModuleType) -> None:
        # Made by the extension, and imported by nobody.
        requests = sys.modules.get("pyreqwest._pyreqwest.request")
        if requests is not None:
            self.sink.call_before(requests.SyncConsumedRequest, "send", self._sends)
            self.sink.call_after(requests.SyncConsumedRequest, "send", self._sent)
        for name in ("Client", "SyncClient"):
            cls, builder = getattr(module, name), getattr(module, f"{name}Builder")
            self.sink.call_after(builder, "build", self._built)
            self.sink.call_before(builder, "base_url", self._has_base)
            for verb in _VERBS:
                self.sink.call_before(cls, verb, self._asks)
            self.sink.call_before(cls, "request", self._asks_by)
            for closer in _CLOSERS:
                if hasattr(cls, closer):
                    self.sink.call_before(cls, closer, self._closes)

    def _built(self, client: object, *_: object) -> None:
        former = self._holders.pop(id(client), None)
        if former is not None:
            former.end()
        holder = self._holders[id(client)] = _Holder(client)
        # The first call notes the line, the second the part to refer to.
        self.sink.made(client)
        self.sink.made(client, part=holder, name="client")
        holder.owner = self.sink.owner_of(client)
        while len(self._holders) > REMEMBERED:
            self._holders.popitem(last=False)

    def _has_base(self, _: object, url: object) -> None:
        origin = _origin(url)
        if origin is not None:
            self._bases.add(origin)

    def _asks_by(self, client: object, _: object, url: object) -> None:
        self._asks(client, url)

    def _asks(self, client: object, url: object) -> None:
        holder = self._holders.get(id(client))
        if holder is None:
            return
        line = self.sink.line()
        origin = _origin(url)
        for one in self._bases if origin is None else (origin,):
            first, _, count = holder.lines.get(one, (line, None, 0))
            holder.lines[one] = first, line, count + 1
        self._asking[threading.get_ident()] = holder

    def _sends(self, *_: object) -> None:
        holder = self._asking.get(threading.get_ident())
        if holder is not None and holder.is_new:
            holder.before = frozenset(self.sink.strangers())

    def _sent(self, *_: object) -> None:
        holder = self._asking.pop(threading.get_ident(), None)
        if holder is None or not holder.is_new:
            return
        for inode, (fd, remote) in self.sink.strangers().items():
            is_asked = any(is_at(remote, *origin) for origin in holder.lines)
            if is_asked and inode not in holder.before:
                self.sink.opened(fd, owner=holder.client)
                holder.inodes.add(inode)

    def _closes(self, client: object, *_: object) -> None:
        holder = self._holders.get(id(client))
        if holder is not None:
            holder.is_closed = True

    def sightings(self, kernel: KernelSnapshot) -> Iterator[Sighting]:
        """Return the connections to what clients asked for."""
        asked: list[tuple[_Holder, tuple[str, int]]] = []
        for holder in self._holders.values():
            own = [one for one in holder.inodes if one in kernel.sockets]
            if len(own) == len(holder.lines) == 1:
                # With more, nobody can tell which of them served how many.
                yield _sight(own[0], holder, next(iter(holder.lines)))
            if not own:
                asked += ((holder, origin) for origin in holder.lines)
        asked.sort(key=lambda pair: pair[0].is_closed)
        taken: set[int] = set()
        for inode in unclaimed(kernel, self.sink) if asked else ():
            remote = kernel.sockets[inode].remote
            able = [
                at for at, (_, origin) in enumerate(asked) if is_at(remote, *origin)
            ]
            if able:
                at = next((one for one in able if one not in taken), able[-1])
                taken.add(at)
                yield _sight(inode, *asked[at])

    def owner_state(self, owner: object) -> OwnerState:
        """Return whether a client was closed."""
        holder = self._holders.get(id(owner))
        return OwnerState(
            is_closed=None if holder is None else holder.is_closed, noun="client"
        )


def _sight(inode: int, holder: _Holder, origin: tuple[str, int]) -> Sighting:
    first, last, count = holder.lines[origin]
    return Sighting(
        inode=inode,
        owner=holder.owner,
        is_owner_closed=holder.is_closed,
        host=origin[0],
        opened_by=first,
        last_used_by=last,
        requests=count,
    )


def _origin(url: Any) -> tuple[str, int] | None:
    """Return host and port of an absolute URL."""
    return _parsed(str(url))


@lru_cache(maxsize=256)
def _parsed(url: str) -> tuple[str, int] | None:
    parts = urlsplit(url)
    if parts.hostname is None:
        return None
    return parts.hostname, parts.port or _PORTS.get(parts.scheme, 0)
