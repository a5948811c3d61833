"""Whose an object on a heap path is: the user's, or a library's.

Decides that a function, a suspended coroutine, an instance of a class, or a call
that waits to be made is the user's by where its code lies. What the loop or a library
holds by way of something of the user's is in the user's use, and no orphan.
"""

from __future__ import annotations

import functools
import gc
import types
from typing import TYPE_CHECKING, cast

from .peek import is_a, module_of_type, qualname_of_type, read, type_name

if TYPE_CHECKING:
    from ..code import CodeMap

__all__ = (
    "callable_of",
    "frame_of",
    "is_users",
    "is_users_callable",
    "module_of",
    "name_of_callable",
)

# Calls that wait to be made: the attribute that holds what will be called. What they
# pass to the user's function is in the user's use as well.
_PENDING_CALLS = {
    ("asyncio.events", "Handle"): "_callback",
    ("asyncio.events", "TimerHandle"): "_callback",
    ("concurrent.futures.thread", "_WorkItem"): "fn",
    ("weakref", "finalize._Info"): "func",
    ("threading", "Timer"): "function",
    ("threading", "Thread"): "_target",
}
_OPAQUE_CALLS = {("uvloop.loop", "Handle"), ("uvloop.loop", "TimerHandle")}


def is_users(thing: object, code: CodeMap) -> bool:
    """Whether an object is the user's, or a call that will be made of the user's."""
    if is_a(thing, (types.FunctionType, types.MethodType)):
        return is_users_callable(thing, code)
    frame = frame_of(thing)
    if frame is not None:
        return code.is_user_frame(frame)
    pending = callable_of(thing)
    if pending is not None and is_users_callable(pending, code):
        return True
    cls = cast("type", thing) if is_a(thing, type) else type(thing)
    module = module_of_type(cls)
    return module != "builtins" and code.is_user_module(module)


def is_users_callable(thing: object, code: CodeMap) -> bool:
    """Whether calling an object runs the user's code."""
    if type(thing) is types.MethodType:
        own = module_of_type(type(thing.__self__))
        return code.is_user_module(own) or is_users_callable(thing.__func__, code)
    if type(thing) is types.FunctionType:
        return code.is_user_code(thing.__code__, thing.__globals__)
    if type(thing) is functools.partial:
        return is_users_callable(thing.func, code)
    module = module_of_type(type(thing))
    return module != "builtins" and code.is_user_module(module)


def callable_of(thing: object) -> object:
    """Return what a partial or a call that waits to be made will call, or None."""
    if type(thing) is functools.partial:
        return thing.func
    kind = (module_of_type(type(thing)), qualname_of_type(type(thing)))
    if kind in _OPAQUE_CALLS:
        functions = (types.FunctionType, types.MethodType)
        for one in gc.get_referents(thing):
            if type(one) in functions:
                return one
    name = _PENDING_CALLS.get(kind)
    return None if name is None else read(thing, name)


def frame_of(thing: object) -> types.FrameType | None:
    """Return the frame of a frame, generator or coroutine; None of anything else."""
    kind = type(thing)
    if kind is types.FrameType:
        return cast("types.FrameType", thing)
    if kind is types.CoroutineType:
        return cast("types.CoroutineType[object, object, object]", thing).cr_frame
    if kind is types.GeneratorType:
        return cast("types.GeneratorType[object, object, object]", thing).gi_frame
    if kind is types.AsyncGeneratorType:
        return cast("types.AsyncGeneratorType[object, object]", thing).ag_frame
    return None


def module_of(thing: object) -> str:
    """Return the name of the module that an object's code comes from."""
    if type(thing) is types.MethodType:
        return module_of(thing.__func__)
    frame = frame_of(thing)
    if frame is not None:
        name = frame.f_globals.get("__name__")
    elif type(thing) is types.FunctionType:
        name = thing.__module__
    elif is_a(thing, type):
        name = module_of_type(cast("type", thing))
    else:
        name = module_of_type(type(thing))
    return name if type(name) is str else ""


def name_of_callable(thing: object) -> str:
    """Return how a callable is shown, by its qualified name and without asking it."""
    if type(thing) is functools.partial:
        return name_of_callable(thing.func)
    if type(thing) is types.MethodType:
        return name_of_callable(thing.__func__)
    if type(thing) in {types.FunctionType, types.BuiltinFunctionType}:
        return f"{cast('types.FunctionType', thing).__qualname__}()"
    return f"{type_name(thing)}()"
