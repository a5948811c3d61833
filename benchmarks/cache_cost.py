"""What the cache costs a load that it does not concern, and what a hit costs.

``python -m benchmarks.cache_cost``: one process, a loopback server on a thread of it, so
a load costs more here than in the tables of ``make bench``; each number is the best of
many short runs, which a busy machine disturbs least.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
import timeit
from collections.abc import Callable
from pathlib import Path

from urlsession import URLCache, URLSession, URLSessionConfiguration
from urlsession.loading.http import HTTPLoad
from urlsession.request import URLRequest
from urlsession.storage.cache_rules import is_of_interest
from urlsession.testing import LoopbackServer, ReceivedRequest
from urlsession.testing.handlers import Answer, answering
from urlsession.url import parse_url

HEAD = (
    b"HTTP/1.1 200 OK\r\n",
    b"Server: nginx\r\n",
    b"Date: Tue, 24 Nov 2026 13:00:00 GMT\r\n",
    b"Content-Type: text/plain\r\n",
    b"Content-Length: 1024\r\n",
    b"Connection: keep-alive\r\n",
    b"\r\n",
)


def best_us(act: Callable[[], object], count: int, rounds: int) -> float:
    """Return the least time of one call, in microseconds."""
    return min(timeit.repeat(act, number=count, repeat=rounds)) / count * 1e6


def answer(request: ReceivedRequest) -> Answer:
    """Answer with 1 KiB that is fresh, or says nothing of that."""
    fields = [("Cache-Control", "max-age=600")] if request.target == "/fresh" else []
    return 200, fields, b"x" * 1024


def passing_by(session: URLSession) -> None:
    """Print what a plain load pays whose reply cannot be stored."""
    request = URLRequest("http://127.0.0.1:1/path?query")
    parts = parse_url(request.url)
    cache = session._core.context.cache
    load = HTTPLoad(session.data_task(request), session._core.context, request)
    load.head = HEAD
    empty = best_us(lambda: None, 500, 1500)
    before = best_us(lambda: cache.has_nothing_for(request, parts), 500, 1500) - empty
    after = best_us(lambda: is_of_interest(load.head_lines), 500, 1500) - empty
    print(f"passing by: {before:.2f} µs before + {after:.2f} µs after the load")


def hits(session: URLSession, server: LoopbackServer, folder: Path) -> None:
    """Print what hits and loads cost in either door."""
    fresh, plain = server.url("/fresh"), server.url("/plain")
    session.data(fresh).result()
    hit = best_us(lambda: session.data(fresh).result(), 200, 50)
    load = best_us(lambda: session.data(plain).result(), 50, 20)
    print(f"blocking: hit {hit:.1f} µs, load {load:.1f} µs")
    asyncio.run(awaited(fresh, plain))

    cache = URLCache(0, 20 << 20, folder)
    configuration = URLSessionConfiguration.ephemeral()
    configuration.url_cache = cache
    with URLSession(configuration) as other:
        other.data(fresh).result()
        cache.flush()
        on_disk = best_us(lambda: other.data(fresh).result(), 100, 20)
    cache.close()
    print(f"blocking: hit on disk {on_disk:.1f} µs")


async def awaited(fresh: str, plain: str) -> None:
    """Print the same, awaited one after the other."""
    async with URLSession() as session:
        await session.data(fresh)
        found = []
        for url, count in ((fresh, 200), (plain, 50)):
            least = float("inf")
            for _ in range(30):
                begun = time.perf_counter()
                for _ in range(count):
                    await session.data(url)
                least = min(least, (time.perf_counter() - begun) / count * 1e6)
            found.append(least)
    print(f"awaited: hit {found[0]:.1f} µs, load {found[1]:.1f} µs")


def main() -> None:
    """Measure everything."""
    os.environ["URLSESSION_HOME"] = ""
    with (
        tempfile.TemporaryDirectory() as folder,
        LoopbackServer(answering(answer)) as server,
        URLSession() as session,
    ):
        passing_by(session)
        hits(session, server, Path(folder))


if __name__ == "__main__":
    main()
