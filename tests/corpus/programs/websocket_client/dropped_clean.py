# connections: 2
# server: websocket
# needs: websocket websockets
"""A websocket that is closed before it is dropped."""

import gc
import sys

import websocket

URL = f"ws://{sys.argv[2]}/"
gc.disable()  # as in a program that collects between requests only


def tick() -> None:
    connection = websocket.WebSocket()
    connection.connect(URL)
    connection.send("tick")
    assert connection.recv() == "tick"
    connection.close()


for _ in range(2):
    tick()
