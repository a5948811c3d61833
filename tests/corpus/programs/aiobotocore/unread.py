# cause: B
# report: aiobotocore #1061
# library: aiobotocore
# needs: aiobotocore
# connections: 2
# leaks: 2
# kind: unread
# owner: aiobotocore.client.S3
"""Objects of which only the length is looked at: each keeps its connection."""

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


async def length(key: str) -> int:
    reply = await CLIENT.get_object(Bucket="bytes", Key=key)  # opened here
    return reply["ContentLength"]


async def main() -> None:
    global CLIENT
    session = get_session()
    CLIENT = await session.create_client("s3", **OPTIONS).__aenter__()  # made here
    for key in ("3000000", "4000000"):
        assert await length(key) == int(key)


asyncio.run(main())
