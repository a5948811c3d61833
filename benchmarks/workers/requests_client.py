"""requests: one Session, as its manual shows it, the environment trusted.

`trust_env=False` would save it the look for proxies and a netrc on every request;
urlsession takes proxies from the environment too, so both keep the feature.
"""
# mypy: disable-error-code="import-not-found,import-untyped"
# The peers are in the `bench` extra, which the type check does not install.

from __future__ import annotations

import requests

from benchmarks.workers.harness import (
    BODY_LENGTH,
    BadReplyError,
    Job,
    Sample,
    measure,
    run_worker,
    versions_of,
)
from benchmarks.workers.large import PIECE, check, check_stored, place, source


def blocking(job: Job) -> Sample:
    with requests.Session() as session:

        def load_many(count: int) -> None:
            for _ in range(count):
                response = session.get(job.url)
                if response.status_code != 200 or len(response.content) != BODY_LENGTH:
                    raise BadReplyError(response.status_code, len(response.content))

        return measure(job, load_many)


def churn(job: Job) -> Sample:
    def load_many(count: int) -> None:
        for _ in range(count):
            with requests.Session() as session:
                response = session.get(job.url)
            if response.status_code != 200 or len(response.content) != BODY_LENGTH:
                raise BadReplyError(response.status_code, len(response.content))

    return measure(job, load_many)


def consume(job: Job) -> Sample:
    with requests.Session() as session:

        def load_many(count: int) -> None:
            for _ in range(count):
                size = 0
                with session.get(job.url, stream=True) as response:
                    for piece in response.iter_content(PIECE):
                        size += len(piece)
                check(response.status_code, size)

        return measure(job, load_many, first=1)


def to_file(job: Job) -> Sample:
    with place() as path, requests.Session() as session:

        def load_many(count: int) -> None:
            for _ in range(count):
                with session.get(job.url, stream=True) as response:
                    with path.open("wb") as file:
                        for piece in response.iter_content(PIECE):
                            file.write(piece)
                check(response.status_code, path.stat().st_size)

        return measure(job, load_many, first=1)


def upload(job: Job) -> Sample:
    with source() as path, requests.Session() as session:

        def load_many(count: int) -> None:
            for _ in range(count):
                with path.open("rb") as file:
                    response = session.put(job.url, data=file)
                check_stored(response.status_code)

        return measure(job, load_many, first=1)


if __name__ == "__main__":
    run_worker(
        {
            "blocking": blocking,
            "churn-blocking": churn,
            "download-consumer": consume,
            "download-file": to_file,
            "upload-file": upload,
        },
        lambda: versions_of("requests", "urllib3"),
    )
