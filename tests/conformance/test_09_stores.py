"""Which session uses which cache, for how long what is in it stays, and where."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

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
    AuthChallengeDisposition,
    CachedURLResponse,
    CachePolicy,
    HTTPURLResponse,
    URLCache,
    URLCredential,
    URLRequest,
    URLSession,
    URLSessionConfiguration,
)
from urlsession.storage import cache_file
from urlsession.storage.cache_file import FILE_NAME
from urlsession.storage.url_cache import CacheableTask
from urlsession.testing import ReceivedRequest, RecordingDelegate
from urlsession.testing.handlers import Answer

FRESH: Fields = [("Cache-Control", "max-age=600")]
DONT_LOAD = CachePolicy.RETURN_CACHE_DATA_DONT_LOAD

PROGRAM = """
import sys
from urlsession import URLSession
with URLSession() as session:
    for url in sys.argv[1:]:
        print(session.data(url).result().data.decode())
"""


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give the test a home, and the process another shared cache in it."""
    monkeypatch.setenv("URLSESSION_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(cache_file, "LINGER_S", 0.05)
    before = URLCache.shared
    URLCache.shared = URLCache()
    yield tmp_path / "home"
    URLCache.shared.close()
    URLCache.shared = before


def run(*urls: str) -> list[str]:
    """Load in a program of its own, with the default configuration."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *urls],
        check=True,
        capture_output=True,
        text=True,
        timeout=20,
    )
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.parity("9:shared", "2:urlCache")
def test_default_configurations_share_one_cache(serve: Serve) -> None:
    """Which the process may replace."""
    origin = Origin(FRESH)
    url = serve(origin.handler).url("/")

    for _ in range(2):
        with URLSession() as session:
            assert session.data(url).result().data == b"1"
    URLCache.shared.close()
    URLCache.shared = URLCache(1 << 20, 0)
    with URLSession() as session:
        assert session.data(url).result().data == b"2"

    assert URLSessionConfiguration.default().url_cache is URLCache.shared


@pytest.mark.parity("9:shared")
def test_shared_cache_outlives_the_process(serve: Serve, own_home: Path) -> None:
    """The next program is answered by what this one stored."""
    origin = Origin(FRESH)
    url = serve(origin.handler).url("/")

    assert run(url, url) == ["1", "1"]
    assert run(url) == ["1"]
    with URLSession() as session:
        task = session.data(url)
        assert task.result().data == b"1"

    assert sources(task) == ["LOCAL_CACHE"]
    assert origin.count == 1
    assert (own_home / FILE_NAME).exists()


def test_two_programs_find_what_the_other_stored(serve: Serve) -> None:
    """While both run; at most a second later."""
    origin = Origin(FRESH)
    server = serve(origin.handler)
    with URLSession() as session:
        session.data(server.url("/a")).result()
        URLCache.shared.flush()
        assert run(server.url("/a"), server.url("/b")) == ["1", "2"]
        file = URLCache.shared.file()
        assert file is not None
        file.next_look_at = 0.0  # as a second later

        assert session.data(server.url("/b")).result().data == b"2"

    assert origin.count == 2


def test_home_that_is_empty_keeps_nothing_on_disk(
    serve: Serve, own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The cache is in memory then."""
    monkeypatch.setenv("URLSESSION_HOME", "")
    URLCache.shared = URLCache()
    url = serve(Origin(FRESH).handler).url("/")

    with URLSession() as session:
        assert [session.data(url).result().data for _ in range(2)] == [b"1", b"1"]

    assert run(url) == ["2"]
    assert not own_home.exists()


def test_home_in_the_place_of_a_file(
    serve: Serve, own_home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """One warning; the cache is in memory."""
    own_home.write_text("a file")
    url = serve(Origin(FRESH).handler).url("/")

    with URLSession() as session:
        assert [session.data(url).result().data for _ in range(3)] == [b"1"] * 3
    URLCache.shared.flush()

    assert (
        len([one for one in caplog.records if "could not be used" in one.message]) == 1
    )
    assert own_home.read_text() == "a file"


@pytest.mark.parity("2:urlCache", "16.5:cookies, credentials, cache")
def test_ephemeral_cache_is_private_and_in_memory(serve: Serve, own_home: Path) -> None:
    """Copies of a configuration share it; nothing is written."""
    origin = Origin(FRESH)
    url = serve(origin.handler).url("/")
    mine, other = (URLSessionConfiguration.ephemeral() for _ in range(2))
    assert mine.url_cache is mine.copy().url_cache
    assert mine.url_cache is not other.url_cache
    assert mine.url_cache is not None
    assert (mine.url_cache.memory_capacity, mine.url_cache.disk_capacity) == (
        4 << 20,
        0,
    )

    with URLSession(mine) as first, URLSession(mine) as second:
        bodies = [one.data(url).result().data for one in (first, second)]
        with URLSession(other) as third:
            bodies.append(third.data(url).result().data)

    assert bodies == [b"1", b"1", b"2"]
    assert not own_home.exists()


@pytest.mark.parity("16.5:cookies, credentials, cache")
def test_ephemeral_cache_is_emptied_with_its_last_session(serve: Serve) -> None:
    """A session made later begins anew."""
    origin = Origin(FRESH)
    url = serve(origin.handler).url("/")
    configuration = URLSessionConfiguration.ephemeral()

    for n in (b"1", b"2"):
        with URLSession(configuration) as session:
            assert session.data(url).result().data == n
            assert session.data(url).result().data == n

    assert configuration.url_cache is not None
    assert configuration.url_cache.current_memory_usage == 0


@pytest.mark.parity("1:reset(completionHandler:)")
def test_reset_empties_the_cache_and_flush_writes_it(serve: Serve) -> None:
    """Of the session that is asked."""
    origin = Origin(FRESH)
    url = serve(origin.handler).url("/")

    with URLSession() as session:
        session.data(url).result()
        session.flush().result()
        assert run(url) == ["1"]
        session.reset().result()
        assert session.data(url).result().data == b"2"


class Recording(URLCache):
    """Overrides the task forms, as a program might to keep replies elsewhere."""

    def __init__(self) -> None:
        super().__init__(1 << 20, 0)
        self.calls: list[str] = []
        self.kept: dict[str, CachedURLResponse] = {}

    def get_cached_response(self, task: CacheableTask) -> CachedURLResponse | None:
        self.calls.append("get")
        return self.kept.get(task.current_request.url)

    def store_cached_response_for_task(
        self, cached: CachedURLResponse, task: CacheableTask
    ) -> None:
        self.calls.append("store")
        self.kept[task.current_request.url] = cached

    def remove_cached_response_for_task(self, task: CacheableTask) -> None:
        self.calls.append("remove")
        self.kept.pop(task.current_request.url, None)


@pytest.mark.parity("9:task forms")
def test_task_forms_of_a_subclass_are_what_sessions_use(serve: Serve) -> None:
    """To look, to store and to remove; freshness is judged as ever."""
    origin = Origin(FRESH)
    url = serve(origin.handler).url("/")
    cache = Recording()

    tasks = Loads(cache).run(url, url, URLRequest(url, method="DELETE"), url)

    assert [body(task) for task in tasks] == [b"1", b"1", b"2", b"3"]
    assert cache.calls == ["get", "store", "get", "remove", "get", "store"]
    assert cache.current_memory_usage == 0


@pytest.mark.parity("9:task forms")
def test_request_forms_of_a_subclass_are_used_too(serve: Serve) -> None:
    """The task forms call them."""

    class Counting(URLCache):
        looks = 0

        def cached_response(self, request: URLRequest) -> CachedURLResponse | None:
            self.looks += 1
            return super().cached_response(request)

    cache = Counting(1 << 20, 0)
    origin = Origin([("ETag", '"a"')])
    url = serve(origin.handler).url("/")

    assert Loads(cache).bodies(url, url, url) == [b"1", b"1", b"1"]
    assert cache.looks == 3
    assert origin.count == 3


@pytest.mark.parity("9:storeCachedResponse(_:for:)")
def test_what_a_program_stores_is_served(serve: Serve) -> None:
    """By its own headers' word, without a connection."""
    server = serve(Origin().handler)
    url = server.url("/")
    cache = URLCache(1 << 20, 0)
    response = HTTPURLResponse(url, 200, "HTTP/1.1", dict(FRESH))
    cache.store_cached_response(CachedURLResponse(response, b"own"), URLRequest(url))

    assert Loads(cache).bodies(url) == [b"own"]
    assert server.accepted == 0


def test_reply_that_varies_by_cookies_counts_the_stored_ones(serve: Serve) -> None:
    """Which the request is sent with; others do not make a reply another one."""

    def answer(request: ReceivedRequest) -> Answer | None:
        if request.target.startswith("/set"):
            return 200, [("Set-Cookie", f"who={request.target[-1]}; Path=/")], b""
        return None

    origin = Origin([*FRESH, ("Vary", "Cookie")], answer=answer)
    server = serve(origin.handler)
    configuration = configured(URLCache(1 << 20, 0))

    def load(session: URLSession, path: str) -> bytes:
        return session.data(server.url(path)).result().data

    with URLSession(configuration) as session:
        bodies = [
            load(session, path)
            for path in ("/", "/", "/set/a", "/", "/", "/set/b", "/", "/set/a", "/")
        ]

    assert bodies == [b"1", b"1", b"", b"3", b"3", b"", b"5", b"", b"3"]


def test_stored_cookies_do_not_tell_other_replies_apart(serve: Serve) -> None:
    """One without Vary is used whatever the cookies."""
    origin = Origin([*FRESH, ("Set-Cookie", "a=b")])
    url = serve(origin.handler).url("/")

    with URLSession(configured(URLCache(1 << 20, 0))) as session:
        bodies = [session.data(url).result().data for _ in range(2)]

    assert bodies == [b"1", b"1"]


def test_hit_sets_no_cookie(serve: Serve) -> None:
    """One that the program has deleted does not come back."""
    url = serve(Origin([*FRESH, ("Set-Cookie", "a=b")]).handler).url("/")
    configuration = configured(URLCache(1 << 20, 0))
    storage = configuration.http_cookie_storage
    assert storage is not None

    with URLSession(configuration) as session:
        session.data(url).result()
        for cookie in storage.cookies:
            storage.delete_cookie(cookie)
        task = session.data(url)
        task.result()

    assert sources(task) == ["LOCAL_CACHE"]
    assert storage.cookies == []


def test_suspended_task_is_not_answered(serve: Serve) -> None:
    """Not even by a redirect to something that is stored."""
    origin = Origin(
        FRESH,
        answer=lambda request: (
            (302, [("Location", "/to")], b"") if request.target == "/" else None
        ),
    )
    server = serve(origin.handler)
    cache = URLCache(1 << 20, 0)
    Loads(cache).run(server.url("/to"))

    def suspend(
        _session: object, task: object, _response: object, new: object
    ) -> object:
        task.suspend()  # type: ignore[attr-defined]  # a data task
        return new

    delegate = RecordingDelegate({"task_will_perform_http_redirection": suspend})
    with URLSession(configured(cache), delegate) as session:
        task = session.data_task(server.url("/"))
        task.resume()
        delegate.wait_for("task_will_perform_http_redirection")
        with pytest.raises(TimeoutError):
            task.result(0.2)
        assert delegate.count("data_task_did_receive_response") == 0
        task.resume()
        task.result(10)

    assert delegate.received == b"1"
    assert [one.target for one in origin.requests] == ["/to", "/"]


@pytest.mark.parametrize(
    ("told", "is_stored"), [("max-age=600", False), ("public, max-age=600", True)]
)
def test_reply_to_a_credential_is_for_nobody_else(
    serve: Serve, told: str, is_stored: bool
) -> None:
    """Unless it says that it is: another session may have another credential."""

    def answer(request: ReceivedRequest) -> Answer:
        if request.header("Authorization") is None:
            return 401, [("WWW-Authenticate", 'Basic realm="r"')], b"who?"
        return 200, [("Cache-Control", told)], b"secret"

    origin = Origin(answer=answer)
    url = serve(origin.handler).url("/")
    cache = URLCache(1 << 20, 0)
    credential = URLCredential("user", "password", URLCredential.Persistence.NONE)
    answers = {
        "task_did_receive_challenge": (
            AuthChallengeDisposition.USE_CREDENTIAL,
            credential,
        )
    }

    with URLSession(configured(cache), RecordingDelegate(answers)) as session:
        assert session.data(url).result().data == b"secret"
        assert session.data(url).result().data == b"secret"

    assert Loads(cache).bodies(url) == [b"secret" if is_stored else b"who?"]
    assert (cache.current_memory_usage > 0) is is_stored
