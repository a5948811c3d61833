"""Lines of the user's program, as values that hold no frame.

Decides what counts as *the user's* line: the innermost frame that is neither in
this package nor in the interpreter's own asyncio and threading machinery. Must
not keep a frame alive, and must not read a source file.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from types import CodeType, FrameType

__all__ = ("CallSite", "capture_call_site", "object_identity")

object_identity = object.__hash__
"""What `id` is, a bijection of it, for keys of dicts.

`id` raises an audit event at each call: where somebody listens, as a watch does, it
costs 150 ns instead of 40.
"""


_PACKAGE_DIR = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_STDLIB_DIR = os.path.dirname(os.path.abspath(os.__file__)) + os.sep
_MACHINERY = (
    _STDLIB_DIR + "asyncio" + os.sep,
    _STDLIB_DIR + "concurrent" + os.sep,
    _STDLIB_DIR + "contextlib.py",
    _STDLIB_DIR + "threading.py",
    "<frozen ",
)
# Programs that ship inside the package are somebody's user code all the same.
_USER_PARTS = (_PACKAGE_DIR + "cli" + os.sep + "fetch",)

_MAX_SITES = 8192  # lines kept to be handed out again

_is_internal_by_file: dict[str, bool] = {}
# By the code's identity, since its own hash goes through its constants; the code is
# kept with the line, so that no other can come to have its identity.
_sites: dict[tuple[int, int], tuple[CallSite, CodeType]] = {}


@dataclass(frozen=True, slots=True)
class CallSite:
    """One line of a program: where a session, a task or a connection was made."""

    file: str
    line: int
    function: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line} in {self.function}"


def capture_call_site(depth: int = 1) -> CallSite | None:
    """Return the user's line that led here, or None if no frame is the user's.

    Args:
        depth: Frames to skip before looking; 1 starts at the caller.
    """
    frame: FrameType | None = sys._getframe(depth)
    while frame is not None:
        code = frame.f_code
        # By the instruction: to find its line takes a walk through a table.
        known = _sites.get((object_identity(code), frame.f_lasti))
        if known is not None:
            return known[0]
        is_internal = _is_internal_by_file.get(code.co_filename)
        if is_internal is None:
            is_internal = _look_at(code.co_filename)
        if not is_internal:
            return _enter(frame)
        frame = frame.f_back
    return None


def _look_at(file: str) -> bool:
    is_ours = file.startswith(_PACKAGE_DIR) and not file.startswith(_USER_PARTS)
    is_internal = is_ours or file.startswith(_MACHINERY)
    _is_internal_by_file[file] = is_internal
    return is_internal


def _enter(frame: FrameType) -> CallSite:
    code = frame.f_code
    if len(_sites) >= _MAX_SITES:
        _sites.clear()
    site = CallSite(code.co_filename, frame.f_lineno, code.co_qualname)
    _sites[object_identity(code), frame.f_lasti] = site, code
    return site
