"""Asking a server whether a stored reply still holds, and what its answer does."""

from __future__ import annotations

import asyncio

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
    HTTPURLResponse,
    URLCache,
    URLRequest,
    URLSession,
)
from urlsession.testing import ReceivedRequest, ServerConnection
from urlsession.testing.handlers import Answer

CC = "Cache-Control"
MODIFIED = "Wed, 01 Jan 2020 00:00:00 GMT"
STALE: Fields = [(CC, "max-age=0"), ("ETag", '"a"')]
BOTH = ["NETWORK_LOAD", "LOCAL_CACHE"]

pytestmark = pytest.mark.parity("6:useProtocolCachePolicy (0)")


@pytest.mark.parametrize(
    ("fields", "sent"),
    [
        ([("ETag", '"a"')], {"If-None-Match": '"a"', "If-Modified-Since": None}),
        (
            [("Last-Modified", MODIFIED), (CC, "no-cache")],
            {"If-None-Match": None, "If-Modified-Since": MODIFIED},
        ),
        (
            [("ETag", 'W/"a"'), ("Last-Modified", MODIFIED), (CC, "no-cache")],
            {"If-None-Match": 'W/"a"', "If-Modified-Since": MODIFIED},
        ),
    ],
)
def test_conditions_are_sent(
    serve: Serve, fields: Fields, sent: dict[str, str | None]
) -> None:
    """Those that the stored reply gives, as they came."""
    origin = Origin(fields)
    url = serve(origin.handler).url("/")

    first, second = Loads(URLCache(1 << 20, 0)).run(url, url)

    assert (body(first), body(second)) == (b"1", b"1")
    assert {name: origin.requests[1].header(name) for name in sent} == sent
    assert second.result().response.status_code == 200
    assert second.current_request.value("If-None-Match") is None


def test_conditions_of_the_callers_own_are_the_callers(serve: Serve) -> None:
    """Sent as given, and answered as the server answers."""
    origin = Origin(STALE)
    url = serve(origin.handler).url("/")
    own = URLRequest(url, headers={"If-None-Match": '"a"'})

    _, second = Loads(URLCache(1 << 20, 0)).run(url, own)

    assert second.result().response.status_code == 304
    assert origin.requests[1].header("If-Modified-Since") is None
    assert sources(second) == ["NETWORK_LOAD"]


def test_changed_reply_takes_the_place_of_the_stored_one(serve: Serve) -> None:
    """And is what is validated next."""
    origin = Origin(STALE)
    url = serve(origin.handler).url("/")
    loads = Loads(URLCache(1 << 20, 0))
    loads.run(url)
    origin.fields = [(CC, "max-age=0"), ("ETag", '"b"')]

    second, third = loads.run(url, url)

    assert (body(second), body(third)) == (b"2", b"2")
    assert origin.requests[2].header("If-None-Match") == '"b"'
    assert [sources(one) for one in (second, third)] == [["NETWORK_LOAD"], BOTH]


def answers(*answers: Answer) -> Origin:
    """Return an origin that gives one answer after the other."""
    left = list(answers)
    return Origin(answer=lambda _request: left.pop(0))


def test_304_updates_the_stored_head(serve: Serve) -> None:
    """But not what tells of the body; what it leaves out stays."""
    origin = answers(
        (200, [*STALE, ("X-A", "1"), ("X-B", "1"), ("Content-Type", "a/a")], b"body"),
        (304, [(CC, "max-age=600"), ("X-A", "2"), ("Content-Type", "b/b")], b""),
    )
    url = serve(origin.handler).url("/")

    *_, second, third = Loads(URLCache(1 << 20, 0)).run(url, url, url)

    for task in (second, third):
        response = task.result().response
        assert task.result().data == b"body"
        values = [response.value(name) for name in ("X-A", "X-B", "Content-Type")]
        assert values == ["2", "1", "a/a"]
    assert sources(third) == ["LOCAL_CACHE"]


def test_304_about_another_reply_is_asked_again(serve: Serve) -> None:
    """Without conditions, once."""
    origin = answers(
        (200, STALE, b"old"),
        (304, [("ETag", '"other"')], b""),
        (200, [(CC, "max-age=600")], b"new"),
    )
    url = serve(origin.handler).url("/")

    _, second, third = Loads(URLCache(1 << 20, 0)).run(url, url, url)

    assert (body(second), body(third)) == (b"new", b"new")
    assert origin.requests[2].header("If-None-Match") is None
    assert origin.count == 3


def test_304_that_says_no_store_is_the_last(serve: Serve) -> None:
    """It is answered by what is stored, which is then removed."""
    origin = answers(
        (200, STALE, b"old"),
        (304, [(CC, "no-store"), ("ETag", '"a"')], b""),
        (200, [], b"new"),
    )
    url = serve(origin.handler).url("/")

    bodies = Loads(URLCache(1 << 20, 0)).bodies(url, url, url)

    assert bodies == [b"old", b"old", b"new"]
    assert origin.requests[2].header("If-None-Match") is None


@pytest.mark.parametrize("status", [404, 410, 403])
def test_reply_that_is_no_more_is_removed(serve: Serve, status: int) -> None:
    """The server has said so."""
    origin = answers((200, STALE, b"old"), (status, [], b"gone"), (200, [], b"new"))
    url = serve(origin.handler).url("/")
    cache = URLCache(1 << 20, 0)

    bodies = Loads(cache).bodies(url, url)

    assert bodies == [b"old", b"gone"]
    assert cache.cached_response(URLRequest(url)) is None


