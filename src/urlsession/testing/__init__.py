"""The kit that this project's own suite uses, for tests of yours.

Servers, kernel facts, a clock and a recorder. `certificates` and `h2_server`
need packages of the extra ``urlsession[testing]`` and are imported by name.
"""

from .clock import FakeClock
from .connection import PeerEndedError, ReceivedRequest, ServerConnection
from .handlers import answering, echo_handler, fixed_body, redirecting, serve_files
from .kernel import KernelSocket, descriptors, kernel_sockets, tcp_state, wait_until
from .leftovers import Leftovers
from .recording import RecordedCall, RecordingDelegate
from .server import Handler, LoopbackServer
from .stub import Stub, StubbedRequest, StubReply
from .stub_network import StubNetwork, stub_network

__all__ = (
    "FakeClock",
    "Handler",
    "KernelSocket",
    "Leftovers",
    "LoopbackServer",
    "PeerEndedError",
    "ReceivedRequest",
    "RecordedCall",
    "RecordingDelegate",
    "ServerConnection",
    "Stub",
    "StubNetwork",
    "StubReply",
    "StubbedRequest",
    "answering",
    "descriptors",
    "echo_handler",
    "fixed_body",
    "kernel_sockets",
    "redirecting",
    "serve_files",
    "stub_network",
    "tcp_state",
    "wait_until",
)
