# connections: 1
# needs: anthropic
"""One client for all conversations, in a block."""

import sys

import anthropic

MESSAGES = [{"role": "user", "content": "hello"}]


class Conversation:
    def __init__(self, client: anthropic.Anthropic) -> None:
        self.client = client

    def ask(self) -> object:
        messages = self.client.messages
        return messages.create(model="m", messages=MESSAGES, max_tokens=9)


with anthropic.Anthropic(base_url=sys.argv[1], api_key="none") as shared:
    CONVERSATIONS = [Conversation(shared) for _ in range(2)]
    assert all(one.ask() for one in CONVERSATIONS)
