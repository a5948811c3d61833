"""Challenges: a server, a proxy or a certificate asks for a decision.

Decides nothing. Must not know who asks whom.

Source: Foundation's ``URLAuthenticationChallenge``.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .credential import URLCredential
    from .errors import URLError
    from .protection_space import URLProtectionSpace
    from .response import HTTPURLResponse

__all__ = ("AuthChallengeDisposition", "URLAuthenticationChallenge")


class AuthChallengeDisposition(enum.IntEnum):
    """What to do about a challenge, with Apple's numbers."""

    USE_CREDENTIAL = 0
    PERFORM_DEFAULT_HANDLING = 1
    CANCEL_AUTHENTICATION_CHALLENGE = 2
    REJECT_PROTECTION_SPACE = 3


class URLAuthenticationChallenge:
    """What a delegate is asked.

    Args:
        protection_space: Who asks, and for what.
        proposed_credential: What default handling would use; None if it has nothing,
            or if that was just refused.
        previous_failure_count: How many tries of this task were refused so far.
        failure_response: The response that asks; None for a connection's challenge.
        error: Why the last try failed; None if it was simply refused.

    Source: Foundation's ``URLAuthenticationChallenge``.
    """

    __slots__ = (
        "error",
        "failure_response",
        "previous_failure_count",
        "proposed_credential",
        "protection_space",
    )

    def __init__(
        self,
        protection_space: URLProtectionSpace,
        proposed_credential: URLCredential | None = None,
        previous_failure_count: int = 0,
        failure_response: HTTPURLResponse | None = None,
        error: URLError | None = None,
    ) -> None:
        self.protection_space = protection_space
        self.proposed_credential = proposed_credential
        self.previous_failure_count = previous_failure_count
        self.failure_response = failure_response
        self.error = error

    def __repr__(self) -> str:
        return (
            f"<{type(self).__name__} {self.protection_space!r}, "
            f"{self.previous_failure_count} failures>"
        )
