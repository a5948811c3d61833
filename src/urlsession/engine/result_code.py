"""libcurl's result codes as errors: one row for each code.

Decides which of Foundation's numbers a failed transfer gets. Most follow from the
code alone; where libcurl puts different things under one code, the rules below
look at errno, at the verdict on the certificate and, last, at the message. Pure:
does not load libcurl. The rows were checked against libcurl 8.23 with OpenSSL 3.6.

What does not work
- Trusting errno with every code: libcurl keeps the one of an attempt that failed
  before another succeeded (``::1`` refused, then ``127.0.0.1`` connected).
- Taking verify result 0 for a good certificate: a name that does not match leaves
  0 or 1 behind, because the chain itself was fine.
"""

from __future__ import annotations

import errno
from typing import NamedTuple

from ..errors import URLError
from ..errors import URLErrorCode as Code

__all__ = ("RESULT_CODES", "ResultCode", "code_for", "error_for")


class ResultCode(NamedTuple):
    """libcurl's name of a result, and Foundation's number for it."""

    name: str
    code: Code


_UNSUPPORTED_PROTOCOL = 1
_COULDNT_CONNECT = 7
_SSL_CONNECT_ERROR = 35
_FILE_COULDNT_READ_FILE = 37
_SEND_ERROR = 55
_RECV_ERROR = 56
_PEER_FAILED_VERIFICATION = 60

