"""The report as SARIF 2.1.0, which code hosts show beside the lines it names.

Decides the shape: one rule for each kind of verdict, one result for each cause. Source:
OASIS, *Static Analysis Results Interchange Format (SARIF) Version 2.1.0*.
"""

from __future__ import annotations

import json
import os
from pathlib import PurePath
from typing import TYPE_CHECKING

from ..verdict import Kind
from .groups import group_leaks

if TYPE_CHECKING:
    from ...connections import CallSite
    from ..report import Report
    from .groups import LeakGroup

__all__ = ("to_sarif",)

_RULES = {
    Kind.UNREAD: "A response was neither read to its end nor closed",
    Kind.ORPHAN: "A connection is open whose owner is gone or out of reach",
    Kind.UNCLOSED: "A client was never closed",
    Kind.CLOSE_WAIT: "The peer closed a connection and nobody answered",
    Kind.IDLE: "A connection has been unused for long",
}


def to_sarif(report: Report) -> str:
    """Return the report as JSON text, ending in a newline."""
    from importlib.metadata import version

    driver = {
        "name": "urlsession watch",
        "version": version("urlsession"),
        "rules": [
            {"id": kind.value, "shortDescription": {"text": text}}
            for kind, text in _RULES.items()
        ],
    }
    run = {
        "tool": {"driver": driver},
        "results": [_result(group) for group in group_leaks(report.leaks)],
        "invocations": [
            {
                "executionSuccessful": not report.program.exit_code,
                "startTimeUtc": _utc(report),
                "toolExecutionNotifications": [
                    {"level": "warning", "message": {"text": one}}
                    for one in report.problems
                ],
            }
        ],
    }
    document = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [run],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _utc(report: Report) -> str:
    from datetime import UTC

    moment = report.clock.started_on.astimezone(UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _result(group: LeakGroup) -> dict[str, object]:
    held_by = "".join(f"\nheld by {' → '.join(path)}" for path in group.paths[:3])
    text = f"{group.verdict.sentence}{held_by}\n{group.verdict.fix}"
    sites = [site for site in (group.made_at, *group.opened_by[:3]) if site]
    return {
        "ruleId": group.kind.value,
        "level": "error",
        "message": {"text": text},
        "locations": [_location(site) for site in sites[:1]],
        "relatedLocations": [_location(site) for site in sites[1:]],
        "occurrenceCount": len(group.findings),
        # No line number: code that moves keeps its finding.
        "partialFingerprints": {"cause/v1": _fingerprint(group)},
    }


def _location(site: CallSite) -> dict[str, object]:
    file = PurePath(site.file)
    here = PurePath(os.getcwd())
    if file.is_relative_to(here):
        file = file.relative_to(here)
    uri = file.as_posix() if not file.is_absolute() else file.as_uri()
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": uri},
            "region": {"startLine": site.line},
        },
        "logicalLocations": [{"fullyQualifiedName": site.function}],
    }


def _fingerprint(group: LeakGroup) -> str:
    owner = "?" if group.owner is None else group.owner.type
    site = group.site
    where = "?" if site is None else f"{os.path.basename(site.file)}:{site.function}"
    return f"{group.kind.value}:{owner}:{where}"
