"""urlsession through its waiting door: the load runs on the shared I/O thread."""

from __future__ import annotations

import pycurl

from benchmarks.workers import fin
from benchmarks.workers.harness import (
    BODY_LENGTH,
    BadReplyError,
    Job,
    Sample,
    measure,
    run_worker,
    versions_of,
)
from benchmarks.workers.large import check, check_stored, source
from urlsession import URLRequest, URLSession, URLSessionConfiguration


def blocking(job: Job) -> Sample:
    with URLSession() as session:

        def load_many(count: int) -> None:
            for _ in range(count):
                data, response = session.data(job.url).result()
                if response.status_code != 200 or len(data) != BODY_LENGTH:
                    raise BadReplyError(response.status_code, len(data))

        return measure(job, load_many)


def churn(job: Job) -> Sample:
    def load_many(count: int) -> None:
        for _ in range(count):
            with URLSession() as session:
                data, response = session.data(job.url).result()
            if response.status_code != 200 or len(data) != BODY_LENGTH:
                raise BadReplyError(response.status_code, len(data))

    return measure(job, load_many)


def consume(job: Job) -> Sample:
    with URLSession() as session:

        def load_many(count: int) -> None:
            for _ in range(count):
                size = 0
                chunks, response = session.bytes(job.url).result()
                for piece in chunks:
                    size += len(piece)
                check(response.status_code, size)

        return measure(job, load_many, first=1)


def to_file(job: Job) -> Sample:
    with URLSession() as session:

        def load_many(count: int) -> None:
            for _ in range(count):
                location, response = session.download(job.url).result()
                check(response.status_code, location.stat().st_size)
                location.unlink()

        return measure(job, load_many, first=1)


def upload(job: Job) -> Sample:
    with source() as path, URLSession() as session:

        def load_many(count: int) -> None:
            request = URLRequest(job.url, method="PUT")
            for _ in range(count):
                _, response = session.upload(request, from_file=path).result()
                check_stored(response.status_code)

        return measure(job, load_many, first=1)


def one_fin(witness: fin.Witness, count: int) -> fin.Times:
    configuration = URLSessionConfiguration.default()
    configuration.http_maximum_connections_per_host = count
    session = URLSession(configuration)
    tasks = [session.data(witness.url) for _ in range(count)]
    for task in tasks:
        task.result()
    start = fin.now()
    session.invalidate_and_cancel()
    return witness.wait_all_closed(start)


def versions() -> dict[str, str]:
    return versions_of("urlsession") | {"libcurl": pycurl.version_info()[1]}


if __name__ == "__main__":
    run_worker(
        {
            "blocking": blocking,
            "churn-blocking": churn,
            "download-consumer": consume,
            "download-file": to_file,
            "upload-file": upload,
            "fin": fin.blocking_job(one_fin),
        },
        versions,
    )
