"""The cache as a program uses it: what is found, kept, and let go."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from urlsession import (
    CachedURLResponse,
    HTTPURLResponse,
    URLCache,
    URLRequest,
    URLResponse,
)
from urlsession.storage import cache_file
from urlsession.storage.cache_file import FILE_NAME
from urlsession.storage.cached_response import StoragePolicy
from urlsession.storage.url_cache import (
    DEFAULT_DISK_BYTES,
    DEFAULT_MEMORY_BYTES,
    digest,
    entry_of,
    key_for,
    key_of,
    user_information,
)

URL = "http://host/path?query"


@pytest.fixture(autouse=True)
def quick_keeper(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache_file, "LINGER_S", 0.05)
    monkeypatch.setattr(cache_file, "GATHER_S", 0.001)


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[URLCache]:
    made = URLCache(1 << 20, 1 << 20, tmp_path)
    yield made
    made.close()


def reply(
    data: bytes = b"body", *, policy: StoragePolicy = StoragePolicy.ALLOWED, **more: Any
) -> CachedURLResponse:
    url = more.pop("url", URL)
    headers = {name.replace("_", "-"): value for name, value in more.items()}
    response = HTTPURLResponse(url, 200, "HTTP/1.1", headers)
    return CachedURLResponse(response, data, storage_policy=policy)


def put(cache: URLCache, request: str | URLRequest, data: bytes = b"body") -> None:
    if isinstance(request, str):
        request = URLRequest(request)
    cache.store_cached_response(reply(data), request)


def data(cache: URLCache, request: str | URLRequest) -> bytes | None:
    if isinstance(request, str):
        request = URLRequest(request)
    found = cache.cached_response(request)
    return None if found is None else found.data


@pytest.mark.parity(
    "9:init(memoryCapacity:diskCapacity:…)", "9:memoryCapacity, diskCapacity"
)
def test_capacities_are_what_was_asked_for(tmp_path: Path) -> None:
    """Foundation's defaults otherwise; nonsense is refused."""
    made = URLCache(10, 20, tmp_path)

    assert (made.memory_capacity, made.disk_capacity) == (10, 20)
    assert (DEFAULT_MEMORY_BYTES, DEFAULT_DISK_BYTES) == (4 << 20, 20 << 20)
    with pytest.raises(ValueError, match="must not be negative"):
        URLCache(-1, 0)
    with pytest.raises(TypeError, match="disk_capacity must be an int"):
        URLCache(0, 1.5)  # type: ignore[arg-type]  # the mistake under test


@pytest.mark.parity("9:shared")
def test_shared_cache_can_be_replaced() -> None:
    """One for the process until then."""
    before = URLCache.shared
    other = URLCache(0, 0)
    try:
        URLCache.shared = other
        assert URLCache.shared is other
        with pytest.raises(TypeError, match="must be a URLCache"):
            URLCache.shared = "cache"  # type: ignore[assignment]  # the mistake
    finally:
        URLCache.shared = before

    assert URLCache.shared is before
    assert before.memory_capacity == DEFAULT_MEMORY_BYTES


@pytest.mark.parity("9:cachedResponse(for:)", "9:storeCachedResponse(_:for:)")
def test_reply_is_found_by_method_and_whole_url(cache: URLCache) -> None:
    """Query and scheme included, fragment not."""
    put(cache, URL, b"this")

    assert data(cache, URL) == b"this"
    assert data(cache, f"{URL}#part") == b"this"
    assert data(cache, "HTTP://HOST:80/path?query") == b"this"
    assert data(cache, "http://host/path?other") is None
    assert data(cache, "http://host/path") is None
    assert data(cache, "https://host/path?query") is None
    assert data(cache, "http://host:81/path?query") is None
    assert data(cache, URLRequest(URL, method="HEAD")) is None


def test_reply_comes_back_from_disk(cache: URLCache, tmp_path: Path) -> None:
    """With all that the program had put in."""
    response = HTTPURLResponse(URL, 200, "HTTP/2", {"X": "1"})
    stored = CachedURLResponse(response, b"x", {"a": 1}, requested_at=5.0)
    cache.store_cached_response(stored, URLRequest(URL))
    cache.close()
    other = URLCache(1 << 20, 1 << 20, tmp_path)

    found = other.cached_response(URLRequest(URL))

    assert found is not None
    assert isinstance(found.response, HTTPURLResponse)
    assert found.response.headers == {"X": "1"}
    assert found.response.http_version == "HTTP/2"
    assert (found.user_info, found.requested_at) == ({"a": 1}, 5.0)
    other.close()


