# connections: 1
"""A worker that waits for its next job, with the session in a local."""

import queue
import sys
import threading

import requests

JOBS: queue.Queue[str | None] = queue.Queue()


def work() -> None:
    session = requests.Session()
    while (url := JOBS.get()) is not None:
        session.get(url, timeout=5)
        JOBS.task_done()
    session.close()


worker = threading.Thread(target=work, name="worker", daemon=True)
worker.start()
JOBS.put(sys.argv[1])
JOBS.join()
JOBS.put(None)
worker.join()
