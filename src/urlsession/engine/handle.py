"""An easy handle that is used again and again.

Decides what is set once and what is set for each transfer. A plain load (GET
with the session's own headers, reply collected) touches two options at most, the URL
and the cookies; everything else is set for the transfer and wiped by `reset` after it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from io import BytesIO
from sys import getrefcount
from typing import TYPE_CHECKING, Any

import pycurl

from .figures import FIGURES
from .stall import ProgressWatch

if TYPE_CHECKING:
    from ..connections import Connection
    from .transfer import Transfer

__all__ = ("LARGE_PIECES", "Handle", "HandleStore", "OpenSocket")

OpenSocket = Callable[["Handle", int, int, int, Any], int]
"""(handle, family, kind, protocol, address) → descriptor or SOCKET_BAD."""


_MOVED = (
    pycurl.HEADER_SIZE,
    pycurl.SIZE_DOWNLOAD_T,
    pycurl.REQUEST_SIZE,
    pycurl.SIZE_UPLOAD_T,
)
LARGE_PIECES = 16  # 256 KiB, if libcurl fills them
MAX_AT_REST = 64  # handles per set of options, some 10 kB each
_AGREED = b"SSL connection using "  # libcurl's words
_OWN_REFERENCES = 3  # the attribute, the local name, getrefcount's argument


class HandleStore:
    """Easy handles at rest, for every pool that sets the same base options.

    To make one and to set its options takes longer than a load on an open
    connection. A handle at rest holds no connection, no reply and no credentials:
    connections, names and TLS sessions belong to the pool's multi handle.

    Args:
        base: The options that every transfer has, as (option, value) pairs.
    """

    __slots__ = ("_base", "_handles")

    def __init__(self, base: Sequence[tuple[int, object]]) -> None:
        self._base = base
        self._handles: list[Handle] = []

    def take(self, open_socket: OpenSocket) -> Handle:
        """Return a handle that makes its sockets with `open_socket`. Any thread."""
        try:
            handle = self._handles.pop()
        except IndexError:
            handle = Handle(self._base)
        handle.open_socket = open_socket
        return handle

    def give_back(self, handle: Handle) -> None:
        """Take a handle that was released; what is too many is closed. Any thread."""
        handle.retire()
        if len(self._handles) < MAX_AT_REST:
            self._handles.append(handle)
        else:
            handle.close()


class Handle:
    """One `pycurl.Curl` with the buffers that collect its reply.

    Attributes:
        curl: The easy handle.
        transfer: What it runs now; None while it waits for use.
        head, body: Where libcurl appends the reply's lines and pieces. They are
            list methods called from C: no Python frame per piece.
        measured: The plain transfer that ran last, whose figures can still be read.
        is_plain: Whether nothing has to be unset before the next use.
        is_detached: Whether libcurl lets us write on its connection.
        is_gathering: Whether `body` collects the pieces of a stream.
        large: Where libcurl writes a body that has shown to be large; None otherwise.
        opened: Connections whose sockets were made during the present run.
        tls: What the last handshake that was listened to agreed on, as (version,
            cipher suite) in OpenSSL's names; None if it did not tell.
    """

    __slots__ = (
        "_base",
        "_cookie",
        "_is_listening",
        "_is_secure",
        "_url",
        "body",
        "curl",
        "head",
        "is_detached",
        "is_gathering",
        "is_plain",
        "large",
        "measured",
        "open_socket",
        "opened",
        "tls",
        "transfer",
    )

    def __init__(self, base: Sequence[tuple[int, object]]) -> None:
        self.curl = pycurl.Curl()
        self.transfer: Transfer | None = None
        self.measured: Transfer | None = None
        self.head: list[bytes] = []
        self.body: list[bytes] = []
        self.large: BytesIO | None = None
        self.opened: list[Connection] = []
        self._base = base
        self.open_socket: OpenSocket | None = None
        self._url: str | None = None
        self._cookie: bytes | None = None
        self.is_plain = True
        self.is_detached = False
        self.is_gathering = False
        self._is_secure = False
        self._is_listening = False
        self.tls: tuple[str, str] | None = None
        self._set_base()

    def prepare(self, transfer: Transfer) -> None:
        """Set what `transfer` needs.

        Raises:
            pycurl.error: If libcurl refuses an option.
        """
        measured = self.measured
        if measured is not None:
            # Most callers drop the task of a load that went well and never ask for
            # its metrics: figures are read only if somebody still could.
            if getrefcount(measured) > _OWN_REFERENCES:
                self.take_figures()
            self.measured = None
        self.transfer = transfer
        setopt = self.curl.setopt
        if transfer.url != self._url:
            setopt(pycurl.URL, transfer.url)
            self._url = transfer.url
        if transfer.is_secure is not self._is_secure:
            # Over TLS a second load waits for the first to find out whether the
            # server speaks HTTP/2; without TLS it would wait for nothing.
            self._is_secure = transfer.is_secure
            setopt(pycurl.PIPEWAIT, int(transfer.is_secure))
        if transfer.cookie != self._cookie:
            self._set_cookie(transfer.cookie)
        if transfer.options:
            self.is_plain = False
            for option, value in transfer.options:
                setopt(option, value)
        if transfer.is_streaming:
            self.is_plain = False
            setopt(pycurl.HEADERFUNCTION, transfer.receive_head_line)
            setopt(pycurl.WRITEFUNCTION, transfer.receive_body)

    def gather(self) -> None:
        """Collect in `body` what comes of a stream, until the pool takes it."""
        self.is_gathering = True
        self.curl.setopt(pycurl.WRITEFUNCTION, self.body.append)

    def collect_large(self) -> None:
        """Collect the rest of a reply in one place.

        To join its pieces takes as much memory again, and of 16 MiB five times as long.
        A small one is better off as the one piece that it is.
        """
        self.large = BytesIO()
        self.large.writelines(self.body)
        self.body.clear()
        self.is_plain = False
        self.curl.setopt(pycurl.WRITEFUNCTION, self.large.write)

    def take_body(self) -> bytes:
        """Return the body that was collected; once."""
        large, self.large = self.large, None
        return b"".join(self.body) if large is None else large.getvalue()

    def take_figures(self) -> None:
        """Read libcurl's figures of the run that has just ended, for its transfer."""
        transfer = self.transfer or self.measured
        if transfer is not None and not transfer.numbers:
            transfer.numbers = [self.curl.getinfo(one) for one in FIGURES]

    def end_pipe_wait(self) -> bool:
        """Do not wait for a connection that may be shared; whether it did."""
        if not self._is_secure:
            return False
        self._is_secure = False
        self.curl.setopt(pycurl.PIPEWAIT, 0)
        return True

    def listen(self) -> None:
        """Note what the handshake that is under way agrees on; see `end_listening`.

        libcurl tells it in words only, and only together with everything else.
        """
        if not self._is_listening:
            self._is_listening = True
            self.tls = None
            self.curl.setopt(pycurl.DEBUGFUNCTION, self._overhear)
            self.curl.setopt(pycurl.VERBOSE, 1)

    def end_listening(self) -> None:
        """Have libcurl say no more: each word is a call into Python."""
        if self._is_listening:
            self._is_listening = False
            others = self._others_trace()
            if others is None:
                self.curl.setopt(pycurl.VERBOSE, 0)
            else:
                self.curl.setopt(pycurl.DEBUGFUNCTION, others)

    def _others_trace(self) -> Callable[[int, bytes], object] | None:
        """Return what the transfer itself has libcurl tell everything."""
        options = () if self.transfer is None else self.transfer.options
        for option, value in options:
            if option == pycurl.DEBUGFUNCTION and callable(value):
                return value
        return None

    def _overhear(self, kind: int, text: bytes) -> None:
        others = self._others_trace()
        if others is not None:
            others(kind, text)
        if kind == pycurl.INFOTYPE_TEXT and text.startswith(_AGREED):
            words = text[len(_AGREED) :].decode("ascii", "replace").split(" / ")
            if len(words) >= 2:
                self.tls = words[0].strip(), words[1].strip()

    def observe(self, now: float) -> ProgressWatch | None:
        """Bring the transfer's time-outs up to `now`; None if it has none."""
        transfer = self.transfer
        if transfer is None or transfer.limits is None:
            return None
        limits, watch = transfer.limits, transfer.watch
        if watch is None:
            watch = transfer.watch = ProgressWatch(
                limits.idle_s,
                transfer.started_at + limits.resource_s,
                transfer.begun_at,
            )
        getinfo = self.curl.getinfo
        watch.observe(
            sum(getinfo(one) for one in _MOVED) + transfer.written_bytes,
            # Without a connection it waits for a slot; QUEUE_TIME_T does not tell,
            # libcurl sets it when it first asks for a connection.
            is_timed=not (
                transfer.is_held or transfer.is_undecided or transfer.is_starved
            )
            and getinfo(pycurl.CONN_ID) >= 0,
            is_suspended=transfer.is_suspended,
            now=now,
        )
        return watch

    def release(self) -> None:
        """Forget the transfer; what it set is unset."""
        if self.is_plain:
            self.measured = self.transfer
        self.transfer = None
        self.head.clear()
        self.body.clear()
        if self.opened:
            self.opened = []
        if self._is_listening:
            self.end_listening()
        if not self.is_plain:
            self.curl.reset()
            self._url = self._cookie = None
            self.is_plain = True
            self.is_gathering = False
            self._is_secure = False
            self._set_base()

    def retire(self) -> None:
        """Hold nothing of the pool any more."""
        if self.measured is not None:
            if getrefcount(self.measured) > _OWN_REFERENCES - 1:
                self.take_figures()
            self.measured = None
        if self._cookie is not None:
            self._set_cookie(None)
        self.open_socket = None

    def close(self) -> None:
        """Free the easy handle, and with it the references to its callbacks."""
        self.retire()
        self.transfer = None
        self.curl.close()

    def _set_cookie(self, value: bytes | None) -> None:
        self._cookie = value
        if value is None:
            self.curl.unsetopt(pycurl.COOKIE)
        else:
            self.curl.setopt(pycurl.COOKIE, value)

    def _set_base(self) -> None:
        setopt = self.curl.setopt
        for option, value in self._base:
            setopt(option, value)
        setopt(pycurl.HEADERFUNCTION, self.head.append)
        setopt(pycurl.WRITEFUNCTION, self.body.append)
        setopt(pycurl.OPENSOCKETFUNCTION, self._opened_socket)

    def _opened_socket(self, _purpose: int, address: Any) -> int:
        family, kind, protocol, name = address
        if self.open_socket is None:
            return int(pycurl.SOCKET_BAD)
        return self.open_socket(self, family, kind, protocol, name)
