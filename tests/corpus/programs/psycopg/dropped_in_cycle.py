# cause: G
# report: anthropic-sdk-python #150
# library: psycopg
# connections: 2
# leaks: 2
# kind: orphan
# owner: psycopg.Connection
# held_by: a cycle that nothing else reaches | Job.next_step | bound method Job.run() | Job.connection | Connection
# server: postgres
# needs: psycopg
"""A job that is dropped within a cycle: its connection waits for the collector."""

import gc
import sys

import psycopg

HOST, PORT = sys.argv[2].split(":")
DSN = f"host={HOST} port={PORT} user=corpus dbname=postgres"
gc.disable()  # as in a program that collects between requests only


class Job:
    """Refers to itself by the step that it takes next."""

    def __init__(self) -> None:
        self.connection = psycopg.connect(DSN)  # opened here
        self.next_step = self.run

    def run(self) -> object:
        return self.connection.execute("SELECT 1").fetchone()


def work() -> None:
    job = Job()
    job.next_step()


for _ in range(2):
    work()
