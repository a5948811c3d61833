"""The standard library's other clients: mail, FTP and XML-RPC.

Decides who is the owner, how one closes it, and no more: their sockets are Python's,
and their commands are not counted as loads.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, NamedTuple

from ..adapter import LibraryAdapter, OwnerState

if TYPE_CHECKING:
    from types import ModuleType

    from ..adapter import Sink

__all__ = ("StandardAdapter",)


class _Client(NamedTuple):
    module: str
    name: str
    closer: str  # what the others come to in the end
    words: OwnerState


_CLIENTS = (
    _Client("ftplib", "FTP", "close", OwnerState(is_closed=None, closing="quit()")),
    _Client(
        "imaplib",
        "IMAP4",
        "shutdown",  # its `close` is the mailbox's
        OwnerState(is_closed=None, closing="logout()"),
    ),
    _Client(
        "poplib",
        "POP3",
        "close",
        OwnerState(is_closed=None, closing="quit()", has_block=False),
    ),
    _Client("smtplib", "SMTP", "close", OwnerState(is_closed=None, closing="quit()")),
    _Client(
        "xmlrpc.client",
        "ServerProxy",
        "_ServerProxy__close",
        OwnerState(is_closed=None, noun="proxy", closing='proxy("close")()'),
    ),
)


class StandardAdapter(LibraryAdapter):
    """Knows the owners of clients that are in no package."""

    name = "stdlib"
    modules = tuple(one.module for one in _CLIENTS)

    def hook(self, sink: Sink) -> None:
        """Wait for the modules."""
        for one in _CLIENTS:
            sink.when_imported(one.module, self._hook)

    def _hook(self, module: ModuleType) -> None:
        for one in _CLIENTS:
            if one.module == module.__name__:
                cls = getattr(module, one.name)
                self.sink.owner_type(cls, closers=(one.closer,), words=one.words)

    def owner_state(self, owner: object) -> OwnerState:
        """Return how one closes it; asks the class, since a proxy has any attribute."""
        for one in _CLIENTS:
            cls = getattr(sys.modules.get(one.module), one.name, None)
            if cls is not None and issubclass(type(owner), cls):
                return one.words
        return OwnerState(is_closed=None)
