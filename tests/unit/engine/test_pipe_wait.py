"""Who waits for a connection to share does so until the handshake has told."""

from __future__ import annotations

from collections.abc import Iterator

import pycurl
import pytest

from urlsession.engine.handle import Handle, HandleStore
from urlsession.engine.pipe_wait import PipeWait
from urlsession.engine.transfer import Transfer


class Load(Transfer):
    """A load over TLS that is never begun."""

    url = "https://127.0.0.1:9/"
    is_secure = True


@pytest.fixture
def multi() -> Iterator[pycurl.CurlMulti]:
    """Return an empty multi handle."""
    multi = pycurl.CurlMulti()
    yield multi
    multi.close()


@pytest.fixture
def handles() -> Iterator[list[Handle]]:
    """Return three handles that each wait with a load of their own."""
    store = HandleStore(())
    handles = [store.take(lambda *_: pycurl.SOCKET_BAD) for _ in range(3)]
    for handle in handles:
        load = Load()
        load.handle = handle
        handle.prepare(load)
    yield handles
    for handle in handles:
        handle.close()


def waits(handle: Handle) -> bool:
    """Return whether a handle still waited; it does not any more."""
    return handle.end_pipe_wait()


def test_nothing_ends_while_the_handshake_goes_on(
    multi: pycurl.CurlMulti, handles: list[Handle]
) -> None:
    """It is asked about at every turn of the pool."""
    pipe_wait = PipeWait()
    assert not pipe_wait.shaking
    shaking, *waiting = handles
    assert shaking.transfer is not None
    pipe_wait.add(shaking, shaking.transfer)

    assert pipe_wait.settle(multi, handles, {}) is False
    assert pipe_wait.shaking
    assert all(waits(one) for one in waiting)


def test_wait_ends_when_the_handshake_has_ended(
    multi: pycurl.CurlMulti, handles: list[Handle]
) -> None:
    """Here: its load is over, which frees the others too."""
    pipe_wait = PipeWait()
    shaking, *waiting = handles
    transfer = shaking.transfer
    assert transfer is not None
    pipe_wait.add(shaking, transfer)
    transfer.handle = None

    assert pipe_wait.settle(multi, waiting, {}) is True
    assert not pipe_wait.shaking
    assert not any(waits(one) for one in waiting)


def test_nobody_is_woken_if_nobody_waits(
    multi: pycurl.CurlMulti, handles: list[Handle]
) -> None:
    """The pool then need not give libcurl a turn."""
    pipe_wait = PipeWait()
    shaking, *others = handles
    transfer = shaking.transfer
    assert transfer is not None
    pipe_wait.add(shaking, transfer)
    transfer.handle = None
    for one in others:
        one.end_pipe_wait()

    assert pipe_wait.settle(multi, others, {}) is False
    assert pipe_wait.settle(multi, others, {}) is False


def test_closed_pool_has_no_handshakes(handles: list[Handle]) -> None:
    """They are gone with its connections."""
    pipe_wait = PipeWait()
    pipe_wait.add(handles[0], Load())
    pipe_wait.clear()

    assert not pipe_wait.shaking
