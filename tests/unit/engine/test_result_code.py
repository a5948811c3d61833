"""Every result of libcurl has a row, and what one code hides is told apart."""

from __future__ import annotations

import errno

import pycurl
import pytest

from urlsession.engine.result_code import RESULT_CODES, code_for, error_for
from urlsession.errors import URLConnectionError, URLErrorCode, URLTimeoutError

Code = URLErrorCode

# pycurl calls the results of the multi interface E_MULTI_… (and one by two names).
PYCURL_CODES = {
    name.removeprefix("E_"): number
    for name, number in vars(pycurl).items()
    if name.startswith("E_")
    and not name.startswith("E_MULTI_")
    and name not in {"E_OK", "E_CALL_MULTI_PERFORM"}
}


@pytest.mark.parametrize("name", PYCURL_CODES)
def test_every_code_of_libcurl_has_a_row(name: str) -> None:
    """A libcurl with a new code makes this fail until it is given a meaning."""
    assert PYCURL_CODES[name] in RESULT_CODES


def test_rows_have_libcurls_names() -> None:
    """A row in the wrong place would have a name that pycurl gives to another."""
    for number, row in RESULT_CODES.items():
        if row.name in PYCURL_CODES:
            assert PYCURL_CODES[row.name] == number, row


@pytest.mark.parity("8:unknown (-1)")
def test_codes_without_a_gap() -> None:
    """Every number up to the highest known one is there."""
    assert set(RESULT_CODES) == {*range(1, 102), 99999}


@pytest.mark.parametrize(
    ("curl_code", "code"),
    [
        (pycurl.E_UNSUPPORTED_PROTOCOL, Code.UNSUPPORTED_URL),
        (pycurl.E_URL_MALFORMAT, Code.BAD_URL),
        (pycurl.E_COULDNT_RESOLVE_PROXY, Code.DNS_LOOKUP_FAILED),
        (pycurl.E_COULDNT_RESOLVE_HOST, Code.CANNOT_FIND_HOST),
        (pycurl.E_COULDNT_CONNECT, Code.CANNOT_CONNECT_TO_HOST),
        (pycurl.E_HTTP2, Code.CANNOT_PARSE_RESPONSE),
        (pycurl.E_PARTIAL_FILE, Code.NETWORK_CONNECTION_LOST),
        (pycurl.E_WRITE_ERROR, Code.CANNOT_WRITE_TO_FILE),
        (pycurl.E_OPERATION_TIMEDOUT, Code.TIMED_OUT),
        (pycurl.E_SSL_CONNECT_ERROR, Code.SECURE_CONNECTION_FAILED),
        (pycurl.E_ABORTED_BY_CALLBACK, Code.CANCELLED),
        (pycurl.E_TOO_MANY_REDIRECTS, Code.HTTP_TOO_MANY_REDIRECTS),
        (pycurl.E_GOT_NOTHING, Code.BAD_SERVER_RESPONSE),
        (pycurl.E_SEND_ERROR, Code.NETWORK_CONNECTION_LOST),
        (pycurl.E_RECV_ERROR, Code.NETWORK_CONNECTION_LOST),
        (pycurl.E_SSL_CERTPROBLEM, Code.CLIENT_CERTIFICATE_REJECTED),
        (pycurl.E_PEER_FAILED_VERIFICATION, Code.SERVER_CERTIFICATE_UNTRUSTED),
        (pycurl.E_BAD_CONTENT_ENCODING, Code.CANNOT_DECODE_RAW_DATA),
        (pycurl.E_SEND_FAIL_REWIND, Code.REQUEST_BODY_STREAM_EXHAUSTED),
        (pycurl.E_LOGIN_DENIED, Code.USER_AUTHENTICATION_REQUIRED),
        (92, Code.NETWORK_CONNECTION_LOST),  # HTTP2_STREAM
        (95, Code.CANNOT_PARSE_RESPONSE),  # HTTP3
        (100, Code.DATA_LENGTH_EXCEEDS_MAXIMUM),  # TOO_LARGE
        (12345, Code.UNKNOWN),
    ],
)
@pytest.mark.parity("8:cannotParseResponse (-1017)")
def test_code_alone_decides(curl_code: int, code: Code) -> None:
    """The reference's table, column four."""
    assert code_for(curl_code) is code


