"""Whose an object on a path is."""

from __future__ import annotations

import asyncio
import collections
import functools
import json
import threading
import weakref
from collections.abc import Iterator

import pytest

from urlsession.watch.code import CodeMap
from urlsession.watch.heap.ownership import (
    callable_of,
    frame_of,
    is_users,
    is_users_callable,
    module_of,
    name_of_callable,
)


class Mine:
    def work(self) -> None:
        """Stand for a callback."""


def mine() -> Iterator[int]:
    yield 1


USERS = {
    "function": mine,
    "bound method": Mine().work,
    "object": Mine(),
    "class": Mine,
    "generator": mine(),
    "partial": functools.partial(mine),
    "library's method of the user's object": functools.partial(Mine().work),
    "timer of the user's function": threading.Timer(60, mine),
}
LIBRARYS = {
    "function": json.dumps,
    "bound method": collections.Counter().update,
    "object": json.JSONEncoder(),
    "class": json.JSONEncoder,
    "builtin": [mine],
    "partial": functools.partial(json.dumps, mine),
    "timer of a library's function": threading.Timer(60, json.dumps),
}


@pytest.mark.parametrize("thing", USERS.values(), ids=USERS.keys())
def test_code_in_the_users_files_is_the_users(thing: object) -> None:
    """By where it lies, or by what will be called."""
    assert is_users(thing, CodeMap())


@pytest.mark.parametrize("thing", LIBRARYS.values(), ids=LIBRARYS.keys())
def test_code_elsewhere_is_a_librarys(thing: object) -> None:
    """Whatever else it has at hand."""
    assert not is_users(thing, CodeMap())


def test_nothing_is_no_callable_of_the_users() -> None:
    """A thread that was started has no target any more."""
    assert not is_users_callable(None, CodeMap())


def test_waiting_call_tells_what_it_will_call() -> None:
    """Those of asyncio, of executors, and finalizers."""

    async def timer() -> object:
        handle = asyncio.get_running_loop().call_later(60, mine)
        handle_calls = callable_of(handle)
        handle.cancel()
        return handle_calls

    thing = Mine()
    finalizer = weakref.finalize(thing, mine)
    info = finalizer._registry[finalizer]  # type: ignore[attr-defined]  # private
    called = callable_of(info)
    finalizer.detach()

    assert asyncio.run(timer()) is mine
    assert called is mine
    assert callable_of(functools.partial(mine)) is mine
    assert callable_of([mine]) is None


def test_suspended_code_has_a_frame() -> None:
    """A finished generator has none, nor has anything else."""
    steps = mine()
    frame = frame_of(steps)
    assert frame is not None
    list(steps)

    assert frame.f_code is mine.__code__
    assert frame_of(steps) is None
    assert frame_of(mine) is None


def test_module_and_name_are_those_of_the_code() -> None:
    """Not those of the types `function` or `generator`."""
    assert module_of(json.dumps) == "json"
    assert module_of(mine()) == __name__
    assert module_of(Mine().work) == __name__
    assert module_of(Mine) == module_of(Mine()) == __name__
    assert name_of_callable(Mine().work) == "Mine.work()"
    assert name_of_callable(functools.partial(mine)) == "mine()"
    assert name_of_callable(Mine()) == "Mine()"
