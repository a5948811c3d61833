"""Which of a delegate's methods count as its own."""

from __future__ import annotations

import pytest

from urlsession.delegate import (
    ResponseDisposition,
    URLSessionDataDelegate,
    find_method,
)

COMPLETE = "task_did_complete"
PUBLIC = [name for name in dir(URLSessionDataDelegate) if not name.startswith("_")]


@pytest.mark.parametrize("name", PUBLIC)
@pytest.mark.parity("18:23 #5022 default delegate methods never answered")
def test_inherited_method_means_foundations_default(name: str) -> None:
    """Every method of the classes is marked: none was forgotten."""
    assert find_method(URLSessionDataDelegate(), name) is None


@pytest.mark.parametrize("base", [object, URLSessionDataDelegate])
def test_own_method_is_found_bound(base: type) -> None:
    """Whether the delegate inherits or not."""

    class Own(base):  # type: ignore[misc]  # the base is a parameter on purpose
        def task_did_complete(self, *_: object) -> object:
            return self

    delegate = Own()
    method = find_method(delegate, COMPLETE)

    assert method is not None
    assert method() is delegate
    assert find_method(delegate, "session_did_become_invalid") is None


def test_own_method_may_call_the_inherited_one() -> None:
    """`super()` leads to a method that does nothing, and makes no default of it."""

    class Own(URLSessionDataDelegate):
        def task_did_complete(self, *arguments: object) -> None:
            super().task_did_complete(*arguments)  # type: ignore[arg-type]  # passed on

    method = find_method(Own(), COMPLETE)

    assert method is not None
    assert method(None, None, None) is None


def test_callable_attribute_is_a_method_too() -> None:
    """As of any object with that attribute."""

    class Plain:
        task_did_complete: object = None

    delegate = Plain()
    assert find_method(delegate, COMPLETE) is None
    delegate.task_did_complete = "no method"
    assert find_method(delegate, COMPLETE) is None
    delegate.task_did_complete = print
    assert find_method(delegate, COMPLETE) is print


def test_no_delegate_has_no_methods() -> None:
    """None is the usual delegate."""
    assert find_method(None, COMPLETE) is None


@pytest.mark.parity("1:ResponseDisposition")
def test_dispositions_have_foundations_numbers() -> None:
    """They are public there."""
    assert [one.value for one in ResponseDisposition] == [0, 1, 2, 3]
    assert ResponseDisposition(1) is ResponseDisposition.ALLOW
