# cause: A
# report: grpc #12531
# library: grpc
# server: grpc
# needs: grpc
# connections: 1
# leaks: 1
# kind: unclosed
# inferred: yes
# owner: grpc.aio.Channel
# held_by: __main__.KEPT[0] | Channel
"""A channel of asyncio that is never closed."""

import asyncio
import sys

import grpc.aio

KEPT = []


async def main(target: str) -> None:
    channel = grpc.aio.insecure_channel(target)  # made here
    KEPT.append(channel)
    call = channel.unary_unary("/corpus.Echo/Say")
    assert await call(b"word") == b"word"  # opened here


asyncio.run(main(sys.argv[2]))
