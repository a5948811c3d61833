"""http.client: the standard library's bare connection, kept open."""

from __future__ import annotations

import http.client
from urllib.parse import urlsplit

from benchmarks.workers.harness import (
    BODY_LENGTH,
    BadReplyError,
    Job,
    Sample,
    measure,
    run_worker,
)


def blocking(job: Job) -> Sample:
    parts = urlsplit(job.url)
    connection = http.client.HTTPConnection(parts.netloc)

    def load_many(count: int) -> None:
        for _ in range(count):
            connection.request("GET", parts.path)
            response = connection.getresponse()
            body = response.read()
            if response.status != 200 or len(body) != BODY_LENGTH:
                raise BadReplyError(response.status, len(body))

    try:
        return measure(job, load_many)
    finally:
        connection.close()


def churn(job: Job) -> Sample:
    parts = urlsplit(job.url)

    def load_many(count: int) -> None:
        for _ in range(count):
            connection = http.client.HTTPConnection(parts.netloc)
            connection.request("GET", parts.path)
            response = connection.getresponse()
            body = response.read()
            connection.close()
            if response.status != 200 or len(body) != BODY_LENGTH:
                raise BadReplyError(response.status, len(body))

    return measure(job, load_many)


if __name__ == "__main__":
    run_worker({"blocking": blocking, "churn-blocking": churn}, dict)
