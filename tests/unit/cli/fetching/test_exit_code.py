"""Exit codes."""

from __future__ import annotations

import pytest

from urlsession import URLError, URLErrorCode
from urlsession.cli.fetching.exit_code import MEANINGS, ExitCode, exit_code_for


def test_every_code_has_its_line_in_the_help() -> None:
    """In the order of the numbers."""
    assert list(MEANINGS) == sorted(ExitCode)


@pytest.mark.parametrize(
    ("code", "number"),
    [
        (URLErrorCode.UNKNOWN, 1),
        (URLErrorCode.BAD_URL, 3),
        (URLErrorCode.DNS_LOOKUP_FAILED, 5),
        (URLErrorCode.CANNOT_FIND_HOST, 6),
        (URLErrorCode.CANNOT_CONNECT_TO_HOST, 7),
        (URLErrorCode.BAD_SERVER_RESPONSE, 8),
        (URLErrorCode.FILE_DOES_NOT_EXIST, 26),
        (URLErrorCode.TIMED_OUT, 28),
        (URLErrorCode.SECURE_CONNECTION_FAILED, 35),
        (URLErrorCode.HTTP_TOO_MANY_REDIRECTS, 47),
        (URLErrorCode.NETWORK_CONNECTION_LOST, 56),
        (URLErrorCode.CLIENT_CERTIFICATE_REQUIRED, 58),
        (URLErrorCode.SERVER_CERTIFICATE_HAS_BAD_DATE, 60),
        (URLErrorCode.CANNOT_DECODE_RAW_DATA, 61),
        (URLErrorCode.DATA_LENGTH_EXCEEDS_MAXIMUM, 63),
    ],
)
def test_failure_has_curls_number(code: URLErrorCode, number: int) -> None:
    """Where curl has one."""
    assert exit_code_for(URLError(code)) == number


def test_no_failure_is_a_success() -> None:
    """Nor a signal's."""
    for code in URLErrorCode:
        assert 0 < exit_code_for(URLError(code)) < 128
