"""Certificates for loopback servers, made on the spot and forgotten after.

Needs the extra ``urlsession[testing]`` (trustme).
"""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import trustme

__all__ = ("CertificateAuthority",)

_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class CertificateAuthority:
    """A root that exists for one test run, and the server contexts it signs.

    Args:
        directory: Where the root is written, for clients that want a path.
    """

    def __init__(self, directory: Path) -> None:
        self._root = trustme.CA()
        self.pem = self._root.cert_pem.bytes()
        self.path = directory / "root.pem"
        self.path.write_bytes(self.pem)

    def server_context(
        self,
        *hosts: str,
        alpn: Sequence[str] = ("http/1.1",),
        not_after: datetime | None = None,
    ) -> ssl.SSLContext:
        """Return a context for a server whose certificate this root signed.

        Args:
            hosts: Names and addresses the certificate is for; none means
                ``localhost``, ``127.0.0.1`` and ``::1``.
            alpn: Protocols the server speaks, best first; empty offers none.
            not_after: End of the certificate's life; None is far away.
        """
        return _context(self._root, hosts or _LOOPBACK, alpn, not_after)

    def other_host_context(self) -> ssl.SSLContext:
        """Return a context whose certificate is for a host that is not this one."""
        return self.server_context("other.example")

    def expired_context(self) -> ssl.SSLContext:
        """Return a context whose certificate ended yesterday."""
        yesterday = datetime.now(UTC) - timedelta(days=1)
        return self.server_context(not_after=yesterday)

    def unknown_root_context(self) -> ssl.SSLContext:
        """Return a context whose certificate an unknown root signed."""
        return _context(trustme.CA(), _LOOPBACK, ("http/1.1",), None)


def _context(
    root: trustme.CA,
    hosts: Sequence[str],
    alpn: Sequence[str],
    not_after: datetime | None,
) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate = (
        root.issue_cert(*hosts)
        if not_after is None
        else root.issue_cert(
            *hosts, not_before=not_after - timedelta(days=1), not_after=not_after
        )
    )
    certificate.configure_cert(context)
    if alpn:
        context.set_alpn_protocols(list(alpn))
    return context
