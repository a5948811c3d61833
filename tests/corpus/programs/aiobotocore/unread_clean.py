# connections: 2
# needs: aiobotocore
"""Objects of which only the length is looked at, and whose body is closed."""

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
    reply = await CLIENT.get_object(Bucket="bytes", Key=key)
    async with reply["Body"]:
        return reply["ContentLength"]


async def main() -> None:
    global CLIENT
    session = get_session()
    async with session.create_client("s3", **OPTIONS) as CLIENT:
        for key in ("3000000", "4000000"):
            assert await length(key) == int(key)


asyncio.run(main())
