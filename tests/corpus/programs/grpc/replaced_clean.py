# server: grpc
# needs: grpc
# connections: 3
"""The old channel is closed before the next one takes its place."""

import sys

import grpc

SUBSCRIBERS = []


class Client:
    """Connects again when its server has been restarted."""

    def __init__(self, target: str) -> None:
        self.target = target
        self.channel = None

    def reconnect(self) -> None:
        if self.channel is not None:
            self.channel.close()
        options = [("grpc.use_local_subchannel_pool", 1)]
        self.channel = grpc.insecure_channel(self.target, options)
        SUBSCRIBERS.append(self.channel.unsubscribe)
        say = self.channel.unary_unary("/corpus.Echo/Say")
        assert say(b"word") == b"word"


client = Client(sys.argv[2])
for _ in range(3):
    client.reconnect()
client.channel.close()
