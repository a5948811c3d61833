# cause: A
# report: grpc #22123
# library: grpc
# server: grpc
# needs: grpc
# connections: 1
# leaks: 1
# kind: unclosed
# owner: grpc.Channel
"""A stub in a global, whose channel nobody has to close."""

import sys

import grpc


def make_stub(target: str) -> grpc.UnaryUnaryMultiCallable:
    channel = grpc.insecure_channel(target)  # made here
    return channel.unary_unary("/corpus.Echo/Say")


SAY = make_stub(sys.argv[2])
assert SAY(b"word") == b"word"  # opened here
