"""Turns: in order, whoever is ready first."""

from __future__ import annotations

import asyncio

from urlsession.cli.fetching.turn import Turns


def test_first_need_not_wait() -> None:
    """Nobody is before it."""
    asyncio.run(Turns().wait(0))


def test_turns_come_in_order_whoever_is_done_first() -> None:
    """The third is ready before the second."""
    order: list[int] = []

    async def take(turns: Turns, index: int) -> None:
        await turns.wait(index)
        order.append(index)
        turns.done(index)

    async def run() -> None:
        turns = Turns()
        tasks = [asyncio.ensure_future(take(turns, index)) for index in (2, 1, 3)]
        await asyncio.sleep(0)
        assert order == []
        turns.done(0)
        await asyncio.gather(*tasks)
        assert turns.next == 4

    asyncio.run(run())
    assert order == [1, 2, 3]


def test_gap_holds_up_those_behind_it() -> None:
    """And only those; to pass twice changes nothing."""
    turns = Turns()
    for index in (0, 0, 2, 3):
        turns.done(index)
    assert turns.next == 1

    turns.done(1)
    turns.done(1)
    assert turns.next == 4


def test_waiter_that_is_cancelled_is_forgotten() -> None:
    """Its turn may be passed by others."""

    async def run() -> None:
        turns = Turns()
        waiting = asyncio.ensure_future(turns.wait(1))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        turns.done(0)
        assert turns.next == 1

    asyncio.run(run())
