"""The targets of the design's cost table, and what a run says about each.

Rows of the cost table that no scenario measures yet are not here. Only ratios
within one run and times on this machine are compared; no result is stored.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import assert_never

from benchmarks.results import Outcome, median

__all__ = ("TARGETS", "Bound", "Target", "Verdict", "judge")


class Bound(Enum):
    """How a target compares: speeds are the inverse of times."""

    SPEED_AT_LEAST = "speed"
    TIME_AT_MOST = "time"
    MILLISECONDS_AT_MOST = "ms"
    SHARE_AT_LEAST = "share"
    MICROSECONDS_AT_MOST = "µs"
    BYTES_AT_MOST = "bytes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One promise: `ours` against `peer` in a scenario's first metric.

    Attributes:
        metric: Another metric than the first, for promises without a peer.
    """

    work: str
    scenario: str
    bound: Bound
    limit: float
    ours: str = "urlsession"
    peer: str = ""
    metric: str = ""

    @property
    def sentence(self) -> str:
        """The target as the table prints it."""
        match self.bound:
            case Bound.SPEED_AT_LEAST:
                return f"≥ {self.limit:g} × {self.peer}"
            case Bound.TIME_AT_MOST:
                return f"≤ {self.limit:g} × {self.peer}'s time"
            case Bound.MILLISECONDS_AT_MOST:
                return f"≤ {self.limit:g} ms"
            case Bound.SHARE_AT_LEAST:
                return f"≥ {self.limit:g} × alone"
            case Bound.MICROSECONDS_AT_MOST:
                return f"≤ {self.limit:g} µs"
            case Bound.BYTES_AT_MOST:
                return f"≤ {self.limit:g} bytes"
            case _:
                assert_never(self.bound)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A target and what was measured; None where the run did not measure it."""

    target: Target
    measured: float | None

    @property
    def is_met(self) -> bool | None:
        """Whether the target is met; None if it was not measured."""
        if self.measured is None:
            return None
        if self.target.bound in {Bound.SPEED_AT_LEAST, Bound.SHARE_AT_LEAST}:
            return self.measured >= self.target.limit
        return self.measured <= self.target.limit

    def to_json(self) -> dict[str, object]:
        """Return the verdict as JSON types."""
        return {
            "work": self.target.work,
            "scenario": self.target.scenario,
            "target": self.target.sentence,
            "measured": self.measured,
            "met": self.is_met,
        }


def judge(outcomes: list[Outcome]) -> list[Verdict]:
    """Hold the outcomes of a run against every target."""
    by_name = {outcome.scenario.name: outcome for outcome in outcomes}
    return [
        Verdict(target=target, measured=_measured(target, by_name.get(target.scenario)))
        for target in TARGETS
    ]


def _measured(target: Target, outcome: Outcome | None) -> float | None:
    if outcome is None:
        return None
    metric = target.metric or outcome.scenario.metrics[0].key
    match target.bound:
        case Bound.SPEED_AT_LEAST:
            return outcome.times_slower(target.peer, target.ours, metric)
        case Bound.TIME_AT_MOST:
            return outcome.times_slower(target.ours, target.peer, metric)
        case Bound.SHARE_AT_LEAST:
            values = outcome.values(target.ours, metric)
            return 1 / median(values) if values else None
        case (
            Bound.MILLISECONDS_AT_MOST
            | Bound.MICROSECONDS_AT_MOST
            | Bound.BYTES_AT_MOST
        ):
            values = outcome.values(target.ours, metric)
            return median(values) if values else None
        case _:
            assert_never(target.bound)


def _speed(work: str, scenario: str, limit: float, peer: str) -> Target:
    return Target(
        work=work,
        scenario=scenario,
        bound=Bound.SPEED_AT_LEAST,
        limit=limit,
        peer=peer,
    )


def _fin(work: str, scenario: str, limit: float, ours: str) -> Target:
    return Target(
        work=work,
        scenario=scenario,
        bound=Bound.MILLISECONDS_AT_MOST,
        limit=limit,
        ours=ours,
    )


def _watched(scenario: str, ours: str) -> Target:
    return Target(
        work=f"{ours}, watched",
        scenario=scenario,
        bound=Bound.SHARE_AT_LEAST,
        limit=0.95,
        ours=ours,
    )


TARGETS = (
    _speed("async, 64 in flight", "async-64", 2.5, "aiohttp"),
    _speed("async, 64 in flight", "async-64", 1.6, "pyreqwest"),
    _speed("async, 64 in flight", "async-64", 0.75, "pycurl"),
    _speed("async, one at a time", "async-1", 1.3, "aiohttp"),
    _speed("blocking, one at a time", "blocking-1", 1.0, "http.client"),
    _speed("blocking, one at a time", "blocking-1", 4.0, "requests"),
    Target(
        work="session made, one load, invalidated",
        scenario="churn-async",
        bound=Bound.TIME_AT_MOST,
        limit=0.6,
        peer="aiohttp",
    ),
    *(
        _speed("download of 256 MiB to a consumer", "download-consumer-raw", 1.3, peer)
        for peer in ("aiohttp", "pyreqwest", "curl_cffi", "httpx", "requests")
    ),
    _speed("download of 256 MiB to a file", "download-file", 0.9, "curl"),
    _speed("upload of 256 MiB from a file", "upload-file", 0.9, "curl"),
    Target(
        work="import urlsession",
        scenario="import",
        bound=Bound.TIME_AT_MOST,
        limit=0.5,
        peer="httpx",
        ours="urlsession-package",
    ),
    Target(
        work="from urlsession import URLSession",
        scenario="import",
        bound=Bound.TIME_AT_MOST,
        limit=0.5,
        peer="httpx",
    ),
    _fin("invalidation to FIN, 1 connection", "fin-1", 5.0, "urlsession"),
    _fin("the same, blocking door", "fin-1", 5.0, "urlsession-blocking"),
    _fin("invalidation to FIN, 1,000", "fin-1000", 250.0, "urlsession"),
    _fin("the same, blocking door", "fin-1000", 250.0, "urlsession-blocking"),
    *(_watched("watched-64", name) for name in ("urlsession", "aiohttp", "httpx")),
    *(_watched("watched-1", name) for name in ("urlsession", "aiohttp", "httpx")),
    *(
        _watched("watched-blocking", name)
        for name in ("urlsession", "requests", "httpx", "http.client")
    ),
    Target(
        work="connection opened and closed, watched",
        scenario="watch-connections",
        bound=Bound.MICROSECONDS_AT_MOST,
        limit=60,
        ours="socket",
    ),
    Target(
        work="memory per live connection",
        scenario="watch-connections",
        bound=Bound.BYTES_AT_MOST,
        limit=2048,
        ours="socket",
        metric="live_bytes",
    ),
)
