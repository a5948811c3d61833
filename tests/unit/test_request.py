"""A request keeps what it is asked for and refuses what cannot be sent."""

from __future__ import annotations

import copy
import io
import json
import math
import pickle
from pathlib import Path

import pytest

from urlsession.errors import URLError, URLErrorCode, UsageError
from urlsession.headers import HTTPHeaders
from urlsession.request import (
    Attribution,
    Body,
    BodyStream,
    CachePolicy,
    NetworkServiceType,
    URLRequest,
)

URL = "http://host/path"


@pytest.mark.parity("6:init(url:cachePolicy:timeoutInterval:)")
def test_request_has_foundations_defaults() -> None:
    """A request that is only a URL is Foundation's."""
    request = URLRequest(URL)

    assert (request.url, request.http_method) == (URL, "GET")
    assert request.cache_policy is CachePolicy.USE_PROTOCOL_CACHE_POLICY
    assert request.timeout_interval == 60.0
    assert request.explicit_timeout_interval is None
    assert request.network_service_type is NetworkServiceType.DEFAULT
    assert request.attribution is Attribution.DEVELOPER
    assert request.main_document_url is None
    assert request.http_should_handle_cookies
    assert request.http_body is None
    assert request.http_body_stream is None
    assert request.headers == {}


def test_defaults_are_not_shared_between_requests() -> None:
    """Defaults on the class do not make headers common to all."""
    URLRequest(URL).headers.set("A", "1")

    assert URLRequest(URL).headers == {}
    assert URLRequest(URL).header_items() == ()


def test_parts_are_of_the_url_as_it_is_now() -> None:
    """A new URL has new parts."""
    request = URLRequest(URL)
    assert request.parts.host == "host"

    request.url = "http://other/"

    assert request.parts.host == "other"


@pytest.mark.parity("6:url")
def test_url_is_read_when_needed() -> None:
    """A request with a broken URL can be made; it fails when it is run."""
    request = URLRequest("http://")

    with pytest.raises(URLError) as caught:
        _ = request.parts
    assert caught.value.code is URLErrorCode.BAD_URL


def test_url_that_is_no_str_is_refused_at_once() -> None:
    """A path is not a URL."""
    with pytest.raises(TypeError, match="url must be a str"):
        URLRequest(Path("/x"))  # type: ignore[arg-type]  # the mistake under test


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("post", "POST"),
        ("Get", "GET"),
        ("heAD", "HEAD"),
        ("put", "PUT"),
        ("dElEte", "DELETE"),
        ("connect", "CONNECT"),
        ("options", "options"),
        ("trace", "trace"),
        ("patch", "patch"),
        ("PurGe", "PurGe"),
        (None, "GET"),
    ],
)
@pytest.mark.parity("6:httpMethod")
def test_method_is_upper_cased_if_it_is_one_of_foundations(
    given: str | None, kept: str
) -> None:
    """Six are; others keep their case: methods are case-sensitive."""
    request = URLRequest(URL, method="PUT")

    request.http_method = given

    assert request.http_method == kept


@pytest.mark.parametrize("method", ["options", "Trace", "patch", "delete"])
def test_usual_method_is_upper_cased_for_the_maker_of_a_request(method: str) -> None:
    """Servers know them in capitals only."""
    assert URLRequest(URL, method=method).http_method == method.upper()


@pytest.mark.parametrize("method", ["", "GET ", "GE T", "GET\r\nX: 1", "É"])
def test_method_that_is_no_token_is_refused(method: str) -> None:
    """A method cannot smuggle a request in."""
    with pytest.raises(UsageError, match="method"):
        URLRequest(URL, method=method)


def test_method_of_another_type_is_refused() -> None:
    """Bytes are not a method."""
    with pytest.raises(TypeError, match="method must be a str"):
        URLRequest(URL, method=b"GET")  # type: ignore[arg-type]  # the mistake under test


@pytest.mark.parity("6:allHTTPHeaderFields, value, setValue, addValue")
def test_header_values_are_read_and_changed() -> None:
    """Foundation's three methods, without case."""
    request = URLRequest(URL, headers={"Accept": "a"})

    request.set_value("X-One", "1")
    request.add_value("accept", "b")
    request.add_value("X-Two", "2")

    assert request.value("ACCEPT") == "a,b"
    assert request.value("x-one") == "1"
    assert request.value("x-two") == "2"
    assert request.value("x-three") is None


def test_header_set_to_none_is_removed() -> None:
    """As on Apple, None takes the field away."""
    request = URLRequest(URL, headers=[("A", "1"), ("a", "2"), ("B", "3")])

    request.set_value("A", None)
    request.set_value("Missing", None)

    assert request.header_items() == [("B", "3")]


def test_headers_are_copied_in() -> None:
    """Later changes of the argument do not reach the request."""
    headers = HTTPHeaders({"A": "1"})
    request = URLRequest(URL, headers=headers)

    headers.set("A", "2")

    assert request.value("A") == "1"


