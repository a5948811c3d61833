# connections: 2
# server: postgres
# needs: psycopg
"""A constructor that closes its connection when it fails."""

import sys

import psycopg

HOST, PORT = sys.argv[2].split(":")
DSN = f"host={HOST} port={PORT} user=corpus dbname=postgres"
FAILURES = []


class Repository:
    """Looks for its table when it is made."""

    def __init__(self) -> None:
        self.connection = psycopg.connect(DSN)
        try:
            self.connection.execute("SELECT count(*) FROM orders")
        except psycopg.Error:
            self.connection.close()
            raise

    def close(self) -> None:
        self.connection.close()


for _ in range(2):
    try:
        Repository().close()
    except psycopg.Error as error:
        FAILURES.append(error)
assert len(FAILURES) == 2
