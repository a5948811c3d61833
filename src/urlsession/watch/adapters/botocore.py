"""botocore and boto3: the service client, around the session that nobody sees."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..adapter import LibraryAdapter, OwnerState

if TYPE_CHECKING:
    from types import ModuleType

    from ..adapter import Sink

__all__ = ("BotocoreAdapter",)


_CLIENT = OwnerState(
    is_closed=None, noun="client", has_block=False, closes_at_once=True
)


# What asks for credentials, say: nothing that the user has closes it.
_SESSION = OwnerState(is_closed=None, noun="session", has_block=False)


class BotocoreAdapter(LibraryAdapter):
    """Knows botocore's owner; its sockets are urllib3's, its loads `http.client`'s."""

    name = "botocore"
    modules = ("botocore",)
    internals = ("botocore", "boto3", "urllib3", "http.client")

    def __init__(self) -> None:
        self._session: type = type(None)

    def hook(self, sink: Sink) -> None:
        """Wait for the modules."""
        sink.when_imported("botocore.client", self._hook_client)
        sink.when_imported("botocore.httpsession", self._hook_session)

    def _hook_client(self, module: ModuleType) -> None:
        # A class for each service is made at run time, all of this one.
        self.sink.owner_type(module.BaseClient, words=_CLIENT)

    def _hook_session(self, module: ModuleType) -> None:
        self._session = module.URLLib3Session
        self.sink.owner_type(self._session, is_part=True, words=_SESSION)

    def owner_state(self, owner: object) -> OwnerState:
        """Return what to call it: a client, or the session within one."""
        return _SESSION if isinstance(owner, self._session) else _CLIENT
