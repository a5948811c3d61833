"""What each module says it offers is what it offers."""

from __future__ import annotations

import ast
import subprocess
import sys

import pytest

import urlsession

from .source_tree import Module, modules

# Modules that offer nothing by name.
WITHOUT_ALL = {"__main__"}
# Names that __getattr__ makes; found in no statement.
LAZY = {"": set(urlsession.__all__)}


def declared(module: Module) -> tuple[str, ...] | None:
    """Return the value of ``__all__``; None if the module has none."""
    for node in module.tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            value = ast.literal_eval(node.value)
            assert isinstance(value, tuple), f"{module.where}: __all__ is no tuple"
            return value
    return None


def order(name: str) -> tuple[int, str]:
    """Sort constants first, then classes, then the rest, as ruff does (RUF022)."""
    kind = 0 if name.isupper() else 1 if name[0].isupper() else 2
    return kind, name


def bound(module: Module) -> set[str]:
    """Return the names that the module's own statements bind."""
    return {name for node in module.tree.body for name in _bound_by(node)}


def _bound_by(node: ast.stmt) -> list[str]:
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return [node.name]
        case ast.Import() | ast.ImportFrom():
            return [alias.asname or alias.name for alias in node.names]
        case ast.Assign():
            return [ast.unparse(target) for target in node.targets]
        case ast.AnnAssign():
            return [ast.unparse(node.target)]
        case ast.If() | ast.Try():
            return [name for inner in node.body for name in _bound_by(inner)]
        case _:
            return []


def public_definitions(module: Module) -> set[str]:
    """Return the public classes and functions that the module itself defines."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return {
        node.name
        for node in module.tree.body
        if isinstance(node, kinds) and not node.name.startswith("_")
    }


@pytest.mark.parametrize("name", sorted(set(modules()) - WITHOUT_ALL))
def test_all_is_a_sorted_tuple_of_what_is_there(name: str) -> None:
    """No name twice, none missing, none that does not exist."""
    module = modules()[name]
    names = declared(module)

    if names is None:
        assert bound(module) == set(), f"{module.where} has no __all__"
        return
    assert list(names) == sorted(set(names), key=order)
    assert set(names) - bound(module) - LAZY.get(name, set()) == set()
    assert public_definitions(module) - set(names) == set()


@pytest.mark.parametrize("name", urlsession.__all__)
def test_package_gives_every_name_of_all(name: str) -> None:
    """Each lazy name leads to something."""
    assert getattr(urlsession, name) is not None
    assert name in dir(urlsession)


def test_package_has_no_other_names() -> None:
    """A misspelt name fails as in any module."""
    with pytest.raises(AttributeError, match="URLSesion"):
        getattr(urlsession, "URLSesion")  # noqa: B009  # mypy knows better than the test


def loaded_by(statement: str) -> set[str]:
    """Return the modules that a fresh interpreter has loaded after a statement."""
    program = f"{statement}\nimport sys\nprint(*sys.modules)"
    run = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    return set(run.stdout.split())


@pytest.mark.parametrize(
    "statement",
    ["import urlsession", "import urlsession.watch", "import urlsession.cli.watch"],
)
def test_import_does_not_load_the_engine(statement: str) -> None:
    """A program that is only watched never loads libcurl."""
    loaded = loaded_by(statement)

    assert {"pycurl", "urlsession.session", "urlsession.engine"} & loaded == set()


def test_import_of_the_package_loads_nothing_heavy() -> None:
    """Names come when they are asked for."""
    loaded = loaded_by("import urlsession")

    assert {"asyncio", "ssl", "rich", "psutil"} & loaded == set()
