# server: grpc
# needs: grpc
"""Channels that are closed, in a block or by a call."""

import sys

import grpc


def say(target: str, word: bytes) -> bytes:
    with grpc.insecure_channel(target) as channel:
        return channel.unary_unary("/corpus.Echo/Say")(word)


for _ in range(2):
    assert say(sys.argv[2], b"word") == b"word"

channel = grpc.insecure_channel(sys.argv[2])
assert channel.unary_unary("/corpus.Echo/Say")(b"word") == b"word"
assert list(channel.unary_stream("/corpus.Echo/Count")(b"x")) == [b"x"] * 3
channel.close()
