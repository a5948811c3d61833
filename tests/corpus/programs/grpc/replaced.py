# cause: E
# report: grpc #42125
# library: grpc
# server: grpc
# needs: grpc
# connections: 3
# leaks: 2
# kind: unclosed
# owner: grpc.Channel
# held_by: __main__.SUBSCRIBERS[0] | bound method Channel.unsubscribe() | Channel
"""A channel that is made anew after a failure, while a watcher holds the old one."""

import sys

import grpc

SUBSCRIBERS = []


class Client:
    """Connects again when its server has been restarted."""

    def __init__(self, target: str) -> None:
        self.target = target
        self.channel = None

    def reconnect(self) -> None:
        options = [("grpc.use_local_subchannel_pool", 1)]
        self.channel = grpc.insecure_channel(self.target, options)  # made here
        SUBSCRIBERS.append(self.channel.unsubscribe)
        say = self.channel.unary_unary("/corpus.Echo/Say")
        assert say(b"word") == b"word"  # opened here


client = Client(sys.argv[2])
for _ in range(3):
    client.reconnect()
client.channel.close()
