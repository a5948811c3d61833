"""When a host could not be reached because this machine has no way there.

Decides which failures are of that sort, and when it is worth to try again: when the
kernel tells of a link, an address or a route (rtnetlink, Linux), and after a while in
any case. One thread waits for all loads of the process; it ends with the last.

What counts is that there was no way: no route, no interface, or no name looked up
while there is no default route. A host that refuses a connection is there, and so is
one that does not answer; Apple's documentation speaks of connectivity that is not
available, not of servers that are down.

Source: Foundation's ``waitsForConnectivity``; rtnetlink(7).
"""

from __future__ import annotations

import _socket  # `socket` takes 2 ms more to load
import errno
import math
import os
import select
import threading
import time
from collections.abc import Callable

__all__ = (
    "Lookout",
    "has_default_route",
    "is_about_connectivity",
    "lookout",
    "retry_delay_s",
)

_NO_WAY = (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EADDRNOTAVAIL)
_COULDNT_RESOLVE = (5, 6)  # libcurl's for a proxy's name, and a host's
_COULDNT_CONNECT = 7
_SEND_ERROR = 55  # QUIC notices when it sends
FIRST_DELAY_S = 1.0
LONGEST_DELAY_S = 60.0
SETTLING_S = 0.05  # an address comes after its link, and a route after its address
_GROUPS = 0x1 | 0x10 | 0x40 | 0x100 | 0x400  # links, addresses and routes, IPv4 and 6


def is_about_connectivity(
    curl_code: int, os_errno: int, has_route: Callable[[], bool]
) -> bool:
    """Whether a load failed because there is no way to its host now.

    Args:
        curl_code: libcurl's result.
        os_errno: The system's errno for it; 0 if none is known.
        has_route: Asked whether there is a default route, if a name was not found.
    """
    if curl_code in (_COULDNT_CONNECT, _SEND_ERROR):
        return os_errno in _NO_WAY
    return curl_code in _COULDNT_RESOLVE and not has_route()


def retry_delay_s(attempts: int) -> float:
    """Return the seconds to wait for news before the next attempt, the first being 1."""
    return float(min(FIRST_DELAY_S * 2 ** min(attempts - 1, 10), LONGEST_DELAY_S))


def has_default_route() -> bool:
    """Whether the kernel has one, of either family; True if it cannot be asked."""
    try:
        with open("/proc/net/route", encoding="ascii") as table:
            if any(_is_default(line.split(), 1, 7) for line in list(table)[1:]):
                return True
        with open("/proc/net/ipv6_route", encoding="ascii") as table:
            return any(_is_default6(line.split()) for line in table)
    except FileNotFoundError:  # no IPv6, or no Linux
        return not os.path.exists("/proc/net/route")
    except OSError:
        return True


def _is_default(fields: list[str], destination: int, mask: int) -> bool:
    return (
        len(fields) > mask
        and not int(fields[destination], 16)
        and not int(fields[mask], 16)
    )


def _is_default6(fields: list[str]) -> bool:
    rejects = 0x200  # RTF_REJECT: the kernel's own last word, on the loopback device
    return (
        len(fields) >= 10
        and fields[1] == "00"
        and not int(fields[0], 16)
        and fields[9] != "lo"
        and not int(fields[8], 16) & rejects
    )


class Lookout:
    """Calls those who wait when the network has changed, or their time has come."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[Callable[[], None], float] = {}
        self._thread: threading.Thread | None = None
        self._wake_fd = -1

    def enter(self, act: Callable[[], None], at: float) -> None:
        """Call `act` once, from a thread: at monotonic time `at` at the latest."""
        with self._lock:
            self._waiting[act] = at
            if self._thread is None:
                self._wake_fd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
                self._thread = threading.Thread(
                    target=self._run, name="urlsession-connectivity", daemon=True
                )
                self._thread.start()
            else:
                os.eventfd_write(self._wake_fd, 1)

    def leave(self, act: Callable[[], None]) -> None:
        """Do not call `act` any more."""
        with self._lock:
            if self._waiting.pop(act, None) is not None and self._wake_fd >= 0:
                os.eventfd_write(self._wake_fd, 1)

    def forget_after_fork(self) -> None:
        """In a forked child: there is no thread, and nobody waits."""
        self._lock = threading.Lock()
        self._waiting, self._thread = {}, None
        if self._wake_fd >= 0:
            os.close(self._wake_fd)
            self._wake_fd = -1

    def _run(self) -> None:
        news = _open_news()
        poll = select.poll()
        poll.register(self._wake_fd, select.POLLIN)
        if news is not None:
            poll.register(news.fileno(), select.POLLIN)
        try:
            while (wait_s := self._next_wait_s()) is not None:
                ready = {fd for fd, _ in poll.poll(math.ceil(wait_s * 1000))}
                has_changed = news is not None and news.fileno() in ready
                if self._wake_fd in ready:
                    os.eventfd_read(self._wake_fd)
                if has_changed and news is not None:
                    _settle(news)
                for act in self._due(everybody=has_changed):
                    act()
        finally:
            if news is not None:
                news.close()

    def _next_wait_s(self) -> float | None:
        """Return how long to sleep; None, for good, if nobody waits."""
        with self._lock:
            if not self._waiting:
                os.close(self._wake_fd)
                self._wake_fd, self._thread = -1, None
                return None
            first = min(self._waiting.values())
        return min(LONGEST_DELAY_S, max(0.0, first - time.monotonic()))

    def _due(self, *, everybody: bool) -> list[Callable[[], None]]:
        now = time.monotonic()
        with self._lock:
            due = [act for act, at in self._waiting.items() if everybody or at <= now]
            for act in due:
                del self._waiting[act]
        return due


def _open_news() -> _socket.socket | None:
    """Return a socket that tells of links, addresses and routes; None without Linux."""
    try:
        news = _socket.socket(
            _socket.AF_NETLINK,
            _socket.SOCK_RAW | _socket.SOCK_NONBLOCK | _socket.SOCK_CLOEXEC,
        )
    except (AttributeError, OSError):
        return None
    try:
        news.bind((0, _GROUPS))
    except OSError:
        news.close()
        return None
    return news


def _settle(news: _socket.socket) -> None:
    """Read what came, until nothing more comes for a moment."""
    poll = select.poll()
    poll.register(news.fileno(), select.POLLIN)
    end = time.monotonic() + 10 * SETTLING_S
    while poll.poll(SETTLING_S * 1000) and time.monotonic() < end:
        try:
            while news.recv(65536):
                pass
        except OSError:  # read to its end, or more came than fits: news all the same
            continue


_lookout: Lookout | None = None


def lookout() -> Lookout:
    """Return the process's own."""
    global _lookout
    if _lookout is None:
        _lookout = Lookout()
        os.register_at_fork(after_in_child=_lookout.forget_after_fork)
    return _lookout
