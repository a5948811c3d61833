"""What a block leaves open."""

from __future__ import annotations

import asyncio
import http.client
import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

import urlsession
from urlsession.errors import UsageError
from urlsession.testing import fixed_body
from urlsession.watch import Kind, scope
from urlsession.watch.entry import process

from ....conftest import Serve


@pytest.fixture(autouse=True)
def unwatched(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Begin unwatched, and end so."""
    if process.current() is not None:
        pytest.skip("this session is watched already")
    yield
    assert process.current() is None


@pytest.fixture
def address(serve: Serve) -> str:
    """Return host and port of a server."""
    return serve(fixed_body(b"x")).url().split("/")[2]


def load(address: str) -> http.client.HTTPConnection:
    """Make a connection, and leave it open."""
    connection = http.client.HTTPConnection(address)
    connection.request("GET", "/")
    connection.getresponse().read()
    return connection


def test_block_tells_what_it_left_open(address: str) -> None:
    """With owner, line and holder."""
    with urlsession.watch.scope() as seen:
        load(address).close()
        kept = load(address)
    (leak,) = seen.leaks

    assert len(seen.connections) == 2
    assert seen.left_open == (leak,)
    assert leak.verdict is not None
    assert leak.verdict.sentence.startswith("The block has ended its work")
    assert leak.verdict.kind is Kind.UNCLOSED
    assert leak.facts.path[0].startswith("local 'kept' of test_block")
    kept.close()


def test_block_that_closes_has_no_leak(address: str) -> None:
    """Whatever it opened."""
    with scope() as seen:
        load(address).close()

    assert seen.leaks == seen.left_open == ()


def test_owner_made_before_the_block_is_somebody_elses(address: str) -> None:
    """It connects again inside."""
    with scope():
        connection = load(address)
        connection.close()
        with scope() as seen:
            connection.request("GET", "/")
            connection.getresponse().read()
        connection.close()

    assert len(seen.left_open) == 1
    assert seen.leaks == ()


def test_block_in_a_block_ends_only_its_own_watch(address: str) -> None:
    """The outer one goes on."""
    with scope() as outer:
        with scope() as inner:
            first = load(address)
        second = load(address)
        is_watched = process.current() is not None
    first.close()
    second.close()

    assert is_watched
    assert (len(inner.leaks), len(outer.leaks)) == (1, 2)


def test_blocks_that_overlap_are_watched_to_the_last_ones_end(address: str) -> None:
    """As those of two tasks do: the one that began the watch may end first."""
    with ExitStack() as later:
        with scope() as first:
            second = later.enter_context(scope())
        kept = load(address)
    kept.close()

    assert first.connections == ()
    assert len(second.leaks) == 1


def test_blocks_own_exception_goes_its_way(address: str) -> None:
    """And what was seen is there all the same."""
    with pytest.raises(ValueError, match="mine"), scope() as seen:  # noqa: PT012 - the block is what is tested
        kept = load(address)
        raise ValueError("mine")
    kept.close()

    assert len(seen.leaks) == 1


def test_block_in_a_coroutine_is_a_plain_with(address: str) -> None:
    """The writer is what one would close."""

    async def main() -> urlsession.watch.Scope:
        host, _, port = address.partition(":")
        with scope() as seen:
            _, writer = await asyncio.open_connection(host, int(port))
        writer.close()
        await writer.wait_closed()
        return seen

    assert len(asyncio.run(main()).left_open) == 1


def test_block_can_be_asked_while_it_runs(address: str) -> None:
    """A warm connection is no leak yet."""
    with scope() as seen:
        connection = load(address)
        so_far = seen.check()
        connection.close()

    assert len(so_far.connections) == 1
    assert so_far.leaks == ()


def test_asking_out_of_turn_is_a_usage_error() -> None:
    """The message says what to do."""
    with pytest.raises(UsageError, match="has not begun"):
        scope().check()
    with scope() as seen, pytest.raises(UsageError, match="has not ended"):
        _ = seen.report


def test_block_of_plain_sockets_is_seen(listener: socket.socket) -> None:
    """No library is needed."""
    with scope() as seen:
        kept = socket.create_connection(listener.getsockname())
    kept.close()
    (leak,) = seen.leaks

    assert leak.facts.owner is not None
    assert leak.facts.owner.type == "socket.socket"
