"""Whose line led here, and that nothing is kept alive by knowing it."""

from __future__ import annotations

import asyncio
import gc
import os
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from urlsession.connections import CallSite, callsite, capture_call_site


def outer(depth: int) -> CallSite | None:
    """Ask from one frame further in."""
    return capture_call_site(depth)


@pytest.mark.parametrize(
    ("depth", "function"),
    [(1, "outer"), (2, "test_search_begins_at_the_frame_that_was_asked_for")],
)
def test_search_begins_at_the_frame_that_was_asked_for(
    depth: int, function: str
) -> None:
    """One is the caller itself."""
    site = outer(depth)

    assert site is not None
    assert (site.file, site.function) == (__file__, function)


def test_site_names_line_and_qualified_function() -> None:
    """As a traceback would."""

    class Program:
        def main(self) -> CallSite | None:
            return capture_call_site()

    site = Program().main()

    assert site is not None
    assert site.line == Program.main.__code__.co_firstlineno + 1
    assert str(site) == f"{__file__}:{site.line} in {Program.main.__qualname__}"


def test_asyncio_is_nobodys_program() -> None:
    """A coroutine that a task runs was made by no line further out."""

    async def program() -> CallSite | None:
        return capture_call_site(1)

    async def above() -> CallSite | None:
        return capture_call_site(2)

    async def story() -> list[CallSite | None]:
        return [await asyncio.create_task(make()) for make in (program, above)]

    own, beyond = asyncio.run(story())

    assert own is not None
    assert own.function.endswith("program")
    assert beyond is not None  # past the loop's own frames, the one that runs it
    assert beyond.function == "test_asyncio_is_nobodys_program"


def test_context_manager_of_the_library_is_skipped() -> None:
    """Who enters the block is asked for, not who implements `with`."""
    found: list[CallSite | None] = []

    @contextmanager
    def block() -> Iterator[None]:
        found.append(capture_call_site(2))
        yield

    with block():
        pass

    assert found[0] is not None
    assert found[0].function == "test_context_manager_of_the_library_is_skipped"


def test_thread_without_a_frame_of_the_user_has_no_site() -> None:
    """Not even the one that started it: that frame is on another thread."""
    found: list[CallSite | None] = []

    thread = threading.Thread(target=lambda: found.append(capture_call_site(2)))
    thread.start()
    thread.join(5)

    assert found == [None]


@pytest.mark.parametrize(
    ("path", "is_internal"),
    [
        ("session.py", True),
        ("tasks/task.py", True),
        ("cli/watch.py", True),
        ("cli/fetch.py", False),
        ("cli/fetching/loader.py", False),
        ("../urlsession_plugin/session.py", False),
    ],
)
def test_package_is_internal_but_for_its_programs(path: str, is_internal: bool) -> None:
    """`urlsession fetch` is a user of this package like any other."""
    file = os.path.normpath(callsite._PACKAGE_DIR + path)
    code = compile("", file, "exec")

    assert callsite._look_at(code.co_filename) is is_internal


def test_site_keeps_no_frame_alive() -> None:
    """What the user's function held is freed when it returns."""

    class Held:
        pass

    def program() -> tuple[CallSite | None, weakref.ref[Held]]:
        held = Held()
        return capture_call_site(), weakref.ref(held)

    gc.disable()
    try:
        site, ref = program()

        assert site is not None
        assert ref() is None
    finally:
        gc.enable()
