# connections: 3
# server: postgres
# needs: psycopg
"""A connection made for each call, in a block."""

import sys

import psycopg

HOST, PORT = sys.argv[2].split(":")
DSN = f"host={HOST} port={PORT} user=corpus dbname=postgres"


def count() -> object:
    with psycopg.connect(DSN) as connection:
        return connection.execute("SELECT 1").fetchone()


for _ in range(3):
    count()
