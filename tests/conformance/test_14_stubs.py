"""Section 14, for users' tests: requests that are answered by stubs."""

from __future__ import annotations

import asyncio
import io
import re
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from urlsession import URLError, URLErrorCode, URLRequest, URLSession, UsageError
from urlsession.testing import (
    RecordingDelegate,
    StubNetwork,
    StubReply,
    descriptors,
    fixed_body,
    stub_network,
    wait_until,
)

if TYPE_CHECKING:
    from ..conftest import Serve

API = "https://api.example/items"


@pytest.fixture
def net() -> Iterator[StubNetwork]:
    """Return a network without stubs, in use."""
    with stub_network() as network:
        yield network


def load(request: URLRequest | str) -> bytes:
    """Load by a new session; return the body."""
    with URLSession() as session:
        return session.data(request).result(timeout=5).data


def failure(request: URLRequest | str) -> URLError:
    """Load by a new session; return why it failed."""
    with pytest.raises(URLError) as caught:
        load(request)
    return caught.value


# -- answers ------------------------------------------------------------------------------


def test_stub_answers_and_the_request_is_recorded(net: StubNetwork) -> None:
    """Status, fields, body; method, fields and body of the request."""
    net.post(API).reply(201, json={"id": 1}, headers={"X-Kind": "new"})
    with URLSession() as session:
        request = URLRequest(API + "?a=1", method="POST", json={"name": "x"})
        reply = session.data(request).result(timeout=5)

    assert (reply.status_code, reply.json()) == (201, {"id": 1})
    assert reply.response.value("X-Kind") == "new"
    assert reply.response.mime_type == "application/json"
    assert reply.response.expected_content_length == len(reply.data)
    (seen,) = net.requests
    assert (seen.method, seen.url, seen.json()) == ("POST", API + "?a=1", {"name": "x"})
    assert seen.headers["Content-Type"] == "application/json"
    assert seen.query == {"a": "1"}
    net.assert_all_used()


def test_no_socket_is_opened(net: StubNetwork) -> None:
    """The kernel's list of this process's descriptors has no socket more."""
    before = set(descriptors().values())
    net.get(API).reply(text="hello")
    with URLSession() as session:
        assert session.data(API).result(timeout=5).text == "hello"
        with pytest.raises(URLError):
            session.data("https://other.example/").result(timeout=5)
        opened = set(descriptors().values()) - before

    assert [one for one in opened if one.startswith("socket:")] == []


def test_answers_follow_one_another(net: StubNetwork) -> None:
    """The last one stays."""
    stub = net.get(API).reply(503).reply(text="one").reply(text="two")

    with URLSession() as session:
        tries = [session.data(API).result(timeout=5) for _ in range(4)]

    assert [one.status_code for one in tries] == [503, 200, 200, 200]
    assert [one.text for one in tries] == ["", "one", "two", "two"]
    assert len(stub.requests) == 4


def test_answer_may_be_made_of_the_request(net: StubNetwork) -> None:
    """By a function."""
    net.stub(None, "https://api.example/*").answer(
        lambda request: StubReply.of(text=f"{request.method} {request.query['n']}")
    )

    assert load("https://api.example/a/b?n=5") == b"GET 5"


def test_failures_are_played(net: StubNetwork) -> None:
    """At once, or after a part of the body."""
    net.get(API).fail(URLErrorCode.TIMED_OUT)
    net.get("https://api.example/cut").fail(after=[b"one", b"two"])
    error = failure(API)
    with URLSession() as session:
        chunks, response = session.bytes("https://api.example/cut").result(timeout=5)
        reader = iter(chunks)
        assert (next(reader), next(reader)) == (b"one", b"two")
        with pytest.raises(URLError) as caught:
            next(reader)

    assert error.code is URLErrorCode.TIMED_OUT
    assert isinstance(error, TimeoutError)
    assert response.status_code == 200
    assert caught.value.code is URLErrorCode.NETWORK_CONNECTION_LOST


