"""Reading objects without asking them."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator

import pytest

from urlsession.watch.heap.peek import (
    MAX_SCAN,
    NO_KEY,
    attribute_name,
    class_attribute_name,
    has_in_class,
    is_a,
    key_of,
    module_of_type,
    namespace_of,
    position_of,
    qualname_of_type,
    read,
    type_name,
)

ASKED: list[str] = []
INNER, SHARED = object(), object()


@pytest.fixture(autouse=True)
def nothing_is_asked() -> Iterator[None]:
    """Fail each test in which code of the program ran."""
    ASKED.clear()
    yield
    assert not ASKED


class Asking(type):
    def __getattribute__(cls, name: str) -> object:
        ASKED.append(name)
        return type.__getattribute__(cls, name)


class Proxy(metaclass=Asking):
    """Notes whatever it is asked, as a lazy object may do anything then."""

    shared = SHARED

    def __init__(self) -> None:
        object.__setattr__(self, "_inner", INNER)

    def __getattribute__(self, name: str) -> object:
        ASKED.append(name)
        return object.__getattribute__(self, name)

    def __eq__(self, other: object) -> bool:
        ASKED.append("==")
        return False

    def __hash__(self) -> int:
        ASKED.append("hash()")
        return 1


class Slots:
    __slots__ = ("_one", "two")
    _one: object

    @property
    def one(self) -> object:
        ASKED.append("one")
        return None


def computed_dict(thing: object) -> dict[str, object]:
    ASKED.append("__dict__")
    return {}


# As a proxy has it: everything in front of another object.
OwnDict = type("OwnDict", (), {"__dict__": property(computed_dict), "__slots__": ()})


class Local(threading.local):
    def __init__(self) -> None:
        ASKED.append("__init__")


def test_attribute_is_read_past_the_objects_own_answers() -> None:
    """From the instance's dict."""
    proxy = Proxy()

    assert read(proxy, "_inner") is INNER
    assert read(proxy, "shared", 7) == 7
    assert attribute_name(proxy, INNER) == "_inner"
    assert attribute_name(proxy, "else") is None


def test_class_is_read_past_its_metaclass() -> None:
    """Name, module, attributes and bases."""
    proxy = Proxy()

    assert type_name(proxy) == qualname_of_type(Proxy) == "Proxy"
    assert module_of_type(Proxy) == __name__
    assert class_attribute_name(Proxy, SHARED) == "shared"
    assert class_attribute_name(Proxy, INNER) is None
    assert has_in_class(proxy, "shared")
    assert is_a(proxy, Proxy)
    assert not is_a(proxy, (dict, list))


def test_slots_are_read_by_their_public_name() -> None:
    """A slot that was never set is nothing."""
    slots = Slots()
    slots._one = INNER

    assert read(slots, "_one") is INNER
    assert read(slots, "two", "unset") == "unset"
    assert attribute_name(slots, INNER) == "one"


def test_computed_dict_is_not_asked_for() -> None:
    """And there is no other."""
    assert namespace_of(OwnDict()) is None
    assert read(OwnDict(), "anything") is None


def test_thread_local_is_not_asked_for_its_dict() -> None:
    """That would make one for this thread, by the program's own code."""
    local, found = Local(), []
    thread = threading.Thread(target=lambda: found.append(namespace_of(local)))
    ASKED.clear()  # this thread's own was wanted
    thread.start()
    thread.join()

    assert found == [None]


def test_key_and_index_are_found_by_identity() -> None:
    """Whatever the members answer to `==`."""
    wanted = Proxy()

    assert key_of({"a": Proxy(), "b": wanted}, wanted) == "b"
    assert key_of({"a": Proxy()}, wanted) is NO_KEY
    assert position_of([Proxy(), wanted], wanted) == 1
    assert position_of((wanted,), wanted) == 0
    assert position_of(deque([Proxy(), wanted]), wanted) == 1
    assert position_of({1: wanted}.values(), wanted) is None


def test_far_end_of_a_large_container_is_not_looked_at() -> None:
    """A path shows … there."""
    wanted = object()

    assert position_of([None] * MAX_SCAN + [wanted], wanted) is None
    assert position_of([None] * (MAX_SCAN - 1) + [wanted], wanted) == MAX_SCAN - 1
