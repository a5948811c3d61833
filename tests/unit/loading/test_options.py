"""Foundation's values in libcurl's terms."""

from __future__ import annotations

import io
import math
from collections.abc import Iterable
from typing import Any

import pycurl
import pytest

from urlsession.configuration import TLSProtocolVersion, URLSessionConfiguration
from urlsession.loading.body import BodyReader
from urlsession.loading.options import (
    body_options,
    header_options,
    session_headers,
    session_options,
    stream_options,
    with_options,
)
from urlsession.request import URLRequest

URL = "http://a.example/"
LANGUAGE_VARIABLES = ("LC_ALL", "LC_MESSAGES", "LANG")


@pytest.fixture(autouse=True)
def no_language(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the environment name no language."""
    for name in LANGUAGE_VARIABLES:
        monkeypatch.delenv(name, raising=False)


def configuration(**values: Any) -> URLSessionConfiguration:
    """Return a configuration with some values set."""
    one = URLSessionConfiguration.ephemeral()
    for name, value in values.items():
        setattr(one, name, value)
    return one


def header_lines(
    request: URLRequest, fields: Iterable[tuple[str, str]] = ()
) -> list[bytes]:
    """Return the header lines that libcurl is given."""
    ((option, lines),) = header_options(request, list(fields))
    assert option == pycurl.HTTPHEADER
    assert isinstance(lines, list)
    return lines


def told(request: URLRequest, reader: BodyReader | None = None) -> dict[int, Any]:
    """Return the options for method and body."""
    return dict(body_options(request, reader, header_options(request, [])))


# -- the session -------------------------------------------------------------------


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"http_protocol": "http/1.1"},
        {"http_protocol": "h2"},
        {"tls_minimum_supported_protocol_version": TLSProtocolVersion.TLSV13},
        {"maximum_connection_lifetime": 0.5},
    ],
)
def test_options_of_a_session_are_taken_by_libcurl(values: dict[str, Any]) -> None:
    """Each of them."""
    curl = pycurl.Curl()
    try:
        for option, value in session_options(configuration(**values)):
            curl.setopt(option, value)
    finally:
        curl.close()


@pytest.mark.parametrize(
    ("protocol", "version"),
    [
        (None, pycurl.CURL_HTTP_VERSION_2TLS),
        ("http/1.1", pycurl.CURL_HTTP_VERSION_1_1),
        ("h2", pycurl.CURL_HTTP_VERSION_2_0),
    ],
)
def test_protocol_is_negotiated_unless_it_is_set(
    protocol: str | None, version: int
) -> None:
    """HTTP/2 over TLS only: without it, who speaks it is not known."""
    options = dict(session_options(configuration(http_protocol=protocol)))

    assert options[pycurl.HTTP_VERSION] == version


@pytest.mark.parametrize(
    ("lifetime_s", "told_s"),
    [(None, None), (math.inf, None), (0.2, 1), (60.0, 60), (60.1, 61)],
)
def test_lifetime_of_connections_is_rounded_up(
    lifetime_s: float | None, told_s: int | None
) -> None:
    """Libcurl counts whole seconds, and takes 0 for none."""
    options = dict(
        session_options(configuration(maximum_connection_lifetime=lifetime_s))
    )

    assert options.get(pycurl.MAXLIFETIME_CONN) == told_s


@pytest.mark.parity("2:tlsMinimum/MaximumSupportedProtocolVersion")
def test_tls_versions_are_a_range() -> None:
    """Both ends are told in one number."""
    one = configuration(
        tls_maximum_supported_protocol_version=TLSProtocolVersion.TLSV12
    )

    assert dict(session_options(one))[pycurl.SSLVERSION] == (
        pycurl.SSLVERSION_TLSv1_2 | pycurl.SSLVERSION_MAX_TLSv1_2
    )


@pytest.mark.parametrize(
    ("variables", "language"),
    [
        ({"LANG": "de_CH.UTF-8"}, "de-CH,de;q=0.9"),
        ({"LANG": "fr"}, "fr"),
        ({"LANG": "sr_RS@latin"}, "sr-RS,sr;q=0.9"),
        ({"LANG": "de_DE", "LC_MESSAGES": "en_GB"}, "en-GB,en;q=0.9"),
        ({"LANG": "de_DE", "LC_MESSAGES": "en_GB", "LC_ALL": "it"}, "it"),
        ({"LANG": "C.UTF-8"}, None),
        ({"LANG": "de_DE", "LC_ALL": "POSIX"}, None),
        ({"LANG": ""}, None),
        ({}, None),
    ],
)
@pytest.mark.parity("15:default headers")
def test_language_is_the_users(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], language: str | None
) -> None:
    """By the variables in the order that the C library asks them."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    fields = dict(session_headers(configuration()))

    assert fields.get("Accept-Language") == language


def test_language_of_the_configuration_beats_the_users(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In any case of letters."""
    monkeypatch.setenv("LANG", "de_CH")
    one = configuration(http_additional_headers={"accept-language": "rm"})

    assert session_headers(one) == [("accept-language", "rm")]
    assert len(one.http_additional_headers) == 1


# -- header fields -----------------------------------------------------------------


def test_field_of_the_request_beats_the_sessions() -> None:
    """All of that name, in any case of letters."""
    request = URLRequest(URL, headers={"x-a": "own"})
    lines = header_lines(request, [("X-A", "session"), ("X-B", "session")])

    assert lines == [b"x-a: own", b"X-B: session", b"Expect:"]


def test_repeated_field_is_sent_as_often() -> None:
    """In order."""
    request = URLRequest(URL, headers=[("X-A", "1"), ("X-A", "2")])

    assert header_lines(request)[:2] == [b"X-A: 1", b"X-A: 2"]


def test_empty_field_is_sent_empty() -> None:
    """Libcurl takes a colon with nothing after it for "leave it out"."""
    assert header_lines(URLRequest(URL, headers={"X-A": ""}))[0] == b"X-A;"


def test_expectation_is_the_requests_own_affair() -> None:
    """Libcurl adds none."""
    request = URLRequest(URL, headers={"expect": "100-continue"})

    assert header_lines(request) == [b"expect: 100-continue"]


def test_field_is_sent_in_latin_1() -> None:
    """As HTTP has it."""
    assert header_lines(URLRequest(URL, headers={"X-A": "é"}))[0] == b"X-A: \xe9"


# -- method and body ---------------------------------------------------------------


def test_get_sets_nothing_beyond_the_fields() -> None:
    """The usual case."""
    assert set(told(URLRequest(URL))) == {pycurl.HTTPHEADER}


@pytest.mark.parametrize(
    ("method", "body", "expected"),
    [
        ("HEAD", None, {pycurl.NOBODY: 1}),
        ("DELETE", None, {pycurl.CUSTOMREQUEST: "DELETE"}),
        ("POST", None, {pycurl.POSTFIELDS: b""}),
        ("PUT", None, {pycurl.POSTFIELDS: b"", pycurl.CUSTOMREQUEST: "PUT"}),
        ("POST", b"x", {pycurl.POSTFIELDS: b"x"}),
        ("PATCH", b"x", {pycurl.POSTFIELDS: b"x", pycurl.CUSTOMREQUEST: "PATCH"}),
        ("GET", b"x", {pycurl.POSTFIELDS: b"x", pycurl.CUSTOMREQUEST: "GET"}),
        ("DELETE", b"", {pycurl.POSTFIELDS: b"", pycurl.CUSTOMREQUEST: "DELETE"}),
    ],
)
def test_method_and_body_are_told(
    method: str, body: bytes | None, expected: dict[int, object]
) -> None:
    """Those that have a body by their nature get an empty one."""
    options = told(URLRequest(URL, method=method, body=body))
    del options[pycurl.HTTPHEADER]

    assert options == expected


@pytest.mark.parametrize(
    ("method", "body", "headers", "is_suppressed"),
    [
        ("POST", b"x", {}, False),
        ("PUT", b"x", {}, True),
        ("POST", None, {}, True),
        ("PUT", b"x", {"content-type": "text/plain"}, False),
    ],
)
def test_content_type_is_made_up_for_post_only(
    method: str, body: bytes | None, headers: dict[str, str], is_suppressed: bool
) -> None:
    """Foundation calls a body without a type a form there; libcurl everywhere."""
    request = URLRequest(URL, method=method, body=body, headers=headers)

    assert (b"Content-Type:" in told(request)[pycurl.HTTPHEADER]) is is_suppressed


@pytest.mark.parametrize(
    ("source", "headers", "size"),
    [
        (io.BytesIO(b"body"), {}, 4),
        (iter([b"body"]), {}, -1),
        (iter([b"body"]), {"Content-Length": "9"}, 9),
        (iter([b"body"]), {"Content-Length": "nine"}, -1),
    ],
    ids=["file", "iterable", "given", "nonsense"],
)
def test_stream_is_sent_with_the_length_that_is_known(
    source: Any, headers: dict[str, str], size: int
) -> None:
    """-1 makes libcurl send it in chunks."""
    reader = BodyReader(source)
    options = told(URLRequest(URL, method="POST", headers=headers), reader)

    assert options[pycurl.INFILESIZE_LARGE] == size
    assert options[pycurl.CUSTOMREQUEST] == "POST"
    assert options[pycurl.READFUNCTION] == reader.read_for_curl


def test_body_that_is_decoded_here_is_not_decoded_by_libcurl() -> None:
    """What is offered is what can be decoded here."""
    options = dict(stream_options())

    assert options[pycurl.HTTP_CONTENT_DECODING] == 0
    assert "gzip" in str(options[pycurl.ACCEPT_ENCODING])


def test_options_that_are_added_count() -> None:
    """Fields replace those of their name; the last of an option is libcurl's."""
    before = [(pycurl.HTTPHEADER, [b"A: 1", b"B;"]), (pycurl.UPLOAD, 1)]

    made = with_options(before, [(pycurl.HTTPHEADER, [b"b: 2"]), (pycurl.UPLOAD, 0)])

    assert made == [
        (pycurl.HTTPHEADER, [b"A: 1", b"b: 2"]),
        (pycurl.UPLOAD, 1),
        (pycurl.UPLOAD, 0),
    ]
    assert with_options([], [(pycurl.HTTPHEADER, [b"b: 2"])]) == [
        (pycurl.HTTPHEADER, [b"b: 2"])
    ]


@pytest.mark.parametrize("first", [pycurl.PREREQFUNC_OK, pycurl.PREREQFUNC_ABORT])
def test_each_gate_before_a_request_is_asked(first: int) -> None:
    """The added one first: a request that it stops was not sent at all."""
    asked: list[str] = []

    def gate(name: str, answer: int) -> tuple[int, object]:
        def ask(*_: object) -> int:
            asked.append(name)
            return answer

        return pycurl.PREREQFUNCTION, ask

    made = with_options([gate("before", pycurl.PREREQFUNC_OK)], [gate("added", first)])
    option, last = made[-1]

    assert option == pycurl.PREREQFUNCTION
    assert callable(last)
    assert last("127.0.0.1", "127.0.0.1", 1, 2) == first
    allowed = first == pycurl.PREREQFUNC_OK
    assert asked == (["added", "before"] if allowed else ["added"])