def test_body_comes_in_pieces(net: StubNetwork) -> None:
    """A reader gets each as it is; waits between them are kept."""
    net.get(API).reply(body=[b"a", b"b", b"c"], piece_delay=0.01, delay=0.01)

    async def stream() -> list[bytes]:
        async with URLSession() as session:
            chunks, _ = await session.bytes(API)
            return [piece async for piece in chunks]

    with URLSession() as session:
        chunks, _ = session.bytes(API).result(timeout=5)
        assert list(chunks) == [b"a", b"b", b"c"]
    assert asyncio.run(stream()) == [b"a", b"b", b"c"]


def test_slow_answer_can_be_cancelled(net: StubNetwork) -> None:
    """In both doors; no thread stays behind."""
    net.get(API).reply(delay=60)

    async def cancel() -> None:
        async with URLSession() as session:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(session.data(API), 0.05)
            await asyncio.sleep(0.01)

    with URLSession() as session:
        task = session.data(API)
        assert wait_until(lambda: net.requests)
        task.cancel()
    asyncio.run(cancel())

    assert wait_until(
        lambda: "urlsession-callbacks" not in {t.name for t in threading.enumerate()}
    )


def test_redirects_are_followed(net: StubNetwork) -> None:
    """By the rules for HTTP; the delegate is asked."""
    net.post("https://api.example/old").redirect("/items")
    net.get(API).reply(text="there")
    with URLSession(delegate=(delegate := RecordingDelegate())) as session:
        task = session.data_task(
            URLRequest("https://api.example/old", method="POST", body=b"x")
        )
        task.resume()
        task.result(timeout=5)

    assert delegate.received == b"there"
    assert delegate.count("task_will_perform_http_redirection") == 1
    assert [one.method for one in net.requests] == ["POST", "GET"]


# -- bodies ---------------------------------------------------------------------------------


async def generated() -> AsyncIterator[bytes]:
    """Yield a body in two pieces."""
    yield b"bo"
    yield b"dy"


@pytest.mark.parametrize("kind", ["bytes", "list", "file", "path", "async"])
def test_body_of_any_kind_is_recorded(
    net: StubNetwork, tmp_path: Path, kind: str
) -> None:
    """Whatever it was given as."""
    (tmp_path / "body").write_bytes(b"body")
    bodies: dict[str, Callable[[], object]] = {
        "bytes": lambda: b"body",
        "list": lambda: [b"bo", b"dy"],
        "file": lambda: io.BytesIO(b"body"),
        "path": lambda: tmp_path / "body",
        "async": generated,
    }

    def request() -> URLRequest:
        body = bodies[kind]()
        return URLRequest(API, method="POST", body=body)  # type: ignore[arg-type]  # each is a body

    async def post() -> None:
        async with URLSession() as session:
            await session.data(request())

    net.post(API)
    load(request())
    asyncio.run(post())

    assert [one.body for one in net.requests] == [b"body", b"body"]


def test_upload_is_recorded(net: StubNetwork, tmp_path: Path) -> None:
    """An upload task's body, and its reply."""
    path = tmp_path / "up"
    path.write_bytes(b"from file")
    net.post(API).reply(204)
    with URLSession() as session:
        reply = session.upload(API, from_file=path).result(timeout=5)

    assert reply.status_code == 204
    assert net.requests[0].body == b"from file"


# -- matching -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "matches"),
    [
        (API, True),
        ("https://api.example/*", True),
        ("https://*/items", True),
        ("*", True),
        (re.compile(r"https://api\.example/\w+\?page=1&q=a"), True),
        (API + "?page=1&q=a", True),
        (API + "?page=2", False),
        ("https://api.example/item", False),
        ("http://api.example/items", False),
        ("https://api.example/item[s]", False),
    ],
)
def test_url_is_matched_as_a_whole(
    net: StubNetwork, url: str | re.Pattern[str], matches: bool
) -> None:
    """``*`` is anything; without a ``?`` any query will do."""
    net.get(url)
    if matches:
        load(API + "?page=1&q=a#part")
    else:
        failure(API + "?page=1&q=a#part")


def test_host_alone_is_its_root(net: StubNetwork) -> None:
    """A URL always has a path."""
    net.get("https://api.example").reply(text="root")

    assert load("https://api.example/") == b"root"


