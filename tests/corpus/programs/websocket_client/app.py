# cause: C
# report: botocore #1370
# library: websocket-client
# server: websocket
# needs: websocket websockets
# connections: 1
# leaks: 1
# kind: unclosed
# owner: websocket.WebSocketApp
"""An app that listens in a thread, and that nothing tells to end."""

import sys
import threading

import websocket

URL = f"ws://{sys.argv[2]}/"
heard = threading.Event()


class Listener:
    """Runs an app; its close() only says that nobody listens any more."""

    def __init__(self) -> None:
        self.app = websocket.WebSocketApp(  # made here
            URL, on_open=self.on_open, on_message=self.on_message
        )
        self.is_open = True
        threading.Thread(target=self.app.run_forever, daemon=True).start()

    def on_open(self, app: websocket.WebSocketApp) -> None:
        app.send("hello")

    def on_message(self, _: websocket.WebSocketApp, __: str) -> None:
        heard.set()

    def close(self) -> None:
        self.is_open = False


listener = Listener()
assert heard.wait(10)
listener.close()