def test_headers_can_be_replaced_and_cleared() -> None:
    """The property takes anything that headers are made from."""
    request = URLRequest(URL, headers={"A": "1"})

    request.headers = {"B": "2"}
    assert request.headers == {"B": "2"}
    request.headers = None

    assert request.headers == {}


def test_illegal_header_is_refused_at_the_call() -> None:
    """The caller's mistake is told to the caller."""
    with pytest.raises(UsageError, match="'X'"):
        URLRequest(URL, headers={"X": "a\r\nb"})
    with pytest.raises(UsageError, match="'X'"):
        URLRequest(URL).set_value("X", "a\nb")


def test_json_sets_body_and_type() -> None:
    """The value arrives as it was, letters outside ASCII included."""
    request = URLRequest(URL, method="POST", json={"ü": [1, None]})

    assert request.http_body == '{"ü":[1,null]}'.encode()
    assert request.value("Content-Type") == "application/json"


def test_json_none_is_null() -> None:
    """None is a JSON value, not the lack of one."""
    assert URLRequest(URL, json=None).http_body == b"null"


def test_json_keeps_a_content_type_that_was_given() -> None:
    """A type of one's own wins, in whatever case."""
    headers = {"content-type": "application/vnd.api+json"}

    request = URLRequest(URL, json=1, headers=headers)

    assert request.header_items() == [("content-type", "application/vnd.api+json")]


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_json_of_no_number_is_refused(value: float) -> None:
    """NaN is not JSON, though Python would write it."""
    with pytest.raises(ValueError, match="JSON compliant"):
        URLRequest(URL, json=value)


def test_json_of_what_is_no_json_is_refused() -> None:
    """The reason is json's own."""
    with pytest.raises(TypeError, match="serializable"):
        URLRequest(URL, json=object())


def test_form_is_encoded_in_order() -> None:
    """Names may repeat; letters outside ASCII are UTF-8."""
    pairs = URLRequest(URL, form=[("a", "1 2"), ("b", "ü"), ("a", "&")])
    mapping = URLRequest(URL, form={"a": ["1", "2"], "b": "x"})

    assert pairs.http_body == b"a=1+2&b=%C3%BC&a=%26"
    assert mapping.http_body == b"a=1&a=2&b=x"
    assert pairs.value("Content-Type") == "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    "body",
    [b"\xc3\xbc", bytearray(b"\xc3\xbc"), memoryview(b"\xc3\xbc"), "ü"],
    ids=["bytes", "bytearray", "memoryview", "str"],
)
def test_body_of_bytes_or_text_is_kept_as_bytes(body: Body) -> None:
    """Text is sent as UTF-8, without a type that nobody gave."""
    request = URLRequest(URL, body=body)

    assert request.http_body == b"\xc3\xbc"
    assert type(request.http_body) is bytes
    assert request.header_items() == ()


@pytest.mark.parametrize(
    "stream",
    [Path("some/file"), io.BytesIO(b"x"), [b"a", b"b"], iter([b"a"])],
    ids=["path", "file", "list", "iterator"],
)
def test_body_that_is_read_later_is_a_stream(stream: BodyStream) -> None:
    """Both spellings keep the very object."""
    assert URLRequest(URL, body=stream).http_body_stream is stream
    assert URLRequest(URL, body_stream=stream).http_body_stream is stream
    assert URLRequest(URL, body=stream).http_body is None


@pytest.mark.parametrize(
    "body", [{"a": "1"}, 3, object()], ids=["dict", "int", "object"]
)
def test_body_of_another_kind_is_refused(body: Body) -> None:
    """A dict has json= and form=; its keys are no body."""
    with pytest.raises(TypeError, match="a body stream is"):
        URLRequest(URL, body=body)


def test_body_stream_of_bytes_is_refused() -> None:
    """Iterating bytes gives numbers."""
    with pytest.raises(TypeError, match="a body stream is"):
        URLRequest(URL, body_stream=b"x")  # type: ignore[arg-type]  # the mistake under test


def test_http_body_of_text_is_refused() -> None:
    """Foundation's property takes data; `body=` takes text."""
    with pytest.raises(TypeError, match="http_body must be bytes"):
        URLRequest(URL).http_body = "x"  # type: ignore[assignment]  # the mistake under test


@pytest.mark.parity("6:httpBody / httpBodyStream")
def test_stream_takes_the_place_of_the_body() -> None:
    """The two exclude each other."""
    request = URLRequest(URL, body=b"x")

    request.http_body_stream = [b"y"]

    assert request.http_body is None


@pytest.mark.parity("6:httpBody / httpBodyStream")
def test_body_takes_the_place_of_the_stream() -> None:
    """The other way too; None takes away both."""
    request = URLRequest(URL, body=[b"x"])

    request.http_body = bytearray(b"z")
    cleared = request.copy()
    cleared.http_body = None

    assert (request.http_body, request.http_body_stream) == (b"z", None)
    assert (cleared.http_body, cleared.http_body_stream) == (None, None)


