"""What speaks in lines: SMTP, IMAP, POP3 or FTP, as much as a client's log-in needs.

Run as a script with the protocol's name: prints its port and serves until its standard
input ends.
"""

from __future__ import annotations

import socketserver
import sys
import threading

__all__ = ("GREETINGS", "LineHandler", "main")

GREETINGS = {
    "ftp": "220 corpus",
    "imap": "* OK corpus",
    "pop3": "+OK corpus",
    "smtp": "220 corpus",
}
_ANSWERS = {"ftp": "230 as you wish", "pop3": "+OK", "smtp": "250 as you wish"}
_FAREWELLS = {"ftp": "221 bye", "pop3": "+OK", "smtp": "221 bye"}


class LineHandler(socketserver.StreamRequestHandler):
    """Agrees to everything, and closes when the client takes its leave."""

    protocol = ""

    def handle(self) -> None:
        """Greet, then answer line by line."""
        self._say(GREETINGS[self.protocol])
        for line in self.rfile:
            words = line.decode().upper().split()
            is_last = bool({"LOGOUT", "QUIT"} & set(words))
            if self.protocol == "imap":
                self._answer_imap(*words[:2])
            else:
                self._say((_FAREWELLS if is_last else _ANSWERS)[self.protocol])
            if is_last:
                return

    def _answer_imap(self, tag: str, command: str) -> None:
        if command == "CAPABILITY":
            self._say("* CAPABILITY IMAP4REV1")
        elif command == "LOGOUT":
            self._say("* BYE")
        self._say(f"{tag} OK {command}")

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


def main() -> None:
    """Serve until standard input ends."""
    LineHandler.protocol = sys.argv[1]
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), LineHandler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdout.write(f"{server.server_address[1]}\n")
    sys.stdout.flush()
    sys.stdin.read()
    server.shutdown()


if __name__ == "__main__":
    main()
