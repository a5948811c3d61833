"""Which cookies go to a URL, in which order, and which have to go."""

from __future__ import annotations

import pytest

from urlsession.storage.cookies.cookie import HTTPCookie
from urlsession.storage.cookies.jar import (
    MAXIMUM_IN_ALL,
    MAXIMUM_PER_DOMAIN,
    CookieJar,
)
from urlsession.storage.cookies.policy import CookieSameSitePolicy

NOW = 1000.0


def cookie(
    name: str = "a",
    domain: str = "x.example",
    path: str = "/",
    *,
    value: str = "1",
    created_at: float = NOW,
    expires_at: float | None = None,
    is_secure: bool = False,
    policy: CookieSameSitePolicy | None = None,
) -> HTTPCookie:
    """Return a cookie."""
    return HTTPCookie.of(
        name,
        value,
        domain,
        path,
        created_at=created_at,
        expires_at=expires_at,
        is_secure=is_secure,
        same_site_policy=policy,
    )


def jar_of(*cookies: HTTPCookie) -> CookieJar:
    """Return a jar that was given cookies at `NOW`."""
    jar = CookieJar()
    for one in cookies:
        jar.put(one, NOW)
    return jar


def sent(
    jar: CookieJar,
    host: str = "x.example",
    path: str = "/",
    now: float = NOW,
    *,
    is_secure: bool = True,
    is_same_site: bool = True,
) -> str:
    """Return the names of the cookies for a URL, in order."""
    found = jar.matching(
        jar.candidates(host), path, now, is_secure=is_secure, is_same_site=is_same_site
    )
    return " ".join(one.name for one in found)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("x.example", "host below"),
        ("w.x.example", "deep below"),
        ("v.w.x.example", "below"),
        ("yx.example", ""),
        ("example", ""),
    ],
)
def test_cookies_go_to_their_host_or_below_it(host: str, expected: str) -> None:
    """A leading dot means below."""
    jar = jar_of(
        cookie("host", "x.example"),
        cookie("deep", "w.x.example"),
        cookie("below", ".x.example"),
    )

    assert sent(jar, host) == expected


def test_cookies_of_an_address_go_to_it_alone() -> None:
    """Its digits are no labels."""
    jar = jar_of(cookie("whole", "10.1.2.3"), cookie("part", ".2.3"))

    assert sent(jar, "10.1.2.3") == "whole"


def test_longest_path_goes_first_then_the_oldest() -> None:
    """Servers depend on it."""
    jar = jar_of(
        cookie("young", created_at=NOW + 2),
        cookie("old", created_at=NOW),
        cookie("deep", path="/cart/items", created_at=NOW + 3),
        cookie("cart", ".x.example", "/cart", created_at=NOW + 1),
        cookie("other", path="/other"),
    )

    assert sent(jar, path="/cart/items/1") == "deep cart old young"


def test_secure_cookies_go_over_tls_only() -> None:
    """The others go both ways."""
    jar = jar_of(cookie("s", is_secure=True), cookie("p"))

    assert sent(jar, is_secure=True) == "s p"
    assert sent(jar, is_secure=False) == "p"


def test_same_site_cookies_stay_in_their_site() -> None:
    """Both kinds."""
    jar = jar_of(
        cookie("lax", policy=CookieSameSitePolicy.LAX),
        cookie("strict", policy=CookieSameSitePolicy.STRICT),
        cookie("any"),
    )

    assert sent(jar) == "lax strict any"
    assert sent(jar, is_same_site=False) == "any"


def test_expired_cookie_is_taken_away_when_it_is_met() -> None:
    """At the moment of its expiry."""
    jar = jar_of(cookie(expires_at=NOW + 10))

    assert sent(jar, now=NOW + 9.5) == "a"
    assert sent(jar, now=NOW + 10) == ""
    assert len(jar) == 0


def test_cookie_takes_the_place_of_the_one_of_its_key() -> None:
    """And its place in the order."""
    jar = jar_of(cookie("a", created_at=1), cookie("b", created_at=2))

    jar.put(cookie("a", value="2", created_at=3), NOW)

    assert sent(jar) == "a b"
    found = jar.get(("x.example", "/", "a"))
    assert found is not None
    assert (found.value, found.created_at) == ("2", 1)


@pytest.mark.parametrize(
    "other",
    [cookie("b"), cookie(domain=".x.example"), cookie(path="/b")],
    ids=["name", "domain", "path"],
)
def test_cookie_of_another_key_stands_beside(other: HTTPCookie) -> None:
    """Name, domain and path together."""
    assert len(jar_of(cookie(), other)) == 2


