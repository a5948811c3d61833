"""Replaced attributes are put back."""

from __future__ import annotations

import asyncio
from types import ModuleType
from typing import Any

import pytest

from urlsession.watch.capture.patches import Patches, after, before


class Base:
    def name(self) -> str:
        return "base"

    @classmethod
    def made(cls, number: int) -> int:
        return number

    @staticmethod
    def still(number: int) -> int:
        return number


class Derived(Base):
    pass


def fail(error: Exception) -> None:
    """Stand for the observer, which no hook should trouble."""
    raise AssertionError(error)


@pytest.fixture
def patches() -> Patches:
    return Patches()


def test_replaced_method_is_called_and_put_back(patches: Patches) -> None:
    """The very object that was there before."""
    original = vars(Base)["name"]
    patches.replace(Base, "name", lambda one: lambda self: one(self) + "!")
    during = Base().name()
    patches.undo()

    assert during == "base!"
    assert vars(Base)["name"] is original


def test_inherited_method_leaves_no_attribute(patches: Patches) -> None:
    """A class that had none has none afterwards."""
    patches.replace(Derived, "name", lambda one: lambda self: one(self) + "!")
    during = (Derived().name(), Base().name())
    patches.undo()

    assert during == ("base!", "base")
    assert "name" not in vars(Derived)


@pytest.mark.parametrize("name", ["made", "still"])
def test_class_and_static_methods_stay_what_they_are(
    patches: Patches, name: str
) -> None:
    """Called on the class as before."""
    told: list[object] = []
    patches.replace(
        Base, name, lambda one: before(one, lambda *a: told.append(a[-1]), fail)
    )
    result = getattr(Base, name)(7)
    patches.undo()

    assert (result, told) == (7, [7])
    assert getattr(Base, name)(8) == 8
    assert told == [7]


def test_what_somebody_put_on_top_stays(patches: Patches) -> None:
    """It is theirs to take away."""
    module: Any = ModuleType("some_module")
    module.load = lambda: 1
    patches.replace(module, "load", lambda one: lambda: one() + 1)
    below = module.load
    module.load = lambda: below() + 1
    patches.undo()

    assert module.load() == 3


def test_missing_attribute_is_an_error(patches: Patches) -> None:
    """The adapter's guard makes it a line of the report."""
    with pytest.raises(AttributeError):
        patches.replace(Base, "nothing", lambda one: one)


def test_type_made_in_c_is_refused(patches: Patches) -> None:
    """And nothing is left to undo."""
    with pytest.raises(TypeError):
        patches.replace(dict, "get", lambda one: one)
    patches.undo()


def test_after_tells_the_result_of_a_coroutine_when_it_has_returned() -> None:
    """Not when it is made: a coroutine nobody awaits does nothing."""
    told: list[object] = []

    async def close(number: int) -> int:
        return number + 1

    hooked = after(close, lambda *values: told.append(values), fail)
    unawaited = hooked(1)
    unawaited.close()
    before_await = list(told)

    assert asyncio.run(hooked(2)) == 3
    assert (before_await, told) == ([], [(3, 2)])


def test_after_says_nothing_when_the_original_raises() -> None:
    """The program's error goes its way."""
    told: list[object] = []

    def raises() -> None:
        raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        after(raises, lambda *values: told.append(values), fail)()
    assert told == []


def test_failing_hook_is_told_and_the_call_goes_on() -> None:
    """Before and after, plain and awaited."""
    failed: list[Exception] = []

    async def load() -> int:
        return 1

    hook = {"tell": lambda *_: 1 / 0, "failed": failed.append}
    plain = (before(int, **hook)("7"), after(int, **hook)("7"))  # type: ignore[arg-type]  # a division is no None
    awaited = asyncio.run(after(load, **hook)())  # type: ignore[arg-type]  # as above

    assert (plain, awaited) == ((7, 7), 1)
    assert [type(one) for one in failed] == [ZeroDivisionError] * 3
