# server: grpc
# needs: grpc
# connections: 1
"""The channel is kept beside its stub, and closed."""

import sys

import grpc

CHANNEL = grpc.insecure_channel(sys.argv[2])
SAY = CHANNEL.unary_unary("/corpus.Echo/Say")
assert SAY(b"word") == b"word"
CHANNEL.close()
