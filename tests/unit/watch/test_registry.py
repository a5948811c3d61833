"""How adapters are found."""

from __future__ import annotations

import importlib.metadata

import pytest

from urlsession.watch.adapter import Adapter
from urlsession.watch.adapters import BUILT_IN, URLSessionAdapter
from urlsession.watch.registry import ENTRY_POINT_GROUP, load_adapters


class Entry:
    """An entry point, as `importlib.metadata` gives one."""

    def __init__(self, name: str, found: object) -> None:
        self.name = name
        self.found = found

    def load(self) -> object:
        if isinstance(self.found, Exception):
            raise self.found
        return self.found


def test_own_client_is_an_adapter_like_any_other() -> None:
    """It satisfies the protocol and is loaded through it."""
    loaded = list(load_adapters(pytest.fail))

    assert loaded[0].name == "urlsession"
    assert len({one.name for one in loaded}) == len(loaded) == len(BUILT_IN)
    assert all(isinstance(one, Adapter) for one in loaded)


def test_third_parties_are_loaded_and_a_broken_one_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The others are not affected."""
    entries = {
        ENTRY_POINT_GROUP: [
            Entry("broken", ImportError("no")),
            Entry("failing", lambda: 1 / 0),
            Entry("good", URLSessionAdapter),
        ]
    }
    monkeypatch.setattr(
        importlib.metadata, "entry_points", lambda group: entries.get(group, [])
    )
    problems: list[str] = []
    loaded = list(load_adapters(problems.append))

    assert len(loaded) == len(BUILT_IN) + 1
    assert len(problems) == 2
    assert "broken" in problems[0]


def test_adapters_of_libraries_not_imported_are_left_out() -> None:
    """Where that is asked for."""
    assert list(load_adapters(pytest.fail, only_loaded=True))
