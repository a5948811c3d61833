"""Owners are remembered and never kept."""

from __future__ import annotations

import collections
import gc
import json

import pytest

from urlsession.connections import CallSite
from urlsession.watch.adapter import LibraryAdapter
from urlsession.watch.capture.owners import OwnerBook, OwnerRecord, public_name

SITE = CallSite("app.py", 3, "load")


class Client:
    pass


class Special(Client):
    pass


class Slotted:
    __slots__ = ()


class Pool:
    """Takes no weak reference; its parts do."""

    __slots__ = ("parts",)

    def __init__(self) -> None:
        self.parts = [Part(self)]


class Part:
    def __init__(self, pool: Pool) -> None:
        self.pool = pool


@pytest.fixture
def book() -> OwnerBook:
    return OwnerBook()


def add(book: OwnerBook, owner: object) -> OwnerRecord | None:
    """Enter an owner made at `SITE`."""
    return book.add(owner, adapter=None, made_at=SITE, made_at_s=1.0)


def test_owner_is_found_by_identity(book: OwnerBook) -> None:
    """And keeps its first record."""
    client = Client()
    record = add(book, client)

    assert record is not None
    assert book.find(client) is record is add(book, client)
    assert book.find(Client()) is None
    assert record.made_at == SITE


def test_owner_is_not_kept_and_its_record_outlives_it(book: OwnerBook) -> None:
    """Freed at once, without the collector."""
    gc.disable()
    client = Client()
    record = add(book, client)
    del client
    gc.enable()

    assert record is not None
    assert record.ref() is None
    assert book.live() == []


def test_object_without_weak_references_is_no_owner(book: OwnerBook) -> None:
    """There is no way to know it without keeping it."""
    assert add(book, Slotted()) is None


def test_subclass_is_known_by_its_base_whenever_that_comes(book: OwnerBook) -> None:
    """Asked before the library was hooked, and after."""
    adapter = LibraryAdapter()
    before = book.adapter_of(Special)
    book.add_type(Client, adapter)

    assert before is None
    assert book.adapter_of(Special) is adapter
    assert book.adapter_of(Slotted) is None


@pytest.mark.parametrize(
    ("cls", "name"),
    [
        (json.JSONDecoder, "json.JSONDecoder"),
        (collections.OrderedDict, "collections.OrderedDict"),
        (Client, f"{__name__}.Client"),
    ],
    ids=["re-exported", "made in C", "a user's"],
)
def test_name_is_the_one_a_user_imports(cls: type, name: str) -> None:
    """Not where the class happens to be written."""
    assert public_name(cls) == name


def test_name_of_a_local_class_is_its_own() -> None:
    """Without the function around it."""

    class Local:
        pass

    assert public_name(Local) == f"{__name__}.Local"


def test_owner_without_weak_references_is_known_by_a_part(book: OwnerBook) -> None:
    """With the line that was noted when it was made."""
    pool = Pool()
    (part,) = pool.parts
    before = add(book, pool)
    record = book.add_by_part(pool, part, "pool", adapter=None)

    assert before is None
    assert book.find(pool) is record
    assert record.ref() is pool
    assert record.made_at == SITE


def test_owner_known_by_a_part_is_forgotten_with_it(book: OwnerBook) -> None:
    """Nothing of it is kept."""
    pool = Pool()
    record = book.add_by_part(pool, pool.parts[0], "pool", adapter=None)
    del pool
    gc.collect()

    assert record.ref() is None
    assert book.live() == []
