"""A cache hit tells what a load tells; and the delegate's word on what is stored."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from tests.conformance.cache_origin import Fields, Loads, Origin, configured, sources
from tests.conftest import Serve

from urlsession import (
    CachedURLResponse,
    CachePolicy,
    HTTPURLResponse,
    ResponseDisposition,
    URLCache,
    URLError,
    URLErrorCode,
    URLRequest,
    URLSession,
    URLSessionDataTask,
)
from urlsession.testing import ReceivedRequest, RecordingDelegate
from urlsession.testing.handlers import Answer

FRESH: Fields = [("Cache-Control", "max-age=600")]
RESPONSE = "data_task_did_receive_response"
DATA = "data_task_did_receive_data"
WILL_CACHE = "data_task_will_cache_response"
END = ["task_did_finish_collecting_metrics", "task_did_complete"]
ALLOWED = URLCache.StoragePolicy.ALLOWED


def proposed(_session: object, _task: object, cached: object) -> object:
    return cached


def told(
    delegate: RecordingDelegate, cache: URLCache, *requests: URLRequest | str
) -> list[list[str]]:
    """Return what the delegate was told of each load, one after the other."""
    found = []
    with URLSession(configured(cache), delegate) as session:
        for one in requests:
            before = len(delegate.names)
            task = session.data_task(one)
            task.resume()
            try:
                task.result(10)
            except URLError:
                pass
            found.append(delegate.names[before:])
    return found


@pytest.mark.parity(
    "9:callbacks of a cache hit", "4:URLSession:dataTask:willCacheResponse:"
)
def test_hit_tells_what_a_load_tells(serve: Serve) -> None:
    """Response, data, complete; only the question of storing is not repeated."""
    origin = Origin(FRESH)
    url = serve(origin.handler).url("/")
    delegate = RecordingDelegate({WILL_CACHE: proposed})

    first, second = told(delegate, URLCache(1 << 20, 0), url, url)

    assert first == ["did_create_task", RESPONSE, DATA, WILL_CACHE, *END]
    assert second == ["did_create_task", RESPONSE, DATA, *END]
    assert delegate.received == b"11"
    assert origin.count == 1


@pytest.mark.parity("9:callbacks of a cache hit")
def test_hit_by_validation_tells_of_the_stored_reply_only(serve: Serve) -> None:
    """Nobody is told of the 304."""
    origin = Origin([("ETag", '"a"')])
    url = serve(origin.handler).url("/")
    delegate = RecordingDelegate({WILL_CACHE: proposed})

    _, second = told(delegate, URLCache(1 << 20, 0), url, url)

    assert second == ["did_create_task", RESPONSE, DATA, *END]
    responses = [call.args[1] for call in delegate.named(RESPONSE)]
    assert [
        one.status_code for one in responses if isinstance(one, HTTPURLResponse)
    ] == [
        200,
        200,
    ]


@pytest.mark.parity("9:callbacks of a cache hit")
def test_hit_can_be_refused(serve: Serve) -> None:
    """By the same disposition."""
    url = serve(Origin(FRESH).handler).url("/")
    cache = URLCache(1 << 20, 0)
    Loads(cache).run(url)
    delegate = RecordingDelegate({RESPONSE: ResponseDisposition.CANCEL})

    ((*_, last),) = told(delegate, cache, url)

    error = delegate.named("task_did_complete")[0].args[1]
    assert last == "task_did_complete"
    assert isinstance(error, URLError)
    assert error.code is URLErrorCode.CANCELLED
    assert delegate.received == b""


@pytest.mark.parity("9:callbacks of a cache hit")
def test_hit_waits_for_an_awaited_disposition(serve: Serve) -> None:
    """Nothing more is told until it is known."""
    url = serve(Origin(FRESH).handler).url("/")
    cache = URLCache(1 << 20, 0)
    Loads(cache).run(url)

    async def main() -> list[str]:
        gate = asyncio.Event()

        async def decide(*_: object) -> ResponseDisposition:
            await gate.wait()
            return ResponseDisposition.ALLOW

        delegate = RecordingDelegate({RESPONSE: decide})
        async with URLSession(configured(cache), delegate) as session:
            task = session.data_task(url)
            task.resume()
            while RESPONSE not in delegate.names:
                await asyncio.sleep(0)
            for _ in range(20):
                await asyncio.sleep(0)
            assert delegate.names[-1] == RESPONSE
            gate.set()
            await task
        return delegate.names

    names = asyncio.run(main())
    assert names[-4:] == [DATA, *END, "session_did_become_invalid"]


@pytest.mark.parity("5:ResourceFetchType")
def test_metrics_of_a_hit(serve: Serve) -> None:
    """One transaction, from the local cache, on no connection."""
    server = serve(Origin(FRESH).handler)

    _, hit = Loads(URLCache(1 << 20, 0)).run(server.url("/"), server.url("/"))

    assert hit.metrics is not None
    (transaction,) = hit.metrics.transaction_metrics
    assert sources(hit) == ["LOCAL_CACHE"]
    assert transaction.connection_id is None
    assert transaction.remote_address is None
    assert transaction.domain_lookup_start_date is None
    assert transaction.connect_start_date is None
    assert transaction.fetch_start_date is not None
    assert transaction.count_of_response_body_bytes_received == 0
    assert transaction.count_of_response_body_bytes_after_decoding == 1
    assert transaction.response is not None
    assert hit.metrics.redirect_count == 0
    assert hit.count_of_bytes_received == 0
    assert server.accepted == 1


Decide = Callable[[CachedURLResponse], object]


def changed(cached: CachedURLResponse) -> CachedURLResponse:
    response = HTTPURLResponse(cached.response.url, 200, "HTTP/1.1", dict(FRESH))
    return CachedURLResponse(response, b"changed", {"why": "test"})


def not_allowed(cached: CachedURLResponse) -> CachedURLResponse:
    policy = URLCache.StoragePolicy.NOT_ALLOWED
    return CachedURLResponse(cached.response, cached.data, storage_policy=policy)


async def later(cached: CachedURLResponse) -> CachedURLResponse:
    await asyncio.sleep(0.01)
    return cached


def broken(_cached: CachedURLResponse) -> object:
    raise KeyError("broken")


# What the delegate makes of the proposal -> the body of the next load.
DECISIONS: dict[str, tuple[Decide, bytes]] = {
    "as proposed": (lambda cached: cached, b"1"),
    "awaited": (later, b"1"),
    "nothing": (lambda _: None, b"2"),
    "changed": (changed, b"changed"),
    "not allowed": (not_allowed, b"2"),
    "no reply at all": (lambda _: "text", b"2"),
    "raises": (broken, b"2"),
}


@pytest.mark.parity("4:URLSession:dataTask:willCacheResponse:")
@pytest.mark.parametrize("door", ["await", "result"])
@pytest.mark.parametrize(("decide", "body"), DECISIONS.values(), ids=DECISIONS)
def test_delegate_decides_what_is_stored(
    serve: Serve,
    door: str,
    decide: Decide,
    body: bytes,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """After the last byte and before the end; the task's own reply is not touched."""
    url = serve(Origin(FRESH).handler).url("/")
    cache = URLCache(1 << 20, 0)

    def answer(_session: object, _task: object, cached: CachedURLResponse) -> object:
        return decide(cached)

    delegate = RecordingDelegate({WILL_CACHE: answer})

    def made(session: URLSession) -> URLSessionDataTask:
        task = session.data_task(url)
        task.resume()
        return task

    async def main() -> None:
        async with URLSession(configured(cache), delegate) as session:
            await made(session)

    if door == "await":
        asyncio.run(main())
    else:
        with URLSession(configured(cache), delegate) as session:
            made(session).result(10)

    assert delegate.names[1:6] == [RESPONSE, DATA, WILL_CACHE, *END]
    assert delegate.named("task_did_complete")[0].args[1] is None
    assert delegate.received == b"1"
    assert Loads(cache).bodies(url) == [body]


