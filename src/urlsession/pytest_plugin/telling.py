"""How a leak reads in pytest: an error of the test that made it, or a warning.

Decides the words, and the annotations that GitHub shows beside the line.
"""

from __future__ import annotations

import os
import re
import warnings
from typing import TYPE_CHECKING

import pytest

from ..watch.forms.text import render_group
from .leak_warning import LeakWarning

if TYPE_CHECKING:
    from ..watch.forms.groups import LeakGroup
    from .charge import TestRun, WideFixture

__all__ = ("LeakText", "Teller", "tell_failure", "tell_warning")

_OUTPUT = "urlsession_leaks"  # in what a worker of xdist hands over at its end
_XUNIT_NAME = re.compile(r"^_(?:unittest|xunit)_(\w+?)_fixture_(.+)$")


class LeakText:
    """What stands for the traceback of a leak; pytest shows it as it is."""

    class _Crash:
        """What plugins read of a crash, by pytest's names."""

        def __init__(self, path: str, lineno: int, message: str) -> None:
            self.path = path
            self.lineno = lineno
            self.message = message

    def __init__(self, path: str, line: int, headline: str, text: str) -> None:
        self.reprcrash = self._Crash(path, line, headline)
        self._text = text

    def __str__(self) -> str:
        return self._text

    def toterminal(self, tw: object) -> None:
        """Write the text; `tw` is pytest's terminal writer."""
        write = getattr(tw, "line", print)
        for line in self._text.splitlines():
            write(line)


def tell_failure(
    config: pytest.Config,
    here: pytest.Item | None,
    run: TestRun,
    group: LeakGroup,
    fixture: WideFixture | None,
) -> None:
    """Add an error to the report of a test, which may have ended long ago.

    Args:
        config: The session's.
        here: The test that has just ended; None at the end of the session.
        run: Whom to charge.
        group: With what.
        fixture: The wide fixture that made the owner, if one did.
    """
    file, line = _place(run, group)
    report = pytest.TestReport(
        nodeid=run.node_id,
        location=run.location,
        keywords={},
        outcome="failed",
        longrepr=LeakText(file, line, group.headline, _text(group, fixture)),  # type: ignore[arg-type]  # pytest asks for str() and toterminal() only
        when="teardown",
    )
    vars(report)["urlsession_annotation"] = _annotation("error", file, line, group)
    output = getattr(config, "workeroutput", None)
    if output is None or (here is not None and here.nodeid == run.node_id):
        hook = config.hook if here is None else here.ihook
        hook.pytest_runtest_logreport(report=report)
    else:
        # A worker of xdist reports on no test but the one that it runs; what it puts
        # here is handed to the controller with its end.
        output.setdefault(_OUTPUT, []).append(
            config.hook.pytest_report_to_serializable(config=config, report=report)
        )


def tell_warning(
    config: pytest.Config,
    here: pytest.Item | None,
    run: TestRun,
    group: LeakGroup,
    fixture: WideFixture | None,
) -> None:
    """Add a line to the summary of warnings; no filter can make an error of it."""
    file, line = _place(run, group)
    message = warnings.WarningMessage(
        message=LeakWarning(
            _text(group, fixture), _annotation("warning", file, line, group)
        ),
        category=LeakWarning,
        filename=file,
        lineno=line,
    )
    hook = config.hook if here is None else here.ihook
    hook.pytest_warning_recorded.call_historic(
        kwargs={
            "warning_message": message,
            "when": "runtest",
            "nodeid": run.node_id,
            "location": None,
        }
    )


class Teller:
    """Shows what reports carry; in the controller of xdist, those of the workers.

    Args:
        config: The session's.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._annotations: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Collect the annotation of an error."""
        annotation = getattr(report, "urlsession_annotation", None)
        if annotation is not None:
            self._annotations.append(annotation)

    def pytest_warning_recorded(self, warning_message: warnings.WarningMessage) -> None:
        """Collect the annotation of a warning."""
        if isinstance(warning_message.message, LeakWarning):
            self._annotations.append(warning_message.message.annotation)

    @pytest.hookimpl(optionalhook=True)  # of xdist
    def pytest_testnodedown(self, node: object) -> None:
        """Report what a worker found out after the tests concerned."""
        hook = self._config.hook
        for data in (getattr(node, "workeroutput", None) or {}).get(_OUTPUT, ()):
            report = hook.pytest_report_from_serializable(
                config=self._config, data=data
            )
            report.node = node  # as on every report that xdist hands on
            hook.pytest_runtest_logreport(report=report)

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
        # What stands for setUpClass, setup_module and the like has a made-up name.
        name = _XUNIT_NAME.sub(r"\1 of \2", fixture.name)
        text += f"\n  fixture  {name} (scope {fixture.scope}) made it"
    return text


def _place(run: TestRun, group: LeakGroup) -> tuple[str, int]:
    """Return the file and line to go to: at the worst, the test's."""
    if group.site is not None:
        return group.site.file, group.site.line
    return run.location[0], (run.location[1] or 0) + 1


def _annotation(level: str, file: str, line: int, group: LeakGroup) -> str:
    """Return a workflow command (GitHub, *Workflow commands: setting an error message*)."""
    inside = os.path.relpath(file, os.environ.get("GITHUB_WORKSPACE") or os.curdir)
    file = _escaped(file if inside.startswith(os.pardir) else inside, ",:")
    title = _escaped(group.headline, ",:")
    message = _escaped(f"{group.verdict.sentence} {group.verdict.fix}")
    return f"::{level} file={file},line={line},title={title}::{message}"


def _escaped(text: str, also: str = "") -> str:
    for character in "%\r\n" + also:
        text = text.replace(character, f"%{ord(character):02X}")
    return text
