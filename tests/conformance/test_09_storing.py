"""Which replies are stored, and which requests they answer: RFC 9111 on the wire.

After ideas of the public suite http-tests/cache-tests; the tables are our own.
"""

from __future__ import annotations

import time
from email.utils import formatdate

import pytest
from tests.conformance.cache_origin import Fields, Loads, Origin, body, sources
from tests.conftest import Serve

from urlsession import URLCache, URLRequest


def date(offset_s: float) -> str:
    """Return a date that far from now."""
    return formatdate(time.monotonic() + EPOCH + offset_s, usegmt=True)


EPOCH = time.clock_gettime(time.CLOCK_REALTIME) - time.monotonic()
CC = "Cache-Control"
HOUR_S = 3600

# Fields of the reply -> whether a second request is answered by it, unasked.
REUSED: dict[str, tuple[Fields, bool]] = {
    "nothing said": ([], False),
    "max-age": ([(CC, "max-age=3600")], True),
    "MaX-aGe": ([(CC, "MaX-aGe=3600")], True),
    "max-age with an extension": ([(CC, "foobar, max-age=3600")], True),
    "max-age=0": ([(CC, "max-age=0")], False),
    "max-age below Age": ([(CC, "max-age=3600"), ("Age", "7200")], False),
    "max-age above Age": ([(CC, "max-age=3600"), ("Age", "600")], True),
    "max-age long ago": ([(CC, "max-age=3600"), ("Date", date(-7200))], False),
    "negative": ([(CC, "max-age=-3600")], False),
    "quoted away": ([(CC, 'extension="max-age=3600"')], False),
    "two lines, one stale": ([(CC, "max-age=1800"), (CC, "max-age=0")], False),
    "s-maxage": ([(CC, "s-maxage=3600")], False),
    "private": ([(CC, "private, max-age=3600")], True),
    "no-store": ([(CC, "no-store, max-age=3600")], False),
    "no-cache": ([(CC, "no-cache, max-age=3600")], False),
    "must-revalidate, fresh": ([(CC, "must-revalidate, max-age=3600")], True),
    "Expires": ([("Expires", date(HOUR_S))], True),
    "Expires in the past": ([("Expires", date(-HOUR_S))], False),
    "Expires: 0": ([("Expires", "0")], False),
    "max-age over Expires": ([(CC, "max-age=3600"), ("Expires", date(-9))], True),
    "Last-Modified a day ago": ([("Last-Modified", date(-24 * HOUR_S))], True),
    "Last-Modified ahead": ([("Last-Modified", date(HOUR_S))], False),
    "Vary: *": ([(CC, "max-age=3600"), ("Vary", "*")], False),
    "Set-Cookie": ([(CC, "max-age=3600"), ("Set-Cookie", "a=b")], True),
    "Content-Disposition": (
        [(CC, "max-age=3600"), ("Content-Disposition", "attachment")],
        True,
    ),
    "Pragma": ([(CC, "max-age=3600"), ("Pragma", "no-cache")], True),
}


@pytest.mark.parity("9:when a response is stored", "A:1 responses never cached")
@pytest.mark.parametrize(("fields", "is_reused"), REUSED.values(), ids=REUSED)
def test_reply_is_used_again(serve: Serve, fields: Fields, is_reused: bool) -> None:
    """Only if it is fresh."""
    origin = Origin(fields)
    url = serve(origin.handler).url("/")

    first, second = Loads(URLCache(1 << 20, 0)).run(url, url)

    assert body(first) == b"1"
    assert origin.count == (1 if is_reused else 2)
    assert (sources(second) == ["LOCAL_CACHE"]) is is_reused


STATUSES = {
    200: True,
    203: True,
    204: True,
    201: True,
    206: False,
    400: False,
    403: False,
    404: False,
    410: False,
    500: False,
    503: False,
    299: True,
}


@pytest.mark.parity("9:when a response is stored")
@pytest.mark.parametrize(("status", "is_reused"), STATUSES.items())
def test_status_that_is_stored(serve: Serve, status: int, is_reused: bool) -> None:
    """From 200 to 299, as Foundation does; not 206, which is a part."""
    origin = Origin([(CC, "max-age=3600")], status)
    url = serve(origin.handler).url("/")

    Loads(URLCache(1 << 20, 0)).run(url, url)

    assert origin.count == (1 if is_reused else 2)