RESULT_CODES: dict[int, ResultCode] = {
    number: ResultCode(name, code)
    for number, name, code in (
        (1, "UNSUPPORTED_PROTOCOL", Code.UNSUPPORTED_URL),
        (2, "FAILED_INIT", Code.UNKNOWN),
        (3, "URL_MALFORMAT", Code.BAD_URL),
        (4, "NOT_BUILT_IN", Code.UNKNOWN),
        (5, "COULDNT_RESOLVE_PROXY", Code.DNS_LOOKUP_FAILED),
        (6, "COULDNT_RESOLVE_HOST", Code.CANNOT_FIND_HOST),
        (7, "COULDNT_CONNECT", Code.CANNOT_CONNECT_TO_HOST),
        (8, "WEIRD_SERVER_REPLY", Code.BAD_SERVER_RESPONSE),
        (9, "REMOTE_ACCESS_DENIED", Code.NO_PERMISSIONS_TO_READ_FILE),
        (10, "FTP_ACCEPT_FAILED", Code.BAD_SERVER_RESPONSE),
        (11, "FTP_WEIRD_PASS_REPLY", Code.BAD_SERVER_RESPONSE),
        (12, "FTP_ACCEPT_TIMEOUT", Code.TIMED_OUT),
        (13, "FTP_WEIRD_PASV_REPLY", Code.BAD_SERVER_RESPONSE),
        (14, "FTP_WEIRD_227_FORMAT", Code.BAD_SERVER_RESPONSE),
        (15, "FTP_CANT_GET_HOST", Code.CANNOT_FIND_HOST),
        (16, "HTTP2", Code.CANNOT_PARSE_RESPONSE),
        (17, "FTP_COULDNT_SET_TYPE", Code.BAD_SERVER_RESPONSE),
        (18, "PARTIAL_FILE", Code.NETWORK_CONNECTION_LOST),
        (19, "FTP_COULDNT_RETR_FILE", Code.BAD_SERVER_RESPONSE),
        (20, "OBSOLETE20", Code.UNKNOWN),
        (21, "QUOTE_ERROR", Code.BAD_SERVER_RESPONSE),
        (22, "HTTP_RETURNED_ERROR", Code.BAD_SERVER_RESPONSE),
        (23, "WRITE_ERROR", Code.CANNOT_WRITE_TO_FILE),
        (24, "OBSOLETE24", Code.UNKNOWN),
        (25, "UPLOAD_FAILED", Code.BAD_SERVER_RESPONSE),
        (26, "READ_ERROR", Code.REQUEST_BODY_STREAM_EXHAUSTED),
        (27, "OUT_OF_MEMORY", Code.UNKNOWN),
        (28, "OPERATION_TIMEDOUT", Code.TIMED_OUT),
        (29, "OBSOLETE29", Code.UNKNOWN),
        (30, "FTP_PORT_FAILED", Code.BAD_SERVER_RESPONSE),
        (31, "FTP_COULDNT_USE_REST", Code.BAD_SERVER_RESPONSE),
        (32, "OBSOLETE32", Code.UNKNOWN),
        (33, "RANGE_ERROR", Code.BAD_SERVER_RESPONSE),
        (34, "OBSOLETE34", Code.UNKNOWN),
        (35, "SSL_CONNECT_ERROR", Code.SECURE_CONNECTION_FAILED),
        (36, "BAD_DOWNLOAD_RESUME", Code.BAD_SERVER_RESPONSE),
        (37, "FILE_COULDNT_READ_FILE", Code.FILE_DOES_NOT_EXIST),
        (38, "LDAP_CANNOT_BIND", Code.UNKNOWN),
        (39, "LDAP_SEARCH_FAILED", Code.UNKNOWN),
        (40, "OBSOLETE40", Code.UNKNOWN),
        (41, "OBSOLETE41", Code.UNKNOWN),
        (42, "ABORTED_BY_CALLBACK", Code.CANCELLED),
        (43, "BAD_FUNCTION_ARGUMENT", Code.UNKNOWN),
        (44, "OBSOLETE44", Code.UNKNOWN),
        (45, "INTERFACE_FAILED", Code.CANNOT_CONNECT_TO_HOST),
        (46, "OBSOLETE46", Code.UNKNOWN),
        (47, "TOO_MANY_REDIRECTS", Code.HTTP_TOO_MANY_REDIRECTS),
        (48, "UNKNOWN_OPTION", Code.UNKNOWN),
        (49, "SETOPT_OPTION_SYNTAX", Code.UNKNOWN),
        (50, "OBSOLETE50", Code.UNKNOWN),
        (51, "OBSOLETE51", Code.SERVER_CERTIFICATE_UNTRUSTED),
        (52, "GOT_NOTHING", Code.BAD_SERVER_RESPONSE),
        (53, "SSL_ENGINE_NOTFOUND", Code.SECURE_CONNECTION_FAILED),
        (54, "SSL_ENGINE_SETFAILED", Code.SECURE_CONNECTION_FAILED),
        (55, "SEND_ERROR", Code.NETWORK_CONNECTION_LOST),
        (56, "RECV_ERROR", Code.NETWORK_CONNECTION_LOST),
        (57, "OBSOLETE57", Code.UNKNOWN),
        (58, "SSL_CERTPROBLEM", Code.CLIENT_CERTIFICATE_REJECTED),
        (59, "SSL_CIPHER", Code.SECURE_CONNECTION_FAILED),
        (60, "PEER_FAILED_VERIFICATION", Code.SERVER_CERTIFICATE_UNTRUSTED),
        (61, "BAD_CONTENT_ENCODING", Code.CANNOT_DECODE_RAW_DATA),
        (62, "OBSOLETE62", Code.UNKNOWN),
        (63, "FILESIZE_EXCEEDED", Code.DATA_LENGTH_EXCEEDS_MAXIMUM),
        (64, "USE_SSL_FAILED", Code.SECURE_CONNECTION_FAILED),
        (65, "SEND_FAIL_REWIND", Code.REQUEST_BODY_STREAM_EXHAUSTED),
        (66, "SSL_ENGINE_INITFAILED", Code.SECURE_CONNECTION_FAILED),
        (67, "LOGIN_DENIED", Code.USER_AUTHENTICATION_REQUIRED),
        (68, "TFTP_NOTFOUND", Code.FILE_DOES_NOT_EXIST),
        (69, "TFTP_PERM", Code.NO_PERMISSIONS_TO_READ_FILE),
        (70, "REMOTE_DISK_FULL", Code.BAD_SERVER_RESPONSE),
        (71, "TFTP_ILLEGAL", Code.BAD_SERVER_RESPONSE),
        (72, "TFTP_UNKNOWNID", Code.BAD_SERVER_RESPONSE),
        (73, "REMOTE_FILE_EXISTS", Code.BAD_SERVER_RESPONSE),
        (74, "TFTP_NOSUCHUSER", Code.BAD_SERVER_RESPONSE),
        (75, "OBSOLETE75", Code.UNKNOWN),
        (76, "OBSOLETE76", Code.UNKNOWN),
        (77, "SSL_CACERT_BADFILE", Code.SECURE_CONNECTION_FAILED),
        (78, "REMOTE_FILE_NOT_FOUND", Code.FILE_DOES_NOT_EXIST),
        (79, "SSH", Code.UNKNOWN),
        (80, "SSL_SHUTDOWN_FAILED", Code.NETWORK_CONNECTION_LOST),
        (81, "AGAIN", Code.UNKNOWN),
        (82, "SSL_CRL_BADFILE", Code.SECURE_CONNECTION_FAILED),
        (83, "SSL_ISSUER_ERROR", Code.SERVER_CERTIFICATE_UNTRUSTED),
        (84, "FTP_PRET_FAILED", Code.BAD_SERVER_RESPONSE),
        (85, "RTSP_CSEQ_ERROR", Code.BAD_SERVER_RESPONSE),
        (86, "RTSP_SESSION_ERROR", Code.BAD_SERVER_RESPONSE),
        (87, "FTP_BAD_FILE_LIST", Code.BAD_SERVER_RESPONSE),
        (88, "CHUNK_FAILED", Code.UNKNOWN),
        (89, "NO_CONNECTION_AVAILABLE", Code.CANNOT_CONNECT_TO_HOST),
        (90, "SSL_PINNEDPUBKEYNOTMATCH", Code.SERVER_CERTIFICATE_UNTRUSTED),
        (91, "SSL_INVALIDCERTSTATUS", Code.SERVER_CERTIFICATE_UNTRUSTED),
        (92, "HTTP2_STREAM", Code.NETWORK_CONNECTION_LOST),
        (93, "RECURSIVE_API_CALL", Code.UNKNOWN),
        (94, "AUTH_ERROR", Code.USER_AUTHENTICATION_REQUIRED),
        (95, "HTTP3", Code.CANNOT_PARSE_RESPONSE),
        (96, "QUIC_CONNECT_ERROR", Code.CANNOT_CONNECT_TO_HOST),
        (97, "PROXY", Code.CANNOT_CONNECT_TO_HOST),
        (98, "SSL_CLIENTCERT", Code.CLIENT_CERTIFICATE_REQUIRED),
        (99, "UNRECOVERABLE_POLL", Code.UNKNOWN),
        (100, "TOO_LARGE", Code.DATA_LENGTH_EXCEEDS_MAXIMUM),
        (101, "ECH_REQUIRED", Code.SECURE_CONNECTION_FAILED),
        (99999, "ALREADY_COMPLETE", Code.UNKNOWN),
    )
}
"""libcurl's result codes by number; 0 is success and has no row."""

