# connections: 2
# needs: openai
"""A model made for each call, whose client is closed."""

import gc
import sys
import tempfile
from pathlib import Path

SDK = """
import openai

MESSAGES = [{"role": "user", "content": "hello"}]


class ChatModel:
    def __init__(self, url):
        self.client = openai.OpenAI(base_url=url, api_key="none")
        self.create = self.client.chat.completions.create

    def invoke(self):
        return self.create(model="m", messages=MESSAGES)
"""

gc.disable()
HOME = tempfile.TemporaryDirectory()
SITE = Path(HOME.name) / "site-packages"
SITE.mkdir()
(SITE / "acme.py").write_text(SDK)
sys.path.insert(0, str(SITE))

import acme


def ask(url: str) -> object:
    model = acme.ChatModel(f"{url}v1")
    with model.client:
        return model.invoke()


for _ in range(2):
    assert ask(sys.argv[1])
