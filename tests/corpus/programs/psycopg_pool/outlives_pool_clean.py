# connections: 2
# server: postgres
# needs: psycopg_pool
"""A connection that is put back before its pool closes."""

import sys

import psycopg_pool

HOST, PORT = sys.argv[2].split(":")
DSN = f"host={HOST} port={PORT} user=corpus dbname=postgres"

with psycopg_pool.ConnectionPool(DSN, min_size=2) as pool:
    pool.wait()
    connection = pool.getconn()
    assert connection.execute("SELECT 1").fetchone() == (1,)
    pool.putconn(connection)
