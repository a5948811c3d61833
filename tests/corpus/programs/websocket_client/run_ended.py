# cause: G
# report: paho-mqtt #627, of websocket-client
# library: websocket-client
# server: websocket
# needs: websocket websockets
# connections: 3
# leaks: 3
# kind: orphan
# owner: websocket.WebSocketApp
"""Apps that are kept when their run has ended: the server's goodbye closes no socket."""

import gc
import sys

import websocket

gc.disable()
URL = f"ws://{sys.argv[2]}/"
APPS = []


def say_goodbye(app: websocket.WebSocketApp) -> None:
    app.send("bye")


for _ in range(3):
    APPS.append(websocket.WebSocketApp(URL, on_open=say_goodbye))  # made here
    APPS[-1].run_forever()  # opened here
