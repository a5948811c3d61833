"""The vocabulary of connections and the ledger that both halves share."""

from .callsite import CallSite, capture_call_site, object_identity
from .connection import (
    Address,
    ClosedBy,
    Connection,
    ConnectionEvent,
    ConnectionState,
    Owner,
)
from .ledger import LEDGER, Ledger, Listener

__all__ = (
    "LEDGER",
    "Address",
    "CallSite",
    "ClosedBy",
    "Connection",
    "ConnectionEvent",
    "ConnectionState",
    "Ledger",
    "Listener",
    "Owner",
    "capture_call_site",
    "object_identity",
)
