"""Where the certificates are that a TLS server's chain must end in.

The system's own store comes first, as OpenSSL-based programs find it
(`SSL_CERT_FILE`, `SSL_CERT_DIR`, then the usual places), certifi where there is
none. A directory of hashed certificates is preferred to one bundle: libcurl
parses a bundle whole for each session's first connection (10 to 20 ms), while of a
directory it reads one file.
"""

from __future__ import annotations

import os
from functools import lru_cache

import pycurl

__all__ = ("trust_options",)

# Debian, Fedora, openSUSE, Alpine, FreeBSD, in this order.
_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
    "/usr/local/share/certs/ca-root-nss.crt",
)
_DIRECTORIES = ("/etc/ssl/certs", "/etc/pki/tls/certs")


def trust_options(certificates: str | bytes | None) -> list[tuple[int, object]]:
    """Return the libcurl options for what to trust.

    Args:
        certificates: PEM, or the path of a PEM file, to trust *instead* of the
            system's roots; None for the system's.
    """
    if isinstance(certificates, bytes):
        # A blob takes the place of libcurl's built-in bundle, not of its directory.
        return [(pycurl.CAINFO_BLOB, certificates), (pycurl.CAPATH, "")]
    if isinstance(certificates, str):
        return [(pycurl.CAINFO, certificates), (pycurl.CAPATH, "")]
    file = os.environ.get("SSL_CERT_FILE", "")
    directory = os.environ.get("SSL_CERT_DIR", "")
    if file or directory:
        return _options(file, directory)
    return _system_options()


@lru_cache(maxsize=1)
def _system_options() -> list[tuple[int, object]]:
    for directory in _DIRECTORIES:
        if _is_hashed(directory):
            return _options("", directory)
    for bundle in _BUNDLES:
        if os.path.exists(bundle):
            return _options(bundle, "")
    import certifi  # only where the system has no store of its own

    return _options(certifi.where(), "")


def _options(file: str, directory: str) -> list[tuple[int, object]]:
    options: list[tuple[int, object]] = []
    if file:
        options.append((pycurl.CAINFO, file))
    if directory:
        options.append((pycurl.CAPATH, directory))
    return options


def _is_hashed(directory: str) -> bool:
    """Whether OpenSSL can look a certificate up by name (``5ad8a5d6.0``)."""
    try:
        with os.scandir(directory) as entries:
            return any(entry.name.endswith(".0") for entry in entries)
    except OSError:
        return False
