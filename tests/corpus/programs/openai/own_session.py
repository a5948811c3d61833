# cause: C
# report: openai-python #763
# library: httpx2
# connections: 1
# leaks: 1
# kind: unclosed
# owner: httpx2.Client
# held_by: __main__.SESSION | Client
# needs: openai
"""A session of the user's own, handed to the SDK: it stays the user's to close."""

import sys

import httpx2
import openai

MESSAGES = [{"role": "user", "content": "hello"}]
SESSION = httpx2.Client()  # made here
CLIENT = openai.OpenAI(base_url=f"{sys.argv[1]}v1", api_key="none", http_client=SESSION)
assert CLIENT.chat.completions.create(model="m", messages=MESSAGES)  # opened here
