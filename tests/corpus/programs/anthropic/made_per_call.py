# cause: A
# report: anthropic-sdk-python #84
# library: httpx2
# connections: 2
# leaks: 2
# kind: unclosed
# owner: anthropic.Anthropic
# held_by: __main__.CONVERSATIONS[0] | Conversation.client | Anthropic._client | SyncHttpxClientWrapper
# needs: anthropic
"""A client for each call, kept by the conversation that it was made for."""

import sys

import anthropic

MESSAGES = [{"role": "user", "content": "hello"}]


class Conversation:
    def __init__(self, url: str) -> None:
        self.client = anthropic.Anthropic(base_url=url, api_key="none")  # made here

    def ask(self) -> object:
        create = self.client.messages.create
        return create(model="m", messages=MESSAGES, max_tokens=9)  # opened here


CONVERSATIONS = [Conversation(sys.argv[1]) for _ in range(2)]
assert all(one.ask() for one in CONVERSATIONS)
