"""Protection spaces: where a credential is good for.

Decides what makes two spaces the same: server or proxy, port, protocol, realm and
method. Must not know how a credential is sent.

Source: Foundation's ``URLProtectionSpace``.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from .server_trust import ServerTrust

__all__ = (
    "AuthenticationMethod",
    "ProxyType",
    "SpaceProtocol",
    "URLProtectionSpace",
)


class AuthenticationMethod(enum.Enum):
    """How one proves who one is, or has a server prove it."""

    DEFAULT = "NSURLAuthenticationMethodDefault"
    HTTP_BASIC = "NSURLAuthenticationMethodHTTPBasic"
    HTTP_DIGEST = "NSURLAuthenticationMethodHTTPDigest"
    HTML_FORM = "NSURLAuthenticationMethodHTMLForm"
    NTLM = "NSURLAuthenticationMethodNTLM"
    NEGOTIATE = "NSURLAuthenticationMethodNegotiate"
    CLIENT_CERTIFICATE = "NSURLAuthenticationMethodClientCertificate"
    SERVER_TRUST = "NSURLAuthenticationMethodServerTrust"

    @property
    def is_session_wide(self) -> bool:
        """Whether it is about a connection: the session's delegate is asked first."""
        return self in _SESSION_WIDE


_SESSION_WIDE = frozenset(
    (
        AuthenticationMethod.NTLM,
        AuthenticationMethod.NEGOTIATE,
        AuthenticationMethod.CLIENT_CERTIFICATE,
        AuthenticationMethod.SERVER_TRUST,
    )
)
# The password itself is not sent.
_SECURE = frozenset(
    (
        AuthenticationMethod.HTTP_DIGEST,
        AuthenticationMethod.NTLM,
        AuthenticationMethod.NEGOTIATE,
        AuthenticationMethod.CLIENT_CERTIFICATE,
        AuthenticationMethod.SERVER_TRUST,
    )
)


class SpaceProtocol(enum.StrEnum):
    """What is spoken to a server."""

    HTTP = "http"
    HTTPS = "https"
    FTP = "ftp"


class ProxyType(enum.StrEnum):
    """What kind of proxy asks."""

    HTTP = "http"
    HTTPS = "https"
    FTP = "ftp"
    SOCKS = "SOCKS"


class URLProtectionSpace:
    """A server or a proxy, and the part of it that one credential opens.

    Equal and hashed by value, without `distinguished_names` and `server_trust`,
    which belong to one connection.

    Args:
        host: Host name; compared in lower case.
        port: Port number; 0 if it is not set.
        protocol: ``http``, ``https`` or ``ftp``; None if it is not known.
        realm: The realm that the server names; None without one.
        authentication_method: None for ``DEFAULT``.
        distinguished_names: DER names of the issuers that a server accepts client
            certificates of.
        server_trust: The certificates to be judged.

    Source: Foundation's ``URLProtectionSpace``.
    """

    __slots__ = (
        "_authentication_method",
        "_distinguished_names",
        "_host",
        "_port",
        "_protocol",
        "_proxy_type",
        "_realm",
        "_server_trust",
    )

    def __init__(
        self,
        host: str,
        port: int = 0,
        protocol: str | None = None,
        realm: str | None = None,
        authentication_method: AuthenticationMethod | None = None,
        *,
        distinguished_names: Sequence[bytes] | None = None,
        server_trust: ServerTrust | None = None,
    ) -> None:
        self._host = host.lower()
        self._port = port
        self._protocol = None if protocol is None else SpaceProtocol(protocol)
        self._proxy_type: ProxyType | None = None
        self._realm = realm
        self._authentication_method = (
            AuthenticationMethod.DEFAULT
            if authentication_method is None
            else AuthenticationMethod(authentication_method)
        )
        self._distinguished_names = (
            None if distinguished_names is None else tuple(distinguished_names)
        )
        self._server_trust = server_trust

    @classmethod
    def proxy(
        cls,
        host: str,
        port: int = 0,
        type: str | None = None,  # noqa: A002  # Foundation's label
        realm: str | None = None,
        authentication_method: AuthenticationMethod | None = None,
    ) -> Self:
        """Return the space of a proxy.

        Args:
            host: The proxy's host name.
            port: The proxy's port; 0 if it is not set.
            type: ``http``, ``https``, ``ftp`` or ``SOCKS``; None for ``http``.
            realm: The realm that the proxy names; None without one.
            authentication_method: None for ``DEFAULT``.
        """
        made = cls(host, port, None, realm, authentication_method)
        made._proxy_type = ProxyType.HTTP if type is None else ProxyType(type)
        return made

    @property
    def host(self) -> str:
        """The host name, in lower case."""
        return self._host

    @property
    def port(self) -> int:
        """The port; 0 if it is not set."""
        return self._port

    @property
    def protocol(self) -> SpaceProtocol | None:
        """What is spoken to the server; None for a proxy."""
        return self._protocol

    @property
    def realm(self) -> str | None:
        """The realm; None without one."""
        return self._realm

    @property
    def proxy_type(self) -> ProxyType | None:
        """What kind of proxy this is; None for a server."""
        return self._proxy_type

    @property
    def is_proxy(self) -> bool:
        """Whether a proxy asks, and not a server."""
        return self._proxy_type is not None

    @property
    def authentication_method(self) -> AuthenticationMethod:
        """How one is to prove who one is."""
        return self._authentication_method

    @property
    def distinguished_names(self) -> tuple[bytes, ...] | None:
        """DER names of accepted issuers; None if this is about something else."""
        return self._distinguished_names

    @property
    def server_trust(self) -> ServerTrust | None:
        """The certificates to be judged; None if this is about something else."""
        return self._server_trust

    @property
    def receives_credential_securely(self) -> bool:
        """Whether nobody on the way can read the credential."""
        return (
            self._protocol is SpaceProtocol.HTTPS
            or self._proxy_type is ProxyType.HTTPS
            or self._authentication_method in _SECURE
        )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, URLProtectionSpace):
            return NotImplemented
        return self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def __repr__(self) -> str:
        kind = self._proxy_type or self._protocol or ""
        proxy = "proxy " if self.is_proxy else ""
        realm = "" if self._realm is None else f" realm {self._realm!r}"
        return (
            f"<{type(self).__name__} {proxy}{kind}://{self._host}:{self._port}"
            f"{realm} {self._authentication_method.name}>"
        )

    def _key(self) -> tuple[object, ...]:
        return (
            self._host,
            self._port,
            self._protocol,
            self._proxy_type,
            self._realm,
            self._authentication_method,
        )
