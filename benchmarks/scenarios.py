"""The fixed list of scenarios: what is measured, in which unit, with which clients.

A scenario's name is its identity across versions: results of two runs are
compared by it, so a scenario that changes meaning changes its name.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ("SCENARIOS", "Kind", "Metric", "Scenario", "find_scenarios")


class Kind(StrEnum):
    """What a worker is asked to do; a worker offers some of these."""

    ASYNC = "async"
    BLOCKING = "blocking"
    CHURN_ASYNC = "churn-async"
    CHURN_BLOCKING = "churn-blocking"
    DOWNLOAD_CONSUMER = "download-consumer"
    DOWNLOAD_FILE = "download-file"
    UPLOAD_FILE = "upload-file"
    WEB_SOCKET = "web-socket"
    WEB_SOCKET_PIPELINED = "web-socket-pipelined"
    IMPORT = "import"
    FIN = "fin"
    WATCHED_ASYNC = "watched-async"
    WATCHED_BLOCKING = "watched-blocking"
    WATCH_CONNECTIONS = "watch-connections"


@dataclass(frozen=True, slots=True)
class Metric:
    """One number of a sample; smaller is better for every one of them."""

    key: str
    title: str


WALL = Metric("wall_us", "wall")
CPU = Metric("cpu_us", "cpu")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One table of the report.

    Attributes:
        metrics: The first is the one that ratios and targets are about.
        in_flight: Loads under way at once; for FIN, connections that are open.
        sample_s: Seconds that one sample lasts in a full run.
        path: What is loaded; the server has ``1k`` and ``256m``.
        is_raw: Whether it comes from `body_server`, which has 256 MiB for each path.
    """

    name: str
    title: str
    unit: str
    kind: Kind
    clients: tuple[str, ...]
    metrics: tuple[Metric, ...] = (WALL, CPU)
    in_flight: int = 1
    sample_s: float = 1.5
    path: str = "1k"
    is_raw: bool = False

    @property
    def is_apart(self) -> bool:
        """Whether clients must stay off the server's core.

        A client and a server that work in turns end up on one core or on two by
        chance, and on one core a load costs a fifth: no sleeping core is woken.
        With many loads in flight both are busy, and the client may use all cores.
        """
        return self.in_flight == 1 and self.kind in _LOADS


_WATCHED = (
    Metric("cost", "watched ÷ alone"),
    Metric("watched_us", "watched"),
    Metric("alone_us", "alone"),
)
_LOADS = (
    Kind.ASYNC,
    Kind.BLOCKING,
    Kind.CHURN_ASYNC,
    Kind.CHURN_BLOCKING,
    Kind.DOWNLOAD_CONSUMER,
    Kind.DOWNLOAD_FILE,
    Kind.UPLOAD_FILE,
    Kind.WATCHED_ASYNC,
    Kind.WATCHED_BLOCKING,
    Kind.WATCH_CONNECTIONS,
)

_CONSUMERS = (
    "urlsession",
    "urlsession-uvloop",
    "urlsession-blocking",
    "pycurl",
    "aiohttp",
    "pyreqwest",
    "curl_cffi",
    "httpx",
    "requests",
)
_WEB_SOCKETS = (
    "urlsession",
    "urlsession-uvloop",
    "websockets",
    "aiohttp",
    "aiohttp-uvloop",
)

