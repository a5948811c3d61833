"""What the stack says."""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import threading
from collections.abc import Callable
from types import ModuleType

import pytest

from urlsession.watch.adapter import LibraryAdapter
from urlsession.watch.capture.owners import OwnerBook
from urlsession.watch.capture.stack import (
    StackReader,
    current_task_name,
    current_thread_name,
)
from urlsession.watch.code import CodeMap

LIBRARY = """
class Session:
    def get(self, tell):
        return Pool().open(tell)

    def close(self):
        pass

class Pool:
    def open(self, tell):
        return tell()

class SDK:
    def __init__(self, tell):
        self.session = self.make(tell)

    def make(self, tell):
        return tell()

    def close(self):
        pass
"""


@pytest.fixture
def library() -> ModuleType:
    """Return a module whose code lies where packages are installed."""
    module = ModuleType("some_library")
    file = "/opt/python/site-packages/some_library/__init__.py"
    exec(compile(LIBRARY, file, "exec"), module.__dict__)
    return module


@pytest.fixture
def owners() -> OwnerBook:
    return OwnerBook()


@pytest.fixture
def reader(owners: OwnerBook) -> StackReader:
    return StackReader(CodeMap(), owners)


def test_site_is_the_users_innermost_line(
    reader: StackReader, library: ModuleType
) -> None:
    """Library frames are passed over."""

    def tell() -> object:
        frame = sys._getframe(1)
        return reader.site(frame)

    site = library.Session().get(tell)

    assert site.file == __file__
    assert site.function.endswith("innermost_line")


def test_owner_is_the_outermost_owner_between_line_and_event(
    reader: StackReader, owners: OwnerBook, library: ModuleType
) -> None:
    """The session, not its pool; twice, since codes are learnt."""
    owners.add_type(library.Session, LibraryAdapter())
    owners.add_type(library.Pool, LibraryAdapter())
    session = library.Session()
    record = owners.add(session, adapter=None, made_at=None, made_at_s=None)
    found = [session.get(lambda: reader.read(sys._getframe(1))) for _ in range(2)]

    assert [owner for _, owner in found] == [record, record]


def test_owner_made_before_the_watch_is_taken_in(
    reader: StackReader, owners: OwnerBook, library: ModuleType
) -> None:
    """Its line is lost, and said to be."""
    owners.add_type(library.Session, LibraryAdapter())
    session = library.Session()
    _, owner = session.get(lambda: reader.read(sys._getframe(1)))

    record = owners.find(session)
    assert record is not None
    assert owner is record
    assert record.made_at is None


def test_reading_keeps_no_object_alive(
    reader: StackReader, owners: OwnerBook, library: ModuleType
) -> None:
    """Neither a frame nor a local, without the collector."""
    owners.add_type(library.Session, LibraryAdapter())
    gc.disable()
    session = library.Session()
    _, owner = session.get(lambda: reader.read(sys._getframe(1)))
    del session
    gc.enable()

    assert owner.ref() is None


def test_around_lists_what_can_be_closed_outermost_first(
    reader: StackReader, library: ModuleType
) -> None:
    """A client of an SDK that makes its session, and that it is being made."""
    found: list[tuple[str, bool]] = []

    def tell() -> object:
        for one, is_being_made in reader.around(sys._getframe(1), None):
            found.append((type(one).__name__, is_being_made))
        return None

    library.SDK(tell)

    assert found == [("SDK", True), ("SDK", False)]


def test_line_typed_in_is_the_users(reader: StackReader) -> None:
    """As in ``python -c``; a function made by `exec` elsewhere is not."""
    source = "site = tell()"
    scope: dict[str, object] = {
        "__name__": "__main__",
        "tell": lambda: reader.site(sys._getframe(1)),
    }
    exec(compile(source, "<string>", "exec"), scope)

    assert getattr(scope["site"], "file", None) == "<string>"


def test_lines_are_shared(reader: StackReader) -> None:
    """Ten thousand connections of one line share one record of it."""
    sites = [reader.site(sys._getframe(0)) for _ in range(3)]

    assert len({id(one) for one in sites}) == 1


def test_names_of_thread_and_task() -> None:
    """As the program named them; a thread of C code gets no object."""
    named: list[str | None] = []

    async def work() -> None:
        asyncio.current_task().set_name("mine")  # type: ignore[union-attr]  # it runs
        named.append(current_task_name())

    asyncio.run(work())
    thread = threading.Thread(
        target=lambda: named.append(current_thread_name()), name="worker"
    )
    thread.start()
    thread.join()

    assert named == ["mine", "worker"]
    assert current_task_name() is None


def test_json_is_a_library(reader: StackReader) -> None:
    """The standard library's frames are no user's."""
    sites: list[object] = []

    class Odd(json.JSONEncoder):
        def default(self, o: object) -> object:
            sites.append(reader.site(sys._getframe(0)))
            return None

    run: Callable[..., str] = json.dumps
    run(object(), cls=Odd)

    assert getattr(sites[0], "function", "").endswith("Odd.default")


def test_reading_ends_at_the_task_that_runs(reader: StackReader) -> None:
    """The line that runs a loop led to everything that the loop does."""
    found: list[object] = []
    scope: dict[str, object] = {
        "__name__": "some_library",
        "look": lambda: found.append(reader.read(sys._getframe(1))),
    }
    file = "/opt/python/site-packages/some_library/__init__.py"
    exec(compile("async def load(): look()", file, "exec"), scope)
    asyncio.run(scope["load"]())  # type: ignore[operator]  # a function that was typed in

    assert found == [(None, None)]


def test_session_is_handmade_when_the_users_line_called_its_constructor(
    reader: StackReader, library: ModuleType
) -> None:
    """Not when a client of an SDK did."""
    by_user = reader.is_handmade(sys._getframe(), object(), ())
    by_sdk: list[bool] = []

    def tell() -> object:
        frame = sys._getframe(1)
        by_sdk.append(reader.is_handmade(frame, object(), ()))
        by_sdk.append(reader.is_handmade(frame, object(), ("some_library",)))
        return None

    library.SDK(tell)

    assert by_user
    assert by_sdk == [False, True]
