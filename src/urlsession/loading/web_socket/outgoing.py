"""What a WebSocket still has to write, frame by frame.

Decides the order on the wire: frames as they were queued, a pong before what was
queued, and nothing after a close frame. Knows neither sockets nor tasks; whoever
uses it holds a lock.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Protocol

__all__ = ("Outgoing", "Sending")

PONG_LIMIT = 64  # pongs that wait; of a flood of pings the latest are answered
Buffer = bytes | bytearray | memoryview


class Sending(Protocol):
    """Who wants to know what became of a frame."""

    def was_written(self) -> None:
        """The kernel has all of it. Inside."""

    def was_dropped(self) -> None:
        """It never will have: the WebSocket closes or has ended. Inside or after."""


class Outgoing:
    """The frames that wait.

    Attributes:
        written_bytes: Bytes written so far.
        is_ending: Whether a close frame was queued: no other frame is taken.
        has_ended: Whether it was written.
    """

    __slots__ = (
        "_began",
        "_frames",
        "_pongs",
        "has_ended",
        "is_ending",
        "written_bytes",
    )

    def __init__(self) -> None:
        self._frames: deque[tuple[Buffer, Sending | None]] = deque()
        self._pongs: deque[bytes] = deque(maxlen=PONG_LIMIT)
        self._began = False  # the first frame is partly written
        self.written_bytes = 0
        self.is_ending = False
        self.has_ended = False

    def __bool__(self) -> bool:
        return bool(self._frames or self._pongs)

    def put(self, frame: bytes, sending: Sending | None) -> bool:
        """Queue a frame; False if a close frame is queued already."""
        if self.is_ending:
            return False
        self._frames.append((frame, sending))
        return True

    def put_pong(self, frame: bytes) -> None:
        """Queue a pong, before all frames that have not begun."""
        if not self.is_ending:
            self._pongs.append(frame)

    def put_close(self, frame: bytes) -> None:
        """Queue the last frame; nothing happens if it is queued already."""
        if not self.is_ending:
            self._frames.append((frame, None))
            self.is_ending = True

    def drop_waiting(self) -> None:
        """Give up what has not begun, and tell who waits for it.

        A frame that has begun has to be finished: its rest stays.
        """
        begun = self._frames.popleft() if self._began else None
        self.drop_all()
        if begun is not None:
            self._frames.append(begun)
            self._began = True

    def drop_all(self) -> None:
        """Give up everything, and tell who waits for it."""
        dropped = [one for _, one in self._frames if one is not None]
        self._frames.clear()
        self._pongs.clear()
        self._began = False
        for one in dropped:
            one.was_dropped()

    def write(self, send: Callable[[Buffer], int]) -> bool:
        """Write until nothing is left, or `send` raises BlockingIOError.

        Returns:
            Whether nothing is left.
        """
        frames, pongs = self._frames, self._pongs
        while frames or pongs:
            if pongs and not self._began:
                frames.appendleft((pongs.popleft(), None))
            frame, sending = frames[0]
            size = len(frame)
            try:
                # Whole again after BlockingIOError: TLS insists on the same bytes.
                count = send(frame)
            except BlockingIOError:
                return False
            self.written_bytes += count
            if count < size:
                frames[0] = (memoryview(frame)[count:], sending)
                self._began = True
                continue
            frames.popleft()
            self._began = False
            if sending is not None:
                sending.was_written()
        self.has_ended = self.is_ending
        return True