SCENARIOS = (
    Scenario(
        name="async-64",
        title="async, 64 in flight, 1 KiB",
        unit="µs per request",
        kind=Kind.ASYNC,
        in_flight=64,
        clients=(
            "urlsession",
            "urlsession-uvloop",
            "pycurl",
            "aiohttp",
            "aiohttp-uvloop",
            "pyreqwest",
            "curl_cffi",
            "httpx",
            "niquests",
        ),
    ),
    Scenario(
        name="async-1",
        title="async, one at a time, 1 KiB",
        unit="µs per request",
        kind=Kind.ASYNC,
        clients=(
            "urlsession",
            "urlsession-uvloop",
            "pycurl",
            "aiohttp",
            "aiohttp-uvloop",
            "pyreqwest",
            "curl_cffi",
            "httpx",
            "niquests",
        ),
    ),
    Scenario(
        name="blocking-1",
        title="blocking, one at a time, 1 KiB",
        unit="µs per request",
        kind=Kind.BLOCKING,
        clients=(
            "urlsession",
            "pycurl",
            "http.client",
            "requests",
            "pyreqwest",
            "curl_cffi",
            "httpx",
            "niquests",
        ),
    ),
    Scenario(
        name="churn-async",
        title="async: session made, one load, invalidated",
        unit="µs per session",
        kind=Kind.CHURN_ASYNC,
        clients=(
            "urlsession",
            "urlsession-uvloop",
            "aiohttp",
            "pyreqwest",
            "curl_cffi",
            "httpx",
        ),
        sample_s=0.8,  # each session leaves a port in TIME_WAIT for a minute
    ),
    Scenario(
        name="churn-blocking",
        title="blocking: session made, one load, invalidated",
        unit="µs per session",
        kind=Kind.CHURN_BLOCKING,
        clients=(
            "urlsession",
            "pycurl",
            "http.client",
            "requests",
            "pyreqwest",
            "curl_cffi",
            "httpx",
        ),
        sample_s=0.8,
    ),
    Scenario(
        name="download-consumer",
        title="256 MiB, read piece by piece and dropped",
        unit="µs per download",
        kind=Kind.DOWNLOAD_CONSUMER,
        clients=_CONSUMERS,
        path="256m",
    ),
    Scenario(
        name="download-consumer-raw",
        title="the same from a server that only sends",
        unit="µs per download",
        kind=Kind.DOWNLOAD_CONSUMER,
        clients=_CONSUMERS,
        path="256m",
        is_raw=True,
    ),
    Scenario(
        name="download-file",
        title="256 MiB, to a new file",
        unit="µs per download",
        kind=Kind.DOWNLOAD_FILE,
        clients=(
            "urlsession",
            "urlsession-uvloop",
            "urlsession-blocking",
            "curl",
            "pycurl",
            "aiohttp",
            "pyreqwest",
            "curl_cffi",
            "httpx",
            "requests",
        ),
        path="256m",
    ),
    Scenario(
        name="upload-file",
        title="256 MiB, from a file",
        unit="µs per upload",
        kind=Kind.UPLOAD_FILE,
        clients=(
            "urlsession",
            "urlsession-uvloop",
            "urlsession-blocking",
            "curl",
            "aiohttp",
            "httpx",
            "requests",
        ),
        path="upload",
    ),
    Scenario(
        name="websocket",
        title="WebSocket, 32 bytes there and back, one at a time",
        unit="µs per message",
        kind=Kind.WEB_SOCKET,
        clients=_WEB_SOCKETS,
    ),
    Scenario(
        name="websocket-pipelined",
        title="WebSocket, 32 bytes there and back, pipelined",
        unit="µs per message",
        kind=Kind.WEB_SOCKET_PIPELINED,
        clients=_WEB_SOCKETS,
    ),
    Scenario(
        name="import",
        title="import in a fresh interpreter",
        unit="ms",
        kind=Kind.IMPORT,
        clients=(
            "urlsession",
            "urlsession-package",
            "pycurl",
            "http.client",
            "requests",
            "aiohttp",
            "httpx",
            "pyreqwest",
            "curl_cffi",
            "niquests",
        ),
        metrics=(
            Metric("inside_ms", "inside"),
            Metric("process_ms", "process - bare"),
        ),
    ),
    Scenario(
        name="fin-1",
        title="invalidation to FIN at the peer, one connection",
        unit="ms",
        kind=Kind.FIN,
        clients=("urlsession", "urlsession-uvloop", "urlsession-blocking", "aiohttp"),
        metrics=(Metric("last_ms", "FIN"), Metric("worst_ms", "worst")),
        sample_s=0.5,
    ),
    Scenario(
        name="fin-1000",
        title="invalidation to the last FIN at the peer, 1,000 connections",
        unit="ms",
        kind=Kind.FIN,
        in_flight=1000,
        clients=("urlsession", "urlsession-uvloop", "urlsession-blocking", "aiohttp"),
        metrics=(Metric("last_ms", "last FIN"), Metric("first_ms", "first FIN")),
        sample_s=0.5,
    ),
    Scenario(
        name="watched-64",
        title="async, 64 in flight, watched and alone in turns",
        unit="times as long; µs per request",
        kind=Kind.WATCHED_ASYNC,
        in_flight=64,
        clients=(
            "urlsession",
            "urlsession-uvloop",
            "aiohttp",
            "aiohttp-uvloop",
            "httpx",
        ),
        metrics=_WATCHED,
        sample_s=4.0,
    ),
    Scenario(
        name="watched-1",
        title="async, one at a time, watched and alone in turns",
        unit="times as long; µs per request",
        kind=Kind.WATCHED_ASYNC,
        clients=("urlsession", "aiohttp", "httpx"),
        metrics=_WATCHED,
        sample_s=4.0,
    ),
    Scenario(
        name="watched-blocking",
        title="blocking, one at a time, watched and alone in turns",
        unit="times as long; µs per request",
        kind=Kind.WATCHED_BLOCKING,
        clients=("urlsession", "requests", "httpx", "http.client"),
        metrics=_WATCHED,
        sample_s=4.0,
    ),
    Scenario(
        name="watch-connections",
        title="a connection opened and closed: what watching adds",
        unit="µs and bytes per connection",
        kind=Kind.WATCH_CONNECTIONS,
        clients=("socket",),
        metrics=(
            Metric("added_us", "added"),
            Metric("alone_us", "alone"),
            Metric("live_bytes", "memory, live"),
        ),
    ),
)


def find_scenarios(wanted: list[str]) -> list[Scenario]:
    """Return the scenarios named, in their own order; all of them for no name.

    A name may be the front part of several: "churn" is both churns.

    Raises:
        LookupError: A name fits no scenario.
    """
    for name in wanted:
        if not any(scenario.name.startswith(name) for scenario in SCENARIOS):
            known = ", ".join(scenario.name for scenario in SCENARIOS)
            raise LookupError(f"no scenario {name!r}; there are {known}")
    return [
        scenario
        for scenario in SCENARIOS
        if not wanted or scenario.name.startswith(tuple(wanted))
    ]