def test_program_cannot_change_what_is_stored(cache: URLCache) -> None:
    """Not by the response it was given."""
    put(cache, URL)
    first = cache.cached_response(URLRequest(URL))
    assert first is not None
    assert isinstance(first.response, HTTPURLResponse)
    first.response.headers["X"] = "1"

    second = cache.cached_response(URLRequest(URL))

    assert second is not None
    assert isinstance(second.response, HTTPURLResponse)
    assert "X" not in second.response.headers


def test_storage_policy_is_obeyed(cache: URLCache, tmp_path: Path) -> None:
    """In memory only is not on disk; not allowed is nowhere."""
    only_memory = reply(policy=StoragePolicy.ALLOWED_IN_MEMORY_ONLY)
    nowhere = reply(policy=StoragePolicy.NOT_ALLOWED)
    cache.store_cached_response(only_memory, URLRequest("http://host/a"))
    cache.store_cached_response(nowhere, URLRequest("http://host/b"))
    cache.flush()

    assert data(cache, "http://host/a") == b"body"
    assert data(cache, "http://host/b") is None
    assert cache.current_disk_usage == 0


def test_reply_larger_than_a_20th_of_the_disk_is_not_stored(cache: URLCache) -> None:
    """Neither on disk nor in memory."""
    cache.disk_capacity = 100_000
    put(cache, "http://host/small", b"x" * 4_000)
    put(cache, "http://host/large", b"x" * 5_000)

    assert data(cache, "http://host/small") is not None
    assert data(cache, "http://host/large") is None


def test_head_counts_as_well() -> None:
    """A flood of headers is not stored for being no body."""
    cache = URLCache(10_000, 0)
    flood = {f"X-{n}": "x" * 100 for n in range(100)}
    response = HTTPURLResponse(URL, 200, "HTTP/1.1", flood)

    cache.store_cached_response(CachedURLResponse(response, b""), URLRequest(URL))

    assert data(cache, URL) is None
    assert cache.current_memory_usage == 0


@pytest.mark.parity("9:currentMemoryUsage, currentDiskUsage")
def test_usage_is_of_what_is_there(cache: URLCache) -> None:
    """In memory at once, on disk when it is written, for which is waited."""
    assert (cache.current_memory_usage, cache.current_disk_usage) == (0, 0)
    put(cache, URL, b"x" * 1000)

    assert 1000 < cache.current_memory_usage < 2000
    assert cache.current_disk_usage == cache.current_memory_usage

    cache.remove_all_cached_responses()
    assert (cache.current_memory_usage, cache.current_disk_usage) == (0, 0)


def test_memory_keeps_what_was_used_last() -> None:
    """Below its capacity."""
    cache = URLCache(6_000, 0)
    for n in range(4):
        put(cache, f"http://host/{n}", b"x" * 1000)
    data(cache, "http://host/0")
    for n in (4, 5):
        put(cache, f"http://host/{n}", b"x" * 1000)

    kept = [n for n in range(6) if data(cache, f"http://host/{n}") is not None]

    assert kept == [0, 3, 4, 5]
    assert cache.current_memory_usage <= 6_000


def test_shrinking_evicts_at_once(cache: URLCache) -> None:
    """On both sides."""
    for n in range(20):
        put(cache, f"http://host/{n}", b"x" * 10_000)

    cache.memory_capacity = 30_000
    assert cache.current_memory_usage <= 30_000
    cache.disk_capacity = 60_000
    assert 0 < cache.current_disk_usage <= 60_000
    cache.memory_capacity = 0
    assert cache.current_memory_usage == 0


def test_disk_can_be_given_up_and_taken_again(cache: URLCache, tmp_path: Path) -> None:
    """With no room nothing is left there, and nothing is looked for."""
    put(cache, URL)
    cache.flush()
    cache.disk_capacity = 0
    assert cache.current_disk_usage == 0
    cache.memory_capacity = 0
    assert data(cache, URL) is None
    assert not cache.may_have(URL, 1e9)

    cache.disk_capacity = 1 << 20
    assert data(cache, URL) is None
    put(cache, URL)
    assert data(cache, URL) == b"body"
    assert cache.current_disk_usage > 0


