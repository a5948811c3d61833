"""Who holds an owner: the heap path from a name the user knows down to it."""

from .holding import Holding, find_holdings
from .roots import RootKind

__all__ = ("Holding", "RootKind", "find_holdings")
