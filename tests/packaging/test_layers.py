"""Imports go down only, never round, and rules stay pure (DESIGN.md, Layers)."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter

import pytest

from .source_tree import ROOT, Edge, Module, modules

# The layer of every name at the top of the package. A new one must be entered here:
# where it stands is a decision.
LAYERS = {
    "challenge": "values",
    "close_code": "values",
    "configuration": "configuration",
    "credential": "values",
    "errors": "values",
    "filename": "values",
    "multipart": "values",
    "headers": "values",
    "metrics": "values",
    "proxy": "values",
    "protection_space": "values",
    "request": "values",
    "response": "values",
    "server_trust": "values",
    "setting": "values",
    "tls": "values",
    "url": "values",
    "connections": "connections",
    "storage": "storage",
    "engine": "engine",
    "loading": "loading",
    "delegate": "session",
    "protocol": "session",
    "session": "session",
    "tasks": "session",
    "watch": "watch",
    "cli": "cli",
    "pytest_plugin": "plugin",
    "__main__": "main",
    "": "package",
    "testing": "testing",
}

# What each layer may import besides itself. `watch` and `session` are the two halves:
# neither imports the other. The package's own names are lazy, and nothing inside may
# ask for them.
BELOW = {
    "values": set[str](),
    "connections": {"values"},
    "storage": {"values", "connections"},
    "configuration": {"values", "storage"},  # which stores a session uses
    "engine": {"values", "connections", "storage"},
    "loading": {"values", "connections", "storage", "configuration", "engine"},
    "session": {
        "values",
        "connections",
        "storage",
        "configuration",
        "engine",
        "loading",
    },
    "watch": {"values", "connections"},
    "cli": {"values", "connections", "configuration", "session", "watch", "package"},
    "plugin": {"connections", "watch"},
    "main": {"cli"},
    "package": {"values", "connections", "storage", "configuration", "session"},
    "testing": {"values", "connections", "configuration", "session", "package"},
}

# Rules decide and do nothing: time arrives as an argument, I/O is somebody else's.
RULES = (
    "close_code",
    "engine.reaper",
    "engine.result_code",
    "errors",
    "filename",
    "headers",
    "loading.auth_header",
    "loading.handshake",
    "loading.head",
    "loading.redirect",
    "loading.resumable",
    "loading.web_socket.frame",
    "loading.web_socket.handshake",
    "loading.web_socket.outgoing",
    "loading.web_socket.reader",
    "metrics",
    "pytest_plugin.charge",
    "response",
    "storage.cookies.cookie",
    "storage.cookies.date",
    "storage.cookies.jar",
    "storage.cookies.received",
    "storage.cookies.site",
    "tasks.download_state",
    "tasks.resumption",
    "storage.cache_control",
    "storage.cache_rules",
    "tasks.state",
    "watch.verdict",
)
IMPURE = {"os", "select", "selectors", "socket", "ssl", "threading", "time"}


def layer_of(name: str) -> str:
    """Return the layer of a module."""
    return LAYERS[name.partition(".")[0]]


def edges() -> Iterator[tuple[Module, Edge]]:
    """Yield every import between two modules of the package."""
    for module in modules().values():
        for edge in module.edges():
            yield module, edge


def test_layers_name_every_part_of_the_package() -> None:
    """A new module or folder at the top is a decision to be made here."""
    parts = {name.partition(".")[0] for name in modules()}

    assert parts - set(LAYERS) == set()


def test_imports_go_down_only() -> None:
    """Imports for types count too: they are knowledge of what is above."""
    upward = [
        f"{module.where}:{edge.line}: {layer_of(module.name)} imports "
        f"{layer_of(edge.target)} ({edge.target or 'urlsession'})"
        for module, edge in edges()
        if layer_of(module.name) != layer_of(edge.target)
        and layer_of(edge.target) not in BELOW[layer_of(module.name)]
    ]

    assert upward == []


def test_imports_never_go_round() -> None:
    """Imports inside functions count; inside one layer, imports for types do not.

    Two classes that hold each other must be able to name each other's type.
    """
    graph: dict[str, set[str]] = {name: set() for name in modules()}
    for module, edge in edges():
        if not edge.is_for_types and edge.target != module.name:
            graph[module.name].add(edge.target)

    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail("imports go round: " + " <- ".join(error.args[1]), pytrace=False)


def test_rules_that_are_named_exist() -> None:
    """A rule that moved takes its check with it."""
    assert set(RULES) - set(modules()) == set()


def test_rules_import_nothing_that_acts() -> None:
    """No sockets, no threads, no clock, no system."""
    impure = [
        f"{modules()[rule].where}:{line}: {name}"
        for rule in RULES
        if rule in modules()
        for name, line, is_for_types in modules()[rule].imports()
        if name.partition(".")[0] in IMPURE and not is_for_types
    ]

    assert impure == []


def test_reading_follows_relative_imports() -> None:
    """The checks above see what an import means, not how it is written."""
    source = (
        "from ..tasks import state\n"
        "from ..connections.ledger import LEDGER\n"
        "import urlsession.errors\n"
        "if TYPE_CHECKING:\n"
        "    from .. import request\n"
    )
    module = Module(
        name="loading.example",
        path=ROOT / "example.py",
        tree=ast.parse(source),
        is_package=False,
    )

    assert [edge.target for edge in module.edges()] == [
        "tasks.state",
        "connections.ledger",
        "errors",
        "request",
    ]
    assert [edge.is_for_types for edge in module.edges()] == [False] * 3 + [True]