def test_error_of_the_server_leaves_the_stored_reply(serve: Serve) -> None:
    """It is delivered, and the next load asks again."""
    origin = answers((200, STALE, b"old"), (503, [], b"busy"), (304, STALE, b""))
    url = serve(origin.handler).url("/")

    assert Loads(URLCache(1 << 20, 0)).bodies(url, url, url) == [
        b"old",
        b"busy",
        b"old",
    ]


BRIDGED: dict[str, tuple[str, int, bool]] = {
    "503": ("max-age=0, stale-if-error=600", 503, True),
    "500": ("max-age=0, stale-if-error=600", 500, True),
    "404": ("max-age=0, stale-if-error=600", 404, False),
    "not allowed": ("max-age=0", 503, False),
    "must-revalidate": ("max-age=0, must-revalidate, stale-if-error=600", 503, False),
}


@pytest.mark.parametrize("door", ["await", "result"])
@pytest.mark.parametrize(
    ("told", "status", "is_bridged"), BRIDGED.values(), ids=BRIDGED
)
def test_stale_if_error(
    serve: Serve, door: str, told: str, status: int, is_bridged: bool
) -> None:
    """The stored reply stands in for an error if the server allowed it."""
    origin = answers((200, [(CC, told), ("ETag", "a")], b"old"), (status, [], b"no"))
    url = serve(origin.handler).url("/")

    _, second = Loads(URLCache(1 << 20, 0), door).run(url, url)

    assert body(second) == (b"old" if is_bridged else b"no")
    assert sources(second) == (BOTH if is_bridged else ["NETWORK_LOAD"])


@pytest.mark.parametrize("is_allowed", [True, False])
def test_stale_if_error_when_the_connection_is_lost(
    serve: Serve, is_allowed: bool
) -> None:
    """And for a peer that does not answer at all."""
    told = "max-age=0, stale-if-error=600" if is_allowed else "max-age=0"
    count = 0

    def handler(connection: ServerConnection) -> None:
        nonlocal count
        while connection.recv_request():
            count += 1
            if count > 1:
                return
            connection.send_response(200, [(CC, told), ("ETag", "a")], b"old")

    url = serve(handler).url("/")

    _, second = Loads(URLCache(1 << 20, 0)).run(url, url)

    assert (second.error is None) is is_allowed
    if is_allowed:
        assert body(second) == b"old"


@pytest.mark.parametrize(
    "told", ["max-age=0", "max-age=0, stale-if-error=600", "no-store"]
)
def test_stream_is_validated_like_any_other(serve: Serve, told: str) -> None:
    """The head of a 304, or of a bridged error, is not told."""
    fields = [(CC, "max-age=0, stale-if-error=600"), ("ETag", '"a"')]
    second: Answer = (304, [(CC, told), ("ETag", '"a"')], b"")
    if "stale" in told:
        second = (503, [], b"busy " * 100)
    origin = answers((200, fields, b"old"), second)
    url = serve(origin.handler).url("/")

    async def main() -> list[tuple[int, bytes]]:
        found = []
        async with URLSession(configured(URLCache(1 << 20, 0))) as session:
            for _ in range(2):
                chunks, response = await session.bytes(url)
                found.append((response.status_code, await chunks.aread()))
        return found

    assert asyncio.run(main()) == [(200, b"old")] * 2


def test_validation_goes_on_over_a_redirect(serve: Serve) -> None:
    """A stored target is asked about when the redirect has led there."""

    def answer(request: ReceivedRequest) -> Answer | None:
        return (302, [("Location", "/to")], b"") if request.target == "/" else None

    origin = Origin(STALE, answer=answer)
    server = serve(origin.handler)

    _, second = Loads(URLCache(1 << 20, 0)).run(server.url("/to"), server.url("/"))

    assert body(second) == b"1"
    assert sources(second) == ["NETWORK_LOAD", *BOTH]
    assert second.metrics is not None
    assert second.metrics.redirect_count == 1
    response = second.result().response
    assert isinstance(response, HTTPURLResponse)
    assert response.url == server.url("/to")


@pytest.mark.parametrize("field", ["ETag", "Last-Modified"])
def test_stored_header_that_cannot_be_sent_is_left_out(
    serve: Serve, field: str
) -> None:
    """A value with a control character would end the request's line."""

    def handler(connection: ServerConnection) -> None:
        while connection.recv_request():
            head = f"HTTP/1.1 200 OK\r\n{field}: a\x01b\r\nContent-Length: 2\r\n\r\nok"
            connection.send(head.encode("latin-1"))

    url = serve(handler).url("/")

    tasks = Loads(URLCache(1 << 20, 0)).run(url, url)

    assert [task.error for task in tasks] == [None, None]
    assert [body(task) for task in tasks] == [b"ok", b"ok"]


@pytest.mark.parity("6:reloadRevalidatingCacheData (5)")
def test_immutable_reply_is_validated_when_asked_to(serve: Serve) -> None:
    """The policy is the caller's own word."""
    origin = Origin([(CC, "max-age=600, immutable"), ("ETag", '"a"')])
    url = serve(origin.handler).url("/")
    again = URLRequest(url, cache_policy=CachePolicy.RELOAD_REVALIDATING_CACHE_DATA)

    Loads(URLCache(1 << 20, 0)).run(url, url, again)

    assert origin.count == 2
