"""aiobotocore: the client, around the aiohttp session that it makes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..adapter import LibraryAdapter, OwnerState

if TYPE_CHECKING:
    from types import ModuleType

    from ..adapter import Sink

__all__ = ("AiobotocoreAdapter",)


class AiobotocoreAdapter(LibraryAdapter):
    """Knows aiobotocore's clients; connections and loads are aiohttp's."""

    name = "aiobotocore"
    modules = ("aiobotocore",)
    internals = ("aiobotocore", "botocore")

    def hook(self, sink: Sink) -> None:
        """Wait for the module."""
        sink.when_imported("aiobotocore.client", self._hook)

    def _hook(self, module: ModuleType) -> None:
        self.sink.owner_type(module.AioBaseClient, closers=("close", "__aexit__"))

    def owner_state(self, owner: object) -> OwnerState:  # noqa: ARG002 - all are alike
        """Return what to call it."""
        return OwnerState(is_closed=None, closes_at_once=True)
