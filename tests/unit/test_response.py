"""The head of a response is read when asked for, and says what the server said."""

from __future__ import annotations

import copy
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from urlsession.errors import UsageError
from urlsession.response import TRANSFER_SIZE_UNKNOWN, HTTPURLResponse, URLResponse

URL = "http://host/dir/file.txt?q"
RAW = [
    b"HTTP/1.1 404 Not Found\r\n",
    b'Content-Type: Text/HTML; Charset="UTF-8"\r\n',
    b"Content-Length: 12\r\n",
    b"Set-Cookie: a=1\r\n",
    b"set-cookie: b=2\r\n",
    b"\r\n",
]


def _with(**fields: str) -> HTTPURLResponse:
    headers = {name.replace("_", "-"): value for name, value in fields.items()}
    return HTTPURLResponse(URL, 200, headers=headers)


@pytest.mark.parity("7:url", "7:statusCode")
def test_raw_head_is_read() -> None:
    """Every fact of the head comes out of the lines."""
    response = HTTPURLResponse.from_raw(URL, 404, RAW)

    assert (response.url, response.status_code) == (URL, 404)
    assert (response.http_version, response.reason_phrase) == ("HTTP/1.1", "Not Found")
    assert response.mime_type == "text/html"
    assert response.text_encoding_name == "utf-8"
    assert response.expected_content_length == 12
    assert response.value("content-LENGTH") == "12"
    assert response.value("X") is None
    assert response.headers.get_all("Set-Cookie") == ["a=1", "b=2"]


def test_raw_head_is_read_once() -> None:
    """The same headers are given each time."""
    response = HTTPURLResponse.from_raw(URL, 404, RAW)

    assert response.headers is response.headers


@pytest.mark.parametrize(
    ("line", "version", "reason"),
    [
        pytest.param(b"HTTP/2 200 \r\n", "HTTP/2", "", id="http2"),
        pytest.param(b"HTTP/1.1 200\r\n", "HTTP/1.1", "", id="no-reason"),
        pytest.param(
            b"HTTP/1.0 200 All is well\r\n", "HTTP/1.0", "All is well", id="1.0"
        ),
        pytest.param(b"HTTP/1.1 200 d\xe9j\xe0\n", "HTTP/1.1", "déjà", id="latin-1"),
        pytest.param(b"\r\n", None, "", id="empty"),
    ],
)
def test_status_line_gives(line: bytes, version: str | None, reason: str) -> None:
    """HTTP/2 has no reason phrase, and some servers leave it out."""
    response = HTTPURLResponse.from_raw(URL, 200, [line])

    assert (response.http_version, response.reason_phrase) == (version, reason)


@pytest.mark.parity("7:init(url:statusCode:httpVersion:headerFields:)")
def test_response_can_be_made_by_hand() -> None:
    """As a protocol of one's own, or a test, makes it."""
    response = HTTPURLResponse(URL, 201, "HTTP/1.1", {"Content-Type": "a/b"})

    assert response.status_code == 201
    assert response.http_version == "HTTP/1.1"
    assert response.mime_type == "a/b"
    assert response.reason_phrase == ""


def test_response_without_head_knows_nothing() -> None:
    """No header, no facts, no error."""
    response = HTTPURLResponse(URL, 200)

    assert response.headers == {}
    assert response.http_version is None
    assert response.mime_type is None
    assert response.text_encoding_name is None
    assert response.expected_content_length == TRANSFER_SIZE_UNKNOWN == -1


def test_illegal_header_made_by_hand_is_refused() -> None:
    """Who makes a response is a caller too."""
    with pytest.raises(UsageError, match="'X'"):
        HTTPURLResponse(URL, 200, headers={"X": "a\nb"})


@pytest.mark.parametrize(
    ("value", "charset"),
    [
        ("text/plain; charset=ISO-8859-1", "iso-8859-1"),
        ("text/plain;a=b; CHARSET='utf-8'", "utf-8"),
        ("text/plain; charset=", None),
        ("text/plain; xcharset=utf-8", None),
        ("text/plain", None),
    ],
)
@pytest.mark.parity("7:mimeType", "7:textEncodingName")
def test_charset_of_content_type(value: str, charset: str | None) -> None:
    """The charset parameter only, without quotes, in lower case."""
    assert _with(Content_Type=value).text_encoding_name == charset


@pytest.mark.parametrize("value", ["", ";", " ; charset=x"])
def test_empty_content_type_is_none(value: str) -> None:
    """A type that says nothing is no type."""
    assert _with(Content_Type=value).mime_type is None


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"Content_Length": "abc"}, id="no-number"),
        pytest.param({"Content_Length": "-1"}, id="negative"),
        pytest.param({"Content_Length": "1_0"}, id="underscore"),
        pytest.param({"Content_Length": "²"}, id="superscript"),
        pytest.param({"Content_Length": "9" * 25}, id="absurd"),
        pytest.param({"Content_Length": "5", "Content_Encoding": "gzip"}, id="coded"),
        pytest.param(
            {"Content_Length": "5", "Transfer_Encoding": "chunked"}, id="chunked"
        ),
        pytest.param({}, id="absent"),
    ],
)
@pytest.mark.parity("7:expectedContentLength")
def test_expected_length_is_unknown(fields: dict[str, str]) -> None:
    """A length that cannot be relied on is not given."""
    lines = [f"{n.replace('_', '-')}: {v}".encode() for n, v in fields.items()]
    response = HTTPURLResponse.from_raw(URL, 200, [b"HTTP/1.1 200 OK", *lines])

    assert response.expected_content_length == TRANSFER_SIZE_UNKNOWN


