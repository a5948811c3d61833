# cause: A
# report: kubernetes-client/python #1158
# library: websocket-client
# server: websocket
# needs: websocket websockets
# connections: 3
# leaks: 3
# kind: unclosed
# owner: websocket.WebSocket
# held_by: __main__.SOCKETS[0] | WebSocket
"""A websocket made for each message, and kept."""

import sys

import websocket

URL = f"ws://{sys.argv[2]}/"
SOCKETS: list[websocket.WebSocket] = []


def say(text: str) -> None:
    connection = websocket.create_connection(URL)  # made here
    SOCKETS.append(connection)
    connection.send(text)
    assert connection.recv() == text


for word in ("a", "b", "c"):
    say(word)
