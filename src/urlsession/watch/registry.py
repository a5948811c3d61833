"""Which adapters take part: the built-in ones, then those of third parties.

Decides how a third party's adapter is found (entry points of the group
``urlsession.adapters``) and that a broken one is told and left out.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from .adapters import BUILT_IN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .adapter import Adapter

__all__ = ("ENTRY_POINT_GROUP", "load_adapters")

ENTRY_POINT_GROUP = "urlsession.adapters"


def load_adapters(
    problem: Callable[[str], None], *, only_loaded: bool = False
) -> Iterator[Adapter]:
    """Yield the built-in adapters, then those of third parties.

    Args:
        problem: Told of an adapter that cannot be loaded.
        only_loaded: Leave out those whose library is not imported.
    """
    for make in (*BUILT_IN, *_third_parties(problem)):
        try:
            adapter = make()
            if only_loaded and not any(one in sys.modules for one in adapter.modules):
                continue
        except Exception as error:
            problem(f"an adapter could not be loaded: {error!r}")
            continue
        yield adapter


def _third_parties(problem: Callable[[str], None]) -> Iterator[Callable[[], Adapter]]:
    from importlib.metadata import entry_points

    for entry in entry_points(group=ENTRY_POINT_GROUP):
        try:
            yield entry.load()
        except Exception as error:
            problem(f"adapter {entry.name} could not be loaded: {error!r}")
