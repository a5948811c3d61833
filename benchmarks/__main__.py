"""`python -m benchmarks`: runs the scenarios and prints the report."""

from __future__ import annotations

import argparse
import io
import json
import signal
import sys
from pathlib import Path

from benchmarks.body_server import body_server
from benchmarks.clients import CLIENTS
from benchmarks.machine import describe_machine
from benchmarks.results import SCHEMA, Outcome
from benchmarks.runner import Runner, make_source_importable
from benchmarks.scenarios import SCENARIOS, Scenario, find_scenarios
from benchmarks.server import Server, ServerError, choose_kind
from benchmarks.table import render_head, render_outcome, render_targets
from benchmarks.targets import Verdict, judge

ROUNDS = 5
QUICK_ROUNDS = 2
QUICK_SPEED = 0.2  # of each sample's time
EXIT_MISSED = 1
EXIT_USAGE = 2
EXIT_INTERRUPTED = 130


def main() -> int:
    """Run what the command line asks for; return the exit code."""
    options = _parse()
    # An end by SIGTERM too must run the `with` that stops the server.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # µ and × where the locale has none
    make_source_importable()
    try:
        scenarios = find_scenarios(options.only)
        _refuse_unknown(options.clients)
        report = Report(options.rounds, quick=options.quick)
        with (
            Server(options.server or choose_kind()) as server,
            body_server() as body_url,
        ):
            report.server = server.version
            report.measure(scenarios, options.clients, server.urls, body_url)
    except (LookupError, ServerError) as error:
        sys.stderr.write(f"benchmarks: {error.args[0]}\n")
        return EXIT_USAGE
    except KeyboardInterrupt:
        _progress("")
        return EXIT_INTERRUPTED
    report.finish()
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(report.to_json(), indent=2) + "\n")
    missed = any(verdict.is_met is False for verdict in report.verdicts)
    return EXIT_MISSED if options.fail_on_miss and missed else 0


class Report:
    """One run: printed table by table while it goes on, and as JSON at its end."""

    def __init__(self, rounds: int | None, *, quick: bool) -> None:
        self.server = ""
        self.verdicts: list[Verdict] = []
        self._quick = quick
        self._rounds = rounds or (QUICK_ROUNDS if quick else ROUNDS)
        self._machine = describe_machine()
        self._outcomes: list[Outcome] = []
        self._versions: dict[str, str] = {}

    def measure(
        self,
        scenarios: list[Scenario],
        clients: list[str],
        urls: list[str],
        body_url: str,
    ) -> None:
        """Run the scenarios; print each one's table when it is done."""
        runner = Runner(
            urls=urls,
            body_url=body_url,
            rounds=self._rounds,
            speed=QUICK_SPEED if self._quick else 1.0,
            progress=_progress,
        )
        for scenario in scenarios:
            self._outcomes.append(runner.run(scenario, clients))
            _progress("")
            print(render_outcome(self._outcomes[-1]), end="\n\n", flush=True)
        self._versions = runner.versions

    def finish(self) -> None:
        """Print the targets, and what the numbers were measured on."""
        self.verdicts = judge(self._outcomes)
        print(render_targets(self.verdicts), end="\n\n")
        print(
            render_head(
                self._machine,
                self.server,
                self._versions,
                rounds=self._rounds,
                quick=self._quick,
            )
        )

    def to_json(self) -> dict[str, object]:
        """Return the whole run as JSON types, raw samples included."""
        return {
            "schema": SCHEMA,
            "machine": self._machine,
            "server": self.server,
            "rounds": self._rounds,
            "quick": self._quick,
            "versions": self._versions,
            "scenarios": [outcome.to_json() for outcome in self._outcomes],
            "targets": [verdict.to_json() for verdict in self.verdicts],
        }


def _refuse_unknown(clients: list[str]) -> None:
    for name in clients:
        if name not in CLIENTS:
            raise LookupError(f"no client {name!r}; there are {', '.join(CLIENTS)}")


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measure urlsession and its peers side by side, on loopback.",
        epilog="Scenarios: " + ", ".join(scenario.name for scenario in SCENARIOS),
    )
    parser.add_argument(
        "--only",
        type=_names,
        default=[],
        metavar="SCENARIO,…",
        help="these scenarios; the front part of a name will do",
    )
    parser.add_argument(
        "--clients",
        type=_names,
        default=[],
        metavar="CLIENT,…",
        help="these clients: " + ", ".join(CLIENTS),
    )
    parser.add_argument(
        "--rounds", type=_positive, help=f"turns of each client (default {ROUNDS})"
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        help=f"a look: {QUICK_ROUNDS} rounds of a fifth of the time",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all samples")
    parser.add_argument(
        "--server", choices=("nginx", "granian"), help="default: nginx if installed"
    )
    parser.add_argument(
        "--fail-on-miss",
        action="store_true",
        help=f"exit {EXIT_MISSED} if a measured target is missed",
    )
    return parser.parse_args()


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least one round")
    return number


def _progress(line: str) -> None:
    """Overwrite the one line of progress; nothing where nobody watches."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[2K{line}")
        sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
