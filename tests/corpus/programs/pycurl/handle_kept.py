# cause: A
# library: pycurl
# needs: pycurl
# connections: 3
# leaks: 3
# kind: unclosed
# owner: pycurl.Curl
# held_by: __main__.KEPT[0] | Curl
"""An easy handle made for each call, and kept in a list."""

import sys

import pycurl

KEPT = []


def fetch(url: str) -> int:
    handle = pycurl.Curl()  # made here
    KEPT.append(handle)
    handle.setopt(pycurl.URL, url)
    handle.setopt(pycurl.WRITEFUNCTION, lambda data: None)
    handle.perform()  # opened here
    return handle.getinfo(pycurl.RESPONSE_CODE)


for _ in range(3):
    assert fetch(sys.argv[1]) == 200
