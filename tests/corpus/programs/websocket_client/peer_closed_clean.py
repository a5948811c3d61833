# connections: 1
# server: websocket
# needs: websocket websockets
"""A websocket that the server left; it is closed all the same."""

import select
import sys

import websocket

URL = f"ws://{sys.argv[2]}/"
SOCKET = websocket.create_connection(URL)
SOCKET.send("drop")
poll = select.poll()
poll.register(SOCKET.fileno(), select.POLLRDHUP)
assert poll.poll(5000)
SOCKET.close()
