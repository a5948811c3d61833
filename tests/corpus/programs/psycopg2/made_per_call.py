# cause: A
# library: psycopg2
# connections: 3
# leaks: 3
# kind: unclosed
# owner: psycopg2.extensions.connection
# held_by: __main__.KEPT[0] | connection
# server: postgres
# needs: psycopg2
"""A connection made for each call: its block ends a transaction, and closes nothing."""

import sys

import psycopg2

HOST, PORT = sys.argv[2].split(":")
DSN = f"host={HOST} port={PORT} user=corpus dbname=postgres"
KEPT = []


def ask() -> int:
    with psycopg2.connect(DSN) as connection:  # made here
        KEPT.append(connection)
        cursor = connection.cursor()
        cursor.execute("SELECT 1")
        return cursor.fetchone()[0]


for _ in range(3):
    assert ask() == 1
