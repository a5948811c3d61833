# connections: 2
# needs: openai
"""A client made for each call, in a block."""

import gc
import sys

import openai

gc.disable()
MESSAGES = [{"role": "user", "content": "hello"}]


def ask(url: str) -> object:
    with openai.OpenAI(base_url=url, api_key="none") as client:
        chat = client.chat.completions
        return chat.create(model="m", messages=MESSAGES)


for _ in range(2):
    assert ask(f"{sys.argv[1]}v1")
