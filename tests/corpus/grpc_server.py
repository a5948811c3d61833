"""A gRPC server for programs of the corpus: prints its port, ends with its input.

Its one method `/corpus.Echo/Say` returns the bytes it got; `/corpus.Echo/Count`
streams three messages.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import grpc  # type: ignore[import-untyped]  # ships no types


def say(request: bytes, _: grpc.ServicerContext) -> bytes:
    """Return what was sent."""
    return request


def count(request: bytes, _: grpc.ServicerContext) -> Iterator[bytes]:
    """Return what was sent, three times."""
    yield from [request] * 3


def main() -> None:
    """Serve until the input ends."""
    server = grpc.server(ThreadPoolExecutor(4))
    methods = {
        "Say": grpc.unary_unary_rpc_method_handler(say),
        "Count": grpc.unary_stream_rpc_method_handler(count),
    }
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler("corpus.Echo", methods),)
    )
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    sys.stdin.read()
    server.stop(0)


if __name__ == "__main__":
    main()
