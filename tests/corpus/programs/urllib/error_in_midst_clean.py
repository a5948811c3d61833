# connections: 1
"""A `with` block closes it."""

import json
import sys
from urllib.request import urlopen

ERRORS = []


def load(path: str) -> object:
    with urlopen(sys.argv[1] + path, timeout=5) as reply:
        return json.loads(reply.read(100))


try:
    load("bytes/1000000")
except ValueError as error:
    ERRORS.append(error)
assert ERRORS
