# connections: 2
"""The words of the error are collected, and the reply is closed."""

import sys

import requests

SESSION = requests.Session()
ERRORS = []
for _ in range(2):
    reply = SESSION.get(sys.argv[1] + "status/500", stream=True, timeout=5)
    try:
        reply.raise_for_status()
    except requests.HTTPError as error:
        ERRORS.append(str(error))
    finally:
        reply.close()
assert len(ERRORS) == 2
SESSION.close()
