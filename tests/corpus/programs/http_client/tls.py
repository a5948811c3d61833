# cause: A
# report: cpython #114914
# server: https
# needs: trustme
# library: http.client
# connections: 1
# leaks: 1
# kind: unclosed
# owner: http.client.HTTPSConnection
# held_by: __main__.KEPT | HTTPSConnection
"""TLS takes the descriptor over from the socket that connected."""

import http.client
import ssl
import sys

context = ssl.create_default_context()
context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
KEPT = http.client.HTTPSConnection(sys.argv[2], timeout=5, context=context)  # made here
KEPT.request("GET", "/")  # opened here
assert KEPT.getresponse().read()
