# connections: 1
# needs: openai
"""A streamed answer is closed before its end."""

import sys

import openai

MESSAGES = [{"role": "user", "content": "hello"}]


with openai.OpenAI(base_url=f"{sys.argv[1]}stream", api_key="none") as client:
    chat = client.chat.completions
    with chat.create(model="m", messages=MESSAGES, stream=True) as stream:
        assert stream.response.status_code == 200
