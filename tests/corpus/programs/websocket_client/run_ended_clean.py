# cause: G
# report: paho-mqtt #627, of websocket-client
# library: websocket-client
# server: websocket
# needs: websocket websockets
# connections: 1
"""One app that is kept when its run has ended: there is nothing left to call."""

import gc
import sys

import websocket

gc.disable()
URL = f"ws://{sys.argv[2]}/"


def say_goodbye(app: websocket.WebSocketApp) -> None:
    app.send("bye")


APP = websocket.WebSocketApp(URL, on_open=say_goodbye)
APP.run_forever()
