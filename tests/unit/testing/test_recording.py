"""The delegate that writes down what it is told."""

import gc
import threading
import weakref

import pytest

from urlsession.delegate import URLSessionDataDelegate
from urlsession.testing import RecordingDelegate


class Session:
    """Anything that can be weakly referenced."""


def test_recording_keeps_names_and_arguments_in_order() -> None:
    """A call is recorded with its arguments, without the session."""
    delegate = RecordingDelegate()

    delegate.did_create_task("session", "task")
    delegate.data_task_did_receive_data("session", "task", b"ab")
    delegate.data_task_did_receive_data("session", "task", b"c")

    assert delegate.names == ["did_create_task", *["data_task_did_receive_data"] * 2]
    assert delegate.calls[0].args == ("task",)
    assert delegate.received == b"abc"


def test_recording_never_holds_the_session() -> None:
    """Lifetime tests can use it."""
    delegate, session = RecordingDelegate(), Session()
    gone = weakref.ref(session)
    delegate.session_did_become_invalid(session, None)
    gc.disable()
    try:
        del session

        assert gone() is None
    finally:
        gc.enable()


def test_recording_follows_a_redirect_unless_told_otherwise() -> None:
    """The default answer is the one of a delegate without the method."""
    follows = RecordingDelegate()
    refuses = RecordingDelegate({"task_will_perform_http_redirection": None})

    answers = [
        one.task_will_perform_http_redirection("session", "task", "302", "new")
        for one in (follows, refuses)
    ]

    assert answers == ["new", None]


def test_recording_calls_an_answer_that_is_callable() -> None:
    """The callable sees what the method got, session first."""
    delegate = RecordingDelegate({"data_task_did_receive_response": lambda *args: args})

    answer = delegate.data_task_did_receive_response("session", "task", "response")

    assert answer == ("session", "task", "response")


def test_recording_gives_a_body_stream_only_when_told_what() -> None:
    """Implementing that method changes how a streamed body is sent."""
    assert not hasattr(RecordingDelegate(), "task_need_new_body_stream")
    assert hasattr(
        RecordingDelegate({"task_need_new_body_stream": None}),
        "task_need_new_body_stream",
    )


def test_recording_wakes_who_waits_for_a_message() -> None:
    """`wait_for` returns the call it waited for."""
    delegate = RecordingDelegate()
    thread = threading.Thread(
        target=delegate.task_did_complete, args=("session", "task", None), name="other"
    )
    thread.start()

    call = delegate.wait_for("task_did_complete")

    thread.join(5)
    assert (call.args, call.thread) == (("task", None), "other")


def test_recording_tells_what_came_when_the_awaited_did_not() -> None:
    """The error helps to find out why."""
    delegate = RecordingDelegate()
    delegate.did_create_task("session", "task")

    with pytest.raises(TimeoutError, match="did_create_task"):
        delegate.wait_for("task_did_complete", within_s=0.01)


def test_recording_implements_every_method_a_data_task_can_cause() -> None:
    """A new delegate method is recorded as well."""
    told = {name for name in dir(URLSessionDataDelegate) if not name.startswith("_")}

    assert told - set(dir(RecordingDelegate)) == {
        "data_task_will_cache_response",
        "session_did_receive_challenge",
        "task_did_receive_challenge",
        "task_need_new_body_stream",
        "task_need_new_body_stream_from_offset",
    }
