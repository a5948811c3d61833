"""What each cache policy does with what is in the cache."""

from __future__ import annotations

import pytest
from tests.conformance.cache_origin import (
    Fields,
    Loads,
    Origin,
    body,
    configured,
    sources,
)
from tests.conftest import Serve

from urlsession import (
    CachePolicy,
    URLCache,
    URLError,
    URLErrorCode,
    URLRequest,
    URLSession,
)

FRESH: Fields = [("Cache-Control", "max-age=600"), ("ETag", '"a"')]
STALE: Fields = [("Cache-Control", "max-age=0"), ("ETag", '"a"')]
BARE: Fields = [("Expires", "0"), ("Cache-Control", "max-age=0")]
NETWORK, CACHE = "NETWORK_LOAD", "LOCAL_CACHE"
PROTOCOL, RELOAD, ELSE_LOAD, DONT_LOAD, RELOAD_ALL, REVALIDATE = CachePolicy
MISS = URLErrorCode.RESOURCE_UNAVAILABLE
ROWS = (
    "6:cachePolicy",
    "6:useProtocolCachePolicy (0)",
    "6:reloadIgnoringLocalCacheData (1)",
    "6:returnCacheDataElseLoad (2)",
    "6:returnCacheDataDontLoad (3)",
    "6:reloadIgnoringLocalAndRemoteCacheData (4)",
    "6:reloadRevalidatingCacheData (5)",
)

# Policy, what is stored (None: nothing) -> the body and the sources, or the error.
TABLE: list[tuple[CachePolicy, Fields | None, bytes | URLErrorCode, list[str]]] = [
    (PROTOCOL, None, b"1", [NETWORK]),
    (PROTOCOL, FRESH, b"1", [CACHE]),
    (PROTOCOL, STALE, b"1", [NETWORK, CACHE]),
    (PROTOCOL, BARE, b"2", [NETWORK]),
    (RELOAD, None, b"1", [NETWORK]),
    (RELOAD, FRESH, b"2", [NETWORK]),
    (RELOAD, STALE, b"2", [NETWORK]),
    (RELOAD_ALL, None, b"1", [NETWORK]),
    (RELOAD_ALL, FRESH, b"2", [NETWORK]),
    (ELSE_LOAD, None, b"1", [NETWORK]),
    (ELSE_LOAD, FRESH, b"1", [CACHE]),
    (ELSE_LOAD, STALE, b"1", [CACHE]),
    (ELSE_LOAD, BARE, b"1", [CACHE]),
    (DONT_LOAD, None, MISS, []),
    (DONT_LOAD, FRESH, b"1", [CACHE]),
    (DONT_LOAD, STALE, b"1", [CACHE]),
    (DONT_LOAD, BARE, b"1", [CACHE]),
    (REVALIDATE, None, b"1", [NETWORK]),
    (REVALIDATE, FRESH, b"1", [NETWORK, CACHE]),
    (REVALIDATE, STALE, b"1", [NETWORK, CACHE]),
    (REVALIDATE, BARE, b"2", [NETWORK]),
]
NAMES = {id(FRESH): "fresh", id(STALE): "stale", id(BARE): "bare", id(None): "nothing"}
CASES = [pytest.param(*row, id=f"{row[0].name}-{NAMES[id(row[1])]}") for row in TABLE]


@pytest.mark.parity(*ROWS)
@pytest.mark.parametrize("door", ["await", "result"])
@pytest.mark.parametrize(("policy", "stored", "outcome", "came_from"), CASES)
def test_policy_of_a_request(
    serve: Serve,
    door: str,
    policy: CachePolicy,
    stored: Fields | None,
    outcome: bytes | URLErrorCode,
    came_from: list[str],
) -> None:
    """Where the reply comes from, and that nothing else is asked for."""
    origin = Origin(stored or [])
    url = serve(origin.handler).url("/")
    loads = Loads(URLCache(1 << 20, 0), door)
    first = [] if stored is None else [URLRequest(url, cache_policy=ELSE_LOAD)]

    *_, task = loads.run(*first, URLRequest(url, cache_policy=policy))

    assert sources(task) == came_from
    assert origin.count == len(first) + came_from.count(NETWORK)
    if isinstance(outcome, bytes):
        assert body(task) == outcome
    else:
        assert task.error is not None
        assert task.error.code is outcome


