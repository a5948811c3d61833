"""Sockets of Python's own: seen when they connect, and when they close.

Decides what the hot path of the observer does: a birth is the audit event
``socket.connect`` (no patch needed), a death is `socket.socket._real_close` (which
every way of closing goes through) or the end of the object. An audit hook cannot be
removed: after `stop` it is one comparison. What does not work: closing has no audit
event; a weak reference alone does not see a socket that is closed and kept.
"""

from __future__ import annotations

import _socket
import socket
import sys
import threading
import time
import weakref
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from ...connections import ClosedBy
from .kernel import (
    TcpState,
    borrowed,
    ended_by,
    first_closer,
    identity,
    look_up,
    read_info,
    socket_descriptors,
)
from .patches import after
from .stack import current_task_name, current_thread_name

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType, ModuleType

    from ...connections import Address
    from .book import SocketBook, SocketRecord
    from .owners import OwnerBook
    from .patches import Patches
    from .stack import StackReader

__all__ = ("Births",)

_INTERNET = frozenset({socket.AF_INET, socket.AF_INET6})
_ASKED_HOSTS = 256  # host names remembered, by port
_CLOSERS = {
    TcpState.ESTABLISHED: ClosedBy.LOCAL,
    TcpState.CLOSE_WAIT: ClosedBy.PEER,
    TcpState.CLOSED: ClosedBy.RESET,
}

_HEARD = frozenset({"socket.bind", "socket.connect", "socket.getaddrinfo"})

# The one hook of this process, for good: who listens changes, the hook does not.
_listener: Births | None = None
_is_hooked = False


