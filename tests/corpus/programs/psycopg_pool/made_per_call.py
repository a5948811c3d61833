# cause: A
# report: kubernetes-client/python #1158
# library: psycopg
# connections: 2
# leaks: 2
# kind: unclosed
# owner: psycopg_pool.ConnectionPool
# held_by: __main__.SEEN[0] | ConnectionPool
# server: postgres
# needs: psycopg_pool
"""A pool made for each call, and kept."""

import sys

import psycopg_pool

HOST, PORT = sys.argv[2].split(":")
DSN = f"host={HOST} port={PORT} user=corpus dbname=postgres"
SEEN = []


def count() -> object:
    pool = psycopg_pool.ConnectionPool(DSN, min_size=1, open=True)  # made here
    SEEN.append(pool)
    with pool.connection() as connection:
        return connection.execute("SELECT 1").fetchone()


for _ in range(2):
    count()
