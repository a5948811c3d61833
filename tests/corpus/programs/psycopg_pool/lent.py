# cause: D
# report: asyncpg #464
# library: psycopg
# connections: 2
# leaks: 2
# kind: unclosed
# owner: psycopg_pool.ConnectionPool
# held_by: __main__.POOL | ConnectionPool
# server: postgres
# needs: psycopg_pool
"""A connection that is not put back when the work fails, and a pool that is not closed."""

import sys

import psycopg
import psycopg_pool

HOST, PORT = sys.argv[2].split(":")
DSN = f"host={HOST} port={PORT} user=corpus dbname=postgres"
FAILURES = []
POOL = psycopg_pool.ConnectionPool(DSN, min_size=2, open=True)  # made here
POOL.wait()


def take(order: int) -> None:
    connection = POOL.getconn()
    connection.execute("SELECT 1 / 0")
    POOL.putconn(connection)


try:
    take(1)
except psycopg.errors.DivisionByZero as error:
    FAILURES.append(error)
