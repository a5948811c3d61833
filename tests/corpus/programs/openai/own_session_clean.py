# connections: 1
# needs: openai
"""A session of the user's own, handed to the SDK and closed."""

import sys

import httpx2
import openai

MESSAGES = [{"role": "user", "content": "hello"}]
URL = f"{sys.argv[1]}v1"
with httpx2.Client() as session:
    client = openai.OpenAI(base_url=URL, api_key="none", http_client=session)
    assert client.chat.completions.create(model="m", messages=MESSAGES)
