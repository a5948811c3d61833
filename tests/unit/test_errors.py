"""Errors carry Foundation's numbers and survive every kind of copy."""

from __future__ import annotations

import copy
import pickle
import socket
from collections.abc import Callable

import pytest

from urlsession.errors import (
    BackgroundTaskCancelledReason,
    NetworkUnavailableReason,
    SessionInvalidatedError,
    URLConnectionError,
    URLError,
    URLErrorCode,
    URLTimeoutError,
    UsageError,
)

CODE = URLErrorCode.BAD_SERVER_RESPONSE


def _pickled(error: URLError) -> URLError:
    made: URLError = pickle.loads(pickle.dumps(error))
    return made


@pytest.mark.parametrize(
    ("code", "builtin"),
    [
        pytest.param(URLErrorCode.TIMED_OUT, TimeoutError, id="timeout"),
        pytest.param(
            URLErrorCode.CANNOT_CONNECT_TO_HOST, ConnectionError, id="refused"
        ),
        pytest.param(URLErrorCode.NETWORK_CONNECTION_LOST, ConnectionError, id="lost"),
        pytest.param(URLErrorCode.CANCELLED, OSError, id="other"),
    ],
)
def test_url_error_is_the_builtin_that_python_users_catch(
    code: URLErrorCode, builtin: type[OSError]
) -> None:
    """`except TimeoutError` and `except ConnectionError` work."""
    error = URLError(code)

    assert isinstance(error, builtin)
    assert isinstance(error, URLError)


def test_url_error_is_no_leaf_for_other_codes() -> None:
    """Only a time-out is a time-out."""
    assert type(URLError(URLErrorCode.CANCELLED)) is URLError


def test_leaf_can_be_made_by_name() -> None:
    """A leaf that was asked for is made, whatever the code."""
    assert type(URLTimeoutError(URLErrorCode.UNKNOWN)) is URLTimeoutError
    assert type(URLError(URLErrorCode.TIMED_OUT)) is URLTimeoutError


def test_url_error_accepts_a_plain_number() -> None:
    """A number becomes the member of the enum."""
    assert URLError(URLErrorCode(-1001)).code is URLErrorCode.TIMED_OUT


@pytest.mark.parametrize(
    "duplicate",
    [copy.copy, copy.deepcopy, _pickled],
    ids=["copy", "deepcopy", "pickle"],
)
def test_url_error_keeps_its_fields_when_copied(
    duplicate: Callable[[URLError], URLError],
) -> None:
    """Every field arrives, and so do the class, the cause and the notes."""
    error = URLError(
        URLErrorCode.NETWORK_CONNECTION_LOST,
        "lost",
        failing_url="http://a/",
        underlying=ValueError("why"),
        task_id=7,
        phase="receive",
        curl_code=56,
        os_errno=104,
        user_info={"k": "v"},
    )
    error.add_note("noted")

    made = duplicate(error)

    assert type(made) is URLConnectionError
    assert made is not error
    assert (made.code, made.message, made.args) == (error.code, "lost", ("lost",))
    assert (made.failing_url, made.task_id, made.phase) == ("http://a/", 7, "receive")
    assert (made.curl_code, made.os_errno, made.errno) == (56, 104, 104)
    assert isinstance(made.underlying, ValueError)
    assert made.__cause__ is made.underlying
    assert made.user_info["k"] == "v"
    assert made.__notes__ == ["noted"]
    assert str(made) == str(error)


def test_url_error_pickles_without_a_cause_that_cannot() -> None:
    """An error that could not be pickled would block a process pool."""
    with socket.socket() as held:
        error = URLError(CODE, "m", underlying=OSError(held))

        made = _pickled(error)

    assert made.underlying is None
    assert made.message == "m"
    assert error.underlying is not None


def test_url_error_is_raised_with_its_cause() -> None:
    """The traceback shows what caused it."""
    cause = ValueError("why")

    assert URLError(CODE, underlying=cause).__cause__ is cause


