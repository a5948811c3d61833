# connections: 2
# server: postgres
# needs: psycopg_pool
"""A connection that its block puts back, and a pool that is closed."""

import sys

import psycopg
import psycopg_pool

HOST, PORT = sys.argv[2].split(":")
DSN = f"host={HOST} port={PORT} user=corpus dbname=postgres"
FAILURES = []
POOL = psycopg_pool.ConnectionPool(DSN, min_size=2, open=True)
POOL.wait()


def take(order: int) -> None:
    with POOL.connection() as connection:
        connection.execute("SELECT 1 / 0")


try:
    take(1)
except psycopg.errors.DivisionByZero as error:
    FAILURES.append(error)
POOL.close()
