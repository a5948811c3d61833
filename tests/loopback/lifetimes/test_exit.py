"""Processes that end with live sessions: no hang, no traceback, no crash."""

from __future__ import annotations

import pytest

from urlsession.testing import ServerConnection

from .doors import Door, Site
from .programs import run_program

BLOCKING = {
    "idle": ("SESSION = make(); SESSION.data(URL).result(5)", "exit"),
    "two sessions": (
        "A, B = make(), make(); A.data(URL).result(5); B.data(URL).result(5)",
        "exit exit",
    ),
    "shared": ("URLSession.shared.data(SHARED_URL).result(5)", "exit"),
    "never used": ("SESSION = make()", ""),
    "invalidated": (
        "SESSION = make(); SESSION.data(URL).result(5); SESSION.invalidate_and_cancel()",
        "local",
    ),
    "held by its delegate": (
        """
class App:
    def session_did_become_invalid(self, session, error): print("told at exit")
APP = App()
APP.session = make(APP)
APP.session.data(URL).result(5)
""",
        "exit",
    ),
    "load under way": (
        """
SESSION = make()
SESSION.data(URL).result(5)
TASK = SESSION.data(URL + "silent")
OTHER = SESSION.data(URL + "silent")
""",
        "exit exit",
    ),
    "stream half read": (
        """
SESSION = make()
CHUNKS, _ = SESSION.bytes(URL + "endless").result(5)
PIECES = iter(CHUNKS)
next(PIECES)
""",
        "exit",
    ),
    "a daemon thread waits": (
        """
SESSION = make()
SESSION.data(URL).result(5)
TASK = SESSION.data(URL + "silent")
WAITER = threading.Thread(target=TASK.result, daemon=True)
WAITER.start()
""",
        "exit",
    ),
    "a body blocks": (
        """
def body():
    yield b"x"
    BEGUN.set()
    threading.Event().wait()
from urlsession import URLRequest
BEGUN = threading.Event()
SESSION = make()
TASK = SESSION.data(URLRequest(URL, method="POST", body=body()))
BEGUN.wait(5)
""",
        None,
    ),
    "loads at exit": (
        """
SESSION = make()
SESSION.data(URL).result(5)
def late():
    try:
        SESSION.data(URL)
    except UsageError as error:
        print("refused:", "process is ending" in str(error))
atexit.unregister(report)
import urlsession.engine.process as process
atexit.unregister(process._close_at_exit)
atexit.register(report)
atexit.register(late)
import urlsession.session as session
atexit.register(process._close_at_exit, session._abandon)
""",
        "exit",
    ),
}

ASYNC = {
    "idle": (
        """
async def story():
    global SESSION
    SESSION = make()
    await SESSION.data(URL)
run(story)
""",
        "exit",
    ),
    "load under way": (
        """
async def story():
    global SESSION, TASK
    SESSION = make()
    await SESSION.data(URL)
    TASK = SESSION.data(URL + "silent")
    await asyncio.sleep(0.05)
run(story)
""",
        "exit",
    ),
    "stream half read": (
        """
async def story():
    global SESSION, PIECES
    SESSION = make()
    chunks, _ = await SESSION.bytes(URL + "endless")
    PIECES = aiter(chunks)
    await anext(PIECES)
run(story)
""",
        "exit",
    ),
    "exit inside the loop": (
        """
async def story():
    global SESSION
    SESSION = make()
    await SESSION.data(URL)
    sys.exit(0)
run(story)
""",
        "exit",
    ),
    "dropped after its loop was closed": (
        """
import warnings
warnings.simplefilter("ignore", ResourceWarning)
async def story():
    session = make()
    await session.data(URL)
    return session
SESSION = run(story)
del SESSION
""",
        "local",
    ),
}


def peer(connection: ServerConnection) -> None:
    """Answer, or never answer, or never end to answer."""
    while request := connection.recv_request():
        if request.target == "/silent":
            connection.hold()
            return
        if request.target == "/endless":
            connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            while True:
                connection.send_chunk(b"x" * 65536)
        connection.send_response(body=b"x")


def check_exit(door: str, site: Site, body: str, ledger: str | None) -> None:
    """Run a program and check how it ended, and what it left."""
    server, shared_server = site.start(peer), site.serve(peer)
    arguments = (server.url(), str(site.ca.path), shared_server.url())
    ended = run_program(body, door, arguments)

    assert ended.err == ""
    assert ended.code == 0
    if ledger is not None:
        assert ended.out[-1] == f"ledger: 0 {ledger}".rstrip()
    assert "told at exit" not in ended.out
    assert server.wait_all_ended(1.0)


@pytest.mark.slow
@pytest.mark.parametrize(("body", "ledger"), BLOCKING.values(), ids=BLOCKING.keys())
@pytest.mark.parity("16.4:process exit", "18:8 #5469 crash at exit")
def test_process_exit_with_live_sessions_blocking_ledger_says_exit(
    site: Site, body: str, ledger: str | None
) -> None:
    """Whatever the I/O thread was at."""
    check_exit("blocking", site, body, ledger)


@pytest.mark.slow
@pytest.mark.parametrize(("body", "ledger"), ASYNC.values(), ids=ASYNC.keys())
@pytest.mark.parity("16.4:process exit")
def test_process_exit_with_live_sessions_asyncio_ledger_says_exit(
    loop_door: Door, site: Site, body: str, ledger: str | None
) -> None:
    """The loop that drove the session is closed by then."""
    check_exit(loop_door.name, site, body, ledger)
