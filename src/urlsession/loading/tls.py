"""TLS over a connection that began without it.

Decides what is trusted (as the session's HTTP does), what a peer's certificates come to,
and how libssl, which here reads and writes memory only, is fed from a socket. Whoever
drives asks again when the socket is ready: nothing here waits.

Source: Foundation's ``startSecureConnection``; RFC 8446 for the half close.
"""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import pycurl

from ..engine.result_code import error_for
from ..engine.trust import trust_options
from ..errors import URLError, URLErrorCode
from .verdict import peer_certificates, system_trust

if TYPE_CHECKING:
    from ..configuration import URLSessionConfiguration
    from ..engine.wires import Wire
    from ..server_trust import ServerTrust

__all__ = ("TLSPipe", "judge", "make_tls_pipe", "refusal_of")

_RECORD_SIZE = 16 * 1024  # bytes; what TLS carries in one record
_READ_SIZE = 64 * 1024  # bytes taken from the socket at a time


def make_tls_pipe(
    wire: Wire,
    configuration: URLSessionConfiguration,
    host: str,
    url: str,
    *,
    verifies: bool = True,
) -> TLSPipe:
    """Return what speaks TLS over `wire`.

    Args:
        wire: The socket.
        configuration: The session's.
        host: The name that the peer's certificate must be for.
        url: For errors.
        verifies: Whether a peer that the system does not trust is refused. Otherwise
            it is for the caller to `judge` it before anything is said.

    Raises:
        URLError: TLS cannot be started.
    """
    context = _new_context(configuration)
    try:
        if verifies:
            _load_roots(context, configuration)
        else:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return TLSPipe(wire, context, host, url)
    except (OSError, ValueError) as cause:  # no such file; not a host name
        raise _unable(cause, url) from cause


def judge(
    pipe: TLSPipe, configuration: URLSessionConfiguration, host: str, url: str
) -> ServerTrust:
    """Return what the system makes of a peer that was not verified.

    Raises:
        URLError: The trusted certificates cannot be read.
    """
    context = _new_context(configuration)
    try:
        _load_roots(context, configuration)
        return system_trust(pipe.chain(), host, context)
    except (OSError, ValueError) as cause:
        raise _unable(cause, url) from cause


def refusal_of(result: int, message: str, url: str) -> URLError:
    """Return the error for OpenSSL's verdict `result`, with Foundation's number."""
    error = error_for(
        pycurl.E_PEER_FAILED_VERIFICATION, message, verify_result=result, url=url
    )
    error.curl_code = None
    return error


def _new_context(configuration: URLSessionConfiguration) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion(
        configuration.tls_minimum_supported_protocol_version
    )
    context.maximum_version = ssl.TLSVersion(
        configuration.tls_maximum_supported_protocol_version
    )
    return context


def _load_roots(
    context: ssl.SSLContext, configuration: URLSessionConfiguration
) -> None:
    for option, value in trust_options(configuration.trusted_certificates):
        if option == pycurl.CAINFO_BLOB and isinstance(value, bytes):
            context.load_verify_locations(cadata=value.decode("ascii", "ignore"))
        elif option == pycurl.CAINFO and isinstance(value, str):
            context.load_verify_locations(cafile=value)
        elif option == pycurl.CAPATH and value and isinstance(value, str):
            context.load_verify_locations(capath=value)


def _unable(cause: Exception, url: str) -> URLError:
    return URLError(
        URLErrorCode.SECURE_CONNECTION_FAILED,
        f"TLS cannot be started: {cause}",
        failing_url=url,
        underlying=cause,
    )


def _error(cause: ssl.SSLError, url: str) -> URLError:
    """Return the error for what libssl says, with Foundation's number."""
    if isinstance(cause, ssl.SSLCertVerificationError):
        message = str(cause.verify_message or cause.reason)
        error = refusal_of(int(cause.verify_code or 0), message, url)
        error.underlying = error.__cause__ = cause
        return error
    return URLError(
        URLErrorCode.SECURE_CONNECTION_FAILED,
        f"TLS failed: {cause.reason or cause}",
        failing_url=url,
        underlying=cause,
    )


class TLSPipe:
    """Bytes through TLS, as `Channel` moves them.

    Args:
        wire: The socket.
        context: What to trust.
        host: The name that the peer's certificate must be for.
        url: For errors.

    Raises:
        ValueError: `host` is no name for a certificate.
    """

    def __init__(
        self, wire: Wire, context: ssl.SSLContext, host: str, url: str
    ) -> None:
        self._url = url
        self._wire = wire
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = context.wrap_bio(
            self._incoming, self._outgoing, server_hostname=host
        )
        self._unsent = memoryview(b"")
        self._has_closed = False

    def shake_hands(self) -> bool:
        """Go on with the handshake; True once it is done.

        Raises:
            URLError: The peer is not trusted, or does not speak TLS.
            OSError: The connection is lost.
        """
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                self.flush()
                if not self._fill():
                    return False
                continue
            except ssl.SSLError as error:
                self.flush()  # the alert
                raise _error(error, self._url) from error
            self._wire.connection.is_secure = True
            return self.flush()

    def chain(self) -> list[bytes]:
        """Return the peer's certificates in DER, as it sent them, its own first."""
        return peer_certificates(self._tls)

    @property
    def has_unsent(self) -> bool:
        """Whether something is on its way that there was no room for."""
        return bool(self._unsent or self._outgoing.pending)

    @property
    def protocol(self) -> str | None:
        """The version of TLS that is spoken, for instance ``TLSv1.3``."""
        return self._tls.version()

    def receive(self, size: int) -> bytes | None:
        """Return up to `size` bytes, empty at the peer's end; None if there are none.

        Raises:
            URLError: What came is no TLS.
            OSError: The connection is lost.
        """
        while True:
            try:
                return self._tls.read(size)
            except ssl.SSLWantReadError:
                self.flush()
                if not self._fill():
                    return None
            except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
                # A peer that closes without a word is taken for one that has closed:
                # most do, and what is spoken says itself where it ends.
                return b""
            except ssl.SSLError as error:
                raise _error(error, self._url) from error

    def send(self, data: memoryview) -> int:
        """Take a part of `data` and return how much; 0 if there is no room now.

        Raises:
            URLError: TLS has ended.
            OSError: The connection is lost.
        """
        if not self.flush():
            return 0
        try:
            count = self._tls.write(data[:_RECORD_SIZE])
        except ssl.SSLError as error:
            raise _error(error, self._url) from error
        self.flush()
        return count

    def flush(self) -> bool:
        """Send what is on its way; True if nothing is left of it.

        Raises:
            OSError: The connection is lost.
        """
        while True:
            if not self._unsent:
                if not self._outgoing.pending:
                    return True
                self._unsent = memoryview(self._outgoing.read())
            count = self._wire.send(self._unsent)
            if not count:
                return False
            self._unsent = self._unsent[count:]

    def shut_down_writing(self) -> bool:
        """Say that nothing more comes, by close_notify and FIN; True once it is said.

        Raises:
            OSError: The connection is lost.
        """
        if not self._has_closed:
            self._has_closed = True
            try:
                self._tls.unwrap()
            except ssl.SSLError:  # it wants the peer's answer, which `receive` gets
                pass
        if not self.flush():
            return False
        self._wire.shut_down_writing()
        return True

    def _fill(self) -> bool:
        data = self._wire.receive(_READ_SIZE)
        if data is None:
            return False
        if data:
            self._incoming.write(data)
        else:
            self._incoming.write_eof()
        return True
