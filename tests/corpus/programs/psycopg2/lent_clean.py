# connections: 2
# server: postgres
# needs: psycopg2
"""What was lent is put back whatever happens, and the pool is closed."""

import sys

import psycopg2
from psycopg2.pool import ThreadedConnectionPool

HOST, PORT = sys.argv[2].split(":")
DSN = f"host={HOST} port={PORT} user=corpus dbname=postgres"
FAILURES = []
POOL = ThreadedConnectionPool(2, 4, DSN)


def take() -> None:
    connection = POOL.getconn()
    try:
        connection.cursor().execute("SELECT 1 / 0")
    finally:
        POOL.putconn(connection)


try:
    take()
except psycopg2.errors.DivisionByZero as error:
    FAILURES.append(error)
POOL.closeall()
