"""The check that a test leaves nothing behind."""

import asyncio
import os
import socket
import threading
import weakref

from urlsession.connections import LEDGER, ClosedBy, Connection, Owner
from urlsession.testing import Leftovers
from urlsession.testing.leftovers import package_tasks
from urlsession.testing.server import LoopbackServer


def test_leftovers_finds_nothing_after_nothing() -> None:
    """Taking stock is itself clean."""
    assert Leftovers().found() == []


def test_leftovers_finds_an_open_socket() -> None:
    """The kernel is the witness, whoever made the socket."""
    before = Leftovers()
    with socket.socket() as sock:
        inode = os.fstat(sock.fileno()).st_ino
        found = before.found(within_s=0.01)

    assert found == [f"descriptor of socket:[{inode}] (x1)"]


def test_leftovers_finds_a_thread_until_it_ends() -> None:
    """A thread is told by its name."""
    before, may_end = Leftovers(), threading.Event()
    thread = threading.Thread(target=may_end.wait, args=(5,), name="lingering")
    thread.start()
    during = before.found(within_s=0.01)
    may_end.set()
    thread.join(5)

    assert (during, before.found()) == (["thread lingering"], [])


def test_leftovers_finds_a_connection_of_the_ledger() -> None:
    """The ledger is the other witness."""
    before, owner = Leftovers(), LoopbackServer(lambda connection: None)
    connection = Connection(
        id=LEDGER.next_id(),
        fd=-1,
        inode=0,
        host="a.example",
        remote=("127.0.0.1", 80),
        is_secure=False,
        opened_at=0.0,
        last_used_at=0.0,
        owner=Owner(type="test", ref=weakref.ref(owner), made_at=None),
    )
    LEDGER.add(connection)
    found = before.found(within_s=0.01)
    LEDGER.close(connection, ClosedBy.LOCAL, 1.0)
    owner.start().stop()

    assert found[0].startswith(f"connection {connection.id} to a.example:80")
    assert before.found() == []


def test_leftovers_waits_for_what_is_merely_late() -> None:
    """A thread that ends within the bound is no finding."""
    before = Leftovers()
    thread = threading.Thread(target=threading.Event().wait, args=(0.05,))
    thread.start()

    assert before.found() == []


def test_package_tasks_ignores_the_users_own() -> None:
    """Only tasks that run this package's coroutines count."""

    async def main() -> list[str]:
        asyncio.create_task(asyncio.Event().wait())  # noqa: RUF006  # left on purpose
        return package_tasks(asyncio.get_running_loop())

    assert asyncio.run(main()) == []
