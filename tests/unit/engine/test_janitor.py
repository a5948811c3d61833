"""The janitor wants a connection, and reaches nobody."""

from __future__ import annotations

import pycurl
import pytest

from urlsession.engine.handle import HandleStore
from urlsession.engine.janitor import Janitor


def test_janitor_that_is_refused_a_socket_sends_nothing() -> None:
    """A handle without a pool refuses one; no proxy is asked either."""
    store = HandleStore(())
    handle = store.take(lambda *_: pycurl.SOCKET_BAD)
    handle.prepare(Janitor(lambda: None))

    with pytest.raises(pycurl.error) as caught:
        handle.curl.perform()
    assert caught.value.args[0] == pycurl.E_COULDNT_CONNECT
    assert handle.curl.getinfo(pycurl.REQUEST_SIZE) == 0
    handle.close()


def test_pool_is_told_when_the_janitor_is_done() -> None:
    """It looks what is left."""
    done: list[bool] = []
    janitor = Janitor(lambda: done.append(True))
    janitor.did_time_out()
    assert done == []
    janitor.did_finish()

    assert done == [True]
    assert janitor.limits is None