_BY_ERRNO = {
    errno.ENETUNREACH: Code.NOT_CONNECTED_TO_INTERNET,
    errno.ENETDOWN: Code.NOT_CONNECTED_TO_INTERNET,
    errno.ETIMEDOUT: Code.TIMED_OUT,
}
_FILE_BY_ERRNO = {
    errno.EACCES: Code.NO_PERMISSIONS_TO_READ_FILE,
    errno.EPERM: Code.NO_PERMISSIONS_TO_READ_FILE,
    errno.EISDIR: Code.FILE_IS_DIRECTORY,
}
_ERRNO_TABLES = {
    _COULDNT_CONNECT: _BY_ERRNO,
    _SEND_ERROR: _BY_ERRNO,
    _RECV_ERROR: _BY_ERRNO,
    _FILE_COULDNT_READ_FILE: _FILE_BY_ERRNO,
}

# OpenSSL's X509_V_ERR_*; those that are not here are plainly untrusted.
_BY_VERIFY_RESULT = {
    2: Code.SERVER_CERTIFICATE_HAS_UNKNOWN_ROOT,  # issuer not found
    9: Code.SERVER_CERTIFICATE_NOT_YET_VALID,
    10: Code.SERVER_CERTIFICATE_HAS_BAD_DATE,  # expired
    13: Code.SERVER_CERTIFICATE_HAS_BAD_DATE,  # notBefore is no date
    14: Code.SERVER_CERTIFICATE_HAS_BAD_DATE,  # notAfter is no date
    18: Code.SERVER_CERTIFICATE_HAS_UNKNOWN_ROOT,  # signed by itself
    19: Code.SERVER_CERTIFICATE_HAS_UNKNOWN_ROOT,  # its root is not trusted
    20: Code.SERVER_CERTIFICATE_HAS_UNKNOWN_ROOT,  # its issuer is not here
    21: Code.SERVER_CERTIFICATE_HAS_UNKNOWN_ROOT,  # nor the issuer of the first
}

