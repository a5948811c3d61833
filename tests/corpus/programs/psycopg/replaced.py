# cause: E
# report: pygqlc #75
# library: psycopg
# connections: 3
# leaks: 2
# kind: unclosed
# owner: psycopg.Connection
# held_by: __main__.KEEP_ALIVE[0] | bound method Connection.execute() | Connection
# server: postgres
# needs: psycopg
"""A connection that is overwritten by the next one, while a list of probes holds it."""

import sys

import psycopg

HOST, PORT = sys.argv[2].split(":")
DSN = f"host={HOST} port={PORT} user=corpus dbname=postgres"
KEEP_ALIVE = []


class Feed:
    """Connects again when its server has been restarted."""

    def __init__(self) -> None:
        self.connection = None

    def reconnect(self) -> None:
        self.connection = psycopg.connect(DSN, autocommit=True)  # opened here
        self.connection.execute("LISTEN news")
        KEEP_ALIVE.append(self.connection.execute)


feed = Feed()
for _ in range(3):
    feed.reconnect()
feed.connection.close()
