"""Every program of the corpus is judged as it states, and its twin is left alone."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import cast

import pytest

from .case import FOLDER, Case, Outcome, find_cases, run_case
from .services import Services

CASES = find_cases()
AT_ONCE = max(2, os.cpu_count() or 2)  # programs; most of a run is start-up
IS_CI = os.environ.get("CI", "").lower() in {"1", "true"}

pytestmark = [
    pytest.mark.slow,
    # The first test waits for a place in the queue, and for the servers.
    pytest.mark.timeout(240),
    pytest.mark.leaves_connections_open(reason="servers and runners of the module"),
]


@pytest.fixture(scope="module")
def outcomes(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[Path, Future[Outcome]]]:
    """Run what was selected, a few programs at a time; each test waits for its own."""
    folder = tmp_path_factory.mktemp("corpus")
    wanted: list[Case] = [
        cast(Case, item.callspec.params["case"])
        for item in request.session.items
        if isinstance(item, pytest.Function) and "outcomes" in item.fixturenames
    ]
    with Services(folder) as services, ThreadPoolExecutor(AT_ONCE) as pool:

        def run(case: Case) -> Outcome:
            python = services.python(case.environment)
            return run_case(case, services.addresses(case.services), python, folder)

        yield {case.path: pool.submit(run, case) for case in wanted if not lacks(case)}
        pool.shutdown(cancel_futures=True)


def lacks(case: Case) -> list[str]:
    """Return what a program needs and this machine has not."""
    modules = case.stated.get("needs", "").split()
    missing = [] if case.environment else [m for m in modules if not find_spec(m)]
    return [*missing, *Services.missing(case.services)]


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_program_is_judged_as_it_states(
    case: Case, outcomes: dict[Path, Future[Outcome]]
) -> None:
    """Connections, kind, owner, lines and holder; nothing for a clean twin."""
    if missing := lacks(case):
        fail_or_skip = pytest.fail if IS_CI else pytest.skip
        fail_or_skip(f"needs {', '.join(missing)}")
    outcome = outcomes[case.path].result(timeout=230)
    assert outcome.exit_code == case.number("exit"), outcome.words
    assert outcome.report["problems"] == [], outcome.words
    if "connections" in case.stated:
        assert len(outcome.connections) == case.number("connections"), outcome.words

    assert len(outcome.leaks) == case.number("leaks"), outcome.words
    if outcome.leaks:
        check_leaks(case, outcome)


def check_leaks(case: Case, outcome: Outcome) -> None:
    """Compare each leak with what the program states."""
    leaks, stated = outcome.leaks, case.stated
    assert {one["verdict"]["kind"] for one in leaks} == {stated["kind"]}, outcome.words
    if "library" in stated:
        assert {one["library"] for one in leaks} == {stated["library"]}
    if "also" in stated:
        assert {" ".join(one["verdict"]["also"]) for one in leaks} == {stated["also"]}
    if "owner" in stated:
        assert {one["owner"]["type"] for one in leaks} == {stated["owner"]}
    if case.lines("made here"):
        made = {one["owner"]["made_at"]["line"] for one in leaks}
        assert made == case.lines("made here"), outcome.words
    if case.lines("opened here"):
        opened = {one["opened_by"]["line"] for one in leaks}
        assert opened == case.lines("opened here"), outcome.words
    inferred = {one["is_inferred"] for one in leaks}
    assert inferred == {"inferred" in stated}, outcome.words
    if case.lines("used here"):
        used = {one["last_used_by"]["line"] for one in leaks}
        assert used == case.lines("used here"), outcome.words
    for name in ("host", "requests", "thread"):
        if name in stated:
            told = sorted(str(one[name]) for one in leaks)
            assert told == stated[name].split(), outcome.words
    if "task" in stated:
        assert " ".join(one["task"] for one in leaks) == stated["task"]
    if "held_by" in stated:
        assert " | ".join(leaks[0]["held_by"]) == stated["held_by"]


def test_every_program_has_a_clean_twin() -> None:
    """What must be accused, and what must not, stand side by side."""
    names = {case.name for case in CASES}
    leaking = {case.name for case in CASES if not case.is_clean}
    clean = names - leaking

    assert {f"{name}_clean" for name in leaking} == clean


def test_server_runs_by_itself() -> None:
    """It prints its port, and ends with its input."""
    done = subprocess.run(
        [sys.executable, str(FOLDER / "server.py")],
        input="",
        capture_output=True,
        text=True,
        timeout=15,
        check=True,
    )

    assert int(done.stdout) > 0
