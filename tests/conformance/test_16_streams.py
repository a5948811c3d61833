"""Section 16, for streams: what exit and fork do to them, and that nothing adds up."""

from __future__ import annotations

import gc

import pytest

from urlsession import URLProtocol, URLRequest, URLSession, URLSessionConfiguration
from urlsession.response import URLResponse
from urlsession.testing import LoopbackServer, ServerConnection, descriptors, wait_until

from ..conftest import Serve
from ..loopback.lifetimes.programs import run_program

OPEN = """
from urlsession.connections import LEDGER
PORT = int(URL.rstrip("/").rpartition(":")[2])
"""
BLOCKING = (
    OPEN
    + """
SESSION = make()
TASK = SESSION.stream_task("127.0.0.1", PORT)
TASK.resume()
print(TASK.read(5, 5).result(5))
PENDING = TASK.read(5, 5)
"""
)
ASYNC = (
    OPEN
    + """
async def story():
    global TASK, PENDING
    session = make()
    TASK = session.stream_task("127.0.0.1", PORT)
    TASK.resume()
    print(await TASK.read(5, 5))
    PENDING = TASK.read(5, 5)
run(story)
"""
)
FORKING = (
    BLOCKING
    + """
PID = os.fork()
if not PID:
    atexit.unregister(report)
    try:
        PENDING.result(5)
    except URLError as error:
        assert "forked" in str(error), error
    try:
        SESSION.stream_task("127.0.0.1", PORT)
    except UsageError:
        pass
    sys.exit(0)
assert os.waitpid(PID, 0)[1] == 0
TASK.write(b"again").result(5)
print(PENDING.result(5))
TASK.cancel()
"""
)


def echo(connection: ServerConnection) -> None:
    """Greet, then send everything back."""
    connection.send(b"hello")
    while data := connection.recv():
        connection.send(data)


def arguments(server: LoopbackServer) -> tuple[str, str, str]:
    """Return the arguments of a program: URL, root, another URL."""
    return server.url(), "unused", server.url()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("body", "door"), [(BLOCKING, "asyncio"), (ASYNC, "asyncio"), (ASYNC, "uvloop")]
)
def test_process_exit_closes_streams(serve: Serve, body: str, door: str) -> None:
    """Without a hang; the ledger says that it was the end of the process."""
    server = serve(echo)
    ended = run_program(body, door, arguments(server))

    assert (ended.code, ended.err) == (0, "")
    assert ended.out == ["(b'hello', False)", "ledger: 0 exit"]
    assert server.wait_all_ended()


@pytest.mark.slow
def test_forked_child_leaves_a_stream_to_its_parent(serve: Serve) -> None:
    """The child's end sends nothing to the peer; what is pending fails there only."""
    server = serve(echo)
    ended = run_program(FORKING, "asyncio", arguments(server))

    assert (ended.code, ended.err) == (0, "")
    assert ended.out == [
        "(b'hello', False)",
        "(b'again', False)",
        "ledger: 0 local",
    ]


def test_streams_and_protocols_do_not_add_up(serve: Serve) -> None:
    """A hundred of each leave neither descriptor nor object behind."""
    server = serve(echo)
    port = int(server.url("").rstrip("/").rpartition(":")[2])
    configuration = URLSessionConfiguration.ephemeral()
    configuration.protocol_classes = (Empty,)
    with URLSession(configuration) as session:
        run_once(session, port)
        before = len(descriptors())
        gc.collect()
        counted = living()
        for _ in range(100):
            run_once(session, port)
        gc.collect()
        assert wait_until(lambda: len(descriptors()) <= before + 1)
        assert wait_until(lambda: living() <= counted + 4)


class Empty(URLProtocol):
    """Answers with nothing."""

    @classmethod
    def can_init(cls, request: URLRequest) -> bool:
        return request.url.startswith("empty:")

    def start_loading(self) -> None:
        self.client.did_receive_response(self, URLResponse(self.request.url))
        self.client.did_finish_loading(self)

    def stop_loading(self) -> None:
        """Nothing to stop."""


def run_once(session: URLSession, port: int) -> None:
    """Open a stream, use it and drop it; load by a protocol."""
    task = session.stream_task("127.0.0.1", port)
    task.resume()
    assert task.read(5, 5).result(5)[0] == b"hello"
    assert session.data("empty:").result(5).data == b""


def living() -> int:
    """Return how many objects of this package's loads there are."""
    return sum(
        1
        for one in gc.get_objects()
        if str(type(one).__module__).startswith(
            ("urlsession.loading", "urlsession.tasks")
        )
    )
