"""Whose code it is."""

from __future__ import annotations

import json

from urlsession.watch import verdict
from urlsession.watch.code import CodeMap


def test_modules_of_libraries_and_of_the_package_are_not_the_users() -> None:
    """By where they were loaded from."""
    code = CodeMap()

    assert not code.is_user_module("json")
    assert not code.is_user_module("pytest")
    assert not code.is_user_module(verdict.__name__)
    assert not code.is_user_module("builtins")


def test_modules_elsewhere_are_the_users() -> None:
    """This test is, and so is the main program."""
    code = CodeMap()

    assert code.is_user_module(__name__)
    assert code.is_user_module("__main__")
    assert code.is_user_code(test_modules_elsewhere_are_the_users.__code__)
    assert not code.is_user_code(json.dumps.__code__)


def test_named_packages_are_the_users_wherever_they_lie() -> None:
    """What `-m` names is the program."""
    assert CodeMap(user_packages=["pytest"]).is_user_module("pytest")


def test_internals_are_prefixes_of_whole_names() -> None:
    """`urlsession` does not claim `urlsession_extra`."""
    code = CodeMap(internals=["urlsession"])

    assert code.is_internal("urlsession.engine.pool")
    assert not code.is_internal("urlsession_extra")
