"""A client certificate, as libcurl takes it.

Decides the options only. libcurl keys its connections by them: one that was made
with an identity is not used with another, or without.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pycurl

if TYPE_CHECKING:
    from ..credential import ClientIdentity

__all__ = ("identity_options",)


def identity_options(identity: ClientIdentity) -> list[tuple[int, object]]:
    """Return the options that have a handshake show `identity`."""
    options: list[tuple[int, object]] = [
        (pycurl.SSLCERT_BLOB, identity.certificates),
        (pycurl.SSLCERTTYPE, "P12" if identity.is_pkcs12 else "PEM"),
    ]
    if identity.key is not None:
        options += [
            (pycurl.SSLKEY_BLOB, identity.key),
            (pycurl.SSLKEYTYPE, "DER" if identity.is_der_key else "PEM"),
        ]
    if identity.password is not None:
        options.append((pycurl.KEYPASSWD, identity.password))
    return options