@pytest.mark.parity("4:URLSession:dataTask:willCacheResponse:")
def test_delegate_is_asked_of_whatever_may_be_stored(serve: Serve) -> None:
    """Also of a reply that would never be used again; never of what may not."""
    plain, forbidden = Origin(), Origin([("Cache-Control", "no-store")])
    delegate = RecordingDelegate({WILL_CACHE: proposed})
    cache = URLCache(1 << 20, 0)
    url = serve(plain.handler).url("/")

    told(delegate, cache, url, serve(forbidden.handler).url("/"))

    (call,) = delegate.named(WILL_CACHE)
    cached = call.args[1]
    assert isinstance(cached, CachedURLResponse)
    assert (cached.data, cached.storage_policy, cached.user_info) == (
        b"1",
        ALLOWED,
        None,
    )
    assert cached.response.url == url
    policy = CachePolicy.RETURN_CACHE_DATA_DONT_LOAD
    assert Loads(cache).bodies(URLRequest(url, cache_policy=policy)) == [b"1"]


def test_whole_body_at_once_comes_before_the_question(serve: Serve) -> None:
    """As it does piece by piece."""
    url = serve(Origin(FRESH).handler).url("/")
    delegate = RecordingDelegate({WILL_CACHE: proposed})

    with URLSession(configured(URLCache(1 << 20, 0)), delegate) as session:
        task = session.data_task(url)
        task.prefers_incremental_delivery = False
        task.resume()
        task.result(10)

    assert delegate.names[1:6] == [RESPONSE, DATA, WILL_CACHE, *END]