@pytest.mark.parity("2:requestCachePolicy", "2:urlCache")
def test_policy_of_a_session_counts_for_requests_without_one(serve: Serve) -> None:
    """That of a request beats it."""
    origin = Origin(FRESH)
    url = serve(origin.handler).url("/")
    cache = URLCache(1 << 20, 0)

    with URLSession(configured(cache, DONT_LOAD)) as session:
        with pytest.raises(URLError) as caught:
            session.data(url).result()
        loaded = session.data(URLRequest(url, cache_policy=RELOAD)).result()
        again = session.data(url).result()

    assert caught.value.code is URLErrorCode.RESOURCE_UNAVAILABLE
    assert (loaded.data, again.data, origin.count) == (b"1", b"1", 1)


@pytest.mark.parity("2:urlCache")
def test_session_without_a_cache_loads_always(serve: Serve) -> None:
    """None is no caching; a policy that forbids loading then fails."""
    origin = Origin(FRESH)
    url = serve(origin.handler).url("/")

    assert Loads(None).bodies(url, url) == [b"1", b"2"]

    (task,) = Loads(None).run(URLRequest(url, cache_policy=DONT_LOAD))
    assert task.error is not None
    assert task.error.code is URLErrorCode.RESOURCE_UNAVAILABLE


@pytest.mark.parity("6:reloadIgnoringLocalAndRemoteCacheData (4)")
def test_reload_of_all_tells_the_caches_between(serve: Serve) -> None:
    """Unless the caller says something of its own; the other reload is silent."""
    origin = Origin(FRESH)
    url = serve(origin.handler).url("/")
    own = {"Cache-Control": "max-age=5"}

    Loads(URLCache(1 << 20, 0)).run(
        URLRequest(url, cache_policy=RELOAD_ALL),
        URLRequest(url, cache_policy=RELOAD_ALL, headers=own),
        URLRequest(url, cache_policy=RELOAD),
    )

    assert [
        (r.header("Cache-Control"), r.header("Pragma")) for r in origin.requests
    ] == [
        ("no-cache", "no-cache"),
        ("max-age=5", "no-cache"),
        (None, None),
    ]


@pytest.mark.parity("6:reloadIgnoringLocalCacheData (1)")
def test_reload_stores_what_it_got(serve: Serve) -> None:
    """The next load is answered by that."""
    origin = Origin(FRESH)
    url = serve(origin.handler).url("/")

    bodies = Loads(URLCache(1 << 20, 0)).bodies(
        url, URLRequest(url, cache_policy=RELOAD), url
    )

    assert bodies == [b"1", b"2", b"2"]


@pytest.mark.parity("8:cannotLoadFromNetwork (-2000)")
def test_request_that_is_only_if_cached(serve: Serve) -> None:
    """Served if fresh; else it fails without a connection."""
    origin = Origin(FRESH)
    server = serve(origin.handler)
    only = URLRequest(server.url("/"), headers={"Cache-Control": "only-if-cached"})

    missed, _, hit = Loads(URLCache(1 << 20, 0)).run(only, server.url("/"), only)

    assert missed.error is not None
    assert missed.error.code is URLErrorCode.CANNOT_LOAD_FROM_NETWORK
    assert body(hit) == b"1"
    assert origin.count == 1


@pytest.mark.parity("8:resourceUnavailable (-1008)")
def test_miss_opens_no_connection(serve: Serve) -> None:
    """And names the URL."""
    server = serve(Origin().handler)
    url = server.url("/")

    (task,) = Loads(URLCache(1 << 20, 0)).run(URLRequest(url, cache_policy=DONT_LOAD))

    assert task.error is not None
    assert (task.error.failing_url, task.error.task_id) == (url, 1)
    assert task.metrics is not None
    assert server.accepted == 0
