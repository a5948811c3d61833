# connections: 1
# server: websocket
# needs: websocket websockets
"""An app that listens in a thread, and is closed."""

import sys
import threading

import websocket

URL = f"ws://{sys.argv[2]}/"
heard = threading.Event()


class Listener:
    """Runs an app until it is closed."""

    def __init__(self) -> None:
        self.app = websocket.WebSocketApp(
            URL, on_open=self.on_open, on_message=self.on_message
        )
        self.thread = threading.Thread(target=self.app.run_forever, daemon=True)
        self.thread.start()

    def on_open(self, app: websocket.WebSocketApp) -> None:
        app.send("hello")

    def on_message(self, _: websocket.WebSocketApp, __: str) -> None:
        heard.set()

    def close(self) -> None:
        self.app.close()
        self.thread.join(10)


listener = Listener()
assert heard.wait(10)
listener.close()
