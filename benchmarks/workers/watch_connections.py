"""What watching adds to a connection: plain sockets, opened and closed.

The time with and without the observer in turns, in one process; the memory by
`tracemalloc`, with a thousand connections open.
"""

from __future__ import annotations

import gc
import socket
import statistics
import time
import tracemalloc
from urllib.parse import urlsplit

from benchmarks.workers.harness import (
    Job,
    Sample,
    raise_descriptor_limit,
    run_worker,
)
from urlsession import watch

AT_A_TIME = 500  # connections in one turn
TURNS = 10
LIVE = 1000  # connections that are open when memory is read


def connections(job: Job) -> Sample:
    address = (urlsplit(job.url).hostname, urlsplit(job.url).port)
    assert address[0] is not None

    def turn() -> float:
        start = time.perf_counter()
        for _ in range(AT_A_TIME):
            socket.create_connection(address).close()
        return (time.perf_counter() - start) / AT_A_TIME * 1e6

    turn()
    alone, watched = [], []
    for _ in range(TURNS):
        alone.append(turn())
        watch.start()
        watched.append(turn())
        watch.stop()
    pairs = zip(alone, watched, strict=True)
    return Sample(
        n=TURNS * AT_A_TIME,
        values={
            "added_us": statistics.median(on - off for off, on in pairs),
            "alone_us": statistics.median(alone),
            "live_bytes": _live_bytes(address) - _live_bytes(address, is_watched=False),
        },
    )


def _live_bytes(
    address: tuple[str | None, int | None], *, is_watched: bool = True
) -> float:
    raise_descriptor_limit(LIVE + 100)
    if is_watched:
        watch.start()
    opened: list[socket.socket] = [None] * LIVE  # type: ignore[list-item]  # filled below: its own memory is not measured
    socket.create_connection(address).close()
    gc.collect()
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    for index in range(LIVE):
        opened[index] = socket.create_connection(address)
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    for one in opened:
        one.close()
    if is_watched:
        watch.stop()
    return (after - before) / LIVE


if __name__ == "__main__":
    run_worker({"watch-connections": connections}, dict)
