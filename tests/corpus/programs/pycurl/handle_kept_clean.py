# needs: pycurl
# connections: 4
"""Handles that are closed, and one that is dropped, which closes it."""

import sys

import pycurl


def fetch(url: str, *, is_closed: bool = True) -> int:
    handle = pycurl.Curl()
    assert type(handle) is pycurl.Curl
    handle.setopt(pycurl.URL, url)
    handle.setopt(pycurl.WRITEFUNCTION, lambda data: None)
    handle.perform()
    code = handle.getinfo(pycurl.RESPONSE_CODE)
    if is_closed:
        handle.close()
    return code


for _ in range(3):
    assert fetch(sys.argv[1]) == 200
assert fetch(sys.argv[1], is_closed=False) == 200
