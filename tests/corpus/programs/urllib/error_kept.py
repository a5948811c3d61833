# cause: B
# report: mistralai/client-python #532
# library: http.client
# connections: 1
# leaks: 1
# kind: unread
# owner: http.client.HTTPResponse
"""The exception of an error status is a reply, too; it is kept and not read."""

import sys
from urllib.error import HTTPError
from urllib.request import urlopen

ERRORS = []
try:
    urlopen(sys.argv[1] + "status/404", timeout=5)  # made here
except HTTPError as error:
    ERRORS.append(error)
assert ERRORS[0].code == 404