@pytest.mark.parametrize(
    ("conditions", "missed"),
    [
        ({"query": {"page": "2"}}, "query page"),
        ({"headers": {"X-Key": "other"}}, "header X-Key"),
        ({"json": {"a": 2}}, "JSON"),
        ({"body": b"other"}, "body"),
    ],
)
def test_conditions_must_hold(
    net: StubNetwork, conditions: dict[str, object], missed: str
) -> None:
    """Query, fields and body; what did not hold is told."""
    request = URLRequest(
        API + "?page=1", method="POST", headers={"X-Key": "k"}, json={"a": 1}
    )
    net.post(API, **conditions)
    error = failure(request)
    assert f"whose {missed} differs" in str(error)
    net.post(
        API,
        query={"page": "1"},
        headers={"x-key": "k"},
        json={"a": 1},
        body=b'{"a":1}',
    )
    load(request)


def test_latest_stub_is_asked_first(net: StubNetwork) -> None:
    """A test may override what its fixture has stubbed."""
    net.get("*").reply(text="general")
    net.get(API).reply(text="special")

    assert load(API) == b"special"
    assert load("https://other.example/") == b"general"


def test_unexpected_request_names_the_nearest_stub(net: StubNetwork) -> None:
    """And what of it differs; it is remembered."""
    assert "there are no stubs" in str(failure(API))
    net.get("https://elsewhere.example/")
    net.post(API)
    error = failure(API)

    assert error.code is URLErrorCode.RESOURCE_UNAVAILABLE
    assert "unexpected GET" in str(error)
    assert f"nearest stub is POST {API}, whose method differs" in str(error)
    assert [one.url for one in net.unexpected] == [API, API]
    with pytest.raises(AssertionError, match="without a request: GET https://else"):
        net.assert_all_used()


# -- which sessions ---------------------------------------------------------------------------


def test_session_from_before_uses_the_network(serve: Serve) -> None:
    """And every session again after the block."""
    server = serve(fixed_body(b"real"))
    with URLSession() as before:
        with stub_network() as net:
            net.get("*").reply(text="stubbed")
            with URLSession() as inside:
                assert inside.data(server.url("/")).result(timeout=5).text == "stubbed"
                shared = URLSession.shared.data(server.url("/"))
                assert shared.result(timeout=5).text == "stubbed"
            assert before.data(server.url("/")).result(timeout=5).text == "real"
            kept = URLSession()
        assert kept.data(server.url("/")).result(timeout=5).text == "real"
        kept.invalidate_and_cancel()
    assert len(net.requests) == 2


def test_given_sessions_alone_are_covered(serve: Serve) -> None:
    """Whenever they were made."""
    server = serve(fixed_body(b"real"))
    with URLSession() as given, stub_network(given) as net, URLSession() as other:
        net.get("*").reply(text="stubbed")
        assert given.data(server.url("/")).result(timeout=5).text == "stubbed"
        assert other.data(server.url("/")).result(timeout=5).text == "real"


def test_covered_session_opens_no_socket_at_all(net: StubNetwork, serve: Serve) -> None:
    """Not for a stream either: it fails as if nothing listened there."""
    server = serve(fixed_body(b"real"))
    port = int(server.url("").rstrip("/").rpartition(":")[2])
    with URLSession() as session:
        task = session.stream_task("127.0.0.1", port)
        task.resume()
        with pytest.raises(URLError) as caught:
            task.read().result(5)

    assert caught.value.code is URLErrorCode.CANNOT_CONNECT_TO_HOST
    assert server.accepted == 0
    assert net.requests == []


def test_local_schemes_need_no_stub(net: StubNetwork, tmp_path: Path) -> None:
    """They are loaded as ever, unless there is one."""
    path = tmp_path / "file"
    path.write_bytes(b"file")
    assert load("data:,x") == b"x"
    assert load(path.as_uri()) == b"file"
    net.get("data:,x").reply(text="stubbed")

    assert load("data:,x") == b"stubbed"
    assert load("data:,y") == b"y"


def test_network_is_used_once_at_a_time(net: StubNetwork) -> None:
    """A nested block is another network."""
    with pytest.raises(UsageError, match="in use"):
        net.__enter__()
    net.get(API).reply(text="outer")
    with stub_network() as inner:
        inner.get(API).reply(text="inner")
        assert load(API) == b"inner"
    assert load(API) == b"outer"
