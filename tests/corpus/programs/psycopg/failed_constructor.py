# cause: D
# report: cpython #74579
# library: psycopg
# connections: 2
# leaks: 2
# kind: unclosed
# owner: psycopg.Connection
# server: postgres
# needs: psycopg
"""A constructor that fails after it has connected: nobody has the object to close."""

import sys

import psycopg

HOST, PORT = sys.argv[2].split(":")
DSN = f"host={HOST} port={PORT} user=corpus dbname=postgres"
FAILURES = []


class Repository:
    """Looks for its table when it is made."""

    def __init__(self) -> None:
        self.connection = psycopg.connect(DSN)  # opened here
        self.connection.execute("SELECT count(*) FROM orders")

    def close(self) -> None:
        self.connection.close()


for _ in range(2):
    try:
        Repository().close()
    except psycopg.Error as error:
        FAILURES.append(error)
assert len(FAILURES) == 2
