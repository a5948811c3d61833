"""The report as JUnit XML."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from urlsession.watch.forms.junit import to_junit
from urlsession.watch.report import Finding

from ..reports import CLOSED, LEAK, make_report


def test_each_cause_is_a_failing_case_with_its_line() -> None:
    """What a build server shows, special characters and all."""
    suite = ET.fromstring(to_junit(make_report(LEAK, LEAK)))[0]
    (case,) = suite.iter("testcase")
    failure = case.find("failure")

    assert (suite.get("tests"), suite.get("failures")) == ("1", "1")
    assert (case.get("file"), case.get("line")) == ("/src/client.py", "31")
    assert failure is not None
    assert (failure.get("type"), failure.get("message")) == (
        "unclosed",
        "It <is> open & held.",
    )
    assert "held by: app.SESSION → Session" in (failure.text or "")
    assert "cure: Close it." in (failure.text or "")


def test_no_leak_is_a_passing_case() -> None:
    """An empty suite counts as an error in some."""
    suite = ET.fromstring(to_junit(make_report(Finding(CLOSED, None))))[0]

    assert (suite.get("tests"), suite.get("failures")) == ("1", "0")
    assert suite.find("testcase/failure") is None


def test_problems_are_what_was_said_on_standard_error() -> None:
    """Next to what they spoiled."""
    text = to_junit(make_report(problems=("adapter x failed",)))

    assert ET.fromstring(text).findtext("testsuite/system-err") == "adapter x failed"
