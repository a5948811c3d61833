"""Who waits for the system's keyring, and where.

Decides that no thread that drives loads ever does: what has to ask the keyring, or write
to it, does so on a thread of its own that ends when it is done. Knows no credentials.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

__all__ = ("KeyringThreads",)

_NAME = "urlsession-keyring"


class KeyringThreads:
    """The threads of one storage. Any thread may call any method."""

    def __init__(self) -> None:
        self._changed = threading.Condition(threading.RLock())
        self._waiting: list[Callable[[], None]] = []
        self._writers: list[int] = []

    @property
    def is_writing(self) -> bool:
        """Whether something is being written."""
        return bool(self._writers)

    def wait_until_written(self) -> None:
        """Wait until nothing is being written; not where it is written."""
        if not self._writers:
            return
        with self._changed:
            while self._writers and threading.get_ident() not in self._writers:
                self._changed.wait()

    def call_after(self, ask: Callable[[], None], then: Callable[[], None]) -> None:
        """Call `ask`, which takes its time, then `then`; who comes meanwhile shares it.

        A program that ends does not wait for that.
        """

        def run() -> None:
            ask()
            while waiting := self._take_waiting():
                for one in waiting:
                    _call(one)

        with self._changed:
            self._waiting.append(then)
            is_first = len(self._waiting) == 1
        if is_first:
            _start(run, is_daemon=True)

    def write(self, act: Callable[[], None]) -> None:
        """Call `act`, which takes its time; a program that ends waits for it."""
        is_begun = threading.Event()

        def run() -> None:
            me = threading.get_ident()
            self._writers.append(me)
            is_begun.set()
            try:
                act()
            finally:
                with self._changed:
                    self._writers.remove(me)
                    self._changed.notify_all()

        _start(run, is_daemon=False)
        is_begun.wait()  # who looks things up from now on waits for it

    def _take_waiting(self) -> list[Callable[[], None]]:
        with self._changed:
            waiting, self._waiting = self._waiting, []
        return waiting


def _call(then: Callable[[], None]) -> None:
    try:
        then()
    except Exception:  # of one; the others wait still
        import logging

        logging.getLogger("urlsession").exception("a load cannot go on")


def _start(act: Callable[[], None], *, is_daemon: bool) -> None:
    thread = threading.Thread(target=act, name=_NAME, daemon=is_daemon)
    try:
        thread.start()
    except RuntimeError:  # the interpreter shuts down: nobody is kept from anything
        act()
