"""When the threads of a program have done their work.

Decides what is waited for before the verdict: what the interpreter waits for before it
ends. Workers of pools end only when the interpreter tells them to, so they are waited
for until they are idle, and what they hold is still there for the look. What does not
work: to be there after the pools were told; their threads' locals are gone by then.
"""

from __future__ import annotations

import sys
import threading
from typing import Any

__all__ = ("is_of_a_pool", "wait_for_threads")

POLL_S = 0.005  # seconds between two looks at a pool's worker
_POOLS = ("concurrent.futures.thread", "concurrent.futures.process")


def wait_for_threads() -> None:
    """Wait for the program's threads, and for its pools' pending work."""
    while True:
        working = _working()
        if not working and threading.active_count() > 1:
            # A worker may have been between taking its work and doing it.
            threading.Event().wait(POLL_S)
            working = _working()
        if not working:
            return
        thread = working[0]
        thread.join(POLL_S if _is_worker(thread) else None)


def is_of_a_pool(registered: Any) -> bool:
    """Whether what was registered with `threading._register_atexit` ends pools.

    Args:
        registered: As `threading` keeps it: a partial, or a lambda from 3.13 on.
    """
    function = getattr(registered, "func", None)
    for cell in getattr(registered, "__closure__", None) or ():
        if callable(cell.cell_contents):
            function = cell.cell_contents
    return getattr(function, "__module__", None) in _POOLS


def _working() -> list[threading.Thread]:
    apart = {threading.current_thread(), threading.main_thread()}
    return [
        one
        for one in threading.enumerate()
        if one not in apart and not one.daemon and _is_working(one)
    ]


def _is_worker(thread: threading.Thread) -> bool:
    return thread in _known("thread", "_threads_queues") or _is_manager(thread)


def _is_manager(thread: threading.Thread) -> bool:
    return thread in _known("process", "_threads_wakeups")


def _is_working(thread: threading.Thread) -> bool:
    if _is_manager(thread):
        return bool(getattr(thread, "pending_work_items", None))
    queue = _known("thread", "_threads_queues").get(thread)
    if queue is None:
        return True
    # An idle worker waits for its queue, in C: its own loop is the innermost frame.
    frame = sys._current_frames().get(thread.ident or 0)
    return not queue.empty() or (
        frame is not None and frame.f_code.co_name != "_worker"
    )


def _known(kind: str, name: str) -> Any:
    return getattr(sys.modules.get(f"concurrent.futures.{kind}"), name, {})
