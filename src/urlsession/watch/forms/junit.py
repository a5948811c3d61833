"""The report as JUnit XML: a failing test case for each cause of a leak.

Decides the shape that build servers read (the schema that Jenkins and GitLab share):
one suite, one case for each group, and one passing case where there is no leak, since
an empty suite counts as an error in some.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from .groups import group_leaks, show_site

if TYPE_CHECKING:
    from ..report import Report
    from .groups import LeakGroup

__all__ = ("to_junit",)


def to_junit(report: Report) -> str:
    """Return the report as an XML document, ending in a newline."""
    groups = group_leaks(report.leaks)
    lasted_s = report.clock.since_start(report.taken_at)
    suite = ET.Element(
        "testsuite",
        name=f"urlsession watch: {report.program.name}",
        tests=str(max(1, len(groups))),
        failures=str(len(groups)),
        errors="0",
        skipped="0",
        time=f"{lasted_s:.3f}",
        timestamp=report.clock.started_on.isoformat(timespec="seconds"),
    )
    for group in groups:
        suite.append(_case(group))
    if not groups:
        ET.SubElement(
            suite, "testcase", classname="connections", name="no connection leaked"
        )
    if report.problems:
        ET.SubElement(suite, "system-err").text = "\n".join(report.problems)
    root = ET.Element("testsuites")
    root.append(suite)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _case(group: LeakGroup) -> ET.Element:
    case = ET.Element("testcase", classname="connections", name=group.headline)
    if group.site is not None:
        case.set("file", group.site.file)
        case.set("line", str(group.site.line))
    failure = ET.SubElement(
        case, "failure", type=group.kind.value, message=group.verdict.sentence
    )
    lines = [group.verdict.sentence, f"proof: {group.verdict.proof}"]
    lines += [f"opened by: {show_site(site)}" for site in group.opened_by[:3]]
    lines += [f"held by: {' → '.join(path)}" for path in group.paths[:3]]
    lines.append(f"cure: {group.verdict.fix}")
    failure.text = "\n".join(lines)
    return case
