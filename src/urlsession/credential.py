"""Credentials: who one is to a server, or that one trusts it.

Decides which values can be used at all. A password is never part of a text that
could end in a log. Must not know where credentials are kept or how they are sent.

Source: Foundation's ``URLCredential``.
"""

from __future__ import annotations

import enum
import os
import re
from base64 import encodebytes
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, NamedTuple, Self

from .errors import UsageError

if TYPE_CHECKING:
    from .request import FilePath
    from .server_trust import ServerTrust

__all__ = ("ClientIdentity", "CredentialPersistence", "URLCredential")

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


class CredentialPersistence(enum.IntEnum):
    """How long a credential is kept, with Apple's numbers."""

    NONE = 0
    FOR_SESSION = 1
    PERMANENT = 2
    SYNCHRONIZABLE = 3


class ClientIdentity(NamedTuple):
    """A client certificate with its key, as libcurl takes them.

    Attributes:
        certificates: PEM of the certificate and its chain, or a PKCS#12 file.
        key: The private key in PEM or DER; None within PKCS#12.
        is_pkcs12: Whether `certificates` is PKCS#12.
        is_der_key: Whether `key` is DER.
        password: What the key or the PKCS#12 file is encrypted with.
    """

    certificates: bytes
    key: bytes | None
    is_pkcs12: bool
    is_der_key: bool
    password: str | None

    def __repr__(self) -> str:
        kind = "PKCS#12" if self.is_pkcs12 else "PEM"
        return f"<ClientIdentity {kind}, {len(self.certificates)} bytes>"


class URLCredential:
    """A user with a password, a client certificate, or trust in a server.

    Args:
        user: User name.
        password: Password.
        persistence: How long a credential storage keeps it.

    Raises:
        TypeError: `user` or `password` is no text.
        UsageError: One of them holds a control character, which no protocol can
            carry.

    Source: Foundation's ``URLCredential``.
    """

    __slots__ = ("_identity", "_password", "_persistence", "_trust", "_user")

    Persistence: ClassVar = CredentialPersistence

    def __init__(
        self,
        user: str,
        password: str,
        persistence: CredentialPersistence = CredentialPersistence.FOR_SESSION,
    ) -> None:
        self._user: str | None = _checked("user", user)
        self._password: str | None = _checked("password", password)
        self._persistence = CredentialPersistence(persistence)
        self._identity: ClientIdentity | None = None
        self._trust: ServerTrust | None = None

    @classmethod
    def for_identity(
        cls,
        cert: FilePath | str | bytes,
        key: FilePath | str | bytes | None = None,
        chain: Sequence[FilePath | str | bytes] | None = None,
        password: str | None = None,
        persistence: CredentialPersistence = CredentialPersistence.FOR_SESSION,
    ) -> Self:
        """Return a client certificate as a credential.

        Args:
            cert: The certificate: PEM, DER or PKCS#12, as bytes or as a path.
            key: Its private key, PEM or DER; None if `cert` holds it too.
            chain: Certificates between `cert` and the root that the server knows,
                PEM or DER.
            password: What the key, or the PKCS#12 file, is encrypted with.
            persistence: How long a credential storage keeps it; a certificate is
                never kept beyond the process.

        Raises:
            OSError: A file cannot be read.
            UsageError: What was given is not of one of these forms, or the key is
                missing. Whether certificate and key belong together shows in the
                handshake (``CLIENT_CERTIFICATE_REJECTED``).
        """
        if password is not None:
            _checked("password", password)
        identity = _identity(cert, key, chain or (), password)
        made = cls.__new__(cls)
        made._user = made._password = made._trust = None
        made._persistence = CredentialPersistence(persistence)
        made._identity = identity
        return made

    @classmethod
    def for_trust(cls, trust: ServerTrust | None) -> Self:
        """Return the credential that accepts a server's certificates.

        Args:
            trust: The challenge's ``protection_space.server_trust``.

        Raises:
            UsageError: It is None: the challenge is not about trust in a server.
        """
        if trust is None:
            raise UsageError("for_trust needs a challenge's server_trust, not None")
        made = cls.__new__(cls)
        made._user = made._password = made._identity = None
        made._persistence = CredentialPersistence.NONE
        made._trust = trust
        return made

    @property
    def user(self) -> str | None:
        """The user name; None for a certificate or for trust."""
        return self._user

    @property
    def password(self) -> str | None:
        """The password; None for a certificate or for trust."""
        return self._password

    @property
    def has_password(self) -> bool:
        """Whether there is a password."""
        return self._password is not None

    @property
    def identity(self) -> ClientIdentity | None:
        """The client certificate with its key; None for other credentials."""
        return self._identity

    @property
    def certificates(self) -> bytes | None:
        """The client certificate and its chain, PEM or PKCS#12."""
        return None if self._identity is None else self._identity.certificates

    @property
    def trust(self) -> ServerTrust | None:
        """The server's certificates that this accepts; None for other credentials."""
        return self._trust

    @property
    def persistence(self) -> CredentialPersistence:
        """How long a storage keeps it."""
        return self._persistence

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, URLCredential):
            return NotImplemented
        return self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def __repr__(self) -> str:
        name = type(self).__name__
        if self._trust is not None:
            return f"<{name} for {self._trust!r}>"
        what = repr(self._user) if self._identity is None else repr(self._identity)
        return f"<{name} {what} {self._persistence.name}>"

    def _key(self) -> tuple[object, ...]:
        return (
            self._user,
            self._password,
            self._persistence,
            self._identity,
            self._trust,
        )


