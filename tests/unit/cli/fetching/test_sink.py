"""Sinks that end in files."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from urlsession import HTTPURLResponse
from urlsession.cli.fetching.sink import (
    FileSink,
    FolderNames,
    FolderSink,
    OutputError,
    write_all,
)

RESPONSE = HTTPURLResponse("http://host/a.txt", 200)


def names_in(folder: Path) -> set[str]:
    """Return the names of a folder's files."""
    return {path.name for path in folder.iterdir()}


def test_file_gets_its_name_when_it_is_whole(tmp_path: Path) -> None:
    """Until then it has another, which nobody looks for."""

    async def run() -> str | None:
        sink = FileSink(tmp_path / "a")
        await sink.begin(RESPONSE)
        await sink.write(b"whole")
        (part,) = names_in(tmp_path)
        assert part.startswith(".a.")
        return await sink.finish()

    assert asyncio.run(run()) == str(tmp_path / "a")
    assert names_in(tmp_path) == {"a"}
    assert (tmp_path / "a").read_bytes() == b"whole"


@pytest.mark.parametrize("way", ["abandon", "discard"])
def test_nothing_is_left_of_a_file_that_is_not_whole(tmp_path: Path, way: str) -> None:
    """Whether it failed or was stopped; twice does no harm."""

    async def run() -> None:
        sink = FileSink(tmp_path / "a")
        await sink.begin(RESPONSE)
        await sink.write(b"half")
        if way == "abandon":
            await sink.abandon()
        sink.discard()
        sink.discard()

    asyncio.run(run())
    assert names_in(tmp_path) == set()


def test_file_that_cannot_be_replaced_is_an_output_error(tmp_path: Path) -> None:
    """And nothing is left beside it."""

    async def run() -> None:
        sink = FileSink(tmp_path / "a")
        await sink.begin(RESPONSE)
        (tmp_path / "a").mkdir()
        with pytest.raises(OutputError, match="cannot write"):
            await sink.finish()

    asyncio.run(run())
    assert names_in(tmp_path) == {"a"}


def test_longest_name_still_has_room_for_a_temporary_one(tmp_path: Path) -> None:
    """255 bytes are what a file system takes."""
    name = "é" * 127

    async def run() -> None:
        sink = FileSink(tmp_path / name)
        await sink.begin(RESPONSE)
        await sink.finish()

    asyncio.run(run())
    assert names_in(tmp_path) == {name}


def test_names_of_a_folder_are_given_in_the_order_of_the_urls() -> None:
    """The first has the name, whoever asks first; one that failed has none."""

    async def run() -> list[str]:
        names = FolderNames()
        asking = []
        for index, name in ((3, "a.tar.gz"), (2, None), (1, "a.tar.gz"), (0, "b")):
            names.suggest(index, name)
            if name is not None:
                asking.append(asyncio.ensure_future(names.name(index)))
            await asyncio.sleep(0)
        return await asyncio.gather(*asking)

    assert asyncio.run(run()) == ["a.tar-2.gz", "a.tar.gz", "b"]


def test_file_that_was_there_before_is_kept(tmp_path: Path) -> None:
    """The name is a stranger's choice."""
    (tmp_path / "a.txt").write_text("mine")

    async def run() -> str | None:
        sink = FolderSink(tmp_path, FolderNames(), 0)
        await sink.begin(RESPONSE)
        await sink.write(b"theirs")
        return await sink.finish()

    assert asyncio.run(run()) == str(tmp_path / "a-2.txt")
    assert (tmp_path / "a.txt").read_text() == "mine"
    assert names_in(tmp_path) == {"a.txt", "a-2.txt"}


def test_file_system_without_links_gets_a_rename(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """FAT, and some network mounts."""

    def link(_source: Path, _target: Path) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", link)

    async def run() -> str | None:
        sink = FolderSink(tmp_path, FolderNames(), 0)
        await sink.begin(RESPONSE)
        return await sink.finish()

    assert asyncio.run(run()) == str(tmp_path / "a.txt")
    assert names_in(tmp_path) == {"a.txt"}


def test_write_all_goes_on_after_a_short_write() -> None:
    """As a pipe's are."""
    reader, writer = os.pipe()
    try:
        write_all(writer, b"abc")
        assert os.read(reader, 10) == b"abc"
    finally:
        os.close(reader)
        os.close(writer)
