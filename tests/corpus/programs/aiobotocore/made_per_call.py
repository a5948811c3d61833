# cause: A
# report: langchain #38610
# library: aiobotocore
# needs: aiobotocore
# connections: 2
# leaks: 2
# kind: unclosed
# owner: aiobotocore.client.S3
"""A client entered for each call, and never left."""

import asyncio
import sys

from aiobotocore.session import get_session

URL = sys.argv[1]
OPTIONS = {
    "endpoint_url": URL,
    "region_name": "corpus-1",
    "aws_access_key_id": "corpus",
    "aws_secret_access_key": "corpus",
}
CLIENTS: list[object] = []


async def read(key: str) -> bytes:
    session = get_session()
    client = await session.create_client("s3", **OPTIONS).__aenter__()  # made here
    CLIENTS.append(client)
    reply = await client.get_object(Bucket="bytes", Key=key)  # opened here
    async with reply["Body"] as body:
        return await body.read()


async def main() -> None:
    for key in ("10", "20"):
        assert len(await read(key)) == int(key)


asyncio.run(main())
