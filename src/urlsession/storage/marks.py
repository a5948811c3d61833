"""What a load must know of stores that it need not load for that.

Decides nothing.
"""

from __future__ import annotations

__all__ = ("MARKS", "Marks")


class Marks:
    """Hints for the whole process.

    Attributes:
        has_identities: Whether any credential storage has held a client certificate.
        news: Another object after each time that anything came of which nothing was
            known before: a cookie, a stored reply, a host that wants TLS or has an
            alternative, an answer to a challenge. That something went is no news.
    """

    __slots__ = ("has_identities", "news")

    def __init__(self) -> None:
        self.has_identities = False
        self.news = object()

    def tell(self) -> None:
        """Something came; called after it is there. Any thread."""
        self.news = object()  # a number could be counted up by two threads at once


MARKS = Marks()
