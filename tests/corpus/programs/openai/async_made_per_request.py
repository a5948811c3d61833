# cause: A
# report: langchain #38610
# library: httpx2
# connections: 2
# leaks: 2
# kind: orphan
# owner: openai.AsyncOpenAI
# needs: openai
"""A client made for each request of a service, and dropped."""

import asyncio
import gc
import sys

import openai

gc.disable()
MESSAGES = [{"role": "user", "content": "hello"}]


async def ask(client: openai.AsyncOpenAI) -> object:
    chat = client.chat.completions
    return await chat.create(model="m", messages=MESSAGES)  # opened here


async def main() -> None:
    for _ in range(2):
        client = openai.AsyncOpenAI(base_url=sys.argv[1], api_key="none")  # made here
        assert await ask(client)


asyncio.run(main())
