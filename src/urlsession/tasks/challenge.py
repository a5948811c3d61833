"""Challenges of a task: which delegate method is asked, and what it may answer.

Decides that connections' challenges go to the session's method first and to the
task's if there is none, and that requests' go to the task's alone.

Source: Foundation's ``URLSession:didReceiveChallenge:completionHandler:`` and
``URLSession:task:didReceiveChallenge:completionHandler:``.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from ..challenge import AuthChallengeDisposition
from ..credential import URLCredential
from ..errors import UsageError
from .delivery import Callback

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..challenge import URLAuthenticationChallenge
    from .task import URLSessionTask

__all__ = ("SESSION_METHOD", "TASK_METHOD", "ask")

SESSION_METHOD = "session_did_receive_challenge"
TASK_METHOD = "task_did_receive_challenge"


def ask(
    task: URLSessionTask,
    challenge: URLAuthenticationChallenge,
    names: Sequence[str] | None = None,
) -> None:
    """Have the delegate decide; by default if it has no method for that.

    Args:
        task: Whose challenge it is.
        challenge: The challenge.
        names: The methods to look for, first come first; None to go by the challenge.
    """
    load, session, delivery = task._load, task._session, task._delivery
    assert load is not None
    if names is None:
        names = _names(challenge)
    found = None if delivery is None else _method(task, names)
    if found is None or delivery is None:
        load.answer_challenge(AuthChallengeDisposition.PERFORM_DEFAULT_HANDLING, None)
        return
    name, method = found
    arguments = (session, challenge) if name == SESSION_METHOD else None
    call = partial(method, *(arguments or (session, task, challenge)))

    def decided(value: Any, error: BaseException | None) -> None:
        if error is None:
            try:
                load.answer_challenge(*_decision(value))
            except (TypeError, ValueError, UsageError) as unusable:
                error = unusable
        if error is not None:
            task._refuse_decision(name, error)

    delivery.post(Callback(call, decided))


def _names(challenge: URLAuthenticationChallenge) -> Sequence[str]:
    kind = challenge.protection_space.authentication_method
    return (SESSION_METHOD, TASK_METHOD) if kind.is_session_wide else (TASK_METHOD,)


def _method(
    task: URLSessionTask, names: Sequence[str]
) -> tuple[str, Callable[..., Any]] | None:
    for name in names:
        method = task._method(name)
        if method is not None:
            return name, method
    return None


def _decision(value: Any) -> tuple[AuthChallengeDisposition, URLCredential | None]:
    if value is None:
        return AuthChallengeDisposition.PERFORM_DEFAULT_HANDLING, None
    if not isinstance(value, tuple) or len(value) != 2:
        raise TypeError(
            "a challenge is answered with (AuthChallengeDisposition, URLCredential or "
            f"None), not {type(value).__name__}"
        )
    disposition, credential = value
    if not (credential is None or isinstance(credential, URLCredential)):
        raise TypeError(
            f"a challenge's credential is no {type(credential).__name__}: give a "
            "URLCredential or None"
        )
    return AuthChallengeDisposition(disposition), credential
