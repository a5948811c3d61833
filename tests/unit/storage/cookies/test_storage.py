"""Who may store cookies, who gets them, and who is told."""

from __future__ import annotations

import os
import pickle
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from urlsession.errors import URLError
from urlsession.storage.cookies.cookie import HTTPCookie
from urlsession.storage.cookies.policy import CookieAcceptPolicy
from urlsession.storage.cookies.storage import HTTPCookieStorage
from urlsession.testing import wait_until
from urlsession.url import parse_url

URL = "https://www.shop.example/cart"


def cookies(*fields: str, url: str = URL) -> list[HTTPCookie]:
    """Return the cookies that a URL sets."""
    found = [HTTPCookie.cookies_from_response({"Set-Cookie": f}, url) for f in fields]
    return [one for each in found for one in each]


def names(storage: HTTPCookieStorage, url: str = URL) -> str:
    """Return the names of the cookies that go to a URL."""
    return " ".join(one.name for one in storage.cookies_for(url))


def test_cookie_is_stored_and_taken_away() -> None:
    """By name, domain and path."""
    storage = HTTPCookieStorage()
    [cookie] = cookies("a=1")

    storage.set_cookie(cookie)
    assert storage.cookies == [cookie]
    storage.delete_cookie(cookie)

    assert storage.cookies == []


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://www.shop.example/cart/1", "c d a"),
        ("https://WWW.shop.example:8443/", "d a"),
        ("http://www.shop.example/cart", "d"),
        ("https://shop.example/", "d"),
        ("wss://www.shop.example/cart/1", "c d a"),
        ("ws://www.shop.example/cart/1", "d"),
        ("https://other.example/", ""),
        ("data:,x", ""),
    ],
)
def test_cookies_for_a_url(url: str, expected: str) -> None:
    """Domain, path, and TLS; longest path first."""
    storage = HTTPCookieStorage()
    fields = (
        "d=1; Domain=shop.example; Path=/",
        "a=1; Path=/; Secure",
        "c=1; Path=/cart; Secure",
    )
    storage.set_cookies(cookies(*fields), URL)

    assert names(storage, url) == expected


def test_url_that_cannot_be_read_is_an_error() -> None:
    """A typing error is not the same as no cookies."""
    with pytest.raises(URLError):
        HTTPCookieStorage().cookies_for("https://")


@pytest.mark.parametrize(
    ("policy", "document", "expected"),
    [
        (CookieAcceptPolicy.ALWAYS, None, "a"),
        (CookieAcceptPolicy.ALWAYS, "https://other.example/", "a"),
        (CookieAcceptPolicy.NEVER, None, ""),
        (CookieAcceptPolicy.ONLY_FROM_MAIN_DOCUMENT_DOMAIN, None, "a"),
        (CookieAcceptPolicy.ONLY_FROM_MAIN_DOCUMENT_DOMAIN, URL, "a"),
        (
            CookieAcceptPolicy.ONLY_FROM_MAIN_DOCUMENT_DOMAIN,
            "http://m.shop.example/x",
            "a",
        ),
        (
            CookieAcceptPolicy.ONLY_FROM_MAIN_DOCUMENT_DOMAIN,
            "https://other.example/",
            "",
        ),
        (CookieAcceptPolicy.ONLY_FROM_MAIN_DOCUMENT_DOMAIN, "about:blank", ""),
    ],
)
def test_policy_says_whose_cookies_are_stored(
    policy: CookieAcceptPolicy, document: str | None, expected: str
) -> None:
    """Third parties are those of another site than the document's."""
    storage = HTTPCookieStorage()
    storage.cookie_accept_policy = policy

    storage.set_cookies(cookies("a=1"), URL, document)

    assert names(storage) == expected


def test_policy_never_holds_for_the_program_too() -> None:
    """As on Apple."""
    storage = HTTPCookieStorage()
    storage.cookie_accept_policy = CookieAcceptPolicy.NEVER

    storage.set_cookie(cookies("a=1")[0])

    assert storage.cookies == []


