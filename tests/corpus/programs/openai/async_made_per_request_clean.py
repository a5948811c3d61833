# connections: 1
# needs: openai
"""One client for the service, closed at the end."""

import asyncio
import gc
import sys

import openai

gc.disable()
MESSAGES = [{"role": "user", "content": "hello"}]


async def ask(client: openai.AsyncOpenAI) -> object:
    chat = client.chat.completions
    return await chat.create(model="m", messages=MESSAGES)


async def main() -> None:
    async with openai.AsyncOpenAI(
        base_url=f"{sys.argv[1]}v1", api_key="none"
    ) as client:
        for _ in range(2):
            assert await ask(client)


asyncio.run(main())