@pytest.mark.parametrize(
    ("verify_result", "code"),
    [
        pytest.param(10, Code.SERVER_CERTIFICATE_HAS_BAD_DATE, id="expired"),
        pytest.param(9, Code.SERVER_CERTIFICATE_NOT_YET_VALID, id="not-yet-valid"),
        pytest.param(13, Code.SERVER_CERTIFICATE_HAS_BAD_DATE, id="no-date-before"),
        pytest.param(14, Code.SERVER_CERTIFICATE_HAS_BAD_DATE, id="no-date-after"),
        pytest.param(2, Code.SERVER_CERTIFICATE_HAS_UNKNOWN_ROOT, id="no-issuer"),
        pytest.param(18, Code.SERVER_CERTIFICATE_HAS_UNKNOWN_ROOT, id="self-signed"),
        pytest.param(19, Code.SERVER_CERTIFICATE_HAS_UNKNOWN_ROOT, id="root"),
        pytest.param(20, Code.SERVER_CERTIFICATE_HAS_UNKNOWN_ROOT, id="issuer"),
        pytest.param(21, Code.SERVER_CERTIFICATE_HAS_UNKNOWN_ROOT, id="first-issuer"),
        pytest.param(62, Code.SERVER_CERTIFICATE_UNTRUSTED, id="hostname"),
        pytest.param(23, Code.SERVER_CERTIFICATE_UNTRUSTED, id="revoked"),
        pytest.param(1, Code.SERVER_CERTIFICATE_UNTRUSTED, id="libcurl-s-name-check"),
    ],
)
def test_verify_result_decides(verify_result: int, code: Code) -> None:
    """What is wrong with a certificate is in OpenSSL's verdict."""
    curl_code = pycurl.E_PEER_FAILED_VERIFICATION

    assert code_for(curl_code, verify_result=verify_result) is code


@pytest.mark.parametrize(
    ("curl_code", "os_errno", "code"),
    [
        (pycurl.E_COULDNT_CONNECT, errno.ENETUNREACH, Code.NOT_CONNECTED_TO_INTERNET),
        (pycurl.E_COULDNT_CONNECT, errno.ENETDOWN, Code.NOT_CONNECTED_TO_INTERNET),
        (pycurl.E_COULDNT_CONNECT, errno.ETIMEDOUT, Code.TIMED_OUT),
        (pycurl.E_COULDNT_CONNECT, errno.ECONNREFUSED, Code.CANNOT_CONNECT_TO_HOST),
        (pycurl.E_COULDNT_CONNECT, errno.EHOSTUNREACH, Code.CANNOT_CONNECT_TO_HOST),
        (pycurl.E_RECV_ERROR, errno.ECONNRESET, Code.NETWORK_CONNECTION_LOST),
        (pycurl.E_RECV_ERROR, errno.ETIMEDOUT, Code.TIMED_OUT),
        (pycurl.E_SEND_ERROR, errno.ENETDOWN, Code.NOT_CONNECTED_TO_INTERNET),
        (pycurl.E_FILE_COULDNT_READ_FILE, 0, Code.FILE_DOES_NOT_EXIST),
        (pycurl.E_FILE_COULDNT_READ_FILE, errno.EISDIR, Code.FILE_IS_DIRECTORY),
        (
            pycurl.E_FILE_COULDNT_READ_FILE,
            errno.EACCES,
            Code.NO_PERMISSIONS_TO_READ_FILE,
        ),
        (
            pycurl.E_FILE_COULDNT_READ_FILE,
            errno.EPERM,
            Code.NO_PERMISSIONS_TO_READ_FILE,
        ),
    ],
)
@pytest.mark.parity("8:notConnectedToInternet (-1009)")
def test_errno_decides(curl_code: int, os_errno: int, code: Code) -> None:
    """No route and no answer are not a refusal."""
    assert code_for(curl_code, os_errno=os_errno) is code


