"""Tells when a module of the program has been imported, so that it can be hooked.

Decides how: a finder in front of `sys.meta_path` asks the others for the module's
spec and lends it a loader that calls back once the module's code has run; the module
itself then shows its own loader again. What does not work: the audit event
``import``, which comes before the module has run.
"""

from __future__ import annotations

import sys
from importlib.machinery import ModuleSpec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from importlib.abc import Loader
    from types import ModuleType

__all__ = ("ImportWatcher",)


class ImportWatcher:
    """Calls back with each wanted module, now or when it is imported.

    Args:
        problem: Told of a callback that failed.
    """

    def __init__(self, problem: Callable[[str], None]) -> None:
        self._problem = problem
        self._callbacks: dict[str, list[Callable[[ModuleType], None]]] = {}
        self._sought: set[str] = set()

    def when_imported(self, name: str, tell: Callable[[ModuleType], None]) -> None:
        """Call `tell` with the module now if it is there, else when it is imported."""
        module = sys.modules.get(name)
        if module is not None and not _is_loading(module):
            self._tell(tell, module)
        else:
            self._callbacks.setdefault(name, []).append(tell)

    def start(self) -> None:
        """Begin to listen to imports."""
        sys.meta_path.insert(0, self)

    def stop(self) -> None:
        """Stop listening; nothing stays in `sys.meta_path`."""
        if self in sys.meta_path:
            sys.meta_path.remove(self)
        self._callbacks.clear()

    def find_spec(
        self,
        name: str,
        path: Sequence[str] | None = None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        """Lend a wanted module a loader that tells; None for every other module."""
        if name not in self._callbacks or name in self._sought:
            return None
        self._sought.add(name)
        try:
            spec = self._ask_the_others(name, path, target)
        finally:
            self._sought.discard(name)
        if spec is None or not hasattr(spec.loader, "exec_module"):
            return spec
        assert spec.loader is not None
        spec.loader = _TellingLoader(spec.loader, self)  # type: ignore[assignment]  # a loader by its methods
        return spec

    def has_run(self, module: ModuleType) -> None:
        """Call back for a module whose code has run."""
        for tell in self._callbacks.pop(module.__name__, ()):
            self._tell(tell, module)

    def _ask_the_others(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None
    ) -> ModuleSpec | None:
        for finder in sys.meta_path:
            find = getattr(finder, "find_spec", None)
            if finder is self or find is None:
                continue
            spec: ModuleSpec | None = find(name, path, target)
            if spec is not None:
                return spec
        return None

    def _tell(self, tell: Callable[[ModuleType], None], module: ModuleType) -> None:
        try:
            tell(module)
        except Exception as error:
            self._problem(f"{module.__name__} could not be hooked: {error!r}")


class _TellingLoader:
    """Loads as the original does, then tells; out of sight once that is done."""

    def __init__(self, loader: Loader, watcher: ImportWatcher) -> None:
        self._loader = loader
        self._watcher = watcher

    def __getattr__(self, name: str) -> object:
        return getattr(self._loader, name)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """Let the original make the module."""
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        """Run the module's code under its own loader, then tell."""
        module.__loader__ = self._loader
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        self._loader.exec_module(module)
        self._watcher.has_run(module)


def _is_loading(module: ModuleType) -> bool:
    return bool(getattr(getattr(module, "__spec__", None), "_initializing", False))
