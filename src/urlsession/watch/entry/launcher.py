"""Runs a program in this process as the interpreter would.

Decides how: its module is the main one and stays alive until the interpreter ends,
which is when `ending` looks. What does not work: `runpy.run_path` clears the module's
globals when it returns, which would free what is to be looked at.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import os
import sys
import traceback
import types
import zipimport
from dataclasses import dataclass, replace
from importlib.machinery import PathFinder
from typing import TYPE_CHECKING

from ..report import Program
from .process import watch_to_the_end

if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import CodeType, TracebackType

    from .spec import WatchSpec

__all__ = ("Target", "TargetError", "find_module", "find_script", "watch")

# Modules that run somebody else's program: that one is the user's, they are not.
RUNNERS = frozenset(
    {
        *("celery", "coverage", "daphne", "django", "flask", "granian", "gunicorn"),
        *("hypercorn", "nose2", "pytest", "trial", "twisted", "uvicorn", "waitress"),
    }
)
INTERRUPTED = 130  # exit code: 128 + SIGINT, as a shell shows it


class TargetError(Exception):
    """The program to run cannot be found or read; the message says which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A program that is ready to run.

    Attributes:
        name: What the report calls it.
        argv: What the program sees as `sys.argv`.
        path_entry: What Python puts in front of `sys.path` for it.
        file: The value of its ``__file__``.
        spec: Import specification for ``-m``; None for a script.
        user_package: Top-level package named by ``-m``, if it is the program itself.
    """

    name: str
    argv: tuple[str, ...]
    path_entry: str
    file: str
    spec: ModuleSpec | None = None
    user_package: str | None = None


def find_script(path: str, arguments: Sequence[str]) -> Target:
    """Return the program in a file, or in a directory or archive with a main module.

    Raises:
        TargetError: There is no such file.
    """
    argv = (path, *arguments)
    if os.path.isdir(path) or _is_archive(path):
        spec = PathFinder.find_spec("__main__", [path])
        if spec is None or spec.origin is None:
            raise TargetError(f"can't find '__main__' module in {path!r}")
        return Target(
            name=path, argv=argv, path_entry=path, file=spec.origin, spec=spec
        )
    if not os.path.exists(path):
        hint = f"; did you mean -m {path}?" if _is_module(path) else ""
        raise TargetError(f"can't open file {path!r}: no such file{hint}")
    folder = os.path.dirname(os.path.realpath(path))
    return Target(name=path, argv=argv, path_entry=folder, file=os.path.abspath(path))


def _is_module(name: str) -> bool:
    if not name.isidentifier():
        return False
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        return False


def _is_archive(path: str) -> bool:
    try:
        zipimport.zipimporter(path)
    except zipimport.ZipImportError:
        return False
    return True


def find_module(name: str, arguments: Sequence[str]) -> Target:
    """Return the program that ``python -m name`` runs.

    Puts the working directory in front of `sys.path`, since the module may be there.

    Raises:
        TargetError: There is no such module, or it cannot be run.
    """
    folder = os.getcwd()
    root = name.partition(".")[0]
    _put_in_front(folder)
    try:
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.submodule_search_locations is not None:
            spec = importlib.util.find_spec(f"{name}.__main__")
    except (ImportError, AttributeError, TypeError, ValueError) as error:
        raise TargetError(f"no module named {name!r} ({error})") from error
    if spec is None or spec.origin is None or spec.loader is None:
        raise TargetError(f"no module named {name!r} that can be run")
    return Target(
        name=name,
        argv=(spec.origin, *arguments),
        path_entry=folder,
        file=spec.origin,
        spec=spec,
        user_package=None if root in RUNNERS else root,
    )


def watch(target: Target, spec: WatchSpec, *, with_children: bool = True) -> int:
    """Run a program under observation; return its exit code.

    The report comes when the interpreter ends, which must be soon after the return.

    Args:
        target: The program.
        spec: What the watch does.
        with_children: Whether processes that it starts are watched and reported too.
    """
    named = () if target.user_package is None else (target.user_package,)
    spec = replace(spec, user_packages=(*spec.user_packages, *named))
    program = Program(
        name=target.name,
        argv=target.argv,
        pid=os.getpid(),
        python=sys.version.partition(" ")[0],
    )
    ending = watch_to_the_end(spec, program, with_children=with_children)
    exit_code, uncaught = _run(target)
    ending.has_ended(exit_code, uncaught)
    return exit_code


def _run(target: Target) -> tuple[int, str | None]:
    """Run the main code; return its exit code and what ended it, if anything did."""
    sys.argv[:] = target.argv
    _put_in_front(target.path_entry)
    main = _make_main(target)
    sys.modules["__main__"] = main
    try:
        exec(_load(target), main.__dict__)  # noqa: S102 - running it is the task
    except SystemExit as error:
        return _exit_code(error.code), None
    except KeyboardInterrupt as error:
        _show(error)
        return INTERRUPTED, "KeyboardInterrupt"
    except BaseException as error:
        _show(error)
        return 1, _one_line(error)
    return 0, None


def _make_main(target: Target) -> types.ModuleType:
    main = types.ModuleType("__main__")
    # As the interpreter sets them: a script has no spec, and is in no package.
    main.__dict__.update(
        __builtins__=__builtins__,
        __file__=target.file,
        __cached__=None,
        __package__=None,
    )
    if target.spec is not None:
        main.__spec__ = target.spec
        main.__loader__ = target.spec.loader
        main.__package__ = target.spec.parent
    return main


def _load(target: Target) -> CodeType:
    if target.spec is not None:
        get_code = getattr(target.spec.loader, "get_code", None)
        code = None if get_code is None else get_code(target.spec.name)
        if isinstance(code, types.CodeType):
            return code
        raise ImportError(f"no code object available for {target.name}")
    with io.open_code(target.file) as source:
        return compile(source.read(), target.argv[0], "exec", dont_inherit=True)


def _put_in_front(entry: str) -> None:
    """Replace what Python put in front of `sys.path` for our own start."""
    if sys.flags.safe_path:
        return  # -P: nothing was put there, nothing shall be
    if sys.path:
        sys.path[0] = entry
    else:
        sys.path.append(entry)


def _exit_code(code: object) -> int:
    if code is None:
        return 0
    if isinstance(code, int):
        return int(code)
    _write_error(f"{code}\n")
    return 1


def _show(error: BaseException) -> None:
    """Print a traceback as the interpreter would, without our own frames."""
    error.__traceback__ = _without_own_frames(error.__traceback__)
    # Like the interpreter: what a debugger finds later, and what keeps the frames
    # of the failed call alive until the end.
    sys.last_type, sys.last_value = type(error), error
    sys.last_traceback = error.__traceback__
    if sys.version_info >= (3, 12):
        sys.last_exc = error
    with contextlib.suppress(Exception):
        sys.stdout.flush()
    try:
        sys.excepthook(type(error), error, error.__traceback__)
    except BaseException as failure:
        _write_error("Error in sys.excepthook:\n")
        _write_error("".join(traceback.format_exception(failure)))


def _without_own_frames(tb: TracebackType | None) -> TracebackType | None:
    while tb is not None and tb.tb_frame.f_code.co_filename == __file__:
        tb = tb.tb_next
    # Loading goes through the import system: a failure there has no user frame.
    while tb is not None and tb.tb_frame.f_code.co_filename.startswith("<frozen "):
        tb = tb.tb_next
    return tb


def _one_line(error: BaseException) -> str:
    try:
        return traceback.format_exception_only(error)[-1].strip()
    except Exception:
        return type(error).__name__


def _write_error(text: str) -> None:
    with contextlib.suppress(Exception):
        sys.stderr.write(text)
        sys.stderr.flush()
