# connections: 3
# server: postgres
# needs: psycopg
"""A connection that is closed before the next one takes its place."""

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
        if self.connection is not None:
            self.connection.close()
        self.connection = psycopg.connect(DSN, autocommit=True)
        self.connection.execute("LISTEN news")
        KEEP_ALIVE.append(self.connection.execute)


feed = Feed()
for _ in range(3):
    feed.reconnect()
feed.connection.close()
