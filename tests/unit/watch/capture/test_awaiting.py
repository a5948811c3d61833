"""Who awaits a task, in each of the usual ways."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Awaitable, Callable, Coroutine

import pytest

from urlsession.watch.capture.awaiting import awaiting_stacks

Names = list[str]
Work = Callable[[Names], Coroutine[object, object, None]]


async def look(found: Names) -> None:
    """Note the functions whose frames await the task that runs."""
    await asyncio.sleep(0)
    for stack in awaiting_stacks():
        found += [one.__name__ for one in reversed(stack)]


async def by_gather(work: Work, found: Names) -> None:
    await asyncio.gather(work(found), asyncio.sleep(0))


async def by_wait_for(work: Work, found: Names) -> None:
    await asyncio.wait_for(asyncio.ensure_future(work(found)), 5)


async def by_task(work: Work, found: Names) -> None:
    await asyncio.create_task(work(found))


async def by_wait(work: Work, found: Names) -> None:
    await asyncio.wait([asyncio.create_task(work(found))])


async def by_group(work: Work, found: Names) -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(work(found))


async def by_anyio_group(work: Work, found: Names) -> None:
    import anyio

    async with anyio.create_task_group() as group:
        group.start_soon(work, found)


@pytest.mark.parametrize(
    "wait",
    [
        by_gather,
        by_wait_for,
        by_task,
        by_wait,
        by_group,
        pytest.param(by_anyio_group, marks=pytest.mark.needs(modules=("anyio",))),
    ],
)
def test_frames_lead_to_the_function_that_awaits(
    wait: Callable[[Work, Names], Awaitable[None]],
) -> None:
    """Through done callbacks, a group's parent, a time limit's future."""
    found: Names = []

    async def outermost() -> None:
        await wait(look, found)

    asyncio.run(outermost())

    assert found.index(wait.__name__) < found.index("outermost")


def test_frames_lead_through_tasks_that_await_each_other() -> None:
    """A task of a task."""
    found: Names = []
    asyncio.run(by_gather(functools.partial(by_task, look), found))

    assert {"by_task", "by_gather"} <= set(found)


def test_no_frame_awaits_a_task_that_nobody_waits_for() -> None:
    """Nor where no loop runs."""
    found: Names = []

    async def main() -> None:
        task = asyncio.create_task(look(found))
        while not task.done():
            await asyncio.sleep(0)

    asyncio.run(main())

    assert found == []
    assert list(awaiting_stacks()) == []