def test_policy_has_apples_numbers() -> None:
    """And nothing else is a policy."""
    storage = HTTPCookieStorage()
    assert storage.cookie_accept_policy is CookieAcceptPolicy.ALWAYS

    storage.cookie_accept_policy = 2  # type: ignore[assignment]  # a number will do
    assert (
        storage.cookie_accept_policy
        is CookieAcceptPolicy.ONLY_FROM_MAIN_DOCUMENT_DOMAIN
    )
    with pytest.raises(ValueError, match="cookie_accept_policy"):
        storage.cookie_accept_policy = 3  # type: ignore[assignment]  # the mistake under test
    with pytest.raises(TypeError, match="cookie_accept_policy"):
        storage.cookie_accept_policy = "never"  # type: ignore[assignment]  # the mistake under test


@pytest.mark.parametrize(
    ("field", "url", "document"),
    [
        ("a=1", "https://other.example/", None),
        ("a=1; Domain=shop.example", "https://other.example/", None),
        ("a=1; Secure", "http://www.shop.example/cart", None),
        ("a=1; SameSite=Lax", URL, "https://other.example/"),
        ("a=1; SameSite=Strict", URL, "https://other.example/"),
    ],
)
def test_cookie_that_the_url_may_not_set_is_left_out(
    field: str, url: str, document: str | None
) -> None:
    """Of others, without TLS, or across sites."""
    storage = HTTPCookieStorage()

    storage.set_cookies(cookies(field), url, document)

    assert storage.cookies == []


def test_secure_cookie_is_not_hidden_without_tls() -> None:
    """Nor deleted; another one's name and path are free."""
    storage = HTTPCookieStorage()
    plain = "http://www.shop.example/cart"
    storage.set_cookies(cookies("a=1; Secure; Path=/"), URL)

    storage.set_cookies(
        cookies("a=2; Path=/cart", "a=; Max-Age=0; Path=/", "b=2", url=plain), plain
    )

    assert [one.pair for one in storage.cookies_for(URL)] == ["a=1", "b=2"]


@pytest.mark.parametrize("mistake", ["a=1", {"Name": "a"}, None])
def test_what_is_no_cookie_is_refused(mistake: Any) -> None:
    """With what it is; nothing is stored."""
    storage = HTTPCookieStorage()

    with pytest.raises(TypeError, match="is an HTTPCookie, not"):
        storage.set_cookie(mistake)
    with pytest.raises(TypeError, match="is an HTTPCookie, not"):
        storage.set_cookies([*cookies("a=1"), mistake], URL)
    assert storage.cookies == []


def test_cookies_stored_since_a_date_are_taken_away() -> None:
    """A date has a time zone."""
    storage = HTTPCookieStorage()
    storage.set_cookies(cookies("a=1"), URL)
    now = datetime.now(UTC)

    storage.remove_cookies_since(now + timedelta(seconds=5))
    assert names(storage) == "a"
    with pytest.raises(ValueError, match="time zone"):
        storage.remove_cookies_since(datetime(2030, 1, 1))  # noqa: DTZ001  # the mistake under test
    storage.remove_cookies_since(now - timedelta(seconds=5))

    assert storage.cookies == []


def test_expired_cookies_are_not_shown() -> None:
    """Before anybody met them."""
    storage = HTTPCookieStorage()
    [cookie] = cookies("a=1; Max-Age=60")
    storage._jar.put(
        HTTPCookie.of(
            "b", "1", cookie.domain, "/", created_at=0, expires_at=cookie.created_at
        ),
        0.0,
    )
    storage.set_cookie(cookie)

    assert storage.cookies == [cookie]