ASKED: dict[str, tuple[Fields, bool]] = {
    "nothing": ([], True),
    "no-cache": ([(CC, "no-cache")], False),
    "Pragma": ([("Pragma", "no-cache")], False),
    "Pragma beside Cache-Control": ([("Pragma", "no-cache"), (CC, "max-age=99")], True),
    "no-store": ([(CC, "no-store")], False),
    "max-age=0": ([(CC, "max-age=0")], False),
    "max-age": ([(CC, "max-age=3600")], True),
    "min-fresh": ([(CC, "min-fresh=60")], True),
    "min-fresh too long": ([(CC, "min-fresh=7200")], False),
    "range": ([("Range", "bytes=0-0")], False),
    "a condition of one's own": ([("If-None-Match", '"mine"')], False),
    "any other field": ([("Accept", "text/plain")], True),
}


@pytest.mark.parametrize(("asked", "is_reused"), ASKED.values(), ids=ASKED)
def test_request_says_what_it_takes(
    serve: Serve, asked: Fields, is_reused: bool
) -> None:
    """Of a reply that is fresh for an hour."""
    origin = Origin([(CC, "max-age=3600")])
    url = serve(origin.handler).url("/")

    Loads(URLCache(1 << 20, 0)).run(url, URLRequest(url, headers=asked))

    assert origin.count == (1 if is_reused else 2)


def test_request_takes_a_stale_reply_if_it_says_so(serve: Serve) -> None:
    """Unless the server forbade it."""
    origin = Origin([(CC, "max-age=10"), ("Age", "20")])
    strict = Origin([(CC, "max-age=10, must-revalidate"), ("Age", "20"), ("ETag", "x")])
    headers = {CC: "max-stale=60"}
    origin.fields.append(("ETag", '"a"'))
    for one, count in ((origin, 1), (strict, 2)):
        url = serve(one.handler).url("/")
        Loads(URLCache(1 << 20, 0)).run(url, URLRequest(url, headers=headers))
        assert one.count == count


@pytest.mark.parity("9:cachedResponse(for:)")
@pytest.mark.parametrize("other", ["/?b", "/other", "/?a=1&b=2"])
def test_other_url_is_another_reply(serve: Serve, other: str) -> None:
    """The query counts."""
    origin = Origin([(CC, "max-age=3600")])
    server = serve(origin.handler)

    Loads(URLCache(1 << 20, 0)).run(
        server.url("/?a=1"), server.url(other), server.url("/?a=1#part")
    )

    assert [one.target for one in origin.requests] == ["/?a=1", other]


VARIES: dict[str, tuple[str, Fields, Fields, bool]] = {
    "same": ("Foo", [("Foo", "1")], [("Foo", "1")], True),
    "other": ("Foo", [("Foo", "1")], [("Foo", "2")], False),
    "missing": ("Foo", [("Foo", "1")], [], False),
    "added": ("Foo", [], [("Foo", "1")], False),
    "missing twice": ("Foo", [], [], True),
    "not named": ("Foo", [("Bar", "1")], [("Bar", "2")], True),
    "two, one differs": (
        "Foo, Bar",
        [("Foo", "1"), ("Bar", "a")],
        [("Foo", "1"), ("Bar", "b")],
        False,
    ),
    "blanks and lines": ("Foo", [("Foo", "1, 2")], [("foo", "1"), ("Foo", "2")], True),
    "Authorization": ("", [("Authorization", "a")], [("Authorization", "b")], False),
    "Authorization, the same": (
        "",
        [("Authorization", "a")],
        [("Authorization", "a")],
        True,
    ),
    "Cookie of one's own": ("", [("Cookie", "a=1")], [], False),
}


@pytest.mark.parametrize(
    ("names", "first", "second", "is_reused"), VARIES.values(), ids=VARIES
)
def test_variant_is_selected_by_the_request(
    serve: Serve, names: str, first: Fields, second: Fields, is_reused: bool
) -> None:
    """By what Vary names, and always by who asks."""
    origin = Origin([(CC, "max-age=3600"), *([("Vary", names)] if names else [])])
    url = serve(origin.handler).url("/")

    Loads(URLCache(1 << 20, 0)).run(
        URLRequest(url, headers=first), URLRequest(url, headers=second)
    )

    assert origin.count == (1 if is_reused else 2)


def test_two_variants_are_kept(serve: Serve) -> None:
    """Each answers its own requests."""
    origin = Origin([(CC, "max-age=3600"), ("Vary", "Foo")])
    url = serve(origin.handler).url("/")
    requests = [URLRequest(url, headers={"Foo": value}) for value in "1212"]

    assert Loads(URLCache(1 << 20, 0)).bodies(*requests) == [b"1", b"2", b"1", b"2"]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "FOO"])
