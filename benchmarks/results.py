"""What the samples of a run say: medians, p95, paired ratios, the JSON of it all."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from dataclasses import dataclass, field

from benchmarks.scenarios import Scenario

__all__ = ("SCHEMA", "Outcome", "Sample", "median", "p95")

SCHEMA = "urlsession.benchmarks/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One worker process's answer, and the round it ran in."""

    round: int
    n: int
    values: Mapping[str, float]


@dataclass(slots=True, kw_only=True)
class Outcome:
    """All samples of one scenario, by client.

    Attributes:
        notes: What a reader must know of a client, such as why it has no sample.
        gone: Clients that failed and get no further turn.
    """

    scenario: Scenario
    samples: dict[str, list[Sample]] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)

    def values(self, client: str, metric: str) -> list[float]:
        """Return one metric's value of each round."""
        return [sample.values[metric] for sample in self.samples.get(client, [])]

    def loads(self, client: str) -> int:
        """Return N: the loads measured, all rounds together."""
        return sum(sample.n for sample in self.samples.get(client, []))

    def times_slower(self, client: str, than: str, metric: str) -> float | None:
        """Return how many times longer `client` takes `than` another, or None.

        Rounds are compared in pairs and the median of the pairs is taken: what
        slowed the machine for one round slowed both.
        """
        other = {s.round: s.values[metric] for s in self.samples.get(than, [])}
        pairs = [
            sample.values[metric] / other[sample.round]
            for sample in self.samples.get(client, [])
            if other.get(sample.round)
        ]
        return median(pairs) if pairs else None

    def to_json(self) -> dict[str, object]:
        """Return the outcome as JSON types, raw samples included."""
        return {
            "name": self.scenario.name,
            "title": self.scenario.title,
            "unit": self.scenario.unit,
            "metrics": [metric.key for metric in self.scenario.metrics],
            "notes": self.notes,
            "clients": {
                client: self._client_json(client)
                for client, samples in self.samples.items()
                if samples
            },
        }

    def _client_json(self, client: str) -> dict[str, object]:
        keys = [metric.key for metric in self.scenario.metrics]
        return {
            "n": self.loads(client),
            "median": {key: median(self.values(client, key)) for key in keys},
            "p95": {key: p95(self.values(client, key)) for key in keys},
            "samples": [
                {"round": sample.round, "n": sample.n, "values": dict(sample.values)}
                for sample in self.samples[client]
            ],
        }


def median(values: list[float]) -> float:
    """Return the median of at least one value."""
    return statistics.median(values)


def p95(values: list[float]) -> float:
    """Return the 95th percentile across rounds; the only value of a single round."""
    if len(values) == 1:
        return values[0]
    return statistics.quantiles(values, n=20, method="inclusive")[-1]
