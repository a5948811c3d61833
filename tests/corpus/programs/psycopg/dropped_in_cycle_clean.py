# connections: 2
# server: postgres
# needs: psycopg
"""A job in a cycle that closes its connection before it is dropped."""

import gc
import sys

import psycopg

HOST, PORT = sys.argv[2].split(":")
DSN = f"host={HOST} port={PORT} user=corpus dbname=postgres"
gc.disable()  # as in a program that collects between requests only


class Job:
    """Refers to itself by the step that it takes next."""

    def __init__(self) -> None:
        self.connection = psycopg.connect(DSN)
        self.next_step = self.run

    def run(self) -> object:
        return self.connection.execute("SELECT 1").fetchone()


def work() -> None:
    job = Job()
    job.next_step()
    job.connection.close()


for _ in range(2):
    work()
