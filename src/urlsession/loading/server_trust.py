"""New TLS connections of loads whose delegate wants to judge them.

Decides how a connection is stopped before a byte of a request is on it, and which
connections a request may go out on. pycurl has no hook into the handshake, and
libcurl none that waits; so a run is made that *looks*: it verifies as always, notes
what the server shows (see `loading.handshake`), and is ended by libcurl's
``PREREQFUNCTION``, which is called on a finished connection just before the request.
When the delegate has accepted, the run is made anew, and the same callback lets it
pass on a connection whose server shows the same certificate. So an accepted
connection costs two handshakes, on HTTP/2 one; requests on an open one cost the callback.

What does not work, and why things are as they are:

* Pausing in ``PREREQFUNCTION``: libcurl sends the head all the same.
* Ending a run there and using its connection again: libcurl closes it, but for
  HTTP/2. Such a one is used again when it was accepted, and closed when it was not.
* Verification switched off for the look: libcurl then loads no roots, and the
  verdict is always "unknown issuer".
* TLS session resumption: a resumed handshake shows no certificates. It is off.

A certificate that the system refuses and the delegate accepts is pinned by libcurl
itself (``PINNEDPUBLICKEY``) while verification is off, besides being compared here.
Connections made under judgment are of a kind of their own to libcurl
(``SSLOPT_NO_REVOKE``, which OpenSSL has no use for): loads that ask nobody and loads
that do never share one.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from hashlib import sha256
from typing import TYPE_CHECKING, Protocol

import pycurl

from ..errors import URLErrorCode
from ..server_trust import HOSTNAME_MISMATCH, ServerTrust
from .handshake import Handshake

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..connections import Connection
    from ..engine.handle import Handle
    from ..engine.pool import Pool
    from .guarding import Address, Origin, TrustMemory

__all__ = ("Gated", "TrustGate", "public_key", "public_key_pin")

Option = tuple[int, object]

_ALLOW = pycurl.PREREQFUNC_OK
_STOP = pycurl.PREREQFUNC_ABORT
_REFUSALS = (
    URLErrorCode.SERVER_CERTIFICATE_HAS_BAD_DATE,
    URLErrorCode.SERVER_CERTIFICATE_UNTRUSTED,
    URLErrorCode.SERVER_CERTIFICATE_HAS_UNKNOWN_ROOT,
    URLErrorCode.SERVER_CERTIFICATE_NOT_YET_VALID,
)
_X509_UNSPECIFIED = 1  # what libcurl leaves where it did not come to the chain


class Gated(Protocol):
    """What a gate reads of its load, which is a `Transfer`."""

    handle: Handle | None
    connection: Connection | None
    result_code: int
    message: str
    verify_result: int


class TrustGate:
    """The way of one load to one origin.

    Args:
        memory: The session's.
        transfer: The load.
        origin: Where the load goes.

    Attributes:
        handshake: What the server has said in the last look.
        is_asked_for: Whether the last run was stopped, or failed, because somebody has
            to decide; `trust` then says on what.
        must_look_again: Whether the last run was stopped on a connection of which too
            little is known.
        requests_certificate: Whether the server asked for a client certificate.
    """

    def __init__(self, memory: TrustMemory, transfer: Gated, origin: Origin) -> None:
        self._memory = memory
        self._transfer = transfer
        self.origin = origin
        self.handshake = Handshake()
        self.is_asked_for = False
        self.must_look_again = False
        self.requests_certificate = False
        self._issuers: tuple[bytes, ...] = ()
        self._accepted: bytes | None = None  # the certificate
        self._accepts_verified = False
        self._is_tracing = False
        self._is_pinning = False
        self._is_fresh = False
        self._shown: tuple[bytes, ...] = ()
        self._was_stopped = False
        self._address: Address | None = None  # of the connection that was stopped
        self._stopped: Connection | None = None
        self._chain: tuple[bytes, ...] = ()

    @property
    def issuers(self) -> tuple[bytes, ...]:
        """DER names of the issuers that the server accepts; empty for any."""
        return self._issuers

    def options(self) -> list[Option]:
        """Return what the next run needs; `TrustMemory.keep_open` was called."""
        self.is_asked_for = self.must_look_again = self._was_stopped = False
        self._shown = ()
        is_open = self.origin in self._memory.approved.values()
        pinned = self._pinned(is_open=is_open)
        self._is_pinning = pinned is not None
        has_decision = self._accepts_verified or self._accepted is not None
        self._is_tracing = self._is_fresh or not (is_open or has_decision)
        options: list[Option] = [
            (pycurl.PREREQFUNCTION, self._before_request),
            (pycurl.OPT_CERTINFO, 1),
            (pycurl.SSL_SESSIONID_CACHE, 0),
            (pycurl.SSL_OPTIONS, pycurl.SSLOPT_NO_REVOKE),
        ]
        if pinned is not None:
            options += [
                (pycurl.SSL_VERIFYPEER, 0),
                (pycurl.SSL_VERIFYHOST, 0),
                (pycurl.PINNEDPUBLICKEY, public_key_pin(pinned)),
            ]
        if self._is_tracing:
            self.handshake = Handshake()
            options += [
                (pycurl.VERBOSE, 1),
                (pycurl.DEBUGFUNCTION, self._trace),
            ]
        if self._is_fresh:
            options.append((pycurl.FRESH_CONNECT, 1))
        self._is_fresh = False
        return options

    def read_end(self, code: URLErrorCode | None) -> None:
        """Take the end of a run that did not go well.

        Args:
            code: What it would fail with.
        """
        handshake = self.handshake
        if self._is_tracing and handshake.requests_certificate:
            self.requests_certificate = True
            self._issuers = handshake.issuers
        if self._was_stopped:
            self._decide_stopped()
        elif self._transfer.result_code == pycurl.E_SSL_PINNEDPUBKEYNOTMATCH:
            # Another key: whatever was accepted, it was not this.
            self._memory.pins.pop(self.origin, None)
            self._accepted = None
            self._look_again()
        elif code in _REFUSALS and not (self._is_pinning or self._accepts_verified):
            if self._is_tracing and handshake.chain:
                self._chain = handshake.chain
                self.is_asked_for = True
            else:
                self._look_again()
        elif self._is_tracing and handshake.requests_certificate and handshake.chain:
            # TLS 1.2 ends like this for want of a client certificate; ours was the
            # turn to refuse the server's before that.
            self._chain = handshake.chain
            self.is_asked_for = True

    def trust(self) -> ServerTrust:
        """Return what is to be decided on."""
        transfer = self._transfer
        result, message = 0, ""
        if not self._was_stopped and transfer.result_code == (
            pycurl.E_PEER_FAILED_VERIFICATION
        ):
            result, message = transfer.verify_result, transfer.message
            if result in (0, _X509_UNSPECIFIED):
                result = HOSTNAME_MISMATCH
        return ServerTrust(self.origin[1], self._chain, result, message)

    def waits_for_another(self, then: Callable[[], None]) -> bool:
        """Whether another load has asked about this connection; `then` is called."""
        return (
            self._was_stopped
            and not self._shown
            and self._address is not None
            and self._memory.wait(self._address, then)
        )

    def let_go(self, pool: Pool) -> None:
        """Close the connection that was stopped, if it is still open: nobody wants it."""
        stopped, self._stopped = self._stopped, None
        if stopped is not None and stopped.closed_at is None:
            pool.discard(stopped)
        self._settle()

    def accept(self, trust: ServerTrust) -> None:
        """Let requests out to the server that shows this certificate."""
        self._accepted = trust.certificate
        if self._chain[:1] == (trust.certificate,):
            self._approve_stopped()
        if trust.is_trusted:
            self._memory.pins.pop(self.origin, None)
        else:
            self._memory.pins[self.origin] = trust.certificate

    def accept_verified(self) -> None:
        """Let requests out to whatever server the system trusts."""
        self._accepts_verified = True
        self._approve_stopped()

    # -- inside of libcurl ----------------------------------------------------------

    def _before_request(
        self, _remote: str, local: str, _remote_port: int, local_port: int
    ) -> int:
        """Libcurl's PREREQFUNCTION: the connection is there, nothing was sent."""
        handle, address = self._transfer.handle, (local, local_port)
        if handle is None:
            return int(_STOP)
        approved = self._memory.approved
        shown = handle.curl.getinfo(pycurl.INFO_CERTINFO)
        if not shown:  # a connection that is used again
            is_allowed = approved.get(address) == self.origin
        else:
            self._shown = tuple(_der(dict(one).get("Cert", "")) for one in shown)
            is_allowed = self._is_accepted(self._shown[0])
            if is_allowed:
                approved[address] = self.origin
            else:
                approved.pop(address, None)
                self._memory.ask(address)  # before others come to it, on HTTP/2
        self._was_stopped = not is_allowed
        self._address = address
        return int(_ALLOW if is_allowed else _STOP)

    def _trace(self, kind: int, message: bytes) -> None:
        """Libcurl's DEBUGFUNCTION."""
        if kind == pycurl.INFOTYPE_SSL_DATA_IN:
            self.handshake.received(message)
        elif kind == pycurl.INFOTYPE_SSL_DATA_OUT:
            self.handshake.sent(message)

    # -- inside -----------------------------------------------------------------------

    def _approve_stopped(self) -> None:
        """Use the connection that was looked at, if libcurl has kept it (HTTP/2)."""
        stopped, self._stopped = self._stopped, None
        if stopped is not None and stopped.closed_at is None and self._address:
            self._memory.approved[self._address] = self.origin
        self._settle()

    def _settle(self) -> None:
        address, self._address = self._address, None
        if address is not None:
            self._memory.decide(address)

    def _pinned(self, *, is_open: bool) -> bytes | None:
        """Return the certificate to pin with verification off; None to verify."""
        if self._is_fresh or self._accepts_verified:
            return None
        pin = self._memory.pins.get(self.origin)
        if pin is None or self._accepted == pin or (is_open and self._accepted is None):
            return pin
        return None

    def _is_accepted(self, certificate: bytes) -> bool:
        if self._accepts_verified and not self._is_pinning:
            return True
        return bool(certificate) and certificate == self._accepted

    def _decide_stopped(self) -> None:
        # Of a new connection that was not traced, who asks for a client certificate
        # is not known; of one that was pinned, what the system makes of it.
        if not self._shown or not self._is_tracing or self._is_pinning:
            self._look_again()
            return
        self._chain = self.handshake.chain or self._shown
        self._stopped = self._transfer.connection
        self.is_asked_for = True

    def _look_again(self) -> None:
        self._settle()
        self.must_look_again = self._is_fresh = True


