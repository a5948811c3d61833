"""The locals of running code."""

from __future__ import annotations

import sys
import weakref

from urlsession.watch.heap.frames import read_frame_locals


class Thing:
    pass


def test_reading_locals_keeps_nothing_alive() -> None:
    """Below 3.13 a snapshot would stay in the frame."""

    def call() -> bool:
        mine = Thing()
        ref = weakref.ref(mine)
        names = set(read_frame_locals(sys._getframe()))
        del mine
        return ref() is None and "mine" in names

    assert call()


def test_reading_locals_leaves_the_programs_own_snapshot() -> None:
    """A dict that `locals()` gave to the program stays whole."""

    def call() -> dict[str, object]:
        value = 1
        mine = locals()
        read_frame_locals(sys._getframe())
        assert value
        return mine

    assert call()["value"] == 1
