# cause: C
# report: requests #6573
# library: psycopg
# connections: 2
# leaks: 1
# kind: unclosed
# held_by: __main__.connection | Connection
# server: postgres
# needs: psycopg_pool
"""A connection that was lent when its pool closed: the pool does not reach it."""

import sys

import psycopg_pool

HOST, PORT = sys.argv[2].split(":")
DSN = f"host={HOST} port={PORT} user=corpus dbname=postgres"

with psycopg_pool.ConnectionPool(DSN, min_size=2) as pool:
    pool.wait()
    connection = pool.getconn()
    assert connection.execute("SELECT 1").fetchone() == (1,)
