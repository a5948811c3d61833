"""Processes that fork with live sessions: the connections stay the parent's."""

from __future__ import annotations

import pytest

from urlsession.testing import LoopbackServer, ServerConnection

from .doors import Door, Site
from .programs import LIMIT_S, run_program, start_program

CHILD = """
def check(what, is_true):
    if not is_true:
        print("child:", what, file=sys.stderr, flush=True)
        os._exit(1)

def sockets():
    found = set()
    for name in os.listdir("/proc/self/fd"):
        try:
            found.add(os.readlink("/proc/self/fd/" + name))
        except OSError:
            pass
    return found

def refused(make_task):
    try:
        make_task()
    except UsageError as error:
        return "forked" in str(error)
    return False

def lost(task):
    try:
        task.result(5)
    except URLError as error:
        return "forked" in str(error)
    return False

def in_child(session, connection, tasks=(), *, ends=lambda: os._exit(0)):
    atexit.unregister(report)
    from urlsession.connections import LEDGER
    check("data is refused", refused(lambda: session.data(URL)))
    check("bytes is refused", refused(lambda: session.bytes(URL)))
    check("data_task is refused", refused(lambda: session.data_task(URL)))
    for task in tasks:
        check("the parent's task is lost", lost(task))
    check("no connection", session.connections() == [])
    check("no ledger entry", LEDGER.open_connections() == [])
    check("no socket", f"socket:[{connection.inode}]" not in sockets())
    session.invalidate_and_cancel()
    with make() as mine:
        check("a session of its own", mine.data(URL).result(5).data == b"x")
    done = []
    mine = make()
    task = mine.data_task(URL, lambda data, response, error: done.append(data))
    task.resume()
    task.result(5)
    check("callbacks of its own", done == [b"x"])
    mine.invalidate_and_cancel()
    shared = URLSession.shared
    check("the shared session", shared.data(SHARED_URL).result(5).data == b"x")

    async def story():
        async with make() as session:
            return (await session.data(URL)).data
    check("a loop of its own", run(story) == b"x")
    ends()

def fork(*args, **options):
    sys.stdout.flush()
    if (pid := os.fork()) == 0:
        try:
            in_child(*args, **options)
        except SystemExit:
            raise
        except BaseException:
            import traceback
            traceback.print_exc()
            os._exit(2)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
"""

BLOCKING = """
URLSession.shared.data(SHARED_URL).result(5)
session = make()
session.data(URL).result(5)
(connection,) = session.connections()
print("child:", fork(session, connection, ends=ENDS))
data = session.data(URL).result(5).data
(same,) = session.connections()
print("parent:", data.decode(), same.id == connection.id, same.loads)
session.invalidate_and_cancel()
"""

ASYNC = """
async def story_of_parent():
    session = make()
    await session.data(URL)
    (connection,) = session.connections()
    print("child:", fork(session, connection))
    data = (await session.data(URL)).data
    (same,) = session.connections()
    print("parent:", data.decode(), same.id == connection.id, same.loads)
    session.invalidate_and_cancel()
    await asyncio.sleep(0)
run(story_of_parent)
"""

RUNNING = """
session = make()
session.data(URL).result(5)
(connection,) = session.connections()
slow = session.data(URL + "slow")
stream = session.data_task(URL + "slow", print)
stream.resume()
print("child:", fork(session, connection, [slow, stream]))
print("parent:", slow.result(5).data.decode())
stream.result(5)
session.invalidate_and_cancel()
"""

UNUSED = """
session = make()
used = make()
used.data(URL).result(5)
if (pid := os.fork()) == 0:
    atexit.unregister(report)
    check("an unused session works", session.data(URL).result(5).data == b"x")
    check("also for several", [t.result(5).data for t in
        [session.data(URL), session.data(URL)]] == [b"x", b"x"])
    session.invalidate_and_cancel()
    os._exit(0)
print("child:", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
print("parent:", session.data(URL).result(5).data.decode())
session.invalidate_and_cancel()
used.invalidate_and_cancel()
"""

OUTLIVED = """
session = make()
session.data(URL).result(5)
if (pid := os.fork()) == 0:
    sys.stdin.readline()
    os._exit(0)
session.invalidate_and_cancel()
print("invalidated", flush=True)
os.waitpid(pid, 0)
"""


def peer(connection: ServerConnection) -> None:
    """Answer; ``/slow`` a little later."""
    while request := connection.recv_request():
        if request.target == "/slow":
            connection.hold(0.5)
        connection.send_response(body=b"x")


def check_fork(site: Site, door: str, body: str, server: LoopbackServer) -> list[str]:
    """Run a program that forks; return what the parent printed."""
    shared_server = site.serve(peer)
    arguments = (server.url(), str(site.ca.path), shared_server.url())
    ended = run_program(CHILD + body, door, arguments)

    assert ended.err == ""
    assert ended.code == 0
    assert ended.out[0] == "child: 0"
    assert not any(one.was_reset for one in server.connections)
    return ended.out


@pytest.mark.slow
@pytest.mark.parametrize(
    "ends", ["lambda: os._exit(0)", "sys.exit"], ids=["_exit", "sys.exit"]
)
def test_fork_with_live_sessions_child_is_refused_parent_goes_on_blocking(
    site: Site, ends: str
) -> None:
    """On the same connection: the child's end sent nothing to the peer."""
    server = site.start(peer)
    out = check_fork(site, "asyncio", f"ENDS = {ends}\n{BLOCKING}", server)

    assert out[1] == "parent: x True 2"


@pytest.mark.slow
def test_fork_with_live_sessions_child_is_refused_parent_goes_on_asyncio(
    loop_door: Door, site: Site
) -> None:
    """The parent's loop, its epoll and its connection are the parent's still."""
    out = check_fork(site, loop_door.name, ASYNC, site.start(peer))

    assert out[1] == "parent: x True 2"


@pytest.mark.slow
def test_fork_with_tasks_running_fails_them_in_the_child_only(site: Site) -> None:
    """The parent gets its replies."""
    out = check_fork(site, "asyncio", RUNNING, site.start(peer))

    assert "parent: x" in out


@pytest.mark.slow
def test_fork_with_an_unused_session_leaves_it_to_both(site: Site) -> None:
    """It has no connection that could be anybody's."""
    out = check_fork(site, "asyncio", UNUSED, site.start(peer))

    assert out[1] == "parent: x"


@pytest.mark.slow
def test_fork_child_holds_no_copy_so_that_the_parents_close_sends_fin(
    site: Site,
) -> None:
    """The child lives on; the peer sees FIN all the same."""
    server = site.start(peer)
    arguments = (server.url(), str(site.ca.path), server.url())
    with start_program(CHILD + OUTLIVED, "asyncio", arguments) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "invalidated\n"
        has_ended = server.wait_all_ended(1.0)
        _out, err = process.communicate("go\n", timeout=LIMIT_S)

    assert has_ended
    assert err == ""
    assert process.returncode == 0
