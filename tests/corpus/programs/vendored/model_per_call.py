# cause: A
# report: langchain #38610
# library: httpx2
# connections: 2
# leaks: 2
# kind: orphan
# owner: openai.OpenAI
# needs: openai
"""A model made for each call, with the client of another SDK in it."""

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
    model = acme.ChatModel(f"{url}v1")  # made here
    return model.invoke()  # opened here


for _ in range(2):
    assert ask(sys.argv[1])
