"""The exit codes of ``urlsession fetch``.

Decides which number a script sees for which failure. The numbers are curl's where
curl has one, so that a script can change from one command to the other; 130, 141
and 143 are a shell's for the signals INT, PIPE and TERM.
"""

from __future__ import annotations

import enum

from ...errors import URLError, URLErrorCode

__all__ = ("MEANINGS", "ExitCode", "exit_code_for")


class ExitCode(enum.IntEnum):
    """How the command ended."""

    OK = 0
    FAILED = 1
    USAGE = 2
    BAD_URL = 3
    PROXY = 5
    HOST = 6
    CONNECT = 7
    BAD_REPLY = 8
    STATUS = 22
    OUTPUT = 23
    INPUT = 26
    TIMED_OUT = 28
    TLS = 35
    REDIRECTS = 47
    CONNECTION_LOST = 56
    CLIENT_CERTIFICATE = 58
    CERTIFICATE = 60
    ENCODING = 61
    TOO_LARGE = 63
    INTERRUPTED = 130
    PIPE_CLOSED = 141
    TERMINATED = 143


MEANINGS: dict[ExitCode, str] = {
    ExitCode.OK: "every URL was loaded, whatever its HTTP status",
    ExitCode.FAILED: "a failure that has no number of its own",
    ExitCode.USAGE: "the command line is wrong; nothing was loaded",
    ExitCode.BAD_URL: "a URL cannot be read, or its scheme is not offered",
    ExitCode.PROXY: "the proxy's name was not found",
    ExitCode.HOST: "the host's name was not found",
    ExitCode.CONNECT: "no connection: refused, or no route",
    ExitCode.BAD_REPLY: "the reply is not HTTP, or empty",
    ExitCode.STATUS: "HTTP status 400 or above (only with --fail); no WebSocket",
    ExitCode.OUTPUT: "the output cannot be written",
    ExitCode.INPUT: "the body to send cannot be read",
    ExitCode.TIMED_OUT: "60 s without progress, or --max-time is over",
    ExitCode.TLS: "no TLS connection",
    ExitCode.REDIRECTS: "redirected too often, or to nowhere",
    ExitCode.CONNECTION_LOST: "the connection broke before the end of the reply",
    ExitCode.CLIENT_CERTIFICATE: "the server wants another client certificate",
    ExitCode.CERTIFICATE: "the server's certificate was not accepted",
    ExitCode.ENCODING: "the reply cannot be decoded (gzip, chunks)",
    ExitCode.TOO_LARGE: "the reply is larger than libcurl takes",
    ExitCode.INTERRUPTED: "Ctrl-C",
    ExitCode.PIPE_CLOSED: "nobody reads the output any more",
    ExitCode.TERMINATED: "SIGTERM",
}
"""One line for each code, as ``--help`` shows it."""

_Code = URLErrorCode
_BY_ERROR_CODE = {
    _Code.BAD_URL: ExitCode.BAD_URL,
    _Code.UNSUPPORTED_URL: ExitCode.BAD_URL,
    _Code.DNS_LOOKUP_FAILED: ExitCode.PROXY,
    _Code.CANNOT_FIND_HOST: ExitCode.HOST,
    _Code.CANNOT_CONNECT_TO_HOST: ExitCode.CONNECT,
    _Code.NOT_CONNECTED_TO_INTERNET: ExitCode.CONNECT,
    _Code.BAD_SERVER_RESPONSE: ExitCode.BAD_REPLY,
    _Code.CANNOT_PARSE_RESPONSE: ExitCode.BAD_REPLY,
    _Code.REQUEST_BODY_STREAM_EXHAUSTED: ExitCode.INPUT,
    _Code.FILE_DOES_NOT_EXIST: ExitCode.INPUT,
    _Code.FILE_IS_DIRECTORY: ExitCode.INPUT,
    _Code.NO_PERMISSIONS_TO_READ_FILE: ExitCode.INPUT,
    _Code.CANNOT_OPEN_FILE: ExitCode.INPUT,
    _Code.TIMED_OUT: ExitCode.TIMED_OUT,
    _Code.SECURE_CONNECTION_FAILED: ExitCode.TLS,
    _Code.HTTP_TOO_MANY_REDIRECTS: ExitCode.REDIRECTS,
    _Code.REDIRECT_TO_NON_EXISTENT_LOCATION: ExitCode.REDIRECTS,
    _Code.NETWORK_CONNECTION_LOST: ExitCode.CONNECTION_LOST,
    _Code.CLIENT_CERTIFICATE_REJECTED: ExitCode.CLIENT_CERTIFICATE,
    _Code.CLIENT_CERTIFICATE_REQUIRED: ExitCode.CLIENT_CERTIFICATE,
    _Code.SERVER_CERTIFICATE_HAS_BAD_DATE: ExitCode.CERTIFICATE,
    _Code.SERVER_CERTIFICATE_UNTRUSTED: ExitCode.CERTIFICATE,
    _Code.SERVER_CERTIFICATE_HAS_UNKNOWN_ROOT: ExitCode.CERTIFICATE,
    _Code.SERVER_CERTIFICATE_NOT_YET_VALID: ExitCode.CERTIFICATE,
    _Code.CANNOT_DECODE_RAW_DATA: ExitCode.ENCODING,
    _Code.CANNOT_DECODE_CONTENT_DATA: ExitCode.ENCODING,
    _Code.DATA_LENGTH_EXCEEDS_MAXIMUM: ExitCode.TOO_LARGE,
}


def exit_code_for(error: URLError) -> ExitCode:
    """Return the exit code for a load that failed."""
    return _BY_ERROR_CODE.get(error.code, ExitCode.FAILED)
