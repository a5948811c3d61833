# connections: 2
# server: websocket
# needs: websockets
"""A connection that is closed, in a block or by hand, before it is dropped."""

import sys

from websockets.sync.client import ClientConnection, connect

URL = f"ws://{sys.argv[2]}/"


def say(text: str) -> ClientConnection:
    with connect(URL) as connection:
        connection.send(text)
        assert connection.recv() == text
    return connection


last = say("a")
other = connect(URL)
other.send("bye")
other.close()