# The first match counts. A server speaks of our certificate in alerts: OpenSSL has
# no code for them that libcurl passes on, and with TLS 1.3 they arrive while reading.
_CONNECTION_MESSAGES = (
    ("alert certificate required", Code.CLIENT_CERTIFICATE_REQUIRED),
    ("alert unknown ca", Code.CLIENT_CERTIFICATE_REJECTED),
    ("alert bad certificate", Code.CLIENT_CERTIFICATE_REJECTED),
    ("alert unsupported certificate", Code.CLIENT_CERTIFICATE_REJECTED),
    ("alert certificate", Code.CLIENT_CERTIFICATE_REJECTED),
    ("response 407", Code.USER_AUTHENTICATION_REQUIRED),
    ("CONNECT tunnel failed", Code.CANNOT_CONNECT_TO_HOST),
    ("chunk", Code.CANNOT_DECODE_RAW_DATA),
    ("Too large response headers", Code.DATA_LENGTH_EXCEEDS_MAXIMUM),
)
_MESSAGES: dict[int, tuple[tuple[str, Code], ...]] = {
    # Whatever does not start like HTTP is HTTP/0.9 to libcurl.
    _UNSUPPORTED_PROTOCOL: (
        ("HTTP/0.9", Code.BAD_SERVER_RESPONSE),
        ("in response", Code.BAD_SERVER_RESPONSE),  # of another HTTP, or of none
    ),
    _COULDNT_CONNECT: (("response 407", Code.USER_AUTHENTICATION_REQUIRED),),
    _SSL_CONNECT_ERROR: _CONNECTION_MESSAGES,
    _RECV_ERROR: _CONNECTION_MESSAGES,
    # QUIC notices a closed port when it sends.
    _SEND_ERROR: (("Failed to connect", Code.CANNOT_CONNECT_TO_HOST),),
    # Said only when OpenSSL had nothing against the server's certificate: a TLS 1.2
    # server that calls ours expired ends here too.
    _PEER_FAILED_VERIFICATION: (
        ("SSL certificate verification failed", Code.CLIENT_CERTIFICATE_REJECTED),
    ),
}

_NEXT_ACTION = {
    Code.SERVER_CERTIFICATE_HAS_UNKNOWN_ROOT: (
        "trust its root with URLSessionConfiguration.trusted_certificates"
    ),
    Code.DATA_LENGTH_EXCEEDS_MAXIMUM: "the response's head is over libcurl's limit",
}


def code_for(
    curl_code: int, message: str = "", *, os_errno: int = 0, verify_result: int = 0
) -> Code:
    """Return Foundation's number for a failed transfer.

    Args:
        curl_code: libcurl's result, not 0. An unknown one is ``UNKNOWN``.
        message: libcurl's error text.
        os_errno: ``CURLINFO_OS_ERRNO``.
        verify_result: ``CURLINFO_SSL_VERIFYRESULT``.
    """
    row = RESULT_CODES.get(curl_code)
    if row is None:
        return Code.UNKNOWN
    for phrase, code in _MESSAGES.get(curl_code, ()):
        if phrase in message:
            return code
    if curl_code == _PEER_FAILED_VERIFICATION:
        return _BY_VERIFY_RESULT.get(verify_result, row.code)
    if curl_code in _ERRNO_TABLES:
        return _ERRNO_TABLES[curl_code].get(os_errno, row.code)
    return row.code


def error_for(
    curl_code: int,
    message: str = "",
    *,
    os_errno: int = 0,
    verify_result: int = 0,
    url: str | None = None,
    task_id: int | None = None,
    phase: str | None = None,
    underlying: BaseException | None = None,
) -> URLError:
    """Return the error for a failed transfer; it is not raised.

    Args:
        curl_code: libcurl's result, not 0.
        message: libcurl's error text; empty for the name of the code.
        os_errno: ``CURLINFO_OS_ERRNO``; passed on only where it belongs to the
            failure.
        verify_result: ``CURLINFO_SSL_VERIFYRESULT``.
        url: The URL of the transaction that failed.
        task_id: The task's identifier.
        phase: What the transfer was doing.
        underlying: What caused it, for instance an error of a callback.
    """
    code = code_for(curl_code, message, os_errno=os_errno, verify_result=verify_result)
    row = RESULT_CODES.get(curl_code)
    text = message or (f"libcurl: {row.name}" if row else f"libcurl code {curl_code}")
    own_errno = os_errno if curl_code in _ERRNO_TABLES else 0
    if own_errno in errno.errorcode:
        text += f" [{errno.errorcode[own_errno]}]"
    if code in _NEXT_ACTION:
        text += f"; {_NEXT_ACTION[code]}"
    return URLError(
        code,
        text,
        failing_url=url,
        underlying=underlying,
        task_id=task_id,
        phase=phase,
        curl_code=curl_code,
        os_errno=own_errno or None,
    )
