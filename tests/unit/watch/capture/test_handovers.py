"""Who handed a call to a thread that has no line of the user's."""

from __future__ import annotations

import asyncio
import concurrent.futures.thread
import functools
import gc
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import cast

import pytest

from urlsession.connections import CallSite
from urlsession.watch.capture.handovers import Handovers
from urlsession.watch.capture.imports import ImportWatcher
from urlsession.watch.capture.owners import OwnerBook
from urlsession.watch.capture.patches import Patches
from urlsession.watch.capture.stack import StackReader
from urlsession.watch.code import CodeMap

LIBRARY = """
def load(tell):
    return tell(sys._getframe())
"""


@pytest.fixture
def reader() -> Iterator[StackReader]:
    """Return a reader that is told of what was handed over."""
    one, patches = StackReader(CodeMap(), OwnerBook()), Patches()
    Handovers(one, pytest.fail).start(patches, ImportWatcher(pytest.fail))
    yield one
    patches.undo()


@pytest.fixture
def load(reader: StackReader) -> Callable[[], CallSite | None]:
    """Return a library's function that returns the user's line."""
    namespace = {"sys": sys, "__name__": "some_library"}
    file = "/opt/python/site-packages/some_library.py"
    exec(compile(LIBRARY, file, "exec"), namespace)
    function = cast(Callable[..., CallSite | None], namespace["load"])
    return functools.partial(function, reader.wanted_by)


def line_here() -> int:
    """Return the line that calls this."""
    return sys._getframe(1).f_lineno


def test_submitted_call_is_its_submitters(load: Callable[[], CallSite | None]) -> None:
    """Not that of the call which started the worker."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(int).result(5)
        done, line = pool.submit(load), line_here()
        site = done.result(5)

    assert site is not None
    assert (site.file, site.line) == (__file__, line)


def test_thread_is_its_starters(load: Callable[[], CallSite | None]) -> None:
    """Whatever it runs."""
    found: list[CallSite | None] = []
    # A call of C code that keeps what it returns: no frame of this file is below.
    thread = threading.Thread(target=map(found.append, iter(load, found)).__next__)
    thread.start()
    thread.join(5)

    assert found[0] is not None
    assert found[0].function.startswith("test_thread_is_its_starters")


def test_call_of_a_task_is_the_one_that_awaits_it(
    load: Callable[[], CallSite | None],
) -> None:
    """Where the task has no line of the user's either."""

    async def main() -> CallSite | None:
        (site,) = await asyncio.gather(asyncio.to_thread(load))
        return site

    site = asyncio.run(main())

    assert site is not None
    assert site.function.endswith("main")


def test_thread_of_a_thread_is_the_users_that_began_it(
    load: Callable[[], CallSite | None],
) -> None:
    """A library's worker that submits to another pool."""
    with ThreadPoolExecutor(1) as outer, ThreadPoolExecutor(1) as inner:
        done, line = outer.submit(inner.submit, load), line_here()
        site = done.result(5).result(5)

    assert site is not None
    assert site.line == line


def test_nothing_is_kept_of_what_is_done(reader: StackReader) -> None:
    """Nor of threads that have ended."""
    known = reader.beyond.__self__._lines  # type: ignore[attr-defined]  # its bound method
    with ThreadPoolExecutor(1) as pool:
        pool.submit(int).result(5)
    del pool
    gc.collect()

    assert known == {}


def test_patches_are_undone() -> None:
    """The classes are as they were."""
    item = concurrent.futures.thread._WorkItem
    before = threading.Thread.start, item.__init__
    reader, patches = StackReader(CodeMap(), OwnerBook()), Patches()
    Handovers(reader, pytest.fail).start(patches, ImportWatcher(pytest.fail))
    during = threading.Thread.start, item.__init__
    patches.undo()

    assert during != before
    assert (threading.Thread.start, item.__init__) == before
