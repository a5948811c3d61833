"""SDKs that make their session at the first use: where the user made the client.

Decides only that the line is noted. The session within is another adapter's, and what
the user would close is told by the objects around it; but the line that first used
such a client is not the one that made it. An SDK that makes its session at once needs
no adapter: the session's line is then its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..adapter import LibraryAdapter

if TYPE_CHECKING:
    from types import ModuleType

    from ..adapter import Sink

__all__ = ("AzureAdapter",)


class AzureAdapter(LibraryAdapter):
    """Notes who made azure-core's clients and azure-identity's credentials."""

    name = "azure"
    modules = ("azure.core", "azure.identity")

    def hook(self, sink: Sink) -> None:
        """Wait for the modules."""
        for name in ("azure.core", "azure.identity", "azure.identity.aio"):
            sink.when_imported(name, self._hook)

    def _hook(self, module: ModuleType) -> None:
        for name in module.__all__:
            cls = getattr(module, name)
            if isinstance(cls, type) and hasattr(cls, "close"):
                self.sink.call_before(cls, "__init__", self._makes)

    def _makes(self, client: object, *_: object, **__: object) -> None:
        self.sink.made(client)
