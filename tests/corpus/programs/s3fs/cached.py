# cause: H
# report: s3fs #1028
# library: aiobotocore
# needs: s3fs
# connections: 2
# leaks: 2
# kind: orphan
# owner: aiobotocore.client.S3
"""A file system for each tenant: a cache of the library's keeps every one of them."""

import asyncio
import sys

import s3fs

URL = sys.argv[1]
OPTIONS = {"endpoint_url": URL, "region_name": "corpus-1"}


async def read(tenant: str) -> bytes:
    files = s3fs.S3FileSystem(
        key=tenant, secret="corpus", asynchronous=True, client_kwargs=OPTIONS
    )
    await files.set_session()  # made here
    return await files._cat_file("bytes/10")  # opened here


async def main() -> None:
    for tenant in ("a", "b", "a"):
        assert len(await read(tenant)) == 10


asyncio.run(main())