@pytest.mark.parametrize(
    ("curl_code", "message", "code"),
    [
        pytest.param(
            pycurl.E_UNSUPPORTED_PROTOCOL,
            "Received HTTP/0.9 when not allowed",
            Code.BAD_SERVER_RESPONSE,
            id="garbage-for-a-status-line",
        ),
        pytest.param(
            pycurl.E_UNSUPPORTED_PROTOCOL,
            "Unsupported HTTP/1 subversion in response",
            Code.BAD_SERVER_RESPONSE,
            id="status-line-without-a-status",
        ),
        pytest.param(
            pycurl.E_SEND_ERROR,
            "Failed to connect to 127.0.0.1:1 after 1 ms",
            Code.CANNOT_CONNECT_TO_HOST,
            id="quic-port-closed",
        ),
        pytest.param(
            pycurl.E_RECV_ERROR,
            "Too large response headers: 360095 > 307200",
            Code.DATA_LENGTH_EXCEEDS_MAXIMUM,
            id="head-of-10-mb",
        ),
        pytest.param(
            pycurl.E_RECV_ERROR,
            "chunk hex-length char not a hex digit: 0x7a",
            Code.CANNOT_DECODE_RAW_DATA,
            id="garbage-for-a-chunk",
        ),
        pytest.param(
            pycurl.E_RECV_ERROR,
            "OpenSSL SSL_read: SSL routines::tlsv13 alert certificate required",
            Code.CLIENT_CERTIFICATE_REQUIRED,
            id="certificate-required",
        ),
        pytest.param(
            pycurl.E_RECV_ERROR,
            "OpenSSL SSL_read: SSL routines::ssl/tls alert certificate expired",
            Code.CLIENT_CERTIFICATE_REJECTED,
            id="own-certificate-expired",
        ),
        pytest.param(
            pycurl.E_RECV_ERROR,
            "SSL routines::sslv3 alert bad certificate",
            Code.CLIENT_CERTIFICATE_REJECTED,
            id="own-certificate-bad",
        ),
        pytest.param(
            pycurl.E_RECV_ERROR,
            "SSL routines::sslv3 alert unsupported certificate",
            Code.CLIENT_CERTIFICATE_REJECTED,
            id="own-certificate-unsupported",
        ),
        pytest.param(
            pycurl.E_SSL_CONNECT_ERROR,
            "TLS connect error: SSL routines::tlsv1 alert unknown ca",
            Code.CLIENT_CERTIFICATE_REJECTED,
            id="own-certificate-of-unknown-root",
        ),
        pytest.param(
            pycurl.E_PEER_FAILED_VERIFICATION,
            "SSL certificate verification failed",
            Code.CLIENT_CERTIFICATE_REJECTED,
            id="own-certificate-expired-tls-1.2",
        ),
        pytest.param(
            pycurl.E_RECV_ERROR,
            "CONNECT tunnel failed, response 407",
            Code.USER_AUTHENTICATION_REQUIRED,
            id="proxy-asks-who",
        ),
        pytest.param(
            pycurl.E_RECV_ERROR,
            "CONNECT tunnel failed, response 502",
            Code.CANNOT_CONNECT_TO_HOST,
            id="proxy-refuses",
        ),
    ],
)
@pytest.mark.parity("8:clientCertificateRejected / Required (-1205, -1206)")
def test_message_decides(curl_code: int, message: str, code: Code) -> None:
    """Messages as libcurl 8.23 with OpenSSL 3.6 writes them."""
    assert code_for(curl_code, message) is code


def test_error_has_every_field() -> None:
    """What the engine knows is in the error, and its class is the leaf."""
    cause = OSError("why")

    error = error_for(
        pycurl.E_COULDNT_CONNECT,
        "Failed to connect",
        os_errno=errno.ECONNREFUSED,
        url="http://h/",
        task_id=4,
        phase="connect",
        underlying=cause,
    )

    assert isinstance(error, URLConnectionError)
    assert error.code is Code.CANNOT_CONNECT_TO_HOST
    assert (error.curl_code, error.os_errno) == (7, errno.ECONNREFUSED)
    assert (error.failing_url, error.task_id, error.phase) == (
        "http://h/",
        4,
        "connect",
    )
    assert error.underlying is cause
    assert "Failed to connect [ECONNREFUSED]" in str(error)


def test_error_of_a_time_out_is_a_timeout_error() -> None:
    """So that `except TimeoutError` catches it."""
    assert isinstance(error_for(pycurl.E_OPERATION_TIMEDOUT), URLTimeoutError)


def test_error_leaves_out_an_errno_that_is_not_its_own() -> None:
    """What is kept may be the errno of an attempt that another made good."""
    error = error_for(
        pycurl.E_PEER_FAILED_VERIFICATION, "no match", os_errno=errno.ECONNREFUSED
    )

    assert error.os_errno is None
    assert "ECONNREFUSED" not in str(error)


def test_error_without_a_message_names_the_code() -> None:
    """A message is never empty, not even for a code of the future."""
    assert "GOT_NOTHING" in str(error_for(pycurl.E_GOT_NOTHING))
    assert "12345" in str(error_for(12345))


def test_error_of_an_unknown_root_says_what_to_do() -> None:
    """The next action is in the line."""
    error = error_for(pycurl.E_PEER_FAILED_VERIFICATION, verify_result=20)

    assert "trusted_certificates" in str(error)
