# server: grpc
# needs: grpc
"""A channel of asyncio in a block."""

import asyncio
import sys

import grpc.aio


async def main(target: str) -> None:
    async with grpc.aio.insecure_channel(target) as channel:
        call = channel.unary_unary("/corpus.Echo/Say")
        assert await call(b"word") == b"word"


asyncio.run(main(sys.argv[2]))
