# needs: pycurl
# connections: 2
"""A multi handle of asyncio in a block."""

import asyncio
import sys

import pycurl


async def load(multi: pycurl.AsyncCurlMulti, url: str) -> int:
    handle = pycurl.Curl()
    handle.setopt(pycurl.URL, url)
    handle.setopt(pycurl.WRITEFUNCTION, lambda data: None)
    await multi.perform(handle)
    return handle.getinfo(pycurl.RESPONSE_CODE)


async def main(url: str) -> None:
    async with pycurl.AsyncCurlMulti() as multi:
        assert await asyncio.gather(load(multi, url), load(multi, url)) == [200, 200]


asyncio.run(main(sys.argv[1]))