def test_what_left_memory_is_found_on_disk(cache: URLCache) -> None:
    """And is in memory again."""
    put(cache, URL)
    cache.memory_capacity = 0
    assert data(cache, URL) == b"body"

    cache.memory_capacity = 10_000
    assert data(cache, URL) == b"body"
    assert cache.current_memory_usage > 0


def test_cache_without_disk_writes_nothing(tmp_path: Path) -> None:
    """Whatever the folder."""
    cache = URLCache(10_000, 0, tmp_path)
    put(cache, URL)

    assert data(cache, URL) == b"body"
    assert cache.current_disk_usage == 0
    assert list(tmp_path.iterdir()) == []


def test_cache_without_a_home_is_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """`$URLSESSION_HOME` may say so."""
    monkeypatch.setenv("URLSESSION_HOME", "")
    cache = URLCache()
    put(cache, URL)

    assert data(cache, URL) == b"body"
    assert cache.current_disk_usage == 0


def test_cache_without_a_folder_is_in_the_programs_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Made when something is stored."""
    monkeypatch.setenv("URLSESSION_HOME", str(tmp_path / "home"))
    cache = URLCache()
    assert data(cache, URL) is None
    assert not (tmp_path / "home").exists()

    put(cache, URL)
    cache.close()

    assert (tmp_path / "home" / FILE_NAME).exists()


@pytest.mark.parity("9:removeCachedResponse(for:), removeAll…, …(since:)")
def test_removal(cache: URLCache) -> None:
    """Of one request, of what is new, of everything; in memory and on disk."""
    long_ago = datetime.now(UTC) - timedelta(days=1)
    for name in "abc":
        put(cache, f"http://host/{name}")
    cache.remove_cached_response(URLRequest("http://host/a"))
    cache.remove_cached_responses_since(datetime.now(UTC) + timedelta(days=1))

    assert [data(cache, f"http://host/{name}") is None for name in "abc"] == [
        True,
        False,
        False,
    ]

    cache.remove_cached_responses_since(long_ago)
    assert data(cache, "http://host/b") is None
    put(cache, "http://host/d")
    cache.remove_all_cached_responses()
    assert data(cache, "http://host/d") is None
    assert cache.current_disk_usage == 0
    with pytest.raises(ValueError, match="has no time zone"):
        cache.remove_cached_responses_since(datetime(2026, 1, 1))  # noqa: DTZ001


def test_mistaken_argument_is_named() -> None:
    """A URL is no request, a reply no request, a number no date."""
    cache: Any = URLCache(1 << 20, 0)
    request, cached = URLRequest(URL), reply(b"x")

    with pytest.raises(TypeError, match="URLRequest expected, not str"):
        cache.cached_response(URL)
    with pytest.raises(TypeError, match="URLRequest expected, not str"):
        cache.remove_cached_response(URL)
    with pytest.raises(TypeError, match="CachedURLResponse expected, not URLRequest"):
        cache.store_cached_response(request, cached)
    with pytest.raises(TypeError, match="URLRequest expected, not str"):
        cache.store_cached_response(cached, URL)
    with pytest.raises(TypeError, match="date must be a datetime, not int"):
        cache.remove_cached_responses_since(0)


def vary(cache: URLCache, value: str | None, data_: bytes, names: str = "X") -> None:
    request = URLRequest(URL, headers={} if value is None else {"X": value})
    cache.store_cached_response(reply(data_, Vary=names), request)


def test_variants_are_told_apart(cache: URLCache) -> None:
    """By the fields that Vary names; both are kept."""
    vary(cache, "1", b"one")
    vary(cache, "2", b"two")

    def found(**headers: str) -> bytes | None:
        return data(cache, URLRequest(URL, headers=headers))

    assert found(X="1") == b"one"
    assert found(x="2", Y="3") == b"two"
    assert found(X="3") is None
    assert found() is None

    cache.memory_capacity = 0
    assert (found(X="1"), found(X="2"), found()) == (b"one", b"two", None)


def test_variant_of_a_missing_field_is_one_of_its_own(cache: URLCache) -> None:
    """It answers requests that lack the field, too."""
    vary(cache, None, b"none")

    assert data(cache, URL) == b"none"
    assert data(cache, URLRequest(URL, headers={"X": ""})) is None


def test_reply_that_varies_by_everything_is_not_stored(cache: URLCache) -> None:
    """`Vary: *` answers no other request."""
    vary(cache, "1", b"one", "*")

    assert data(cache, URLRequest(URL, headers={"X": "1"})) is None


def test_secrets_tell_replies_apart_and_are_not_written(
    cache: URLCache, tmp_path: Path
) -> None:
    """Neither an Authorization, nor a Cookie, nor a password in the URL."""
    mine = URLRequest(URL, headers={"Authorization": "s3cret-a"})
    cookie = URLRequest(URL, headers={"Cookie": "s3cret-b"})
    in_url = "http://user:s3cret-c@host/path?query"
    put(cache, mine, b"mine")
    put(cache, cookie, b"cookie")
    cache.store_cached_response(reply(b"in url", url=in_url), URLRequest(in_url))
    put(cache, URL, b"nobody's")

    found = [data(cache, one) for one in (mine, cookie, in_url, URL)]
    cache.close()

    assert found == [b"mine", b"cookie", b"in url", b"nobody's"]
    assert data(cache, URLRequest(URL, headers={"Authorization": "other"})) is None
    written = (tmp_path / FILE_NAME).read_bytes()
    assert b"in url" in written
    assert b"s3cret-a" not in written
    assert b"s3cret-b" not in written
    assert b"s3cret-c" not in written


def test_keys_of_requests() -> None:
    """The URL alone for GET; no password in it."""
    assert key_of(URLRequest(URL)) == URL
    assert key_for("HEAD", URL) == f"HEAD {URL}"
    assert key_for("GET", "http://u:p@host:81/a?b#c") == "http://host:81/a?b"
    assert key_for("GET", "custom:thing#part") == "custom:thing"
    assert user_information("http://u:p@host/") == "u:p"
    assert user_information("http://host/@") is None
    assert user_information("custom:a@b") is None
    assert digest("a") == digest("a") != digest("b")


def test_response_of_another_scheme_can_be_stored(cache: URLCache) -> None:
    """As for a protocol class of the program's."""
    request = URLRequest("custom:thing")
    stored = CachedURLResponse(URLResponse("custom:thing", "text/plain", 4), b"body")
    cache.store_cached_response(stored, request)
    cache.memory_capacity = 0

    found = cache.cached_response(request)

    assert found is not None
    assert type(found.response) is URLResponse
    assert found.response.mime_type == "text/plain"


