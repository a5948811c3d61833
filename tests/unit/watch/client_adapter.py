"""A little library and an adapter for it, each in a file that is not the test's."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

from urlsession.watch.adapter import LibraryAdapter, OwnerState, Sink

__all__ = ("Client", "ClientAdapter", "make_library")

SOURCE = """
import socket

class Client:
    def __init__(self, address=None):
        self.sock = None if address is None else socket.create_connection(address)

    def load(self):
        return b""

    def close(self):
        if self.sock is not None:
            self.sock.close()
"""


def make_library() -> ModuleType:
    """Return a module whose code lies where packages are installed."""
    module = ModuleType("some_client")
    file = "/opt/python/site-packages/some_client.py"
    exec(compile(SOURCE, file, "exec"), module.__dict__)
    sys.modules["some_client"] = module
    return module


Client: Any = make_library().Client


class ClientAdapter(LibraryAdapter):
    name = "client"
    modules = (__name__,)

    def hook(self, sink: Sink) -> None:
        sink.owner_type(Client)
        sink.call_before(Client, "load", self.loading)

    def loading(self, client: Any) -> None:
        assert client.sock is not None
        self.sink.used(client.sock.fileno())

    def owner_state(self, owner: object) -> OwnerState:
        return OwnerState(is_closed=None)