def test_completion_handler_gets_a_hit(serve: Serve) -> None:
    """On the delegate queue, once; the delegate is not asked what to store."""
    url = serve(Origin(FRESH).handler).url("/")
    delegate = RecordingDelegate({WILL_CACHE: proposed})
    calls: list[tuple[Any, ...]] = []

    with URLSession(configured(URLCache(1 << 20, 0)), delegate) as session:
        for _ in range(2):
            task = session.data_task(url, lambda *results: calls.append(results))
            task.resume()
            task.result(10)

    assert [(data, error) for data, _, error in calls] == [(b"1", None)] * 2
    assert delegate.count(WILL_CACHE) == 0


def test_cancel_of_a_task_whose_hit_is_being_told(serve: Serve) -> None:
    """It ends as cancelled."""
    url = serve(Origin(FRESH).handler).url("/")
    cache = URLCache(1 << 20, 0)
    Loads(cache).run(url)

    def cancel(_session: object, task: URLSessionDataTask, _response: object) -> None:
        task.cancel()

    delegate = RecordingDelegate({RESPONSE: cancel})
    told(delegate, cache, url)

    error = delegate.named("task_did_complete")[0].args[1]
    assert isinstance(error, URLError)
    assert error.code is URLErrorCode.CANCELLED
    assert delegate.count("task_did_complete") == 1


@pytest.mark.parametrize("size", [0, 1, 3_000_000])
@pytest.mark.parametrize("door", ["await", "result"])
def test_stream_is_stored_when_it_was_read_to_its_end(
    serve: Serve, door: str, size: int
) -> None:
    """And a stream is served from the cache, whatever its size."""
    body = b"x" * size
    origin = Origin(answer=lambda _: (200, FRESH, body))
    url = serve(origin.handler).url("/")
    configuration = configured(URLCache(8 << 20, 0))

    async def main() -> list[bytes]:
        found = []
        async with URLSession(configuration) as session:
            for _ in range(2):
                chunks, _response = await session.bytes(url)
                found.append(await chunks.aread())
            found.append((await session.data(url)).data)
        return found

    def wait() -> list[bytes]:
        found = []
        with URLSession(configuration) as session:
            for _ in range(2):
                chunks, _response = session.bytes(url).result()
                found.append(chunks.read())
            found.append(session.data(url).result().data)
        return found

    found = asyncio.run(main()) if door == "await" else wait()

    assert [len(one) for one in found] == [size] * 3
    assert origin.count == 1


