# needs: pycurl
# connections: 2
"""A multi handle that is closed when its loads are done."""

import sys

import pycurl


def load(multi: pycurl.CurlMulti, url: str, count: int) -> None:
    """Load a URL some times at once; the connections stay with the multi handle."""
    handles = []
    for _ in range(count):
        handle = pycurl.Curl()
        handle.setopt(pycurl.URL, url)
        handle.setopt(pycurl.WRITEFUNCTION, lambda data: None)
        multi.add_handle(handle)
        handles.append(handle)
    done = 0
    while done < count:
        multi.perform()
        _, good, bad = multi.info_read()
        assert not bad
        done += len(good)
        multi.select(0.1)
    for handle in handles:
        multi.remove_handle(handle)
        handle.close()


multi = pycurl.CurlMulti()
load(multi, sys.argv[1], 2)
multi.close()