def test_change_is_told(caplog: pytest.LogCaptureFixture) -> None:
    """Each that is one, after it; what the callback raises is logged."""
    storage = HTTPCookieStorage()
    told: list[list[str]] = []
    storage.on_change = lambda one: told.append([c.name for c in one.cookies])
    [cookie] = cookies("a=1")

    storage.set_cookie(cookie)
    storage.set_cookie(cookie)
    storage.set_cookies([], URL)
    storage.delete_cookie(cookie)
    storage.delete_cookie(cookie)
    storage.purge()
    assert told == [["a"], []]

    storage.on_change = lambda _: 1 / 0
    storage.set_cookie(cookie)
    assert names(storage) == "a"
    assert "on_change" in caplog.text


def test_callback_may_use_the_storage_from_another_thread() -> None:
    """No lock is held."""
    storage = HTTPCookieStorage()
    found: list[str] = []

    def look(one: HTTPCookieStorage) -> None:
        thread = threading.Thread(target=lambda: found.append(names(one)))
        thread.start()
        thread.join(5)

    storage.on_change = look
    storage.set_cookies(cookies("a=1"), URL)

    assert found == ["a"]


def test_fields_of_a_response_are_stored_by_the_policy_given() -> None:
    """Not by the storage's own."""
    storage = HTTPCookieStorage()
    parts = parse_url(URL)

    assert not storage.receive(["a=1"], parts, None, CookieAcceptPolicy.NEVER)
    assert storage.receive(["a=1"], parts, None, CookieAcceptPolicy.ALWAYS)
    assert not storage.receive(["a=1", ""], parts, None, CookieAcceptPolicy.ALWAYS)

    assert names(storage) == "a"


def test_host_without_cookies_is_known() -> None:
    """Once it was asked for, until a cookie comes."""
    storage = HTTPCookieStorage()
    assert names(storage) == ""
    assert storage.has_nothing_for("www.shop.example")

    storage.set_cookies(cookies("a=1"), URL)

    assert not storage.has_nothing_for("www.shop.example")


def test_storage_in_a_file_is_read_by_the_next(tmp_path: Path) -> None:
    """A path as text will do."""
    first = HTTPCookieStorage(str(tmp_path / "cookies.db"))
    first.set_cookies(cookies("a=1; Max-Age=60", "b=1"), URL)
    second = HTTPCookieStorage(tmp_path / "cookies.db")

    assert names(second) == "a"
    assert second.path == first.path == tmp_path / "cookies.db"
    assert "cookies.db" in repr(second)
    first.close()
    second.close()


def test_threads_may_all_store(tmp_path: Path) -> None:
    """Nothing is lost and nothing raises."""
    storage = HTTPCookieStorage(tmp_path / "cookies.db")
    errors: list[BaseException] = []

    def work(n: int) -> None:
        try:
            for m in range(20):
                storage.set_cookies(cookies(f"c{n}x{m}=1; Max-Age=60"), URL)
                storage.cookies_for(URL)
        except BaseException as error:  # shown below
            errors.append(error)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(15)

    assert errors == []
    assert len(storage.cookies) == 80
    storage.close()


@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
def test_forked_child_has_the_cookies_and_may_store(tmp_path: Path) -> None:
    """Even while a thread of the parent is inside."""
    storage = HTTPCookieStorage(tmp_path / "cookies.db")
    storage.set_cookies(cookies("a=1; Max-Age=60", "s=1"), URL)

    with storage._lock:
        child = os.fork()
        if not child:
            storage.set_cookies(cookies("b=1; Max-Age=60"), URL)
            os._exit(0 if names(storage) == "a s b" else 1)
    _, status = os.waitpid(child, 0)

    assert os.waitstatus_to_exitcode(status) == 0
    assert wait_until(lambda: names(storage) == "a s b", 5)
    storage.close()


def test_storage_is_not_pickled() -> None:
    """Its cookies can be."""
    with pytest.raises(TypeError):
        pickle.dumps(HTTPCookieStorage())