def _checked(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a str, not {type(value).__name__}")
    if _CONTROL.search(value):  # the value itself stays out of the message
        raise UsageError(f"{name} of a credential holds a control character")
    return value


def _identity(
    cert: FilePath | str | bytes,
    key: FilePath | str | bytes | None,
    chain: Sequence[FilePath | str | bytes],
    password: str | None,
) -> ClientIdentity:
    data = _read(cert)
    links = b"".join(_as_pem(_read(one), "chain") for one in chain)
    if _is_pkcs12(data):
        if key is not None or links:
            raise UsageError("a PKCS#12 certificate brings its key and chain itself")
        return ClientIdentity(data, None, True, False, password)
    secret = None if key is None else _read(key)
    if secret is None:
        if b"PRIVATE KEY-----" not in data:
            raise UsageError("for_identity needs a key: `cert` does not hold one")
        secret = data
    is_der_key = _is_der(secret)
    if not is_der_key and b"PRIVATE KEY-----" not in secret:
        raise UsageError("key is no private key in PEM or DER")
    return ClientIdentity(
        _as_pem(data, "cert") + links, secret, False, is_der_key, password
    )


def _read(source: FilePath | str | bytes) -> bytes:
    if isinstance(source, bytes):
        return source
    with open(os.fspath(source), "rb") as file:
        return file.read()


def _as_pem(data: bytes, name: str) -> bytes:
    if b"-----BEGIN CERTIFICATE-----" in data:
        return data if data.endswith(b"\n") else data + b"\n"
    if not _is_der(data):
        raise UsageError(f"{name} is no certificate in PEM or DER")
    return (
        b"-----BEGIN CERTIFICATE-----\n"
        + encodebytes(data)
        + b"-----END CERTIFICATE-----\n"
    )


def _is_der(data: bytes) -> bool:
    return data[:1] == b"\x30"  # an ASN.1 SEQUENCE


def _is_pkcs12(data: bytes) -> bool:
    # PFX ::= SEQUENCE { version INTEGER 3, … }; a certificate has a SEQUENCE there.
    if not _is_der(data) or len(data) < 8:
        return False
    head = 2 if data[1] < 0x80 else 2 + (data[1] & 0x7F)
    return data[head : head + 3] == b"\x02\x01\x03"
