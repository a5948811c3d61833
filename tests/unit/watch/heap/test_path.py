"""How a path reads."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from urlsession.watch.code import CodeMap
from urlsession.watch.heap.path import describe_cycle, describe_path
from urlsession.watch.heap.roots import Root, RootKind


class Session:
    """Stands for an owner."""

    def __init__(self) -> None:
        self._delegate: object = None

    @property
    def delegate(self) -> object:
        raise AssertionError("a path must not call the program")


class App:
    instance: object = None

    def __init__(self) -> None:
        self.session: object = None
        self.sessions: list[object] = []
        self.by_host: dict[str, object] = {}

    def __repr__(self) -> str:
        raise AssertionError("a path must not call the program")


class Slotted:
    __slots__ = ("session",)
    session: object


def path(*objects: object, root: Root | None = None) -> list[str]:
    """Describe a path that begins at a local."""
    start = root or Root(RootKind.LOCAL, "local 'app'")
    return describe_path(objects, start, CodeMap(internals=["lib"]))


def test_global_is_module_and_name() -> None:
    """The root that users know best."""
    session = Session()
    found = path({"SESSION": session}, session, root=Root(RootKind.GLOBAL, "app"))

    assert found == ["app.SESSION", "Session"]


def test_attribute_index_and_key_are_named() -> None:
    """An instance's dict is no hop, an index belongs to what it indexes."""
    app, session = App(), Session()
    app.sessions = [None, session]
    app.by_host = {"api": session}

    assert path(app, app.sessions, session)[1:] == ["App.sessions[1]", "Session"]
    assert path(app, vars(app), app.sessions, session)[1] == "App.sessions[1]"
    assert path(app, app.by_host, session)[1] == "App.by_host['api']"


def test_slot_is_named() -> None:
    """It has no dict."""
    holder, session = Slotted(), Session()
    holder.session = session

    assert path(holder, session)[1] == "Slotted.session"


def test_class_attribute_is_named() -> None:
    """Through the namespace of the class, which is no hop."""
    session = Session()
    App.instance = session
    found = path(App, session, root=Root(RootKind.CLASS, "app.App"))
    App.instance = None

    assert found == ["app.App.instance", "Session"]


def test_closure_and_bound_method_are_named() -> None:
    """By their functions; cells are no hop."""
    session = Session()

    def callback() -> object:
        return session

    assert callback.__closure__ is not None
    cell = callback.__closure__[0]
    found = path(callback, callback.__closure__, cell, session)
    assert found[1].startswith("closure of test_closure_and_bound_method")
    assert found[1].endswith("(): 'session'")
    assert len(found) == 3
    method = App().__init__  # type: ignore[misc]  # any bound method

    assert path(method, method.__self__)[1] == "bound method App.__init__()"


def test_suspended_frame_names_its_local() -> None:
    """A generator holds what its frame holds."""

    def steps(mine: object) -> object:
        yield mine

    session = Session()
    generator = steps(session)
    found = path(generator, session)

    assert found[1].startswith("local 'mine' of ")


def test_private_attribute_has_its_public_name() -> None:
    """Where the type has one."""
    session, app = Session(), App()
    session._delegate = app

    assert path(session, app)[1] == "Session.delegate"


def test_run_inside_a_library_is_one_hop() -> None:
    """No user can act on the others."""
    make = type("Inner", (SimpleNamespace,), {"__module__": "lib.pool"})
    one, two, three, session = make(), make(), make(), Session()
    one.next, two.next, three.next = two, three, session

    assert path(one, two, three, session)[1:] == ["Inner.next …", "Session"]


@pytest.mark.parametrize("first", ["session", "app"])
def test_cycle_is_told_from_the_users_object(first: str) -> None:
    """Wherever it was entered."""
    Session.__module__ = "urlsession.session"
    session, app = Session(), App()
    session._delegate, app.session = app, session
    ring = [session, app, session] if first == "session" else [app, session, app]
    found = describe_cycle(ring, CodeMap(internals=["urlsession"]))
    Session.__module__ = __name__

    assert found == ["App.session", "Session.delegate", "App"]
