# cause: G
# report: anthropic-sdk-python #150
# library: httpx2
# connections: 2
# leaks: 2
# kind: orphan
# owner: anthropic.AsyncAnthropic
# needs: anthropic
"""Closing is left to the collector, which comes when no loop runs any more."""

import asyncio
import gc
import sys

import anthropic

gc.disable()
MESSAGES = [{"role": "user", "content": "hello"}]


async def ask() -> object:
    client = anthropic.AsyncAnthropic(base_url=sys.argv[1], api_key="none")  # made here
    create = client.messages.create
    return await create(model="m", messages=MESSAGES, max_tokens=9)  # opened here


assert all(asyncio.run(ask()) for _ in range(2))
