"""The WebSocket server of the corpus, in a process of its own.

Answers each text message with the same text; to `bye` it closes the connection, and to
`drop` it ends the TCP connection without a closing handshake. Run as a script: prints
its port and serves until its standard input ends.
"""

from __future__ import annotations

import contextlib
import sys
import threading

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

__all__ = ("answer", "main")


def answer(connection: ServerConnection) -> None:
    """Serve one connection until either side closes it."""
    with contextlib.suppress(ConnectionClosed):
        for message in connection:
            if message == "bye":
                return
            if message == "drop":
                connection.close_socket()
                return
            connection.send(message)


def main() -> None:
    """Serve until standard input ends."""
    with serve(answer, "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        sys.stdout.write(f"{server.socket.getsockname()[1]}\n")
        sys.stdout.flush()
        sys.stdin.read()
        server.shutdown()


if __name__ == "__main__":
    main()
