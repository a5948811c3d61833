# connections: 3
# server: postgres
# needs: psycopg2
"""A connection made for each call, and closed."""

import sys
from contextlib import closing

import psycopg2

HOST, PORT = sys.argv[2].split(":")
DSN = f"host={HOST} port={PORT} user=corpus dbname=postgres"


def ask() -> int:
    with closing(psycopg2.connect(DSN)) as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT 1")
        return cursor.fetchone()[0]


for _ in range(3):
    assert ask() == 1
