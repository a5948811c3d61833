# cause: B
# report: openai-python #763
# library: httpx2
# connections: 1
# leaks: 1
# kind: unread
# owner: openai.OpenAI
# also: unclosed
# held_by: __main__.STREAMS[0] | Stream.response | Response
# needs: openai
"""A streamed answer is never read, and kept."""

import sys

import openai

MESSAGES = [{"role": "user", "content": "hello"}]
CLIENT = openai.OpenAI(base_url=f"{sys.argv[1]}stream", api_key="none")  # made here
STREAMS = []


def ask() -> None:
    chat = CLIENT.chat.completions
    stream = chat.create(model="m", messages=MESSAGES, stream=True)  # opened here
    STREAMS.append(stream)


ask()