def public_key_pin(certificate: bytes) -> str:
    """Return a DER certificate's public key as libcurl pins it.

    Raises:
        ValueError: It cannot be read.
    """
    return "sha256//" + b64encode(sha256(public_key(certificate)).digest()).decode()


def _der(pem: str) -> bytes:
    body = pem.partition("-----BEGIN CERTIFICATE-----")[2].partition("-----END")[0]
    return b64decode(body)


def public_key(certificate: bytes) -> bytes:
    """Return the SubjectPublicKeyInfo of a certificate (RFC 5280, section 4.1).

    Raises:
        ValueError: It cannot be read.
    """
    outer, _ = _contents(certificate, 0)
    position, end = _contents(certificate, outer)
    fields: list[bytes] = []
    while position < end:
        _, stop = _contents(certificate, position)
        fields.append(certificate[position:stop])
        position = stop
    if fields and fields[0][:1] == b"\xa0":  # the version, which may be left out
        fields = fields[1:]
    # serial number, signature, issuer, validity, subject, key
    if len(fields) < 6:
        raise ValueError("certificate ends before its public key")
    return fields[5]


def _contents(data: bytes, position: int) -> tuple[int, int]:
    """Return (start, end) of the contents of the DER element at `position`."""
    try:
        length = data[position + 1]
    except IndexError:
        raise ValueError("certificate is cut off") from None
    start = position + 2
    if length & 0x80:
        size = length & 0x7F
        length = int.from_bytes(data[start : start + size], "big")
        start += size
    if start + length > len(data):
        raise ValueError("certificate is cut off")
    return start, start + length
