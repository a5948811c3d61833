"""How ``urlsession fetch`` reaches servers: the options of its network group.

Decides what they mean for a session's configuration, and what is a mistake of the
user's. Must not load anything.
"""

from __future__ import annotations

import base64
import os
from pathlib import Path
from typing import TYPE_CHECKING

from ...configuration import URLSessionConfiguration
from ...errors import URLError, UsageError
from ...proxy import ProxyConfiguration
from ...url import parse_url

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

__all__ = ("authorization_of", "configuration_of")


def configuration_of(found: argparse.Namespace) -> URLSessionConfiguration:
    """Return the configuration that the arguments ask for.

    Raises:
        ValueError: A file cannot be read or is none of its kind, a proxy cannot be.
    """
    configuration = URLSessionConfiguration.ephemeral()
    configuration.http_protocol = found.protocol
    if found.max_time is not None:
        configuration.timeout_interval_for_resource = found.max_time
    if found.cacert is not None:
        configuration.trusted_certificates = _pem_of(found.cacert)
    if found.proxy is not None:
        _take_proxy(configuration, found.proxy)
    if found.cookie_jar is not None:
        _take_cookie_jar(configuration, found.cookie_jar)
    if found.cert is not None:
        _take_certificate(configuration, found.cert, found.key, found.urls)
    elif found.key is not None:
        raise ValueError("--key: names the key of a --cert, and there is none")
    return configuration


def authorization_of(user: str) -> tuple[str, str]:
    """Return the header field for ``USER:PASSWORD``, sent with the first request.

    Raises:
        ValueError: There is no colon in it: nobody is asked for a password.
    """
    if ":" not in user:
        raise ValueError("-u: write USER:PASSWORD (a command cannot ask for it)")
    token = base64.b64encode(user.encode(errors="surrogateescape")).decode("ascii")
    return "Authorization", f"Basic {token}"


def _take_proxy(configuration: URLSessionConfiguration, url: str) -> None:
    if not url:  # none, whatever the environment says
        configuration.connection_proxy_dictionary = {}
        return
    try:
        configuration.proxy_configurations = [ProxyConfiguration.from_url(url)]
    except ValueError as error:
        raise ValueError(f"--proxy: {error}") from error


def _take_cookie_jar(configuration: URLSessionConfiguration, file: str) -> None:
    from ... import HTTPCookieStorage  # only where cookies are kept

    path = Path(file)
    if path.is_dir() or not path.absolute().parent.is_dir():
        raise ValueError(f"--cookie-jar {file}: is not a file in a folder that exists")
    if path.exists() and not os.access(path, os.R_OK | os.W_OK):
        raise ValueError(f"--cookie-jar {file}: may not be read and written")
    configuration.http_cookie_storage = HTTPCookieStorage(path)


def _take_certificate(
    configuration: URLSessionConfiguration,
    cert: str,
    key: str | None,
    urls: Sequence[str],
) -> None:
    """Show the certificate to the hosts that are named, not where they redirect to."""
    from ... import AuthenticationMethod, URLCredential, URLProtectionSpace

    try:
        credential = URLCredential.for_identity(cert, key)
    except OSError as error:
        raise ValueError(
            f"--cert, --key: cannot read {error.filename!r}: {error.strerror}"
        ) from error
    except UsageError as error:
        raise ValueError(f"--cert {cert}: {error}") from error
    storage = configuration.url_credential_storage
    for url in urls:
        try:
            parts = parse_url(url)
        except URLError:  # its load says so
            continue
        if storage is not None and parts.scheme == "https":
            space = URLProtectionSpace(
                parts.host,
                parts.port,
                "https",
                None,
                AuthenticationMethod.CLIENT_CERTIFICATE,
            )
            storage.set(credential, space)


def _pem_of(file: str) -> bytes:
    try:
        pem = Path(file).read_bytes()
    except OSError as error:
        raise ValueError(f"--cacert: cannot read {file!r}: {error.strerror}") from error
    if b"-----BEGIN" not in pem:
        raise ValueError(f"--cacert {file}: holds no PEM certificate")
    return pem
