"""What the system makes of a server's certificates, asked apart from a handshake.

Decides nothing itself: libssl verifies, by the very rules (roots, name, dates, purpose)
that a handshake goes by. Python shows that verdict only by breaking a handshake off, and
a connection on which something was said before TLS cannot be made again. So the
connection's own handshake is made without verifying, and the certificates that came are
shown to another one that leads nowhere: in TLS 1.2 a server sends its certificates as
they are, before anything that takes its key, and libssl verifies them there and then.

No byte of it leaves the process. Whatever does not come out as libssl's own yes is a no.

Source: RFC 5246 sections 6.2.1, 7.4.1.3 and 7.4.2; RFC 5746 section 3.6.
"""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any

from ..server_trust import ServerTrust
from .server_trust import public_key

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ("peer_certificates", "system_trust")

_HANDSHAKE = b"\x16\x03\x03"  # a record of TLS 1.2
_RECORD_SIZE = 16 * 1024  # bytes
_SERVER_HELLO, _CERTIFICATE = 2, 11
_RENEGOTIATION_INFO = b"\xff\x01\x00\x01\x00"  # empty; libssl insists on it
_RSA_ALGORITHMS = bytes.fromhex("2a864886f70d0101")  # pkcs-1, RFC 8017 appendix C
_UNSPECIFIED = 1  # OpenSSL's X509_V_ERR_UNSPECIFIED


def system_trust(
    chain: Sequence[bytes], host: str, context: ssl.SSLContext
) -> ServerTrust:
    """Return `chain` with what libssl makes of it.

    Args:
        chain: DER certificates as a server sent them, its own first.
        host: The name that they must be for.
        context: What to trust; it speaks TLS 1.2 only from now on.

    Raises:
        ValueError: `host` is no name for a certificate.
    """
    context.verify_mode = ssl.CERT_REQUIRED
    context.check_hostname = True
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_2
    incoming = ssl.MemoryBIO()
    tls = context.wrap_bio(incoming, ssl.MemoryBIO(), server_hostname=host)
    try:
        _go_on(tls)
        incoming.write(_flight(chain, _suite(context, chain)))
        _go_on(tls)
        if peer_certificates(tls, are_verified=True)[:1] != [*chain[:1]]:
            raise ValueError("nothing was verified")
    except ssl.SSLCertVerificationError as refusal:
        result = int(refusal.verify_code or _UNSPECIFIED)
        message = str(refusal.verify_message or refusal.reason)
        return ServerTrust(host, chain, result, message)
    except (ssl.SSLError, ValueError) as error:
        message = f"cannot be verified: {getattr(error, 'reason', None) or error}"
        return ServerTrust(host, chain, _UNSPECIFIED, message)
    return ServerTrust(host, chain)


def peer_certificates(tls: ssl.SSLObject, *, are_verified: bool = False) -> list[bytes]:
    """Return a peer's certificates in DER, its own first.

    Args:
        tls: Our end of a handshake by which they have come.
        are_verified: Whether to return those that were verified, up to a root, instead
            of those that were sent.
    """
    name = "get_verified_chain" if are_verified else "get_unverified_chain"
    public: Any = getattr(tls, name, None)  # from Python 3.13 on
    if public is not None:
        return list(public())
    from _ssl import ENCODING_DER

    inner: Any = tls
    found = getattr(inner._sslobj, name)() or []
    return [bytes(one.public_bytes(ENCODING_DER)) for one in found]


def _go_on(tls: ssl.SSLObject) -> None:
    """Have libssl take what has come; it never has enough."""
    try:
        tls.do_handshake()
    except ssl.SSLWantReadError:
        return
    raise ValueError("a handshake with nobody came to an end")


def _suite(context: ssl.SSLContext, chain: Sequence[bytes]) -> bytes:
    """Return one that `context` offers and that goes with the server's key."""
    is_rsa = bool(chain) and _RSA_ALGORITHMS in public_key(chain[0])[:32]
    wanted = "TLSv1.2", "auth-rsa" if is_rsa else "auth-ecdsa"
    for one in context.get_ciphers():
        if (one["protocol"], one["auth"]) == wanted:
            return int(one["id"]).to_bytes(4, "big")[2:]
    raise ValueError("no cipher suite for such a key")


def _flight(chain: Sequence[bytes], suite: bytes) -> bytes:
    """Return what a server would send first: its hello and its certificates."""
    extensions = len(_RENEGOTIATION_INFO).to_bytes(2, "big") + _RENEGOTIATION_INFO
    version, random, session, no_compression = b"\x03\x03", bytes(32), b"\0", b"\0"
    hello = version + random + session + suite + no_compression + extensions
    certificates = _counted(b"".join(_counted(one) for one in chain))
    data = _message(_SERVER_HELLO, hello) + _message(_CERTIFICATE, certificates)
    pieces = [data[at : at + _RECORD_SIZE] for at in range(0, len(data), _RECORD_SIZE)]
    return b"".join(
        _HANDSHAKE + len(piece).to_bytes(2, "big") + piece for piece in pieces
    )


def _message(kind: int, body: bytes) -> bytes:
    return bytes([kind]) + _counted(body)


def _counted(data: bytes) -> bytes:
    return len(data).to_bytes(3, "big") + data
