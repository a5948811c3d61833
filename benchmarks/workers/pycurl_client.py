"""Bare pycurl: what libcurl costs when Python adds as little as it can.

The measure of urlsession's own overhead, so it is made as fast as we know how:
handles are reused, callbacks are C functions (`BytesIO.write`, `list.append`), no
object is made per load but its two buffers. It still does what any client must:
sets the address, takes the status, the header lines and the body as bytes.

Tried and no faster on this loop: `list.append` for the body, `select()` on every
turn, draining `info_read()` first, smaller receive buffers (all within 2 %).
"""

from __future__ import annotations

from io import BytesIO

import pycurl

from benchmarks.workers.harness import (
    BODY_LENGTH,
    BadReplyError,
    Job,
    Sample,
    measure,
    run_worker,
    versions_of,
)
from benchmarks.workers.large import PIECE, check, place

SELECT_S = 1.0  # seconds; an upper bound, a ready socket ends the wait


def multi(job: Job) -> Sample:
    """Run `perform()` and `select()` over `job.in_flight` handles: no event loop."""
    pool = pycurl.CurlMulti()
    handles = [_new_handle() for _ in range(job.in_flight)]
    buffers: dict[pycurl.Curl, tuple[BytesIO, list[bytes]]] = {}

    def start(handle: pycurl.Curl) -> None:
        body, lines = buffers[handle] = BytesIO(), []
        handle.setopt(pycurl.URL, job.url)
        handle.setopt(pycurl.WRITEFUNCTION, body.write)
        handle.setopt(pycurl.HEADERFUNCTION, lines.append)
        pool.add_handle(handle)

    def load_many(count: int) -> None:
        for handle in handles[:count]:
            start(handle)
        done, started = 0, min(count, len(handles))
        while done < count:
            pool.perform()
            _, completed, failed = pool.info_read()
            if failed:
                raise BadReplyError(failed[0][1:])
            for handle in completed:
                body, _ = buffers[handle]
                status = handle.getinfo(pycurl.RESPONSE_CODE)
                if status != 200 or len(body.getvalue()) != BODY_LENGTH:
                    raise BadReplyError(status, len(body.getvalue()))
                pool.remove_handle(handle)
                done += 1
                if started < count:
                    start(handle)
                    started += 1
            if not completed:
                pool.select(SELECT_S)

    try:
        return measure(job, load_many)
    finally:
        pool.close()


def blocking(job: Job) -> Sample:
    handle = _new_handle()

    def load_many(count: int) -> None:
        for _ in range(count):
            _load(handle, job.url)

    try:
        return measure(job, load_many)
    finally:
        handle.close()


def churn(job: Job) -> Sample:
    def load_many(count: int) -> None:
        for _ in range(count):
            handle = _new_handle()
            _load(handle, job.url)
            handle.close()

    return measure(job, load_many)


def consume(job: Job) -> Sample:
    handle = _new_handle()
    handle.setopt(pycurl.BUFFERSIZE, PIECE)
    handle.setopt(pycurl.URL, job.url)

    def load_many(count: int) -> None:
        for _ in range(count):
            size = 0

            def take(piece: bytes) -> None:
                nonlocal size
                size += len(piece)

            handle.setopt(pycurl.WRITEFUNCTION, take)
            handle.perform()
            check(handle.getinfo(pycurl.RESPONSE_CODE), size)

    return measure(job, load_many, first=1)


def to_file(job: Job) -> Sample:
    handle = _new_handle()
    handle.setopt(pycurl.BUFFERSIZE, PIECE)
    handle.setopt(pycurl.URL, job.url)
    with place() as path:

        def load_many(count: int) -> None:
            for _ in range(count):
                with path.open("wb", buffering=0) as file:
                    handle.setopt(pycurl.WRITEFUNCTION, file.write)
                    handle.perform()
                check(handle.getinfo(pycurl.RESPONSE_CODE), path.stat().st_size)

        return measure(job, load_many, first=1)


def _load(handle: pycurl.Curl, url: str) -> None:
    body, lines = BytesIO(), list[bytes]()
    handle.setopt(pycurl.URL, url)
    handle.setopt(pycurl.WRITEFUNCTION, body.write)
    handle.setopt(pycurl.HEADERFUNCTION, lines.append)
    handle.perform()
    status = handle.getinfo(pycurl.RESPONSE_CODE)
    if status != 200 or len(body.getvalue()) != BODY_LENGTH:
        raise BadReplyError(status, len(body.getvalue()))


def _new_handle() -> pycurl.Curl:
    handle = pycurl.Curl()
    handle.setopt(pycurl.NOSIGNAL, 1)
    return handle


def versions() -> dict[str, str]:
    return versions_of("pycurl") | {"libcurl": pycurl.version_info()[1]}


if __name__ == "__main__":
    run_worker(
        {
            "async": multi,
            "blocking": blocking,
            "churn-blocking": churn,
            "download-consumer": consume,
            "download-file": to_file,
        },
        versions,
    )