@pytest.mark.parametrize(
    "field",
    [{"Content_Encoding": "deflate"}, {"Transfer_Encoding": "chunked"}],
    ids=str,
)
@pytest.mark.parity("7:expectedContentLength")
def test_expected_length_of_a_made_response_is_what_it_says(
    field: dict[str, str],
) -> None:
    """What a program makes has no body that was decoded (Foundation)."""
    assert _with(Content_Length="997", **field).expected_content_length == 997


def test_expected_length_of_an_identity_coded_body_is_known() -> None:
    """Identity is no coding."""
    response = _with(Content_Length="5", Content_Encoding="Identity")

    assert response.expected_content_length == 5


@pytest.mark.parametrize(
    ("lengths", "expected"), [(["5", "5"], 5), (["5", "6"], TRANSFER_SIZE_UNKNOWN)]
)
def test_repeated_length_counts_if_it_agrees(lengths: list[str], expected: int) -> None:
    """Two lengths that differ are none (RFC 9110, 8.6)."""
    headers = [("Content-Length", length) for length in lengths]

    response = HTTPURLResponse(URL, 200, headers=headers)

    assert response.expected_content_length == expected


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("http://host/dir/file.txt?q#f", "file.txt"),
        ("dir/file.txt?q", "file.txt"),
        ("http://host/a%20b%2Fc.txt", "a b_c.txt"),
        ("http://host", "Unknown"),
        ("other://host", "Unknown"),
        ("http://[host/x", "Unknown"),
        ("http://host/", "host"),
        ("http://host/dir/", "host"),
        ("http://host/..", "host"),
        ("http://[::1]/", "__1"),
        ("file:///tmp/x.bin?y", "x.bin"),
        ("data:,", "Unknown"),
    ],
)
def test_suggested_filename_from_url(url: str, name: str) -> None:
    """The last part of the path, else the host; without a path Foundation's Unknown."""
    assert HTTPURLResponse(url, 200).suggested_filename == name
    assert URLResponse(url).suggested_filename == name


@pytest.mark.parity("7:suggestedFilename")
def test_suggested_filename_prefers_the_disposition() -> None:
    """If it gives a usable one."""
    good = _with(Content_Disposition='attachment; filename="x/y.pdf"')
    bad = _with(Content_Disposition='attachment; filename=".."')

    assert good.suggested_filename == "x_y.pdf"
    assert bad.suggested_filename == "file.txt"


@pytest.mark.parametrize(
    ("code", "words"),
    [(200, "OK"), (404, "Not Found"), (299, "Success"), (999, "Unknown Status")],
)
@pytest.mark.parity("7:localizedString(forStatusCode:)")
def test_localized_string_of(code: int, words: str) -> None:
    """Known codes by name, others by class."""
    assert HTTPURLResponse.localized_string(code) == words


def test_plain_response_keeps_what_it_is_given() -> None:
    """A response that is not HTTP has its facts from its maker."""
    response = URLResponse("data:,x", "text/plain", 1, "us-ascii")

    assert response.mime_type == "text/plain"
    assert response.expected_content_length == 1
    assert response.text_encoding_name == "us-ascii"
    assert repr(response) == "URLResponse('data:,x', 'text/plain')"


def test_response_survives_pickling() -> None:
    """Whether it has been read or not."""
    response = HTTPURLResponse.from_raw(URL, 404, RAW)

    made = pickle.loads(pickle.dumps(response))

    assert made.headers == response.headers
    assert made.reason_phrase == "Not Found"


def test_repr_shows_no_password() -> None:
    """A repr ends in logs."""
    response = HTTPURLResponse("http://me:hunter2@h/", 200)

    assert repr(response) == "HTTPURLResponse('http://me:***@h/', 200)"


@given(st.lists(st.binary(max_size=40), max_size=6))
def test_any_head_can_be_asked_anything(lines: list[bytes]) -> None:
    """Whatever a peer sends, reading it raises nothing."""
    response = HTTPURLResponse.from_raw(URL, 200, lines)

    assert response.expected_content_length >= TRANSFER_SIZE_UNKNOWN
    assert response.suggested_filename
    assert response.mime_type != ""
    assert response.text_encoding_name != ""
    assert response.reason_phrase.strip() == response.reason_phrase
    assert response.http_version != ""


@pytest.mark.parametrize(
    "other",
    [
        URLResponse("a/other", "txt", 0, "utf-8"),
        URLResponse("a/path", "png", 0, "utf-8"),
        URLResponse("a/path", "txt", 1, "utf-8"),
        URLResponse("a/path", "txt", 0, None),
        HTTPURLResponse("a/path", 200),
    ],
    ids=["url", "type", "length", "charset", "http"],
)
def test_responses_differ_by(other: URLResponse) -> None:
    """Each fact counts (Foundation's equality)."""
    response = URLResponse("a/path", "txt", 0, "utf-8")

    assert response != other
    assert response != "a/path"


def test_equal_responses_have_one_hash() -> None:
    """A copy is equal to what it was made of, whatever the case of names."""
    response = HTTPURLResponse(URL, 200, "HTTP/1.1", {"A": "1"})
    same = HTTPURLResponse(URL, 200, "HTTP/1.1", {"a": "1"})

    assert response == copy.copy(response) == pickle.loads(pickle.dumps(response))
    assert response == same
    assert hash(response) == hash(same)
    assert response != HTTPURLResponse(URL, 200, "HTTP/1.1", {"A": "2"})
    assert response != HTTPURLResponse(URL, 201, "HTTP/1.1", {"A": "1"})
