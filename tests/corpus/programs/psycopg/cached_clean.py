# connections: 2
# server: postgres
# needs: psycopg
"""Connections that a cached function keeps, closed at the end."""

import functools
import sys

import psycopg

HOST, PORT = sys.argv[2].split(":")
DSN = f"host={HOST} port={PORT} user=corpus dbname=postgres"


@functools.cache
def connection_of(tenant: str) -> psycopg.Connection:
    return psycopg.connect(DSN, application_name=tenant)


for name in ("a", "b", "a"):
    connection_of(name).execute("SELECT 1")
for name in ("a", "b"):
    connection_of(name).close()
