# cause: B
# report: cpython #79139
# server: https
# needs: trustme
# library: http.client
# connections: 2
# leaks: 1
# kind: unread
# owner: http.client.HTTPResponse
# held_by: __main__.REPLY | HTTPResponse
"""An opener of one's own, through TLS; one reply is dropped, the other kept."""

import ssl
import sys
import urllib.request

context = ssl.create_default_context()
context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
OPENER = urllib.request.build_opener(
    urllib.request.HTTPSHandler(context=context), urllib.request.ProxyHandler({})
)
URL = f"https://{sys.argv[2]}/bytes/1000000"
assert OPENER.open(URL, timeout=5).status == 200
REPLY = OPENER.open(URL, timeout=5)  # made here
