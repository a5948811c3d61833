# cause: A
# report: anthropic-sdk-python #84, of openai
# library: httpx2
# connections: 2
# leaks: 2
# kind: orphan
# owner: openai.OpenAI
# needs: openai
"""A client made for each call and dropped: a cycle keeps it until the collector runs."""

import gc
import sys

import openai

gc.disable()
MESSAGES = [{"role": "user", "content": "hello"}]


def ask(url: str) -> object:
    client = openai.OpenAI(base_url=url, api_key="none")  # made here
    chat = client.chat.completions
    return chat.create(model="m", messages=MESSAGES)  # opened here


for _ in range(2):
    assert ask(f"{sys.argv[1]}v1")
