# cause: G
# report: paho-mqtt #627
# library: websocket-client
# server: websocket
# needs: websocket websockets
# connections: 2
# leaks: 2
# kind: orphan
# owner: websocket.WebSocket
# held_by: a cycle that nothing else reaches | WebSocket.frame_buffer … | WebSocket
"""A websocket that is dropped: a cycle of its own keeps it until the collector runs."""

import gc
import sys

import websocket

URL = f"ws://{sys.argv[2]}/"
gc.disable()  # as in a program that collects between requests only


def tick() -> None:
    connection = websocket.WebSocket()  # made here
    connection.connect(URL)  # opened here
    connection.send("tick")
    assert connection.recv() == "tick"


for _ in range(2):
    tick()
