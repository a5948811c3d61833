# server: https
# needs: trustme
# connections: 2
"""The one that is kept is closed."""

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
REPLY = OPENER.open(URL, timeout=5)
REPLY.close()
