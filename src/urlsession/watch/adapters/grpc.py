"""gRPC: the channel.

Its sockets are made by threads of its C++ core when a call needs one, and channels of
one target may share one. What is new at the target when a channel's first call has
returned is that channel's; what appears otherwise is told by the peer's address alone,
which is weaker evidence. A stub goes on with a channel that the program has let go of:
what the two share stands for the channel then. What does not work: to ask a channel
for its socket.
"""

from __future__ import annotations

import weakref
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from ..adapter import LibraryAdapter, OwnerState, Sighting
from .targets import is_at, unclaimed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from ...connections import CallSite
    from ..adapter import OwnerLike, Sink
    from ..capture.kernel import KernelSnapshot

__all__ = ("GrpcAdapter",)

REMEMBERED = 1024  # channels; the oldest are forgotten first
FIRST_CALLS = 2  # after which a channel is taken to have its socket, or another's
# Calls that return when they are done, and those that go on afterwards.
_BLOCKING = ("_UnaryUnaryMultiCallable", "_StreamUnaryMultiCallable")
_OTHERS = (
    "UnaryUnaryMultiCallable",
    "UnaryStreamMultiCallable",
    "StreamUnaryMultiCallable",
    "StreamStreamMultiCallable",
    "_SingleThreadedUnaryStreamMultiCallable",
    "_UnaryStreamMultiCallable",
    "_StreamStreamMultiCallable",
)
_BEGINNERS = ("__call__", "with_call", "future")
_RETURNERS = ("__call__", "with_call")
_DEFAULT_PORT = 443

_CHANNEL = OwnerState(is_closed=None, noun="channel")


@dataclass(eq=False, slots=True)
class _Channel:
    """A channel, and the lines that called over it.

    Attributes:
        owner: What is known of it.
        shared: What it and its stubs share; lives as long as either.
        endpoints: The addresses of its target.
        before: The sockets without an owner when a call of it began.
        inodes: The sockets that its calls were seen to make.
    """

    owner: OwnerLike
    shared: weakref.ref[object] | None
    endpoints: tuple[tuple[str, int], ...]
    first_line: CallSite | None = None
    last_line: CallSite | None = None
    calls: int = 0
    before: frozenset[int] = frozenset()
    inodes: set[int] = field(default_factory=set)

    @property
    def is_closed(self) -> bool:
        """Whether the program closed it."""
        return getattr(self.owner, "closed_at_s", None) is not None

    def keeper(self, adapter: GrpcAdapter) -> OwnerLike | None:
        """Return the owner, or who stands for it; None when nothing has its socket."""
        if self.is_closed or self.owner.ref() is not None:
            return self.owner
        if self.shared is None or self.shared() is None:
            return None
        return _Stub(self.owner, self.shared, adapter)


class _Stub:
    """Stands for a channel of which only the stubs are left."""

    description = None

    def __init__(
        self, owner: OwnerLike, shared: weakref.ref[object], adapter: GrpcAdapter
    ) -> None:
        self.type = owner.type
        self.made_at = owner.made_at
        self.made_at_s = owner.made_at_s
        self.ref = shared
        self.adapter = adapter


