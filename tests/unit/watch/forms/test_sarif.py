"""The report as SARIF."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from typing import Any

from urlsession.connections import CallSite
from urlsession.watch.forms.sarif import to_sarif
from urlsession.watch.report import Finding, Report

from ..reports import LEAK, OPEN, OWNER, VERDICT, make_report


def run_of(report: Report) -> dict[str, Any]:
    """Return the one run of a report's document."""
    document = json.loads(to_sarif(report))
    assert document["version"] == "2.1.0"
    (run,) = document["runs"]
    return dict(run)


def test_each_cause_is_a_result_at_the_line_that_made_the_owner() -> None:
    """With the line that opened the connection beside it."""
    run = run_of(make_report(LEAK, LEAK))
    (result,) = run["results"]
    at = result["locations"][0]["physicalLocation"]
    beside = result["relatedLocations"][0]["physicalLocation"]

    assert (result["ruleId"], result["occurrenceCount"]) == ("unclosed", 2)
    assert at["artifactLocation"]["uri"] == "file:///src/client.py"
    assert (at["region"]["startLine"], beside["region"]["startLine"]) == (31, 33)
    assert result["message"]["text"].endswith("Close it.")


def test_every_result_has_its_rule() -> None:
    """A host refuses a rule that is not declared."""
    run = run_of(make_report(LEAK))
    rules = {rule["id"] for rule in run["tool"]["driver"]["rules"]}

    assert {result["ruleId"] for result in run["results"]} <= rules


def test_file_below_the_working_directory_is_relative() -> None:
    """As in the repository."""
    site = CallSite(os.path.join(os.getcwd(), "pack", "a.py"), 3, "f")
    leak = Finding(replace(OPEN, owner=replace(OWNER, made_at=site)), VERDICT)
    (result,) = run_of(make_report(leak))["results"]

    uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert uri == "pack/a.py"


def test_fingerprint_stays_when_the_code_moves() -> None:
    """It has no line number."""
    moved = Finding(
        replace(
            OPEN, owner=replace(OWNER, made_at=CallSite("/src/client.py", 99, "fetch"))
        ),
        VERDICT,
    )
    first = run_of(make_report(LEAK))["results"][0]["partialFingerprints"]
    second = run_of(make_report(moved))["results"][0]["partialFingerprints"]

    assert first == second


def test_problems_are_notifications() -> None:
    """What could not be observed."""
    (invocation,) = run_of(make_report(problems=("adapter x failed",)))["invocations"]

    assert invocation["toolExecutionNotifications"][0]["message"]["text"] == (
        "adapter x failed"
    )
