"""One descriptor for many bodies, in order."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from urlsession.cli.fetching import stdout
from urlsession.cli.fetching.stdout import (
    OrderedOutput,
    OutputClosedError,
    StandardOutputError,
)


@contextmanager
def output_to(path: Path) -> Iterator[OrderedOutput]:
    """Write to a file meanwhile."""
    fd = os.open(path, os.O_WRONLY | os.O_CREAT)
    output = OrderedOutput(fd)
    try:
        yield output
    finally:
        output.close()
        os.close(fd)


def test_bodies_come_in_order_whoever_writes_first(tmp_path: Path) -> None:
    """The second waits; its pieces are not lost."""

    async def run(output: OrderedOutput) -> None:
        first, second = output.sink(0), output.sink(1)
        await second.write(b"2a ")
        await first.write(b"1a ")
        await second.write(b"2b ")
        assert (tmp_path / "out").read_bytes() == b"1a "
        ending = asyncio.ensure_future(second.finish())
        await asyncio.sleep(0)
        await first.write(b"1b ")
        await first.finish()
        await ending

    with output_to(tmp_path / "out") as output:
        asyncio.run(run(output))
    assert (tmp_path / "out").read_bytes() == b"1a 1b 2a 2b "


def test_next_body_is_shown_as_soon_as_it_is_its_turn(tmp_path: Path) -> None:
    """Not when its next piece comes, which may be never."""

    async def run(output: OrderedOutput) -> None:
        first, second = output.sink(0), output.sink(1)
        await second.write(b"here")
        await first.finish()
        assert (tmp_path / "out").read_bytes() == b"here"
        await second.finish()

    with output_to(tmp_path / "out") as output:
        asyncio.run(run(output))


def test_what_waits_is_kept_on_disk_above_a_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And comes back whole."""
    monkeypatch.setattr(stdout, "SPOOL_BYTES", 10)
    monkeypatch.setattr(stdout, "COPY_BYTES", 7)

    async def run(output: OrderedOutput) -> None:
        first, second = output.sink(0), output.sink(1)
        for _ in range(10):
            await second.write(b"0123456789")
        await first.finish()
        await second.finish()

    with output_to(tmp_path / "out") as output:
        asyncio.run(run(output))
    assert (tmp_path / "out").read_bytes() == b"0123456789" * 10


def test_failed_load_lets_the_next_one_pass(tmp_path: Path) -> None:
    """With what came before it failed."""

    async def run(output: OrderedOutput) -> None:
        first, second = output.sink(0), output.sink(1)
        await first.write(b"half")
        await first.abandon()
        await second.write(b"whole")
        await second.finish()

    with output_to(tmp_path / "out") as output:
        asyncio.run(run(output))
    assert (tmp_path / "out").read_bytes() == b"halfwhole"


def test_closed_pipe_is_told_apart() -> None:
    """It is no failure that anybody wants to read of."""
    reader, writer = os.pipe()
    os.close(reader)
    output = OrderedOutput(writer)

    async def run() -> None:
        with pytest.raises(OutputClosedError):
            await output.sink(0).write(b"x")

    try:
        asyncio.run(run())
    finally:
        output.close()
        os.close(writer)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_full_device_is_an_error() -> None:
    """With the system's words."""
    fd = os.open("/dev/full", os.O_WRONLY)
    output = OrderedOutput(fd)

    async def run() -> None:
        with pytest.raises(StandardOutputError, match="No space left"):
            await output.sink(0).write(b"x")

    try:
        asyncio.run(run())
    finally:
        output.close()
        os.close(fd)


def test_full_pipe_does_not_hold_up_the_loop() -> None:
    """A thread waits for the reader; whoever gave it the bytes may leave."""
    reader, writer = os.pipe()
    output = OrderedOutput(writer)

    async def run() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await output.sink(0).write(b"x" * 1_000_000)

    asyncio.run(run())
    output.close()
    os.close(reader)
    os.close(writer)
