"""Who has the last word on the peer of a stream's TLS.

Decides what each answer to a challenge about a server's certificates leads to. What the
system makes of them is found out in `verdict`; the stream waits meanwhile.

Source: Foundation's ``NSURLAuthenticationMethodServerTrust``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ..challenge import AuthChallengeDisposition, URLAuthenticationChallenge
from ..errors import URLError, URLErrorCode
from ..protection_space import AuthenticationMethod, URLProtectionSpace
from .tls import judge, refusal_of

if TYPE_CHECKING:
    from ..configuration import URLSessionConfiguration
    from ..credential import URLCredential
    from .channel import Decide
    from .tls import TLSPipe

__all__ = ("PeerQuestion",)


class PeerQuestion(NamedTuple):
    """Whether a peer is to be spoken to.

    Attributes:
        challenge: What a delegate is asked.
        decide: Takes the decision.
        url: For errors.
    """

    challenge: URLAuthenticationChallenge
    decide: Decide
    url: str

    @classmethod
    def about(
        cls,
        pipe: TLSPipe,
        configuration: URLSessionConfiguration,
        place: tuple[str, int],
        url: str,
        decide: Decide,
    ) -> PeerQuestion:
        """Return the question about a peer that was not verified.

        Args:
            pipe: TLS to it.
            configuration: The session's: what the system trusts.
            place: (host, port) that were asked for.
            url: For errors.
            decide: Takes the decision.

        Raises:
            URLError: The trusted certificates cannot be read.
        """
        host, port = place
        trust = judge(pipe, configuration, host, url)
        error = None
        if not trust.is_trusted:
            error = refusal_of(trust.verify_result, trust.verify_message, url)
        space = URLProtectionSpace(
            host,
            port,
            authentication_method=AuthenticationMethod.SERVER_TRUST,
            server_trust=trust,
        )
        return cls(URLAuthenticationChallenge(space, error=error), decide, url)

    def answer(
        self, disposition: AuthChallengeDisposition, credential: URLCredential | None
    ) -> None:
        """Take the delegate's decision, other than to cancel."""
        is_used = disposition is AuthChallengeDisposition.USE_CREDENTIAL
        accepted = credential.trust if is_used and credential is not None else None
        refusal = self.challenge.error
        if accepted is not None:
            shown = self.challenge.protection_space.server_trust
            if shown is not None and accepted.certificate == shown.certificate:
                refusal = None
            elif refusal is None:
                refusal = URLError(
                    URLErrorCode.SERVER_CERTIFICATE_UNTRUSTED,
                    "another certificate was accepted than the one that was shown",
                    failing_url=self.url,
                )
        self.decide(refusal)
