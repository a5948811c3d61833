"""How one asks for the checks, and what they leave alone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from .conftest import Suite
from .test_charging import LEAKS

pytestmark = pytest.mark.slow


def test_plugin_does_nothing_until_it_is_asked(run_suite: Suite) -> None:
    """Nor is anything of the watch loaded."""
    result = run_suite(
        LEAKS
        + """
def test_nothing_is_loaded():
    import sys
    assert not [one for one in sys.modules if one.startswith("urlsession.watch")]
""",
        leaks=None,
    )

    result.assert_outcomes(passed=3)


def test_loading_the_plugin_is_cheap() -> None:
    """Every pytest of the environment pays for it."""
    source = """
import pytest, sys, time
start = time.perf_counter()
import urlsession.pytest_plugin.plugin
print(time.perf_counter() - start, "urlsession.watch" in sys.modules)
"""
    runs = [
        subprocess.run(
            [sys.executable, "-c", source], capture_output=True, text=True, check=True
        ).stdout.split()
        for _ in range(5)
    ]

    assert min(float(took) for took, _ in runs) < 0.005  # 1 ms, and room for a slow one
    assert {loaded for _, loaded in runs} == {"False"}


def test_ini_option_asks_for_them(run_suite: Suite) -> None:
    """The command line has the last word."""
    run_suite(LEAKS, "-o", "leaks=fail", leaks=None).assert_outcomes(passed=2, errors=1)
    run_suite(LEAKS, "-o", "leaks=fail", leaks="off").assert_outcomes(passed=2)


def test_line_of_a_conftest_asks_for_them(
    run_suite: Suite, pytester: pytest.Pytester
) -> None:
    """As the documents have it; the command line has the last word here too."""
    page = Path(__file__).parents[2] / "docs" / "pytest.md"
    (line,) = [
        one
        for one in page.read_text(encoding="utf-8").splitlines()
        if one.startswith("def pytest_configure")
    ]
    pytester.makeconftest(line)

    run_suite(LEAKS, leaks=None).assert_outcomes(passed=2, warnings=1)
    run_suite(LEAKS, leaks="fail").assert_outcomes(passed=2, errors=1)


@pytest.mark.parametrize("value", ["maybe", "1"])
def test_nonsense_is_a_usage_error(run_suite: Suite, value: str) -> None:
    """That says what there is."""
    result = run_suite(LEAKS, "-o", f"leaks={value}", leaks=None)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*leaks must be off, warn or fail*"])


def test_warning_is_in_the_summary_and_never_fails(run_suite: Suite) -> None:
    """Not even where warnings are errors."""
    result = run_suite(LEAKS, "-W", "error", leaks="warn")

    result.assert_outcomes(passed=2, warnings=1)
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(["*LeakWarning: unclosed: 1 connection of HTTP*"])


def test_marker_allows_leaks_with_a_reason(run_suite: Suite) -> None:
    """Strict markers know it."""
    result = run_suite(
        """
@pytest.mark.allow_leaks(reason="the pool is the process's")
def test_leaks():
    KEPT.append(connect())
""",
        "--strict-markers",
    )

    result.assert_outcomes(passed=1)


@pytest.mark.parametrize("marker", ["allow_leaks", "allow_leaks(reason=' ')"])
def test_marker_without_a_reason_is_a_usage_error(
    run_suite: Suite, marker: str
) -> None:
    """Before any test runs."""
    result = run_suite(f"@pytest.mark.{marker}\ndef test_leaks(): pass")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*test_leaks: allow_leaks needs a reason*"])


def test_annotations_are_printed_where_github_reads_them(
    run_suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With file, line and an escaped title; nowhere else."""
    elsewhere = run_suite(LEAKS)
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    result = run_suite(LEAKS)

    elsewhere.stdout.no_fnmatch_line("::error*")
    result.stdout.fnmatch_lines(
        [
            "::error file=test_it.py,line=*,title=unclosed%3A 1 connection of HTTP*::The *"
        ]
    )


def test_annotation_names_the_file_as_seen_from_the_repository(
    run_suite: Suite, monkeypatch: pytest.MonkeyPatch, pytester: pytest.Pytester
) -> None:
    """Wherever pytest was started; a warning is annotated as one."""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(pytester.path.parent))
    result = run_suite(LEAKS, leaks="warn")

    result.stdout.fnmatch_lines(
        [f"::warning file={pytester.path.name}/test_it.py,line=*,title=unclosed%3A *"]
    )


def test_junit_has_the_leak_once(run_suite: Suite, pytester: pytest.Pytester) -> None:
    """And is well-formed."""
    run_suite(LEAKS, "--junitxml=out.xml")
    root = ET.parse(pytester.path / "out.xml").getroot()
    errors = list(root.iter("error"))

    assert len(errors) == 1
    assert "held by" in (errors[0].text or "")


def test_collecting_only_watches_nothing(run_suite: Suite) -> None:
    """There is nothing to run."""
    result = run_suite(LEAKS, "--collect-only", "-q")

    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(["*test_leaks*"])


def test_unraisable_exceptions_are_still_pytests(run_suite: Suite) -> None:
    """Its own warning comes beside the leak, at the end of the session."""
    result = run_suite("""
class Broken:
    def __del__(self): raise ValueError("from a finalizer")

def test_breaks():
    one = Broken()
    one.itself = one
    del one
    KEPT.append(connect())
    gc.collect()
""")

    result.assert_outcomes(passed=1, errors=1, warnings=1)
    result.stdout.fnmatch_lines(["*PytestUnraisableExceptionWarning*"])


def test_first_leak_ends_the_run_where_failures_do(run_suite: Suite) -> None:
    """``-x`` counts it."""
    result = run_suite(LEAKS, "-x")

    result.assert_outcomes(passed=1, errors=1)


def test_plugin_can_be_switched_off(run_suite: Suite) -> None:
    """As any plugin; its option is gone with it."""
    result = run_suite(LEAKS, "-p", "no:urlsession", leaks=None)

    result.assert_outcomes(passed=2)
