# environment: urllib3-1
# connections: 1
"""The session is closed when its work is done; the half-closed socket with it."""

import sys

import requests

with requests.Session() as session:
    session.get(sys.argv[1] + "close", timeout=5)
