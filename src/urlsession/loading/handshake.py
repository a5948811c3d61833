"""What a server says in a TLS handshake, from libcurl's trace of its messages.

Pure. libcurl has no callback for a server's certificates or for its wish to see
ours, and pycurl none for OpenSSL's context; but a trace (``DEBUGFUNCTION``) gets
every handshake message as it was parsed, decrypted. Nothing is *trusted* by this:
it tells whom a delegate is asked about.

Source: RFC 8446 section 4, RFC 5246 section 7.4.
"""

from __future__ import annotations

__all__ = ("Handshake",)

_CLIENT_HELLO = 1
_SERVER_HELLO = 2
_CERTIFICATE = 11
_CERTIFICATE_REQUEST = 13
_CERTIFICATE_AUTHORITIES = 47  # extension
_SUPPORTED_VERSIONS = 43  # extension
_TLS13 = b"\x03\x04"


class Handshake:
    """What the server has said so far.

    Attributes:
        chain: Its certificates, DER, its own first.
        requests_certificate: Whether it asks for ours.
        issuers: DER names of the issuers that it accepts; empty for any.
    """

    __slots__ = ("_is_tls13", "chain", "issuers", "requests_certificate")

    chain: tuple[bytes, ...]
    issuers: tuple[bytes, ...]

    def __init__(self) -> None:
        self._forget()

    def sent(self, message: bytes) -> None:
        """Take a message of ours: the first one of another handshake starts anew."""
        if _body(message) is not None and message[0] == _CLIENT_HELLO:
            self._forget()

    def received(self, message: bytes) -> None:
        """Take a message of the server's; what cannot be read is left out."""
        body = _body(message)
        if body is None:
            return
        try:
            if message[0] == _SERVER_HELLO:
                self._is_tls13 = _is_tls13(body)
            elif message[0] == _CERTIFICATE:
                self.chain = _chain(body, self._is_tls13)
            elif message[0] == _CERTIFICATE_REQUEST:
                self.requests_certificate = True
                self.issuers = _issuers(body, self._is_tls13)
        except IndexError:
            return

    def _forget(self) -> None:
        self._is_tls13 = False
        self.chain = ()
        self.requests_certificate = False
        self.issuers = ()


def _body(message: bytes) -> bytes | None:
    """Return what follows a handshake message's type and length.

    None for the others that are traced: records' headers, alerts, a change of cipher.
    """
    if len(message) < 4 or int.from_bytes(message[1:4], "big") != len(message) - 4:
        return None
    return message[4:]


class _Reader:
    """A message, read field by field; `IndexError` past its end."""

    __slots__ = ("_at", "_data")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def __bool__(self) -> bool:
        return self._at < len(self._data)

    def take(self, size: int) -> bytes:
        end = self._at + size
        if end > len(self._data):
            raise IndexError(f"{size} bytes at {self._at} of {len(self._data)}")
        data, self._at = self._data[self._at : end], end
        return data

    def vector(self, length_bytes: int) -> bytes:
        return self.take(int.from_bytes(self.take(length_bytes), "big"))


def _is_tls13(body: bytes) -> bool:
    reader = _Reader(body)
    reader.take(34)  # version, random
    reader.vector(1)  # session
    reader.take(3)  # cipher, compression
    if not reader:
        return False
    return _extension(reader.vector(2), _SUPPORTED_VERSIONS) == _TLS13


def _chain(body: bytes, is_tls13: bool) -> tuple[bytes, ...]:
    reader = _Reader(body)
    if is_tls13:
        reader.vector(1)  # context
    entries = _Reader(reader.vector(3))
    chain = []
    while entries:
        chain.append(entries.vector(3))
        if is_tls13:
            entries.vector(2)  # extensions
    return tuple(chain)


def _issuers(body: bytes, is_tls13: bool) -> tuple[bytes, ...]:
    reader = _Reader(body)
    reader.vector(1)  # context, or the types of certificate
    if is_tls13:
        extension = _extension(reader.vector(2), _CERTIFICATE_AUTHORITIES)
        if extension is None:
            return ()
        names = _Reader(_Reader(extension).vector(2))
    else:
        reader.vector(2)  # signature algorithms
        names = _Reader(reader.vector(2))
    found = []
    while names:
        found.append(names.vector(2))
    return tuple(found)


def _extension(extensions: bytes, wanted: int) -> bytes | None:
    reader = _Reader(extensions)
    while reader:
        kind, data = int.from_bytes(reader.take(2), "big"), reader.vector(2)
        if kind == wanted:
            return data
    return None