def test_two_bodies_are_refused() -> None:
    """Which one was meant cannot be known, not even of json=None."""
    with pytest.raises(TypeError, match="not two"):
        URLRequest(URL, json=None, form={"a": "1"})
    with pytest.raises(TypeError, match="not two"):
        URLRequest(URL, form={"a": "1"}, body=b"x")
    with pytest.raises(TypeError, match="not two"):
        URLRequest(URL, body=b"x", body_stream=[b"y"])


@pytest.mark.parity("6:timeoutInterval")
def test_explicit_timeout_is_remembered() -> None:
    """An explicit 60 is not the default of 60: it beats the session's."""
    request = URLRequest(URL, timeout_interval=60)

    assert request.explicit_timeout_interval == request.timeout_interval == 60.0
    request.timeout_interval = math.inf

    assert request.explicit_timeout_interval == math.inf


@pytest.mark.parametrize("seconds", [0, -1.5, math.nan])
def test_timeout_out_of_range_is_refused(seconds: float) -> None:
    """Nothing can be loaded in no time."""
    with pytest.raises(ValueError, match="timeout_interval must be above 0"):
        URLRequest(URL, timeout_interval=seconds)


@pytest.mark.parametrize("seconds", ["5", True])
def test_timeout_of_another_type_is_refused(seconds: float) -> None:
    """True is no number of seconds."""
    with pytest.raises(TypeError, match="timeout_interval must be a number"):
        URLRequest(URL, timeout_interval=seconds)


def test_cache_policy_is_checked() -> None:
    """Apple's numbers are accepted, others are not."""
    request = URLRequest(
        URL, cache_policy=CachePolicy(3), main_document_url="http://m/"
    )

    assert request.cache_policy is CachePolicy.RETURN_CACHE_DATA_DONT_LOAD
    assert request.main_document_url == "http://m/"
    with pytest.raises(ValueError, match="7"):
        URLRequest(URL, cache_policy=7)  # type: ignore[arg-type]  # the mistake under test


@pytest.mark.parity("3.1:originalRequest")
def test_copy_changes_on_its_own() -> None:
    """A task's copy is not reached by later changes."""
    request = URLRequest(URL, method="PUT", headers={"A": "1"}, body=b"x")
    request.allows_cellular_access = False

    made = request.copy()
    twin = copy.copy(request)
    request.headers.set("A", "2")
    request.http_body = b"y"

    for one in (made, twin):
        assert (one.value("A"), one.http_body, one.http_method) == ("1", b"x", "PUT")
        assert not one.allows_cellular_access


def test_copy_shares_the_stream() -> None:
    """A stream cannot be had twice."""
    stream = io.BytesIO(b"x")

    assert URLRequest(URL, body=stream).copy().http_body_stream is stream


def test_request_survives_pickling() -> None:
    """A request with bytes can go to another process."""
    request = URLRequest(URL, method="POST", json=[1], timeout_interval=5)

    made = pickle.loads(pickle.dumps(request))

    assert made == request
    assert made.headers == request.headers
    assert json.loads(made.http_body) == [1]
    assert made.explicit_timeout_interval == 5.0


def test_equality_ignores_headers_timeout_and_body() -> None:
    """Foundation's equality is narrower than one expects."""
    first = URLRequest(URL, headers={"A": "1"}, body=b"x", timeout_interval=1)

    assert first == URLRequest(URL)
    assert hash(first) == hash(URLRequest(URL))
    assert first != URL


@pytest.mark.parametrize(
    "other",
    [
        URLRequest("http://host/other"),
        URLRequest(URL, method="PUT"),
        URLRequest(URL, main_document_url="http://m/"),
        URLRequest(URL, cache_policy=CachePolicy.RETURN_CACHE_DATA_ELSE_LOAD),
        URLRequest(URL, body=[b"x"]),
    ],
    ids=["url", "method", "main-document", "cache-policy", "stream"],
)
def test_requests_differ_by(other: URLRequest) -> None:
    """Each of these alone makes two requests different."""
    assert URLRequest(URL) != other


def test_requests_differ_by_flags() -> None:
    """So does either of the flags that Foundation counts."""
    for name in ("allows_cellular_access", "http_should_handle_cookies"):
        other = URLRequest(URL)
        setattr(other, name, False)

        assert URLRequest(URL) != other


def test_repr_shows_no_password() -> None:
    """A repr ends in logs."""
    shown = repr(URLRequest("http://me:hunter2@h/", method="PUT"))

    assert shown == "URLRequest('http://me:***@h/', method='PUT')"


@pytest.mark.parity("6:url")
def test_text_of_a_request_is_its_url() -> None:
    """Without the password; empty if the URL was taken away."""
    request = URLRequest("http://me:hunter2@h/")
    shown = str(request)
    request.url = None  # type: ignore[assignment]  # Foundation's nil; fails when run

    assert (shown, str(request)) == ("http://me:***@h/", "")
