# cause: A
# report: langchain #38610
# library: psycopg
# connections: 3
# leaks: 3
# kind: unclosed
# owner: psycopg.Connection
# held_by: __main__.CURSORS[0] | Cursor._conn | Connection
# server: postgres
# needs: psycopg
"""A connection made for each call, kept by the cursor that it gave."""

import sys

import psycopg

HOST, PORT = sys.argv[2].split(":")
DSN = f"host={HOST} port={PORT} user=corpus dbname=postgres"
CURSORS = []


def count() -> object:
    connection = psycopg.connect(DSN)  # opened here
    cursor = connection.execute("SELECT 1")
    CURSORS.append(cursor)
    return cursor.fetchone()


for _ in range(3):
    count()
