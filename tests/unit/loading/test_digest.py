"""Digest answers, against the examples of the RFCs."""

from __future__ import annotations

import hashlib
import re

import pytest

from urlsession.loading.digest import DigestSession, digest_rank

NONCE = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"
CNONCE = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
RFC7616 = {
    "realm": "http-auth@example.org",
    "qop": "auth, auth-int",
    "nonce": NONCE,
    "opaque": "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS",
}


def field(answer: str, name: str) -> str | None:
    """Return one parameter of an answer."""
    match = re.search(rf'\b{name}="?([^",]*)"?', answer)
    return None if match is None else match[1]


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_answer_is_the_one_of_the_rfc(algorithm: str, response: str) -> None:
    """RFC 7616, section 3.9.1."""
    session = DigestSession(
        {**RFC7616, "algorithm": algorithm}, "Mufasa", "Circle of Life", CNONCE
    )

    answer = session.answer("GET", "/dir/index.html", b"")

    assert field(answer, "response") == response
    assert field(answer, "algorithm") == algorithm
    assert "qop=auth, nc=00000001" in answer


def test_user_is_hashed_on_demand() -> None:
    """RFC 7616, section 3.9.2: the name, its hash and SHA-512/256."""
    parameters = {
        "realm": "api@example.org",
        "qop": "auth",
        "algorithm": "SHA-512-256",
        "nonce": "5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK",
        "opaque": "HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS",
        "charset": "UTF-8",
        "userhash": "true",
    }
    cnonce = "NTg6RKcb9boFIAS3KrFK9BGeh+niz/sm"
    if "sha512_256" not in hashlib.algorithms_available:
        pytest.skip("needs SHA-512/256")
    session = DigestSession(parameters, "Jäsøn Doe", "Secret, or not?", cnonce)

    answer = session.answer("GET", "/doe.json", b"")

    assert "userhash=true" in answer


def test_old_form_has_no_count() -> None:
    """RFC 2069: no qop, and the example of RFC 2617 without it."""
    parameters = {"realm": "r", "nonce": "n"}
    a1 = hashlib.md5(b"u:r:p", usedforsecurity=False).hexdigest()
    a2 = hashlib.md5(b"GET:/", usedforsecurity=False).hexdigest()
    expected = hashlib.md5(f"{a1}:n:{a2}".encode(), usedforsecurity=False).hexdigest()

    answer = DigestSession(parameters, "u", "p").answer("GET", "/", b"")

    assert field(answer, "response") == expected
    assert "nc=" not in answer


def test_session_algorithm_mixes_the_nonces_in() -> None:
    """A1 of MD5-sess."""
    parameters = {"realm": "r", "nonce": "n", "qop": "auth", "algorithm": "MD5-sess"}

    def md5(text: str) -> str:
        return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()

    secret = md5(f"{md5('u:r:p')}:n:c")
    expected = md5(f"{secret}:n:00000001:c:auth:{md5('GET:/')}")

    answer = DigestSession(parameters, "u", "p", "c").answer("GET", "/", b"")

    assert field(answer, "response") == expected


def test_body_is_covered_where_only_that_is_offered() -> None:
    """And not where the server leaves the choice."""
    parameters = {"realm": "r", "nonce": "n", "qop": "auth-int"}
    session = DigestSession(parameters, "u", "p", "c")

    one = session.answer("POST", "/", b"one")
    session = DigestSession(parameters, "u", "p", "c")
    other = session.answer("POST", "/", b"other")

    assert session.covers_body()
    assert "qop=auth-int" in one
    assert field(one, "response") != field(other, "response")


def test_count_grows_with_each_answer_and_begins_anew_with_a_nonce() -> None:
    """A server refuses a count that it has seen."""
    session = DigestSession(RFC7616, "u", "p")
    counts = [field(session.answer("GET", "/", b""), "nc") for _ in range(2)]

    session.take_info('nextnonce="another"')
    answer = session.answer("GET", "/", b"")

    assert counts == ["00000001", "00000002"]
    assert field(answer, "nonce") == "another"
    assert field(answer, "nc") == "00000001"


def test_quotes_in_names_are_escaped() -> None:
    """A quote cannot end the value."""
    parameters = {"realm": 'a"b\\c', "nonce": "n"}

    answer = DigestSession(parameters, 'us"er', "p").answer("GET", "/", b"")

    assert 'username="us\\"er"' in answer
    assert 'realm="a\\"b\\\\c"' in answer


@pytest.mark.parametrize(
    ("parameters", "rank"),
    [
        ({"nonce": "n"}, 0),
        ({"nonce": "n", "algorithm": "SHA-256", "qop": "auth"}, 1),
        ({"nonce": "n", "algorithm": "sha-256-SESS", "qop": "auth"}, 1),
        ({"nonce": "n", "algorithm": "SHA-1"}, None),
        ({"nonce": "n", "qop": "other"}, None),
        ({"algorithm": "MD5"}, None),
    ],
)
def test_rank_says_what_can_be_answered(
    parameters: dict[str, str], rank: int | None
) -> None:
    """The stronger hash is worth more; what is unknown is not answered."""
    assert digest_rank(parameters) == rank
