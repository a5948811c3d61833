"""What a load must know of stores that it need not load for that.

Decides nothing.
"""

from __future__ import annotations

__all__ = ("MARKS", "Marks")


class Marks:
    """Hints for the whole process; they go up and never down.

    Attributes:
        has_identities: Whether any credential storage has held a client certificate.
    """

    __slots__ = ("has_identities",)

    def __init__(self) -> None:
        self.has_identities = False


MARKS = Marks()