class GrpcAdapter(LibraryAdapter):
    """Knows gRPC's channels, of threads and of asyncio."""

    name = "grpc"
    modules = ("grpc",)
    internals = ("grpc",)
    native_modules = ("grpc",)

    def __init__(self) -> None:
        self._channels: deque[_Channel] = deque(maxlen=REMEMBERED)
        # By the identity of the core's channel, which every stub has too.
        self._by_core: dict[int, _Channel] = {}

    def hook(self, sink: Sink) -> None:
        """Wait for the modules."""
        for name in ("grpc._channel", "grpc.aio._channel"):
            sink.when_imported(name, self._hook)

    def stop(self) -> None:
        """Forget the channels."""
        self._channels.clear()
        self._by_core.clear()

    def _hook(self, module: ModuleType) -> None:
        self.sink.owner_type(module.Channel, closers=("_close",), words=_CHANNEL)
        self.sink.call_after(module.Channel, "__init__", self._made)
        for kind in (*_BLOCKING, *_OTHERS):
            cls: Any = getattr(module, kind, None)
            for name in _BEGINNERS:
                if cls is None or name not in vars(cls):
                    continue
                if kind in _BLOCKING and name in _RETURNERS:
                    self.sink.call_after(cls, name, self._returned)
                self.sink.call_before(cls, name, self._calls)

    def _made(
        self, _: object, channel: Any, target: str, *__: object, **___: object
    ) -> None:
        owner = self.sink.owner_of(channel)
        if owner is None:
            return
        shared = getattr(channel, "_call_state", None)
        if len(self._channels) == REMEMBERED:
            self._by_core = {
                key: one
                for key, one in self._by_core.items()
                if one is not self._channels[0]
            }
        known = _Channel(
            owner=owner,
            shared=None if shared is None else weakref.ref(shared),
            endpoints=tuple(_endpoints(target)),
        )
        self._channels.append(known)
        self._by_core[id(channel._channel)] = known

    def _calls(self, stub: Any, *_: object, **__: object) -> None:
        channel = self._by_core.get(id(stub._channel))
        if channel is not None:
            channel.last_line = self.sink.line()
            channel.first_line = channel.first_line or channel.last_line
            channel.calls += 1
            if channel.calls <= FIRST_CALLS:
                channel.before = frozenset(self.sink.strangers())

    def _returned(self, _: object, stub: Any, *__: object, **___: object) -> None:
        channel = self._by_core.get(id(stub._channel))
        if channel is None or channel.calls > FIRST_CALLS:
            return
        for inode, (fd, remote) in self.sink.strangers().items():
            if inode in channel.before:
                continue
            for host, port in channel.endpoints:
                if is_at(remote, host, port):
                    self.sink.opened(fd, owner=channel.owner.ref(), host=host)
                    channel.inodes.add(inode)

    def sightings(self, kernel: KernelSnapshot) -> Iterator[Sighting]:
        """Return the connections to the targets of channels."""
        waiting: list[tuple[_Channel, OwnerLike]] = []
        for channel in self._channels:
            keeper = channel.keeper(self)
            if keeper is None:
                continue
            own = [one for one in channel.inodes if one in kernel.sockets]
            for inode in own:
                yield _sight(inode, channel, keeper)
            if channel.calls and not own:
                waiting.append((channel, keeper))
        # One that is closed has none any more, unless nobody else can have it.
        waiting.sort(key=lambda pair: pair[0].is_closed)
        taken: set[int] = set()
        for inode in unclaimed(kernel, self.sink) if waiting else ():
            remote = kernel.sockets[inode].remote
            able = [
                at
                for at, (one, _) in enumerate(waiting)
                if any(is_at(remote, *endpoint) for endpoint in one.endpoints)
            ]
            if able:
                at = next((one for one in able if one not in taken), able[-1])
                taken.add(at)
                yield _sight(inode, *waiting[at])

    def owner_state(self, owner: object) -> OwnerState:  # noqa: ARG002 - every channel is alike
        """Return what to call it; a call of its closing decides."""
        return _CHANNEL


def _sight(inode: int, channel: _Channel, keeper: OwnerLike) -> Sighting:
    return Sighting(
        inode=inode,
        owner=keeper,
        host=channel.endpoints[0][0],
        opened_by=channel.first_line,
        last_used_by=channel.last_line,
        requests=channel.calls,
    )


def _endpoints(target: str) -> Iterator[tuple[str, int]]:
    """Return hosts and ports of a target (grpc/doc/naming.md)."""
    scheme, found, rest = target.partition(":")
    if found and scheme in {"dns", "ipv4", "ipv6"}:
        target = rest[2:].partition("/")[2] if rest.startswith("//") else rest
    for one in target.split(","):
        host, _, port = unquote(one).strip().rpartition(":")
        if port.isdecimal():
            yield host.strip("[]"), int(port)
        elif one:
            yield unquote(one).strip("[] "), _DEFAULT_PORT
