"""One run of an easy handle, as the layers above see it.

`loading` subclasses `Transfer`; the pool fills in what libcurl reports. A
transfer may be started again after it finished (redirects do that), each run
being one transaction on one connection.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .stall import SAMPLES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..connections import CallSite, Connection
    from .handle import Handle
    from .stall import ProgressWatch

__all__ = ("TimeLimits", "Transfer")

Buffer = bytes | bytearray | memoryview


@dataclass(frozen=True, slots=True)
class TimeLimits:
    """Foundation's two time-outs, in seconds; infinity for no limit.

    Attributes:
        idle_s: Without progress (``timeoutIntervalForRequest``).
        resource_s: For the whole task (``timeoutIntervalForResource``).
        first_look_s: After how long to look for the first time.
    """

    idle_s: float
    resource_s: float
    first_look_s: float = field(init=False)

    def __post_init__(self) -> None:
        look_s = min(self.idle_s / SAMPLES, self.resource_s)
        object.__setattr__(self, "first_look_s", look_s)


class Transfer:
    """What to load, and what came of it.

    Defaults live on the class: most transfers differ from them in little, and one
    is made for each request.

    Attributes:
        url: What libcurl is asked for.
        host: The host name asked for, for the ledger.
        is_secure: Whether TLS is spoken to `host`.
        proxy: URL of the proxy that it goes through, for the ledger; None for none,
            or one of the environment's.
        traffic_class: The byte that packets of a connection that it opens carry; None
            for the session's.
        cookie: The value of the Cookie field; None for none.
        options: libcurl options beyond the pool's own, as (option, value) pairs.
        is_streaming: Whether `receive_head_line` and `receive_body` get the reply
            as it comes; otherwise head and body are collected.
        limits: The time-outs that apply; None for none.
        started_at: When the first run began, in monotonic seconds.
        begun_at: When the present run began.
        watch: The time-outs' state; None until they were looked at.
        call_site: The user's line that asked for the load, if it was noted.
        handle: The easy handle while the transfer runs; None otherwise.
        is_held: Whether the transfer is paused.
        is_suspended: Whether it is paused by `Pool.hold`: both timers stand still.
        is_starved: Whether our own side has no more of the body to send yet: the idle
            timer is off.
        is_parked: Whether a run waits, outside libcurl, for `Pool.resume`.
        takes_socket: Whether the transfer only connects, and takes the socket.
        taken_fd: The descriptor of the socket that it has taken, its own to close.
        is_undecided: Whether a decision on our side is pending: the idle timer is off.
        is_duplex: Whether the connection was switched to another protocol, which
            `write_to` writes while libcurl reads.
        written_bytes: Bytes that `write_to` has written.
        head: Raw head lines of the finished run, status lines included.
        body: The collected body of the finished run, decoded.
        status_code: HTTP status of the finished run; 0 if none came.
        numbers: libcurl's figures of the finished run, in `FIGURES` order.
        connection: The connection that the finished run used, if any.
        result_code: libcurl's result; 0 is success.
        message: libcurl's message for a failure.
        os_errno: `errno` of the failing system call; 0 if none is known.
        verify_result: OpenSSL's verification result; 0 if it passed.
    """

    url: str = ""
    host: str = ""
    is_secure: bool = False
    proxy: str | None = None
    traffic_class: int | None = None
    cookie: bytes | None = None
    options: Sequence[tuple[int, object]] = ()
    is_streaming: bool = False
    limits: TimeLimits | None = None
    started_at: float = -1.0
    begun_at: float = -1.0
    watch: ProgressWatch | None = None
    call_site: CallSite | None = None
    handle: Handle | None = None
    is_held: bool = False
    is_suspended: bool = False
    is_undecided: bool = False
    is_starved: bool = False
    is_duplex: bool = False
    written_bytes: int = 0
    is_parked: bool = False
    takes_socket: bool = False
    taken_fd: int = -1
    head: Sequence[bytes] = ()
    body: bytes = b""
    status_code: int = 0
    numbers: Sequence[int] = ()
    connection: Connection | None = None
    result_code: int = 0
    message: str = ""
    os_errno: int = 0
    verify_result: int = 0

    def did_finish(self) -> None:
        """The run has ended; its results are filled in. No lock is held."""
        raise NotImplementedError

    def did_time_out(self) -> None:
        """A time-out passed and the run was taken out. No lock is held."""
        raise NotImplementedError

    def did_end(self) -> None:
        """`Pool.end` has taken the run out. No lock is held."""
        raise NotImplementedError

    def write_to(self, send: Callable[[Buffer], int]) -> bool:
        """Write what there is to say; called inside, if `is_duplex`.

        Args:
            send: Takes as much as the kernel does and returns how much that was;
                raises BlockingIOError if nothing, `pycurl.error` if it cannot.

        Returns:
            False to be called again when the kernel takes more.
        """
        raise NotImplementedError

    def receive_head_line(self, line: bytes) -> int | None:
        """Take one raw head line; called inside libcurl, under the pool's lock."""
        raise NotImplementedError

    def receive_body(self, data: bytes) -> int | None:
        """Take a piece of the body; called inside libcurl, under the pool's lock.

        Returns:
            None when taken; `pycurl.WRITEFUNC_PAUSE` to be handed it again after
            `Pool.take_again`.
        """
        raise NotImplementedError

    def receive_pieces(self, pieces: Sequence[bytes]) -> bool:
        """Take pieces of the body, in order; called inside, after `Pool.gather`.

        Returns:
            False if there should be no more until `Pool.take_again`.
        """
        raise NotImplementedError
