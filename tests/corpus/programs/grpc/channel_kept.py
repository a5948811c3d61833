# cause: A
# report: grpc #12531
# library: grpc
# server: grpc
# needs: grpc
# connections: 2
# leaks: 2
# kind: unclosed
# owner: grpc.Channel
# held_by: __main__.KEPT[0] | Channel
"""A channel made for each call, and kept; its calls end, its connection does not."""

import sys

import grpc

KEPT = []


def say(target: str, word: bytes) -> bytes:
    # Channels of one target share a connection otherwise.
    options = [("grpc.use_local_subchannel_pool", 1)]
    channel = grpc.insecure_channel(target, options)  # made here
    KEPT.append(channel)
    return channel.unary_unary("/corpus.Echo/Say")(word)  # opened here


for _ in range(2):
    assert say(sys.argv[2], b"word") == b"word"
