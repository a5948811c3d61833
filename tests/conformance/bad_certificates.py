"""Certificates that the system refuses, and what it says of each."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta

from urlsession import URLErrorCode
from urlsession.testing.certificates import CertificateAuthority

__all__ = ("BAD", "context_of")

BAD = {
    "unknown root": (20, URLErrorCode.SERVER_CERTIFICATE_HAS_UNKNOWN_ROOT),
    "other host": (62, URLErrorCode.SERVER_CERTIFICATE_UNTRUSTED),
    "expired": (10, URLErrorCode.SERVER_CERTIFICATE_HAS_BAD_DATE),
    "not yet valid": (9, URLErrorCode.SERVER_CERTIFICATE_NOT_YET_VALID),
}
"""(OpenSSL's verification result, code of the error) by what is wrong."""


def context_of(kind: str, ca: CertificateAuthority) -> ssl.SSLContext:
    """Return a server's context with such a certificate; a good one for ``good``."""
    if kind == "unknown root":
        return ca.unknown_root_context()
    if kind == "other host":
        return ca.other_host_context()
    if kind == "expired":
        return ca.expired_context()
    if kind == "not yet valid":
        return ca.server_context(not_after=datetime.now(UTC) + timedelta(days=3))
    assert kind == "good"
    return ca.server_context()