class Births:
    """Enters Python's sockets into the book.

    Args:
        book: Where connections are entered.
        owners: Which objects are owners: a socket may be its own.
        stack: Reads lines and owners.
        problem: Told of what failed; nothing reaches the program.
    """

    def __init__(
        self,
        book: SocketBook,
        owners: OwnerBook,
        stack: StackReader,
        problem: Callable[[str], None],
    ) -> None:
        self._book = book
        self._owners = owners
        self._stack = stack
        self._problem = problem
        self._asked: OrderedDict[tuple[int, int], tuple[int, str]] = OrderedDict()
        self._bound: weakref.WeakSet[socket.socket] = weakref.WeakSet()
        self.served_ports: set[int] = set()

    def start(self, patches: Patches) -> None:
        """Begin to see births and deaths."""
        global _listener, _is_hooked
        _listener = self
        if not _is_hooked:
            _is_hooked = True
            sys.addaudithook(_hear)
        patches.replace(socket.socket, "_real_close", self._make_close)
        self._patches = patches

    def hook_tls(self, module: ModuleType) -> None:
        """See a TLS socket take over the descriptor of the one that connected."""
        self._patches.replace(
            module.SSLSocket,
            "_create",
            lambda original: after(
                original,
                self._wrapped,
                lambda error: self._failed("socket that was wrapped", error),
            ),
        )

    def stop(self) -> None:
        """Stop; the patches are the caller's to undo."""
        global _listener
        if _listener is self:
            _listener = None

    def connecting(self, sock: object, address: object) -> None:
        """Take down a socket that is about to connect."""
        if not isinstance(sock, _socket.socket) or sock.family not in _INTERNET:
            return
        if not sock.type & socket.SOCK_STREAM or not isinstance(address, tuple):
            return
        fd = sock.fileno()
        inode = identity(fd)
        if self._book.of_inode(inode) is not None:
            return  # asked again whether it is connected by now
        record = self._book.open(inode, fd, time.monotonic())
        record.remote = (str(address[0]), int(address[1]))
        record.host = self._host_of(record.remote)
        record.socket = weakref.ref(sock, _Ending(self, record))
        frame = sys._getframe(2)
        self.locate(record, frame)
        if record.opened_by is None:
            record.run_by = self._stack.wanted_by(frame)

    def locate(self, record: SocketRecord, frame: FrameType | None) -> None:
        """Read from the stack whose a connection is, where that is not known yet."""
        if record.opened_by is None or record.owner is None:
            site, owner = self._stack.read(frame)
            if site is None and owner is not None:
                # The coroutine that the user handed to a task is the library's own.
                site = self._stack.awaiter()
            if record.opened_by is None and site is not None:
                record.opened_by = site
                # One that connected in its own task or thread did so for this one.
                record.thread = current_thread_name()
                record.task = current_task_name()
            record.owner = record.owner or owner
            if owner is not None and owner.closed_at_s is not None:
                owner.closed_at_s = None  # used again after its close
        record.thread = record.thread or current_thread_name()
        record.task = record.task or current_task_name()

    def confirm(self, record: SocketRecord, frame: FrameType | None) -> None:
        """Read from the stack whose a connection is; a guess gives way to what it says."""
        guess = record.opened_by if record.is_inferred else None
        if guess is not None:
            record.opened_by = None
        self.locate(record, frame)
        if record.opened_by is None:
            record.opened_by = guess
        else:
            record.is_inferred = False

    def enter(self, fd: int) -> SocketRecord | None:
        """Return the record of a TCP connection by its descriptor, entered if new.

        For sockets made in C: nobody hears them connect.
        """
        try:
            inode = identity(fd)
        except OSError:
            return None  # a pipe, or closed by now
        record = self._book.of_inode(inode)
        if record is not None:
            return record
        with borrowed(fd) as sock:
            local = _address(sock.getsockname())
            kind = sock.getsockopt(socket.SOL_SOCKET, socket.SO_TYPE)
            if local is None or kind != socket.SOCK_STREAM:
                return None
            record = self._book.open(inode, fd, time.monotonic())
            record.local = local
            try:
                record.remote = _address(sock.getpeername())
            except OSError:
                return record  # still connecting
            record.host = (
                None if record.remote is None else self._host_of(record.remote)
            )
        return record

    def strangers(self) -> dict[int, tuple[int, Address]]:
        """Return the connections that no owner is known for, by inode."""
        found: dict[int, tuple[int, Address]] = {}
        for inode, fd in socket_descriptors().items():
            record = self._book.of_inode(inode)
            if record is not None and not record.is_inferred:
                continue
            try:
                with borrowed(fd) as sock:
                    remote = _address(sock.getpeername())
            except OSError:
                continue  # it listens, connects still, or was closed in between
            if remote is not None:
                found[inode] = fd, remote
        return found

    def leave(self, fd: int) -> None:
        """Take down that C code is about to close a descriptor that was entered."""
        record = self._book.of_fd(fd)
        if record is None or not _is_still(record):
            return
        with borrowed(fd) as sock:
            by = self._read_end(record, sock)
        self._book.close(record, by, time.monotonic())

    def asked_for(self, host: object, port: object) -> None:
        """Remember a host name that is being resolved, for the connects after it."""
        if isinstance(host, bytes):
            host = host.decode("ascii", "replace")
        if not isinstance(host, str) or not str(port).isdecimal():
            return
        asked = self._asked
        key = int(str(port)), hash(host)
        asked[key] = threading.get_ident(), host
        asked.move_to_end(key)
        while len(asked) > _ASKED_HOSTS:
            asked.popitem(last=False)

    def binding(self, sock: object) -> None:
        """Remember a socket that may come to listen."""
        if isinstance(sock, socket.socket) and sock.family in _INTERNET:
            self._bound.add(sock)

    def ports_served(self) -> set[int]:
        """Return the ports that this process listened on, as far as that was seen."""
        for one in list(self._bound):
            self._note_port(one)
        return self.served_ports

    def closing(self, sock: socket.socket) -> Callable[[], None] | None:
        """Look at a socket that is about to close; return what to do after it."""
        if sock in self._bound:
            self._note_port(sock)
            self._bound.discard(sock)
        fd = sock.fileno()
        record = self._book.of_fd(fd) if fd >= 0 else None
        if record is None or not _is_still(record):
            return None
        by = self._read_end(record, sock)
        if self._book.of_fd(fd) is not record:
            return None
        own = self._owners.find(sock)
        if own is not None:
            own.closed_at_s = time.monotonic()
        return lambda: self._book.close(record, by, time.monotonic())

    def ended(self, record: SocketRecord) -> None:
        """Take down that a socket's object is gone, and with it the socket perhaps.

        A socket that was detached (as TLS does when it wraps one) lives on.
        """
        if record.closed_at is not None:
            return
        if not _is_still(record):
            self._book.close(record, None, time.monotonic())

    def _wrapped(self, wrapper: socket.socket, *_: object, **__: object) -> None:
        record = self._book.of_fd(wrapper.fileno())
        if record is not None and _is_still(record):
            record.socket = weakref.ref(wrapper, _Ending(self, record))

    def _read_end(self, record: SocketRecord, sock: _socket.socket) -> ClosedBy | None:
        """Take down what the kernel says of a socket whose close comes next.

        Who sends FIN first shows before the close as well as after it, for a tenth of
        what asking the kernel again would cost. What never was a connection is dropped.
        """
        info = read_info(sock)
        if info is None:
            record.local = _address(sock.getsockname())
            by = ended_by(record.fd)
            if by is None:
                self._book.drop(record)
            return by
        if not info.was_established:
            self._book.drop(record)
            return None
        record.bytes_sent = info.bytes_sent
        record.bytes_received = info.bytes_received
        if info.state is TcpState.CLOSE_WAIT:
            record.peer_fin_at = time.monotonic() - info.heard_s
        record.local = _address(sock.getsockname())
        by = _CLOSERS.get(info.state) or first_closer(info.state)
        if by is ClosedBy.RESET and record.local and record.remote:
            # Or it was shut down before and both are done: then the kernel winds it up.
            seen = look_up(record.local, record.remote)
            if seen is not None:
                by = first_closer(seen.state)
            elif info.is_fin_answered:
                by = ClosedBy.PEER  # the one that was first would linger
        return by

    def _host_of(self, remote: Address) -> str:
        """Return the name that was asked for, if only one can be meant.

        The last one that this thread asked for; a loop asks in threads of its own,
        and then it must be the only one for the port.
        """
        host, port = remote
        thread = threading.get_ident()
        names = []
        for (one, _), (asker, name) in reversed(self._asked.items()):
            if one == port:
                if asker == thread:
                    return name
                names.append(name)
        return names[0] if len(names) == 1 else host

    def _note_port(self, sock: socket.socket) -> None:
        try:
            self.served_ports.add(sock.getsockname()[1])
        except (OSError, IndexError, TypeError):
            return

    def _make_close(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def _real_close(sock: socket.socket, *arguments: Any) -> Any:
            then = None
            try:
                then = self.closing(sock)
            except Exception as error:
                self._failed("closing socket", error)
            result = original(sock, *arguments)
            if then is not None:
                try:
                    then()
                except Exception as error:
                    self._failed("closed socket", error)
            return result

        return _real_close

    def _failed(self, what: str, error: Exception) -> None:
        self._problem(f"a {what} could not be looked at: {error!r}")


class _Ending:
    """Called when a socket's object has gone; holds nothing of the program."""

    __slots__ = ("_births", "_record")

    def __init__(self, births: Births, record: SocketRecord) -> None:
        self._births = births
        self._record = record

    def __call__(self, _: object) -> None:
        try:
            self._births.ended(self._record)
        except Exception as error:
            self._births._failed("socket that ended", error)


def _hear(event: str, arguments: tuple[Any, ...]) -> None:
    # Called for every audit event there is, so this is all that most of them cost.
    if event not in _HEARD or (listener := _listener) is None:
        return
    try:
        if event == "socket.connect":
            listener.connecting(arguments[0], arguments[1])
        elif event == "socket.getaddrinfo":
            listener.asked_for(arguments[0], arguments[1])
        elif event == "socket.bind":
            listener.binding(arguments[0])
    except Exception as error:
        listener._failed("connecting socket", error)


def _is_still(record: SocketRecord) -> bool:
    """Whether a descriptor is still what was entered with it."""
    try:
        return identity(record.fd) == record.inode
    except OSError:
        return False


def _address(name: object) -> Address | None:
    if isinstance(name, tuple) and len(name) >= 2:
        return str(name[0]), int(name[1])
    return None
