"""The certificates that a server showed, and what the system made of them.

Decides nothing: a value that a challenge carries to whoever decides. Must not know
libcurl; the numbers of `verify_result` are OpenSSL's.
"""

from __future__ import annotations

from base64 import encodebytes
from collections.abc import Sequence

__all__ = ("HOSTNAME_MISMATCH", "ServerTrust")

HOSTNAME_MISMATCH = 62  # OpenSSL's X509_V_ERR_HOSTNAME_MISMATCH


class ServerTrust:
    """A server's certificate chain, to be trusted or not.

    Args:
        host: The host that was asked for.
        chain: DER certificates as the server sent them, its own first.
        verify_result: The system's verdict: 0 if it trusts the server, else OpenSSL's
            number (`X509_V_ERR_…`), for instance 10 for an expired certificate, 62
            for one of another host.
        verify_message: The verdict in words; empty if it is good.

    Source: Foundation's ``SecTrust`` as ``URLProtectionSpace.serverTrust`` has it.
    """

    __slots__ = ("chain", "host", "verify_message", "verify_result")

    def __init__(
        self,
        host: str,
        chain: Sequence[bytes],
        verify_result: int = 0,
        verify_message: str = "",
    ) -> None:
        self.host = host
        self.chain = tuple(chain)
        self.verify_result = verify_result
        self.verify_message = verify_message

    @property
    def is_trusted(self) -> bool:
        """Whether the system trusts the server: what default handling goes by."""
        return self.verify_result == 0

    @property
    def certificate(self) -> bytes:
        """The server's own certificate, DER; what a pin is compared with."""
        return self.chain[0] if self.chain else b""

    @property
    def pem(self) -> str:
        """The chain in PEM, the server's own certificate first."""
        return "".join(
            "-----BEGIN CERTIFICATE-----\n"
            f"{encodebytes(one).decode('ascii')}"
            "-----END CERTIFICATE-----\n"
            for one in self.chain
        )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ServerTrust):
            return NotImplemented
        return self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def __repr__(self) -> str:
        verdict = "trusted" if self.is_trusted else f"verify {self.verify_result}"
        return f"<ServerTrust {self.host} {len(self.chain)} certificates, {verdict}>"

    def _key(self) -> tuple[object, ...]:
        return self.host, self.chain, self.verify_result
