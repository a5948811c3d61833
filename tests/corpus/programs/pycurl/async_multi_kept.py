# cause: A
# library: pycurl
# needs: pycurl
# connections: 2
# leaks: 2
# kind: unclosed
# owner: pycurl.AsyncCurlMulti
# held_by: __main__.KEPT[0] | AsyncCurlMulti
"""A multi handle of asyncio that is never closed."""

import asyncio
import sys

import pycurl

KEPT = []


async def load(multi: pycurl.AsyncCurlMulti, url: str) -> int:
    handle = pycurl.Curl()
    handle.setopt(pycurl.URL, url)
    handle.setopt(pycurl.WRITEFUNCTION, lambda data: None)
    await multi.perform(handle)  # opened here
    return handle.getinfo(pycurl.RESPONSE_CODE)


async def main(url: str) -> None:
    multi = pycurl.AsyncCurlMulti()  # made here
    KEPT.append(multi)
    assert await asyncio.gather(load(multi, url), load(multi, url)) == [200, 200]


asyncio.run(main(sys.argv[1]))