def test_entry_is_none_for_what_answers_no_other_request() -> None:
    """So that callers need not know of Vary."""
    assert entry_of(reply(Vary="*"), "k", lambda _name: None) is None


class Task:
    """As far as a cache needs one."""

    current_request = URLRequest(URL)


@pytest.mark.parity("9:task forms")
def test_task_forms_use_the_tasks_request(cache: URLCache) -> None:
    """And are there to be overridden."""
    task = Task()
    cache.store_cached_response_for_task(reply(), task)

    found = cache.get_cached_response(task)
    cache.remove_cached_response_for_task(task)

    assert found is not None
    assert found.data == b"body"
    assert cache.get_cached_response(task) is None


def test_threads_may_use_one_cache(cache: URLCache) -> None:
    """What is counted is what is there."""
    cache.memory_capacity = 20_000

    def work(name: int) -> None:
        for n in range(100):
            put(cache, f"http://host/{n % 30}", b"x" * (100 * name))
            data(cache, f"http://host/{(n * 7) % 30}")
            if n % 10 == 0:
                cache.remove_cached_response(URLRequest(f"http://host/{n % 30}"))

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()

    assert cache.current_memory_usage <= 20_000
    assert cache.current_memory_usage == sum(e.size for e in cache._by_use.values())


def test_purging_forgets_everything(cache: URLCache) -> None:
    """As at the end of an ephemeral session."""
    put(cache, URL)
    cache.purge()

    assert data(cache, URL) is None
