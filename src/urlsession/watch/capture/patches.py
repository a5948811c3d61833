"""Attributes of the program that the observer replaces, and puts back.

Decides how a hook is undone: an attribute is put back only if it is still ours, so
that what somebody else has put on top of it stays. A hook's own failure is the
observer's and never the program's.
"""

from __future__ import annotations

import functools
import inspect
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ("Patches", "after", "before")

_MISSING = object()


class Patches:
    """Replaced attributes of classes and modules, in the order of replacing."""

    def __init__(self) -> None:
        self._replaced: list[tuple[object, str, object, object]] = []

    def replace(
        self, holder: object, name: str, make: Callable[[Callable[..., Any]], object]
    ) -> None:
        """Put ``make(original)`` in the place of an attribute.

        Args:
            holder: A class or a module.
            name: The attribute; it may be inherited.
            make: Given the original, returns what stands in for it.

        Raises:
            AttributeError: There is no such attribute.
            TypeError: The holder's attributes cannot be set (a type made in C).
        """
        own = vars(holder).get(name, _MISSING)
        original = getattr(holder, name) if own is _MISSING else own
        function = original
        if isinstance(original, (classmethod, staticmethod)):
            function = original.__func__
        made = make(function)
        if isinstance(original, (classmethod, staticmethod)):
            made = type(original)(made)  # type: ignore[arg-type]  # what make returns is called like the original
        setattr(holder, name, made)
        self._replaced.append((holder, name, own, made))

    def undo(self) -> None:
        """Put back what is still ours, last first."""
        while self._replaced:
            holder, name, own, made = self._replaced.pop()
            if vars(holder).get(name) is not made:
                continue
            if own is _MISSING:
                delattr(holder, name)
            else:
                setattr(holder, name, own)


def before(
    original: Callable[..., Any],
    tell: Callable[..., None],
    failed: Callable[[Exception], None],
) -> Callable[..., Any]:
    """Return a function that calls `tell` with the arguments, then the original.

    For a coroutine function `tell` is called when the coroutine is made, on the
    caller's stack. What it raises goes to `failed`.
    """

    @functools.wraps(original)
    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            tell(*args, **kwargs)
        except Exception as error:
            failed(error)
        return original(*args, **kwargs)

    return call


def after(
    original: Callable[..., Any],
    tell: Callable[..., None],
    failed: Callable[[Exception], None],
) -> Callable[..., Any]:
    """Return a function that calls the original, then `tell` with result and arguments.

    `tell` is not called when the original raises; what it raises itself goes to
    `failed`. For a coroutine function it is called when the coroutine has returned.
    """
    if inspect.iscoroutinefunction(original):

        @functools.wraps(original)
        async def call_and_wait(*args: Any, **kwargs: Any) -> Any:
            result = await original(*args, **kwargs)
            try:
                tell(result, *args, **kwargs)
            except Exception as error:
                failed(error)
            return result

        return call_and_wait

    @functools.wraps(original)
    def call(*args: Any, **kwargs: Any) -> Any:
        result = original(*args, **kwargs)
        try:
            tell(result, *args, **kwargs)
        except Exception as error:
            failed(error)
        return result

    return call
