"""Beside other plugins, and beside tests that watch themselves."""

from __future__ import annotations

import json

import pytest

from .conftest import Suite
from .test_charging import LEAKS

pytestmark = pytest.mark.slow

WIDE = """
@pytest.fixture(scope="session")
def connection():
    KEPT.append(connect())
    yield KEPT[0]

def test_first(connection): pass
def test_second(connection): pass
"""


@pytest.mark.needs(modules=["xdist"])
def test_worker_of_xdist_reports_its_leaks(
    run_suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Annotated by the controller, and each once."""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    result = run_suite(LEAKS, "-n", "2")

    result.assert_outcomes(passed=2, errors=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert sum("ERROR at teardown of test_leaks" in one for one in result.outlines) == 1
    assert sum(one.startswith("::error file=") for one in result.outlines) == 1


@pytest.mark.needs(modules=["xdist"])
def test_worker_of_xdist_hands_over_the_leak_of_an_earlier_test(
    run_suite: Suite,
) -> None:
    """While it runs another, xdist takes no report on it."""
    result = run_suite(WIDE, "-n", "1")

    result.assert_outcomes(passed=2, errors=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(
        [
            "*ERROR at teardown of test_first*",
            "*fixture  connection (scope session) made it",
        ]
    )


@pytest.mark.needs(modules=["xdist"])
def test_worker_of_xdist_warns(
    run_suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With its annotation."""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    result = run_suite(WIDE, "-n", "1", "-W", "error", leaks="warn")

    result.assert_outcomes(passed=2, warnings=1)
    assert result.ret == pytest.ExitCode.OK
    assert sum(one.startswith("::warning file=") for one in result.outlines) == 1


def test_report_can_be_serialised(run_suite: Suite, pytester: pytest.Pytester) -> None:
    """As plugins do that write or send reports; they read where it crashed, too."""
    pytester.makeconftest("""
import json
def pytest_runtest_logreport(report):
    if report.failed:
        crash = report.longrepr.reprcrash
        with open("crash.json", "w") as file:
            json.dump([crash.path, crash.lineno, crash.message, report._to_json()], file)
""")
    run_suite(LEAKS)
    path, line, message, report = json.loads((pytester.path / "crash.json").read_text())
    text = (pytester.path / "test_it.py").read_text().splitlines()

    assert path == str(pytester.path / "test_it.py")
    assert "HTTPConnection(" in text[line - 1]
    assert message.startswith("unclosed: 1 connection")
    assert "held by" in report["longrepr"]


def test_doctest_is_charged(run_suite: Suite) -> None:
    """It is a test as well."""
    result = run_suite(
        '''
def it():
    """
    >>> KEPT.append(connect())
    """
''',
        "--doctest-modules",
    )

    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["ERROR test_it.py::test_it.it - unclosed*"])


def test_async_test_is_charged(run_suite: Suite) -> None:
    """Its loop is gone when it is looked at."""
    result = run_suite("""
@pytest.fixture
def anyio_backend(): return "asyncio"

@pytest.mark.anyio
async def test_leaks(): await httpx.AsyncClient().get(URL)

@pytest.mark.anyio
async def test_is_fine():
    async with httpx.AsyncClient() as client:
        await client.get(URL)
""")

    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(["ERROR test_it.py::test_leaks - orphan*"])


def test_test_that_stops_the_watch_stops_it_for_itself(run_suite: Suite) -> None:
    """The next one is watched again."""
    result = run_suite("""
from urlsession import watch
def test_stops():
    watch.start()
    watch.stop()
def test_leaks(): KEPT.append(connect())
""")

    result.assert_outcomes(passed=2, errors=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["*made     test_it.py:*"])


def test_scope_in_a_test_is_a_part_of_it(run_suite: Suite) -> None:
    """What it tells of is charged all the same."""
    result = run_suite("""
import urlsession
def test_leaks():
    with urlsession.watch.scope() as seen:
        KEPT.append(connect())
    assert len(seen.leaks) == 1
""")

    result.assert_outcomes(passed=1, errors=1)


def test_tests_that_do_not_pass_are_charged_too(run_suite: Suite) -> None:
    """Whatever their outcome is."""
    result = run_suite("""
def test_skips():
    KEPT.append(connect())
    pytest.skip("not today")

@pytest.mark.xfail(strict=True, reason="known")
def test_is_known_to_fail():
    KEPT.append(connect())
    raise ValueError
""")

    result.assert_outcomes(skipped=1, xfailed=1, errors=2)


def test_run_that_is_cut_short_tells_of_the_fixtures_it_ends(run_suite: Suite) -> None:
    """They are torn down after the last test."""
    result = run_suite(
        """
@pytest.fixture(scope="session")
def connection():
    KEPT.append(connect())
    yield KEPT[0]

def test_fails(connection): raise ValueError
def test_is_not_run(connection): pass
""",
        "-x",
    )

    result.assert_outcomes(failed=1, errors=1)
    result.stdout.fnmatch_lines(["*fixture  connection (scope session) made it"])
