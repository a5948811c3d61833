# connections: 2
# needs: anthropic
"""A client for each loop, closed in it."""

import asyncio
import gc
import sys

import anthropic

gc.disable()
MESSAGES = [{"role": "user", "content": "hello"}]


async def ask() -> object:
    async with anthropic.AsyncAnthropic(base_url=sys.argv[1], api_key="none") as client:
        messages = client.messages
        return await messages.create(model="m", messages=MESSAGES, max_tokens=9)


assert all(asyncio.run(ask()) for _ in range(2))