@pytest.mark.parametrize("status", [200, 204, 302, 404, 500])
def test_method_that_changes_things_invalidates(
    serve: Serve, method: str, status: int
) -> None:
    """The URL itself, and those of its origin that the reply names; not by an error."""

    def answer(request: object) -> tuple[int, Fields, bytes] | None:
        if getattr(request, "method", "") != method:
            return None
        named = [("Location", "/located"), ("Content-Location", "/content")]
        return status, named, b""

    origin = Origin([(CC, "max-age=3600")], answer=answer)
    server = serve(origin.handler)
    urls = [server.url(path) for path in ("/", "/located", "/content", "/other")]
    changing = URLRequest(server.url("/"), method=method)
    loads = Loads(URLCache(1 << 20, 0))
    loads.run(*urls, changing)
    before = len([one for one in origin.requests if one.method == "GET"])
    followed = 1 if status == 302 else 0  # the redirect leads to /located itself

    loads.run(*urls)

    after = len([one for one in origin.requests if one.method == "GET"])
    if method == "POST":
        assert before == 4 + followed
    if status in (200, 204):
        assert after - before == 3
    elif status >= 400:
        assert after == before


@pytest.mark.parametrize("method", ["OPTIONS", "TRACE"])
def test_safe_method_invalidates_nothing(serve: Serve, method: str) -> None:
    """And is not answered from the cache."""
    origin = Origin([(CC, "max-age=3600")])
    url = serve(origin.handler).url("/")
    asking = URLRequest(url, method=method)

    Loads(URLCache(1 << 20, 0)).run(url, asking, asking, url)

    assert [one.method for one in origin.requests] == ["GET", method, method]


def test_head_is_answered_by_what_get_brought(serve: Serve) -> None:
    """Without the body; and a HEAD of its own is stored."""
    origin = Origin([(CC, "max-age=3600")])
    server = serve(origin.handler)
    head = URLRequest(server.url("/"), method="HEAD")
    other = URLRequest(server.url("/other"), method="HEAD")

    _, answered, *_ = Loads(URLCache(1 << 20, 0)).run(
        server.url("/"), head, other, other, server.url("/other")
    )

    assert body(answered) == b""
    assert [one.method for one in origin.requests] == ["GET", "HEAD", "GET"]


def test_head_frees_get_of_what_changed(serve: Serve) -> None:
    """A reload of the head alone tells that the body is another."""
    origin = Origin([(CC, "max-age=3600"), ("ETag", '"a"')])
    url = serve(origin.handler).url("/")
    loads = Loads(URLCache(1 << 20, 0))
    loads.run(url)
    origin.fields = [(CC, "max-age=3600"), ("ETag", '"b"')]

    loads.run(URLRequest(url, method="HEAD", headers={CC: "no-cache"}), url)

    assert [one.method for one in origin.requests] == ["GET", "HEAD", "GET"]


@pytest.mark.parity("9:when a response is stored")
def test_too_large_a_reply_is_not_stored(serve: Serve) -> None:
    """More than a 20th of the disk, or what memory takes."""
    large = Origin(answer=lambda _: (200, [(CC, "max-age=60")], b"x" * 60_000))
    url = serve(large.handler).url("/")

    Loads(URLCache(50_000, 0)).run(url, url)
    assert large.count == 2

    Loads(URLCache(70_000, 0)).run(url, url)
    assert large.count == 3


def test_flood_of_headers_is_delivered_and_not_stored(serve: Serve) -> None:
    """What takes more room than one reply may is no reply to keep."""
    flood = [(f"X-{n}", "x" * 90) for n in range(500)]
    origin = Origin([(CC, "max-age=60"), *flood])
    url = serve(origin.handler).url("/")

    tasks = Loads(URLCache(20_000, 0)).run(url, url)

    assert [task.error for task in tasks] == [None, None]
    assert origin.count == 2


def test_coded_body_is_stored_as_it_was_delivered(serve: Serve) -> None:
    """Decoded, with the head that came."""
    import gzip

    fields = [(CC, "max-age=60"), ("Content-Encoding", "gzip")]
    packed = gzip.compress(b"text " * 100)
    origin = Origin(answer=lambda _: (200, fields, packed))
    url = serve(origin.handler).url("/")

    tasks = Loads(URLCache(1 << 20, 0)).run(url, url)

    assert [body(task) for task in tasks] == [b"text " * 100] * 2
    assert tasks[1].result().response.value("Content-Encoding") == "gzip"
    assert origin.count == 1
