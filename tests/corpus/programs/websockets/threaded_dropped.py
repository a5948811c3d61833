# cause: G
# report: paho-mqtt #627
# library: websockets
# server: websocket
# needs: websockets
# connections: 2
# leaks: 2
# kind: orphan
# owner: websockets.sync.client.ClientConnection
"""A connection that is dropped: its own thread keeps it, and no collector helps."""

import sys

from websockets.sync.client import ClientConnection, connect

URL = f"ws://{sys.argv[2]}/"


def say(text: str) -> None:
    connection = connect(URL)  # opened here
    connection.send(text)
    assert connection.recv() == text


for word in ("a", "b"):
    say(word)
