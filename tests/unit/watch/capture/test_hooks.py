"""What an adapter's hooks do, and that they cannot hurt."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator

import pytest

from urlsession.watch.observer import Observer

from ..client_adapter import Client, ClientAdapter


@pytest.fixture
def adapter() -> ClientAdapter:
    return ClientAdapter()


@pytest.fixture
def observer(adapter: ClientAdapter) -> Iterator[Observer]:
    one = Observer(adapters=[adapter])
    one.start()
    yield one
    one.stop()


def test_owner_is_seen_when_it_is_made(
    observer: Observer, listener: socket.socket
) -> None:
    """With its line, though it connects in its constructor."""
    client = Client(listener.getsockname())
    (one,) = observer.check().connections
    client.close()

    assert one.facts.owner is not None
    assert one.facts.owner.type == "some_client.Client"
    assert one.facts.owner.made_at is not None
    assert one.facts.owner.made_at.function.startswith("test_owner_is_seen")


def test_owner_of_a_subclass_is_made_where_that_is_called(
    observer: Observer, adapter: ClientAdapter
) -> None:
    """Its constructor is the user's, too, and no line that made one."""

    class Mine(Client):  # type: ignore[misc]  # its base is compiled here
        def __init__(self) -> None:
            super().__init__()

    record = adapter.sink.owner_of(Mine())

    assert record is not None
    assert record.made_at is not None
    assert record.made_at.function.startswith("test_owner_of_a_subclass")


def test_owner_made_in_the_module_that_is_left_out_is_not_noted(
    observer: Observer, adapter: ClientAdapter
) -> None:
    """The session around it is noted anyway."""

    class Part: ...

    adapter.sink.owner_type(Part, unless_in=__name__)
    part = Part()

    assert part not in adapter.sink.owners(Part)


def test_closer_makes_the_owner_closed(
    observer: Observer, adapter: ClientAdapter, listener: socket.socket
) -> None:
    """When it has returned."""
    client = Client(listener.getsockname())
    record = adapter.sink.owner_of(client)
    before = getattr(record, "closed_at_s", None)
    client.close()

    assert before is None
    assert getattr(record, "closed_at_s", None) is not None


def test_load_is_counted_with_its_line(
    observer: Observer, listener: socket.socket
) -> None:
    """The last one that used the connection."""
    client = Client(listener.getsockname())
    client.load()
    client.load()
    (one,) = observer.check().connections
    client.close()

    assert one.facts.requests == 2
    assert one.facts.last_used_by is not None
    assert one.facts.last_used_by.function.startswith("test_load_is_counted")


def test_failing_hook_is_a_problem_and_the_call_succeeds(observer: Observer) -> None:
    """A client without a socket makes the hook raise."""
    client = Client()

    assert client.load() == b""
    assert "a hook of client failed" in observer.check().problems[0]


def test_stop_puts_every_hook_back(adapter: ClientAdapter) -> None:
    """The class is as it was."""
    before = dict(vars(Client))
    observer = Observer(adapters=[adapter])
    observer.start()
    during = dict(vars(Client))
    observer.stop()

    assert during != before
    assert dict(vars(Client)) == before


def test_opened_enters_a_socket_that_nobody_saw(
    adapter: ClientAdapter, listener: socket.socket
) -> None:
    """With the owner that the adapter names, and what is on the stack."""
    client = Client(listener.getsockname())
    observer = Observer(adapters=[adapter])
    observer.start()
    assert client.sock is not None
    adapter.sink.opened(client.sock.fileno(), owner=client, host="some.host")
    (one,) = observer.check(ended=True).connections
    observer.stop()
    client.close()

    assert one.facts.host == "some.host"
    assert one.facts.remote == listener.getsockname()
    assert one.facts.opened_by is not None
    assert one.facts.opened_by.function.startswith("test_opened_enters")
    assert one.verdict is not None


def test_opened_takes_no_file_for_a_socket(
    observer: Observer, adapter: ClientAdapter
) -> None:
    """Nor a descriptor that is closed."""
    with open(os.devnull, "rb") as file:
        adapter.sink.opened(file.fileno())
    adapter.sink.opened(12345)

    assert observer.check().connections == ()


def test_opened_takes_the_other_owner_where_none_is_on_the_stack(
    observer: Observer, adapter: ClientAdapter, listener: socket.socket
) -> None:
    """A transport that the program asked for itself, say."""
    transport = Client()
    with socket.create_connection(listener.getsockname()) as sock:
        adapter.sink.opened(sock.fileno(), otherwise=transport)
        (one,) = observer.check().connections

    assert one.facts.owner is not None
    assert one.facts.owner.type == "some_client.Client"


def test_opened_takes_no_line_for_what_is_not_on_the_stack(
    adapter: ClientAdapter, listener: socket.socket
) -> None:
    """A loop's callback knows the owner only; another call tells the line."""
    client = Client(listener.getsockname())
    observer = Observer(adapters=[adapter])
    observer.start()
    assert client.sock is not None
    adapter.sink.opened(client.sock.fileno(), owner=client, is_on_stack=False)
    (before,) = observer.check().connections
    adapter.sink.opened(client.sock.fileno())
    (after,) = observer.check().connections
    observer.stop()
    client.close()

    assert before.facts.owner is not None
    assert before.facts.opened_by is None
    assert after.facts.opened_by is not None