def test_stream_that_was_left_half_way_is_not_stored(serve: Serve) -> None:
    """Half a body is no body."""
    origin = Origin(answer=lambda _: (200, FRESH, b"x" * 8_000_000))
    url = serve(origin.handler).url("/")
    cache = URLCache(16 << 20, 0)

    with URLSession(configured(cache)) as session:
        chunks, _ = session.bytes(url).result()
        for _ in chunks:
            break
        chunks.close()

    assert cache.current_memory_usage == 0


def redirecting(
    *fields: tuple[str, str], status: int = 301, body: bytes = b"moved"
) -> Origin:
    def answer(request: ReceivedRequest) -> Answer:
        if request.target == "/":
            return status, [("Location", "/to"), *fields], body
        return 200, [], b"there"

    return Origin(answer=answer)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirect_is_stored(serve: Serve, status: int) -> None:
    """It leads on without being asked for again, and is told like any other."""
    origin = redirecting(*FRESH, status=status, body=b"")
    url = serve(origin.handler).url("/")
    delegate = RecordingDelegate()

    first, second = told(delegate, URLCache(1 << 20, 0), url, url)

    assert first == second
    assert second[:2] == ["did_create_task", "task_will_perform_http_redirection"]
    assert [one.target for one in origin.requests] == ["/", "/to", "/to"]


def test_redirect_whose_body_was_dropped_is_not_stored(serve: Serve) -> None:
    """A stream does not keep it, and refused it would be the reply."""
    origin = redirecting(*FRESH)
    url = serve(origin.handler).url("/")

    told(RecordingDelegate(), URLCache(1 << 20, 0), url, url)

    assert [one.target for one in origin.requests] == ["/", "/to", "/", "/to"]


@pytest.mark.parametrize("door", ["await", "result"])
def test_metrics_of_a_stored_redirect(serve: Serve, door: str) -> None:
    """A transaction of its own, from the cache."""
    origin = redirecting(*FRESH)
    url = serve(origin.handler).url("/")

    _, second = Loads(URLCache(1 << 20, 0), door).run(url, url)

    assert sources(second) == ["LOCAL_CACHE", "NETWORK_LOAD"]
    assert second.metrics is not None
    assert second.metrics.redirect_count == 1


def test_redirect_that_may_not_be_stored(serve: Serve) -> None:
    """One without a word on it is asked for each time."""
    origin = redirecting(status=302)
    url = serve(origin.handler).url("/")

    Loads(URLCache(1 << 20, 0)).run(url, url)

    assert [one.target for one in origin.requests] == ["/", "/to", "/", "/to"]


def test_stored_redirect_that_is_refused_is_the_reply(serve: Serve) -> None:
    """With its body, as from the network."""
    origin = redirecting(*FRESH)
    url = serve(origin.handler).url("/")
    cache = URLCache(1 << 20, 0)
    Loads(cache).run(url)
    delegate = RecordingDelegate(
        {"task_will_perform_http_redirection": lambda *_: None}
    )

    told(delegate, cache, url)

    response = delegate.named(RESPONSE)[0].args[1]
    assert isinstance(response, HTTPURLResponse)
    assert response.status_code == 301
    assert delegate.received == b"moved"
    assert [one.target for one in origin.requests] == ["/", "/to"]


def test_circle_of_stored_redirects_ends(serve: Serve) -> None:
    """At the same limit, without the network."""
    origin = Origin(answer=lambda _: (301, [("Location", "/"), *FRESH], b""))
    url = serve(origin.handler).url("/")

    (task,) = Loads(URLCache(1 << 20, 0)).run(url)

    assert task.error is not None
    assert task.error.code is URLErrorCode.HTTP_TOO_MANY_REDIRECTS
    assert origin.count == 1
