# connections: 4
# needs: s3fs
"""A file system for each tenant, whose client is closed; one of them closes itself."""

import asyncio
import sys

import s3fs

URL = sys.argv[1]
OPTIONS = {"endpoint_url": URL, "region_name": "corpus-1"}


async def read(tenant: str) -> bytes:
    files = s3fs.S3FileSystem(
        key=tenant,
        secret="corpus",
        asynchronous=True,
        client_kwargs=OPTIONS,
        skip_instance_cache=True,
    )
    client = await files.set_session()
    try:
        return await files._cat_file("bytes/10")
    finally:
        await client.close()


async def main() -> None:
    for tenant in ("a", "b", "a"):
        assert len(await read(tenant)) == 10


asyncio.run(main())
# Used without a loop of the program's, it is closed when the program exits.
blocking = s3fs.S3FileSystem(key="c", secret="corpus", client_kwargs=OPTIONS)
assert len(blocking.cat_file("bytes/10")) == 10
