"""Runs workers in turns: each (client, scenario, round) is a process of its own.

Round robin, and each round begins with another client, so that what drifts in
the machine (heat, neighbours, caches) falls on every client alike.
"""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypedDict

from benchmarks.clients import CLIENTS, Client, MissingClientError, interpreter_for
from benchmarks.machine import client_cores
from benchmarks.results import Outcome, Sample
from benchmarks.scenarios import Kind, Scenario

__all__ = ("Runner", "WorkerError", "make_source_importable")

ROOT = Path(__file__).parent.parent
GRACE_S = 60.0  # seconds beyond its sample that a worker may take, warm-up included

Progress = Callable[[str], None]


class Answer(TypedDict):
    """A worker's line of JSON."""

    n: int
    values: dict[str, float]
    versions: dict[str, str]


class WorkerError(RuntimeError):
    """A worker failed; the message is the last thing it said."""


class Runner:
    """Runs scenarios against one server.

    Args:
        urls: Addresses of the server, to which a path is added; each worker gets the
            next one.
        body_url: Address of the server that only sends large bodies.
        rounds: How often each client's turn comes.
        speed: Factor on the time of each sample; below 1 for a quick look.
        progress: Called with a line before each worker starts.
    """

    def __init__(
        self,
        *,
        urls: list[str],
        body_url: str,
        rounds: int,
        speed: float,
        progress: Progress,
    ) -> None:
        self._urls = itertools.cycle(urls)
        self._body_url = body_url
        self._rounds = rounds
        self._speed = speed
        self._progress = progress
        self._pythons: dict[str, str] = {}
        self.versions: dict[str, str] = {}

    def run(self, scenario: Scenario, wanted: list[str]) -> Outcome:
        """Run every round of a scenario; a client that fails is left out from then on.

        Args:
            scenario: What to run.
            wanted: Names of clients; all of the scenario's for none.
        """
        outcome = Outcome(scenario=scenario)
        clients = [
            CLIENTS[name] for name in scenario.clients if not wanted or name in wanted
        ]
        for client in clients:
            self._find_python(client, outcome)
        for round_ in range(self._rounds):
            able = [client for client in clients if client.name not in outcome.gone]
            if able:
                first = round_ % len(able)
                for client in able[first:] + able[:first]:
                    self._turn(client, round_, outcome)
        return outcome

    def _find_python(self, client: Client, outcome: Outcome) -> None:
        if client.name in self._pythons:
            return
        if client.requirements:
            self._progress(f"{client.name}: an environment of its own")
        try:
            self._pythons[client.name] = interpreter_for(client)
        except MissingClientError as error:
            outcome.notes[client.name] = str(error)
            outcome.gone.add(client.name)

    def _turn(self, client: Client, round_: int, outcome: Outcome) -> None:
        scenario = outcome.scenario
        self._progress(
            f"{scenario.name}  round {round_ + 1}/{self._rounds}  {client.name}"
        )
        try:
            answer, complaint = self._run_worker(client, scenario)
        except WorkerError as error:
            outcome.notes[client.name] = f"failed: {error}"
            outcome.gone.add(client.name)
            return
        if complaint:
            outcome.notes[client.name] = f"measured, then {complaint}"
        self._note_versions(client, answer["versions"])
        sample = Sample(round=round_, n=answer["n"], values=answer["values"])
        outcome.samples.setdefault(client.name, []).append(sample)

    def _note_versions(self, client: Client, versions: dict[str, str]) -> None:
        # Only the environments of their own can differ from the run's Python.
        python = versions.pop("python")
        if not client.requirements:
            self.versions["python"] = python
        self.versions |= versions

    def _run_worker(
        self, client: Client, scenario: Scenario
    ) -> tuple[Answer, str | None]:
        """Return the worker's answer, and what went wrong after it, if anything."""
        worker = "import_time" if scenario.kind is Kind.IMPORT else client.worker
        sample_s = scenario.sample_s * self._speed
        job = {
            "kind": scenario.kind,
            "url": (self._body_url if scenario.is_raw else next(self._urls))
            + scenario.path,
            "in_flight": scenario.in_flight,
            "sample_s": sample_s,
            "event_loop": client.event_loop,
            "statement": client.import_statement,
            "cores": client_cores(apart=scenario.is_apart),
        }
        command = [
            self._pythons[client.name],
            *("-m", f"benchmarks.workers.{worker}", json.dumps(job)),
        ]
        try:
            done = subprocess.run(
                command,
                cwd=ROOT,
                env=_environment(),
                capture_output=True,
                text=True,
                check=False,
                timeout=sample_s + GRACE_S,
            )
        except subprocess.TimeoutExpired as error:
            raise WorkerError(f"still running after {error.timeout:.0f} s") from error
        complaint = None if done.returncode == 0 else _complaint(done)
        if not done.stdout:
            raise WorkerError(complaint or "it printed nothing")
        # A client that crashes when its interpreter ends has been measured.
        answer: Answer = json.loads(done.stdout.splitlines()[-1])
        return answer, complaint


def _complaint(done: subprocess.CompletedProcess[str]) -> str:
    """Return the exit code and the most telling line: an indented one is a detail."""
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    telling = [line for line in lines if line.startswith("Fatal")] or [
        line for line in lines if not line[0].isspace()
    ]
    return f"exit {done.returncode}: {telling[-1] if telling else 'no message'}"


def _environment() -> dict[str, str]:
    """Return the environment less proxies, plus this repository on the path."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.lower().endswith("_proxy")
    }
    # `src` behind the installed packages: it only counts where nothing is installed.
    paths = [str(ROOT), str(ROOT / "src")]
    return kept | {"PYTHONPATH": os.pathsep.join(paths)}


def make_source_importable() -> None:
    """Let this process find the package as its workers will."""
    source = str(ROOT / "src")
    if source not in sys.path:
        sys.path.append(source)
