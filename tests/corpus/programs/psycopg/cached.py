# cause: H
# report: s3fs #1028
# library: psycopg
# connections: 2
# leaks: 2
# kind: unclosed
# owner: psycopg.Connection
# server: postgres
# needs: psycopg
"""Connections that a cached function keeps."""

import functools
import sys

import psycopg

HOST, PORT = sys.argv[2].split(":")
DSN = f"host={HOST} port={PORT} user=corpus dbname=postgres"


@functools.cache
def connection_of(tenant: str) -> psycopg.Connection:
    return psycopg.connect(DSN, application_name=tenant)  # opened here


for name in ("a", "b", "a"):
    connection_of(name).execute("SELECT 1")
