"""How a leak reads in pytest: an error of the test that made it, or a warning.

Decides the words, and the annotations that GitHub shows beside the line.
"""

from __future__ import annotations

import os
import warnings
from typing import TYPE_CHECKING

import pytest

from ..watch.text import render_group
from .leak_warning import LeakWarning

if TYPE_CHECKING:
    from pluggy import HookRelay

    from ..watch.groups import LeakGroup
    from .charge import TestRun, WideFixture

__all__ = ("LeakText", "Teller", "tell_failure", "tell_warning")


class LeakText:
    """What stands for the traceback of a leak; pytest shows it as it is."""

    class _Crash:
        def __init__(self, message: str) -> None:
            self.message = message

    def __init__(self, headline: str, text: str) -> None:
        self.reprcrash = self._Crash(headline)
        self._text = text

    def __str__(self) -> str:
        return self._text

    def toterminal(self, tw: object) -> None:
        """Write the text; `tw` is pytest's terminal writer."""
        write = getattr(tw, "line", print)
        for line in self._text.splitlines():
            write(line)


def tell_failure(
    hook: HookRelay, run: TestRun, group: LeakGroup, fixture: WideFixture | None
) -> None:
    """Add an error to the report of a test, which may have ended long ago."""
    report = pytest.TestReport(
        nodeid=run.node_id,
        location=run.location,
        keywords={},
        outcome="failed",
        longrepr=LeakText(group.headline, _text(group, fixture)),  # type: ignore[arg-type]  # pytest asks for str() and toterminal() only
        when="teardown",
    )
    vars(report)["urlsession_annotation"] = _annotation(group)
    hook.pytest_runtest_logreport(report=report)


def tell_warning(
    hook: HookRelay, run: TestRun, group: LeakGroup, fixture: WideFixture | None
) -> None:
    """Add a line to the summary of warnings; no filter can make an error of it."""
    site = group.site
    message = warnings.WarningMessage(
        message=LeakWarning(_text(group, fixture)),
        category=LeakWarning,
        filename=run.location[0] if site is None else site.file,
        lineno=(run.location[1] or 0) + 1 if site is None else site.line,
    )
    hook.pytest_warning_recorded.call_historic(
        kwargs={
            "warning_message": message,
            "when": "runtest",
            "nodeid": run.node_id,
            "location": None,
        }
    )


class Teller:
    """Shows what reports carry; in the controller of xdist, those of the workers."""

    def __init__(self) -> None:
        self._annotations: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Collect the annotation of a leak."""
        annotation = getattr(report, "urlsession_annotation", None)
        if annotation is not None:
            self._annotations.append(annotation)

    def pytest_terminal_summary(
        self, terminalreporter: pytest.TerminalReporter
    ) -> None:
        """Print the annotations where GitHub reads them."""
        if os.environ.get("GITHUB_ACTIONS") != "true":
            return
        for annotation in self._annotations:
            terminalreporter.write_line(annotation)


def _text(group: LeakGroup, fixture: WideFixture | None) -> str:
    text = render_group(group)
    if fixture is not None:
        text += f"\n  fixture  {fixture.name} (scope {fixture.scope}) made it"
    return text


def _annotation(group: LeakGroup) -> str:
    """Return a workflow command (GitHub, *Workflow commands: setting an error message*)."""
    properties = f"title={_escaped(group.headline, ',:')}"
    if group.site is not None:
        file = os.path.relpath(group.site.file)
        file = group.site.file if file.startswith(os.pardir) else file
        properties = f"file={_escaped(file, ',:')},line={group.site.line},{properties}"
    message = f"{group.verdict.sentence} {group.verdict.fix}"
    return f"::error {properties}::{_escaped(message)}"


def _escaped(text: str, also: str = "") -> str:
    for character in "%\r\n" + also:
        text = text.replace(character, f"%{ord(character):02X}")
    return text
