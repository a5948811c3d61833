"""A small MongoDB server for the corpus, in a process of its own.

Speaks as much of the wire protocol (OP_MSG, and OP_QUERY for a driver's first words)
as a `MongoClient` needs to connect, to keep watching the server, and to `ping`, `find`
and insert. Run as a script: prints its port and serves until its standard input ends.
"""

from __future__ import annotations

import itertools
import socketserver
import struct
import sys
import threading
from typing import Any

import bson
from bson.int64 import Int64
from bson.objectid import ObjectId

__all__ = ("Handler", "main")

_OP_QUERY, _OP_REPLY, _OP_MSG = 2004, 1, 2013
_CHECKSUM, _MORE_TO_COME, _EXHAUST_ALLOWED = 1, 1 << 1, 1 << 16
_HEADER = struct.Struct("<iiii")
_MAX_WIRE_VERSION = 21  # of MongoDB 7.0
_PROCESS = ObjectId()

_stop = threading.Event()
_request_ids = itertools.count(1)


class Handler(socketserver.BaseRequestHandler):
    """Serves one connection until the client closes it."""

    def handle(self) -> None:
        """Answer one message after the other."""
        while (header := self._receive(_HEADER.size)) is not None:
            length, request_id, _, code = _HEADER.unpack(header)
            body = self._receive(length - _HEADER.size)
            if body is None:
                return
            if code == _OP_QUERY:
                self._answer_query(request_id)
            elif code == _OP_MSG:
                self._answer_message(request_id, body)

    def _answer_query(self, request_id: int) -> None:
        head = struct.pack("<iqii", 8, 0, 0, 1)
        self._send(_OP_REPLY, request_id, head + bson.encode(_hello()))

    def _answer_message(self, request_id: int, body: bytes) -> None:
        (flags,) = struct.unpack_from("<I", body)
        command = _read_command(body[4:-4] if flags & _CHECKSUM else body[4:])
        name = next(iter(command)).lower()
        waits_ms = command.get("maxAwaitTimeMS")
        if waits_ms is None:
            self._reply(request_id, _answer(name, command))
            return
        # A monitor: told at once, and again whenever its time has run out.
        while not _stop.wait(int(waits_ms) / 1000):
            more = _MORE_TO_COME if flags & _EXHAUST_ALLOWED else 0
            request_id = self._reply(request_id, _hello(), more)
            if not more:
                return

    def _reply(self, to: int, document: dict[str, Any], flags: int = 0) -> int:
        payload = struct.pack("<IB", flags, 0) + bson.encode(document)
        return self._send(_OP_MSG, to, payload)

    def _send(self, code: int, to: int, payload: bytes) -> int:
        number = next(_request_ids)
        length = _HEADER.size + len(payload)
        self.request.sendall(_HEADER.pack(length, number, to, code) + payload)
        return number

    def _receive(self, size: int) -> bytes | None:
        """Return so many bytes; None once the client has gone."""
        found = b""
        while len(found) < size:
            try:
                more = self.request.recv(size - len(found))
            except OSError:
                return None
            if not more:
                return None
            found += more
        return found


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, *_: object) -> None:
        """Say nothing: a client went while it was being told."""


def _read_command(sections: bytes) -> dict[str, Any]:
    """Return the document of the first section; what follows it is data."""
    assert sections[0] == 0
    (size,) = struct.unpack_from("<i", sections, 1)
    return dict(bson.decode(sections[1 : 1 + size]))


def _answer(name: str, command: dict[str, Any]) -> dict[str, Any]:
    if name in {"hello", "ismaster"}:
        return _hello()
    if name == "find":
        space = f"{command['$db']}.{command['find']}"
        batch = [{"_id": number} for number in range(3)]
        return {"cursor": {"firstBatch": batch, "id": 0, "ns": space}, "ok": 1.0}
    if name == "insert":
        return {"n": 1, "ok": 1.0}
    if name in {"ping", "endsessions"}:
        return {"ok": 1.0}
    return {"ok": 0.0, "code": 59, "errmsg": f"no such command: {name}"}


def _hello() -> dict[str, Any]:
    return {
        "helloOk": True,
        "isWritablePrimary": True,
        "ismaster": True,
        "topologyVersion": {"processId": _PROCESS, "counter": Int64(0)},
        "maxBsonObjectSize": 16 << 20,
        "maxMessageSizeBytes": 48_000_000,
        "maxWriteBatchSize": 100_000,
        "minWireVersion": 0,
        "maxWireVersion": _MAX_WIRE_VERSION,
        "readOnly": False,
        "ok": 1.0,
    }


def main() -> None:
    """Serve until standard input ends."""
    server = _Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdout.write(f"{server.server_address[1]}\n")
    sys.stdout.flush()
    sys.stdin.read()
    _stop.set()
    server.shutdown()


if __name__ == "__main__":
    main()
