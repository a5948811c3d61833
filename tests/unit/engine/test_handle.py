"""Easy handles are used again, and carry nothing from one use to the next."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import pycurl
import pytest

from urlsession.engine import handle as handle_module
from urlsession.engine.figures import Figures
from urlsession.engine.handle import Handle, HandleStore
from urlsession.engine.sockets import open_socket
from urlsession.engine.stall import SAMPLES
from urlsession.engine.transfer import TimeLimits, Transfer
from urlsession.testing import ReceivedRequest, answering
from urlsession.testing.handlers import Answer

if TYPE_CHECKING:
    from ...conftest import Serve

BASE = ((pycurl.USERAGENT, "base"), (pycurl.PROXY, ""))


class Load(Transfer):
    """A transfer that collects what it streams."""

    def __init__(
        self,
        url: str,
        options: Sequence[tuple[int, object]] = (),
        *,
        is_streaming: bool = False,
    ) -> None:
        self.url = url
        self.options = options
        self.is_streaming = is_streaming
        self.lines: list[bytes] = []
        self.pieces: list[bytes] = []

    def receive_head_line(self, line: bytes) -> None:
        self.lines.append(line)

    def receive_body(self, data: bytes) -> None:
        self.pieces.append(data)


def open_one(
    _handle: Handle, family: int, kind: int, protocol: int, _address: Any
) -> int:
    """Open what libcurl asks for."""
    return open_socket(family, kind, protocol)


def say_agent(request: ReceivedRequest) -> Answer:
    """Answer with method and user agent."""
    return 200, [], f"{request.method} {request.header('User-Agent')}".encode()


@pytest.fixture
def handle() -> Iterator[Handle]:
    """Return a handle of a store with `BASE`."""
    handle = HandleStore(BASE).take(open_one)
    yield handle
    handle.close()


@pytest.fixture
def url(serve: Serve) -> str:
    """Return the address of a server that says what it was sent."""
    return serve(answering(say_agent)).url("/")


def run(handle: Handle, transfer: Transfer) -> bytes:
    """Run a transfer to its end and return what the handle collected."""
    handle.prepare(transfer)
    handle.curl.perform()
    body = b"".join(handle.body)
    handle.release()
    return body


def test_reply_is_collected_in_the_handles_lists(handle: Handle, url: str) -> None:
    """Head and body; release empties them, as libcurl keeps hold of the lists."""
    handle.prepare(Load(url))
    handle.curl.perform()

    assert handle.head[0].startswith(b"HTTP/1.1 200 ")
    assert handle.body == [b"GET base"]
    handle.release()
    assert handle.head == handle.body == []
    assert run(handle, Load(url)) == b"GET base"


def test_large_reply_is_collected_in_one_place(handle: Handle, url: str) -> None:
    """With what had come before; the next one is a list again."""
    handle.prepare(Load(url))
    handle.body += [b"had ", b"come "]
    handle.collect_large()
    handle.curl.perform()

    assert handle.body == []
    assert handle.take_body() == b"had come GET base"
    handle.release()
    assert run(handle, Load(url)) == b"GET base"


def test_streaming_transfer_gets_the_reply_itself(handle: Handle, url: str) -> None:
    """And the next plain one does not find its callbacks set."""
    load = Load(url, is_streaming=True)

    assert run(handle, load) == b""
    assert load.lines[0].startswith(b"HTTP/1.1 200 ")
    assert load.pieces == [b"GET base"]
    assert run(handle, Load(url)) == b"GET base"
    assert load.pieces == [b"GET base"]


def test_options_of_a_transfer_are_wiped_after_it(handle: Handle, url: str) -> None:
    """The base options come back."""
    own = ((pycurl.USERAGENT, "own"), (pycurl.CUSTOMREQUEST, "PURGE"))

    assert run(handle, Load(url, own)) == b"PURGE own"
    assert handle.is_plain
    assert run(handle, Load(url)) == b"GET base"


def test_cookie_goes_with_its_own_transfer_only(handle: Handle, serve: Serve) -> None:
    """Kept while the next one has the same; gone when the handle is given back."""

    def say(request: ReceivedRequest) -> Answer:
        return 200, [], (request.header("Cookie") or "none").encode()

    url = serve(answering(say)).url("/")

    def load(cookie: bytes | None, *, is_plain: bool = True) -> bytes:
        transfer = Load(url, () if is_plain else ((pycurl.USERAGENT, "own"),))
        transfer.cookie = cookie
        return run(handle, transfer)

    assert [load(one) for one in (None, b"a=1", b"a=1", b"b=2", None)] == [
        b"none",
        b"a=1",
        b"a=1",
        b"b=2",
        b"none",
    ]
    assert load(b"a=1", is_plain=False) == b"a=1"
    assert load(None) == b"none"
    load(b"a=1")
    handle.retire()
    handle.open_socket = open_one
    assert run(handle, Load(url)) == b"none"


def test_refused_option_is_told_at_once(handle: Handle, url: str) -> None:
    """And the handle is as good as new after its release."""
    with pytest.raises(pycurl.error):
        handle.prepare(Load(url, ((pycurl.SSLVERSION, 999),)))
    handle.release()

    assert run(handle, Load(url)) == b"GET base"


def test_figures_are_read_before_the_handle_is_used_again(
    handle: Handle, url: str
) -> None:
    """If anybody still can ask for them."""
    kept = Load(url)
    run(handle, kept)
    assert kept.numbers == ()
    run(handle, Load(url))

    figures = Figures._make(kept.numbers)
    assert figures.download_size == len(b"GET base")
    assert figures.new_connections == 1


def test_figures_that_nobody_can_ask_for_are_not_read(handle: Handle, url: str) -> None:
    """Most callers drop the task of a load that went well."""
    read: list[Transfer] = []

    class Noted(Load):
        def __setattr__(self, name: str, value: object) -> None:
            if name == "numbers":
                read.append(self)
            super().__setattr__(name, value)

    run(handle, Noted(url))
    run(handle, Noted(url))
    assert read == []
    kept = Noted(url)
    run(handle, kept)
    handle.retire()

    assert read == [kept]


def test_time_outs_are_observed_with_the_transfers_state(
    handle: Handle, url: str
) -> None:
    """A transfer that has not got a connection yet is not timed."""
    load = Load(url)
    assert handle.observe(1.0) is None
    handle.prepare(load)
    assert handle.observe(1.0) is None
    load.limits = TimeLimits(SAMPLES * 1.0, 100.0)
    load.started_at = load.begun_at = 1.0
    watch = handle.observe(2.0)
    assert watch is not None
    assert not watch.was_timed
    handle.curl.perform()
    again = handle.observe(3.0)

    assert again is watch
    assert (watch.was_timed, watch.resource_deadline) == (True, 101.0)
    assert watch.moved_bytes > len(b"GET base")


def test_wait_for_a_shared_connection_ends_once(handle: Handle) -> None:
    """Only loads over TLS wait for one."""
    load = Load("https://127.0.0.1:9/")
    handle.prepare(load)
    assert not handle.end_pipe_wait()
    handle.release()
    load.is_secure = True
    handle.prepare(load)

    assert handle.end_pipe_wait()
    assert not handle.end_pipe_wait()


# -- the store ---------------------------------------------------------------------


def test_handle_that_was_given_back_is_taken_again(url: str) -> None:
    """To set the options of a new one takes longer than a load."""
    store = HandleStore(BASE)
    first = store.take(open_one)
    run(first, Load(url))
    store.give_back(first)
    again = store.take(open_one)

    assert again is first
    assert run(again, Load(url)) == b"GET base"
    again.close()


def test_handle_at_rest_gets_no_socket(url: str) -> None:
    """It belongs to no pool; so it holds none either."""
    store = HandleStore(BASE)
    handle = store.take(open_one)
    store.give_back(handle)
    handle.prepare(Load(url))

    with pytest.raises(pycurl.error) as caught:
        handle.curl.perform()
    handle.close()
    assert caught.value.args[0] == pycurl.E_COULDNT_CONNECT


def test_handle_at_rest_holds_no_transfer(url: str) -> None:
    """Nor its reply."""
    store = HandleStore(BASE)
    handle = store.take(open_one)
    load = Load(url)
    ref = weakref.ref(load)
    run(handle, load)
    del load
    store.give_back(handle)
    gc.collect()

    assert ref() is None
    handle.close()


def test_store_keeps_no_more_than_its_share(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some 10 kB each."""
    monkeypatch.setattr(handle_module, "MAX_AT_REST", 2)
    store = HandleStore(BASE)
    taken = [store.take(open_one) for _ in range(3)]
    for one in taken:
        store.give_back(one)

    assert {store.take(open_one), store.take(open_one)} == set(taken[:2])
    with pytest.raises(pycurl.error):
        taken[2].curl.perform()
    for one in taken[:2]:
        one.close()
