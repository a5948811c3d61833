# cause: D
# report: kubernetes-client/python #1158
# library: requests
# connections: 1
# leaks: 1
# kind: unclosed
# owner: requests.Session
# held_by: local 'session' of work() at frame_of_a_thread.py:22 in thread 'worker' | Session
"""A worker that waits for its next job, with the session in a local."""

import queue
import sys
import threading

import requests

JOBS: queue.Queue[str | None] = queue.Queue()


def work() -> None:
    session = requests.Session()  # made here
    while (url := JOBS.get()) is not None:
        session.get(url, timeout=5)  # opened here
        JOBS.task_done()


worker = threading.Thread(target=work, name="worker", daemon=True)
worker.start()
JOBS.put(sys.argv[1])
JOBS.join()
