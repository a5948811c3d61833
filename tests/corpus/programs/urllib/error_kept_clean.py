# connections: 1
"""The exception is closed as the reply that it is."""

import sys
from urllib.error import HTTPError
from urllib.request import urlopen

ERRORS = []
try:
    urlopen(sys.argv[1] + "status/404", timeout=5)
except HTTPError as error:
    error.close()
    ERRORS.append(error)
assert ERRORS[0].code == 404
