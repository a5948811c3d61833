# server: https
# needs: trustme
# connections: 1
"""Closed, it is closed."""

import http.client
import ssl
import sys

context = ssl.create_default_context()
context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
kept = http.client.HTTPSConnection(sys.argv[2], timeout=5, context=context)
kept.request("GET", "/")
assert kept.getresponse().read()
kept.close()
