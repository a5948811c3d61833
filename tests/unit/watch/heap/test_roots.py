"""Where heap paths begin."""

from __future__ import annotations

import asyncio
import sys
import threading

import pytest

from urlsession.watch.code import CodeMap
from urlsession.watch.heap.roots import Root, RootKind, Roots


class Thing:
    pass


THING = Thing()


def roots() -> Roots:
    """Return the roots of now."""
    return Roots(CodeMap())


def test_namespace_of_a_module_is_a_global_root() -> None:
    """Of the user's or of a library's."""
    own = roots().of_holder(globals())
    others = roots().of_holder(vars(asyncio))

    assert own == Root(RootKind.GLOBAL, __name__)
    assert others == Root(RootKind.LIBRARY, "asyncio")


def test_class_that_a_module_leads_to_is_a_root() -> None:
    """One that was made in a function is not."""

    class Local:
        pass

    found = roots().of_holder(Thing)

    assert found == Root(RootKind.CLASS, f"{__name__}.Thing")
    assert roots().of_holder(Local) is None


def test_local_of_a_running_frame_is_a_root() -> None:
    """Named with its function and line."""
    mine = Thing()
    found = roots().of_value(mine)

    assert found is not None
    assert found.kind is RootKind.LOCAL
    assert found.label.startswith("local 'mine' of test_local_of_a_running")


def test_local_of_another_thread_names_the_thread() -> None:
    """Its frame runs too."""
    ready, go_on = threading.Event(), threading.Event()
    seen: list[int] = []

    def work() -> None:
        theirs = Thing()
        seen.append(id(theirs))
        ready.set()
        go_on.wait(5)

    thread = threading.Thread(target=work, name="worker")
    thread.start()
    ready.wait(5)
    found = roots()._values[seen[0]]
    kind = roots().of_holder(thread)
    go_on.set()
    thread.join()

    assert found.label.endswith("in thread 'worker'")
    assert kind == Root(RootKind.THREAD, "thread 'worker'")


def test_pending_task_of_the_user_is_a_root() -> None:
    """A finished one is not."""

    async def wait(until: asyncio.Event) -> None:
        await until.wait()

    async def main() -> tuple[Root | None, Root | None, Root | None]:
        until = asyncio.Event()
        task = asyncio.create_task(wait(until), name="mine")
        await asyncio.sleep(0)
        pending = roots().of_holder(task)
        loop = roots().of_holder(asyncio.get_running_loop())
        until.set()
        await task
        return pending, roots().of_holder(task), loop

    pending, finished, loop = asyncio.run(main())

    assert pending == Root(RootKind.TASK, "asyncio task 'mine'")
    assert finished is None
    assert loop is not None
    assert loop.kind is RootKind.LOOP


def test_uncaught_exception_is_a_root(monkeypatch: pytest.MonkeyPatch) -> None:
    """It keeps the frames of the failed call."""
    monkeypatch.setattr(sys, "last_exc", ValueError("no"), raising=False)
    found = roots().of_value(sys.last_exc)  # type: ignore[attr-defined]  # since 3.12

    assert found == Root(RootKind.EXCEPTION, "the uncaught ValueError")


def test_ranks_put_the_easiest_first() -> None:
    """A name of the user's before anything of a library's."""
    users = [kind.rank for kind in RootKind if kind.is_users]
    others = [kind.rank for kind in RootKind if not kind.is_users]

    assert max(users) < min(others)
