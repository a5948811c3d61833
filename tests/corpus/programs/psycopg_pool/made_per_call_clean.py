# connections: 2
# server: postgres
# needs: psycopg_pool
"""A pool made for each call, in a block."""

import sys

import psycopg_pool

HOST, PORT = sys.argv[2].split(":")
DSN = f"host={HOST} port={PORT} user=corpus dbname=postgres"


def count() -> object:
    with psycopg_pool.ConnectionPool(DSN, min_size=1) as pool:
        with pool.connection() as connection:
            return connection.execute("SELECT 1").fetchone()


for _ in range(2):
    count()
