"""Waiting for something that another thread, or a callback, brings about.

A list of waiters serves both doors: asyncio code waits with a future, blocking
code with a lock. The owner of a list guards it with its own lock, takes it away
when the thing has come about, and wakes everybody in it.
"""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    import asyncio

__all__ = ("Waiter", "new_future", "new_lock", "wake")

# A string, so that asyncio is loaded by programs that use it only.
Waiter: TypeAlias = "asyncio.Future[None] | threading.Lock"


def new_future() -> asyncio.Future[None]:
    """Return a future of the running loop that `wake` will resolve."""
    # Whoever awaits has loaded asyncio; looked up, because importing it here would
    # cost every blocking program 20 ms.
    asyncio_module: Any = sys.modules["asyncio"]
    future: asyncio.Future[None] = asyncio_module.Future(
        loop=asyncio_module.get_running_loop()
    )
    return future


def new_lock() -> threading.Lock:
    """Return a held lock that `wake` will release."""
    lock = threading.Lock()
    lock.acquire()
    return lock


def wake(waiters: list[Waiter]) -> None:
    """Wake everybody; any thread. Waits for nothing and runs no user code."""
    for waiter in waiters:
        if isinstance(waiter, _LOCK):
            waiter.release()
            continue
        loop = waiter.get_loop()
        asyncio_module: Any = sys.modules["asyncio"]
        if loop is asyncio_module._get_running_loop():
            if not waiter.done():
                waiter.set_result(None)
            continue
        try:
            loop.call_soon_threadsafe(_resolve, waiter)
        except RuntimeError:  # its loop is closed: nobody waits there any more
            continue


_LOCK = type(threading.Lock())


def _resolve(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
