"""The words for one reference; `test_holders` has them all."""

from __future__ import annotations

from collections import OrderedDict, deque
from enum import Enum

import pytest

from urlsession.watch.heap.names import index_of, name_hop


class Thing:
    def __init__(self, inner: object = None) -> None:
        self.inner = inner


class Color(Enum):
    RED = 1


HELD = Thing()
INDICES = {
    "list": ([None, HELD], "[1]"),
    "deque": (deque([HELD]), "[0]"),
    "text": ({"eu": HELD}, "['eu']"),
    "number": (OrderedDict({3: HELD}), "[3]"),
    "tuple": ({("eu", 1): HELD}, "[('eu', 1)]"),
    "tuple with an object": ({("eu", Color): HELD}, "[tuple]"),
    "class": ({Thing: HELD}, "[Thing]"),
    "member": ({Color.RED: HELD}, "[Color.RED]"),
    "object": ({Thing(): HELD}, "[Thing]"),
    "the key itself": ({HELD: 1}, "[a key]"),
    "long text": ({"k" * 50: HELD}, "['" + "k" * 38 + "…]"),
}


@pytest.mark.parametrize(("holder", "words"), INDICES.values(), ids=INDICES.keys())
def test_index_is_the_one_that_the_program_uses(holder: object, words: str) -> None:
    """An object that is a key is shown by its type, and never asked."""
    assert index_of(holder, HELD) == words


def test_dict_of_an_instance_is_no_hop() -> None:
    """One hop for three objects."""
    thing = Thing(HELD)

    assert name_hop([thing, HELD], 0) == ("Thing.inner", 1)
    assert name_hop([thing, vars(thing), HELD], 0) == ("Thing.inner", 2)


def test_cell_is_no_hop() -> None:
    """Alone, as in a frame whose code was not read."""

    def inner() -> object:
        return held

    held = HELD
    assert inner.__closure__ is not None

    assert name_hop([inner.__closure__[0], HELD], 0) == (None, 1)


def test_member_of_a_set_has_no_index() -> None:
    """It is a member."""
    assert name_hop([{HELD}, HELD], 0) == ("[a member]", 1)
