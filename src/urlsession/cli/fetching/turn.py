"""Who is next: work that is done in any order, and told of in one.

Pure but for the futures of those who wait.
"""

from __future__ import annotations

import asyncio

__all__ = ("Turns",)


class Turns:
    """Counts upwards through those who have passed, without a gap. One loop only.

    Attributes:
        next: The first who has not passed.
    """

    def __init__(self) -> None:
        self.next = 0
        self._passed: set[int] = set()
        self._waiting: dict[int, asyncio.Future[None]] = {}

    async def wait(self, index: int) -> None:
        """Wait until everybody before `index` has passed."""
        if index > self.next:
            future = asyncio.get_running_loop().create_future()
            self._waiting[index] = future
            try:
                await future
            finally:
                self._waiting.pop(index, None)

    def done(self, index: int) -> None:
        """Let `index` pass. Harmless when repeated."""
        if index < self.next:
            return
        self._passed.add(index)
        while self.next in self._passed:
            self._passed.remove(self.next)
            self.next += 1
        for waiting, future in self._waiting.items():
            if waiting <= self.next and not future.done():
                future.set_result(None)