def test_url_error_names_code_and_url() -> None:
    """One line says what, by which number, and for what."""
    error = URLError(CODE, "empty reply", failing_url="http://a/b")

    assert str(error) == "empty reply (BAD_SERVER_RESPONSE, -1011) loading http://a/b"


def test_url_error_is_one_line_whatever_the_url_holds() -> None:
    """A log cannot be forged by it."""
    error = URLError(CODE, "cannot be read", failing_url="http://a/\r\nforged")

    assert str(error).endswith(r"loading http://a/\r\nforged")
    assert error.failing_url == "http://a/\r\nforged"


def test_url_error_without_message_says_the_code_in_words() -> None:
    """A message is never empty."""
    assert str(URLError(URLErrorCode.TIMED_OUT)) == "timed out (TIMED_OUT, -1001)"


def test_url_error_shows_no_password() -> None:
    """Messages end in logs; the field keeps the URL as it was."""
    error = URLError(CODE, failing_url="http://user:hunter2@host/")

    assert "hunter2" not in str(error)
    assert "hunter2" not in repr(error)
    assert "user:***@host" in str(error)
    assert error.failing_url == "http://user:hunter2@host/"


def test_user_info_has_foundations_keys() -> None:
    """Facts are found where a Foundation programmer looks for them."""
    cause = ValueError()
    error = URLError(CODE, failing_url="http://a/", underlying=cause)

    assert error.user_info == {
        "NSErrorFailingURLKey": "http://a/",
        "NSErrorFailingURLStringKey": "http://a/",
        "NSUnderlyingError": cause,
    }


def test_user_info_facts_are_typed_properties() -> None:
    """Resume data and reasons come out of `user_info` with their types."""
    error = URLError(
        URLErrorCode.NOT_CONNECTED_TO_INTERNET,
        user_info={
            "NSURLSessionDownloadTaskResumeData": b"resume",
            "NSURLErrorNetworkUnavailableReasonKey": 2,
            "NSURLErrorBackgroundTaskCancelledReasonKey": 0,
        },
    )

    assert error.download_task_resume_data == b"resume"
    assert error.network_unavailable_reason is NetworkUnavailableReason.CONSTRAINED
    assert (
        error.background_task_cancelled_reason
        is BackgroundTaskCancelledReason.USER_FORCE_QUIT_APPLICATION
    )


def test_user_info_facts_are_none_when_absent() -> None:
    """No fact, no value."""
    error = URLError(CODE)

    assert error.download_task_resume_data is None
    assert error.network_unavailable_reason is None
    assert error.background_task_cancelled_reason is None
    assert error.errno is None


def test_usage_errors_are_no_url_errors() -> None:
    """What our caller did wrong is not caught with what the network did."""
    assert issubclass(SessionInvalidatedError, UsageError)
    assert issubclass(UsageError, RuntimeError)
    assert not issubclass(UsageError, OSError)


@pytest.mark.parametrize(
    ("code", "number"),
    [
        (URLErrorCode.UNKNOWN, -1),
        (URLErrorCode.REQUEST_BODY_STREAM_EXHAUSTED, -1021),
        (URLErrorCode.FILE_OUTSIDE_SAFE_AREA, -1104),
        (URLErrorCode.SECURE_CONNECTION_FAILED, -1200),
        (URLErrorCode.CLIENT_CERTIFICATE_REQUIRED, -1206),
        (URLErrorCode.CANNOT_CREATE_FILE, -3000),
        (URLErrorCode.DOWNLOAD_DECODING_FAILED_TO_COMPLETE, -3007),
    ],
)
@pytest.mark.parity("A:5 TLS numbers shifted by one")
def test_code_has_apples_number(code: URLErrorCode, number: int) -> None:
    """Spot checks at the ends of each block, where a shift would show."""
    assert code == number
    assert str(number) in str(URLError(code))