def test_expired_cookie_takes_its_predecessor_away() -> None:
    """That is how servers delete."""
    jar = jar_of(cookie(), cookie("b"))

    jar.put(cookie(expires_at=NOW), NOW)

    assert sent(jar) == "b"


def test_changes_are_told_once() -> None:
    """The new cookie of a key, or None; nothing for what stays as it was."""
    jar = jar_of(cookie("a"), cookie("b"))
    jar.remove(("x.example", "/", "b"))

    assert jar.take_changes() == {
        ("x.example", "/", "a"): cookie("a"),
        ("x.example", "/", "b"): None,
    }
    jar.put(cookie("a", created_at=NOW + 5), NOW + 5)
    jar.remove(("x.example", "/", "c"))
    assert jar.take_changes() == {}


def test_cookies_stored_after_a_moment_are_taken_away() -> None:
    """Stored anew counts, being equal does not help."""
    jar = jar_of(cookie("old"), cookie("renewed"))
    jar.put(cookie("renewed"), NOW + 10)
    jar.put(cookie("new"), NOW + 10)

    jar.remove_stored_after(NOW + 5)

    assert sent(jar) == "old"


def test_clear_takes_everything_away() -> None:
    """Other hosts too."""
    jar = jar_of(cookie(is_secure=True), cookie(domain="y.example"))

    jar.clear()

    assert list(jar) == []
    assert not jar.would_overlay_secure(cookie())


@pytest.mark.parametrize(
    ("new", "expected"),
    [
        (cookie(path="/login"), True),
        (cookie(path="/login/en"), True),
        (cookie(path="/"), False),
        (cookie(path="/log"), False),
        (cookie(domain=".x.example", path="/login"), True),
        (cookie(domain="w.x.example", path="/login"), True),
        (cookie(domain="y.example", path="/login"), False),
        (cookie("b", path="/login"), False),
    ],
)
def test_secure_cookie_is_not_overlaid(new: HTTPCookie, expected: bool) -> None:
    """By one of its name, where both would go."""
    jar = jar_of(cookie(path="/login", domain=".x.example", is_secure=True))

    assert jar.would_overlay_secure(new) is expected


def test_domain_holds_so_many_cookies() -> None:
    """Those that need no TLS go first, and those used last stay longest."""
    jar = CookieJar()
    for n in range(MAXIMUM_PER_DOMAIN):
        jar.put(cookie(f"c{n}", is_secure=n < 100), NOW + n)
    used = jar.get(("x.example", "/", "c100"))
    jar.matching(
        jar.candidates("x.example"), "/", NOW + 500, is_secure=False, is_same_site=True
    )
    jar.put(cookie("late", is_secure=True), NOW + 600)

    names = sent(jar).split()
    assert len(names) <= MAXIMUM_PER_DOMAIN
    assert used is not None
    assert set(names) >= {f"c{n}" for n in range(100)} | {"late"}


def test_least_recently_used_has_to_go() -> None:
    """Use counts, not age."""
    jar = CookieJar()
    for n in range(MAXIMUM_PER_DOMAIN):
        jar.put(cookie(f"c{n}", path=f"/{n}"), NOW + n)
    assert sent(jar, path="/0", now=NOW + 500) == "c0"

    jar.put(cookie("late"), NOW + 600)

    assert sent(jar, path="/0") == "c0 late"
    assert sent(jar, path="/1") == "late"


def test_expired_cookies_have_to_go_first() -> None:
    """Before any that can still be sent."""
    jar = CookieJar()
    for n in range(MAXIMUM_PER_DOMAIN):
        expires_at = NOW + 1 if n >= 149 else None
        jar.put(cookie(f"c{n}", path=f"/{n}", expires_at=expires_at), NOW)

    jar.put(cookie("late"), NOW + 10)

    assert {one.name for one in jar} >= {f"c{n}" for n in range(149)}


def test_jar_holds_so_many_cookies() -> None:
    """3000 in all, of ten thousand the last ones."""
    jar = CookieJar()
    for n in range(10_000):
        jar.put(cookie(domain=f"h{n}.example"), NOW + n)

    assert 2700 <= len(jar) <= MAXIMUM_IN_ALL
    assert sent(jar, "h0.example") == ""
    assert sent(jar, "h9999.example") == "a"
    assert sum(1 for one in jar.take_changes().values() if one) == len(jar)


def test_hosts_that_were_looked_up_are_not_kept_for_ever() -> None:
    """A crawler meets many."""
    jar = jar_of(cookie())
    for n in range(5000):
        jar.candidates(f"h{n}.example")

    assert len(jar.by_host) <= 512
    assert sent(jar) == "a"
