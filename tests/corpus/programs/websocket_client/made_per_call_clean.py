# connections: 3
# server: websocket
# needs: websocket websockets
"""A websocket made for each message, closed, and one that is dropped."""

import sys

import websocket

URL = f"ws://{sys.argv[2]}/"
SOCKETS: list[websocket.WebSocket] = []


def say(text: str) -> None:
    connection = websocket.create_connection(URL)
    SOCKETS.append(connection)
    connection.send(text)
    assert connection.recv() == text
    connection.close()


for word in ("a", "b", "c"):
    say(word)
