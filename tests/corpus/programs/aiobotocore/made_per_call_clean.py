# connections: 2
# needs: aiobotocore
"""A client for each call, in a block."""

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
    async with session.create_client("s3", **OPTIONS) as client:
        CLIENTS.append(client)
        reply = await client.get_object(Bucket="bytes", Key=key)
        async with reply["Body"] as body:
            return await body.read()


async def main() -> None:
    for key in ("10", "20"):
        assert len(await read(key)) == int(key)


asyncio.run(main())
