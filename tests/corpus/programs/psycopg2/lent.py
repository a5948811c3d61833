# cause: D
# report: asyncpg #464
# library: psycopg2
# connections: 2
# leaks: 2
# kind: unclosed
# owner: psycopg2.pool.ThreadedConnectionPool
# held_by: __main__.POOL | ThreadedConnectionPool
# server: postgres
# needs: psycopg2
"""A connection that is not put back when the work fails, and a pool that is not closed."""

import sys

import psycopg2
from psycopg2.pool import ThreadedConnectionPool

HOST, PORT = sys.argv[2].split(":")
DSN = f"host={HOST} port={PORT} user=corpus dbname=postgres"
FAILURES = []
POOL = ThreadedConnectionPool(2, 4, DSN)  # made here


def take() -> None:
    connection = POOL.getconn()
    connection.cursor().execute("SELECT 1 / 0")
    POOL.putconn(connection)


try:
    take()
except psycopg2.errors.DivisionByZero as error:
    FAILURES.append(error)
