"""The package's modules, read from their source and never imported."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

__all__ = ("PACKAGE_DIR", "ROOT", "Edge", "Module", "modules")

ROOT = Path(__file__).resolve().parents[2]
PACKAGE_DIR = ROOT / "src" / "urlsession"


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """One import of one module of this package by another.

    Attributes:
        target: Dotted name without the package's own, ``""`` for the package itself.
        line: Line of the import.
        is_for_types: Whether it stands in an ``if TYPE_CHECKING`` block.
    """

    target: str
    line: int
    is_for_types: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """One source file.

    Attributes:
        name: Dotted name without the package's own; a package has its folder's name.
        path: The file.
        tree: Its syntax tree.
        is_package: Whether the file is an ``__init__.py``.
    """

    name: str
    path: Path
    tree: ast.Module
    is_package: bool

    @property
    def where(self) -> str:
        """The path below the repository's root."""
        return str(self.path.relative_to(ROOT))

    def imports(self) -> Iterator[tuple[str, int, bool]]:
        """Yield (absolute dotted name, line, is for types) of every import."""
        type_lines = _type_checking_lines(self.tree)
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                base = self.absolute(node)
                names = [f"{base}.{alias.name}" for alias in node.names]
            else:
                continue
            for name in names:
                yield name, node.lineno, node.lineno in type_lines

    def edges(self) -> Iterator[Edge]:
        """Yield the imports of this package's own modules."""
        known = modules()
        for name, line, is_for_types in self.imports():
            if name.partition(".")[0] != "urlsession":
                continue
            target = name.partition(".")[2]
            while target and target not in known:  # a name inside a module
                target = target.rpartition(".")[0]
            yield Edge(target=target, line=line, is_for_types=is_for_types)

    def absolute(self, node: ast.ImportFrom) -> str:
        """Return the dotted name that a `from` import takes its names from."""
        if not node.level:
            return node.module or ""
        parts = ["urlsession", *filter(None, self.name.split("."))]
        up = node.level - 1 if self.is_package else node.level
        base = parts[: len(parts) - up]
        return ".".join([*base, *filter(None, [node.module])])


@cache
def modules() -> dict[str, Module]:
    """Return every module of the package by its name."""
    found = {}
    for path in sorted(PACKAGE_DIR.rglob("*.py")):
        parts = path.relative_to(PACKAGE_DIR).with_suffix("").parts
        is_package = parts[-1] == "__init__"
        name = ".".join(parts[:-1] if is_package else parts)
        tree = ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
        found[name] = Module(name=name, path=path, tree=tree, is_package=is_package)
    return found


def _type_checking_lines(tree: ast.Module) -> set[int]:
    return {
        line
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")
        for statement in node.body
        for line in range(statement.lineno, (statement.end_lineno or 0) + 1)
    }
