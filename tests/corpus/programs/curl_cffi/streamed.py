# cause: B
# library: curl_cffi
# needs: curl_cffi
# connections: 1
# leaks: 1
# kind: unclosed
# owner: curl_cffi.Session
# held_by: __main__.SESSION | Session
"""A streamed reply of which only the beginning is read; its session keeps both."""

import sys
from concurrent.futures import wait

from curl_cffi import requests

SESSION = requests.Session()  # made here

reply = SESSION.get(f"{sys.argv[1]}bytes/100000", stream=True)  # opened here
assert next(reply.iter_content())
wait([reply.stream_task])
