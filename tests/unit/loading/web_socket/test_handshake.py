"""The exchange that opens a WebSocket."""

from __future__ import annotations

import pytest

from urlsession import HTTPURLResponse, URLRequest
from urlsession.loading.web_socket.handshake import (
    accept_of,
    as_http,
    as_web_socket,
    checked_protocols,
    handshake_fields,
    new_key,
    refusal,
)

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
GOOD = {
    "Upgrade": "WebSocket",
    "Connection": "keep-alive, Upgrade",
    "Sec-WebSocket-Accept": "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
}


def response(**changes: str | None) -> HTTPURLResponse:
    """Return the head of a good answer, changed."""
    fields = {**GOOD, **{k.replace("_", "-"): v for k, v in changes.items()}}
    lines = [f"{name}: {v}\r\n".encode() for name, v in fields.items() if v is not None]
    head = [b"HTTP/1.1 101 Switching Protocols\r\n", *lines]
    return HTTPURLResponse.from_raw("http://localhost/", 101, head)


def test_accept_is_that_of_the_rfc() -> None:
    """RFC 6455, 1.3."""
    assert accept_of(KEY) == GOOD["Sec-WebSocket-Accept"]
    assert new_key(b"the sample nonce") == KEY


def test_good_answer_opens() -> None:
    """Upgrade is compared without case, Connection is a list."""
    assert refusal(response(), KEY, ()) is None
    assert refusal(response(Sec_WebSocket_Protocol="b"), KEY, ("a", "b")) is None


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"Upgrade": None}, "upgrade to websocket"),
        ({"Upgrade": "h2c"}, "upgrade to websocket"),
        ({"Connection": None}, "say upgrade"),
        ({"Connection": "close"}, "say upgrade"),
        ({"Sec_WebSocket_Accept": None}, "answer the key"),
        ({"Sec_WebSocket_Accept": accept_of("other")}, "answer the key"),
        ({"Sec_WebSocket_Extensions": "x"}, "extension"),
        ({"Sec_WebSocket_Protocol": "c"}, "not offered"),
    ],
)
def test_other_answers_do_not(changes: dict[str, str | None], why: str) -> None:
    """Each says why."""
    reason = refusal(response(**changes), KEY, ("a", "b"))

    assert reason is not None
    assert why in reason


def test_fields_of_the_request_are_kept() -> None:
    """The handshake adds those that it lacks."""
    request = URLRequest("http://localhost/", headers={"Sec-WebSocket-Protocol": "own"})
    fields = dict(handshake_fields(request, ("a", "b"), KEY))

    assert "Sec-WebSocket-Protocol" not in fields
    assert fields["Sec-WebSocket-Key"] == KEY
    plain = handshake_fields(URLRequest("http://localhost/"), ("a", "b"), KEY)
    assert ("Sec-WebSocket-Protocol", "a, b") in plain


def test_urls_have_two_forms() -> None:
    """A ws URL is an http one and wss https; case and the rest do not matter."""
    assert as_http("WSS://h/p?q") == "https://h/p?q"
    assert as_http("http://h/") is None
    assert as_web_socket("http://h:1/") == "ws://h:1/"
    assert as_web_socket("ws://h/") == "ws://h/"


def test_protocols_are_tokens() -> None:
    """A str is a mistake, not a sequence of letters."""
    assert checked_protocols(["a", "b.c"]) == ("a", "b.c")
    with pytest.raises(TypeError):
        checked_protocols("chat")
    for bad in (["a,b"], ["ü"], [""], ["a", "a"]):
        with pytest.raises(ValueError, match="subprotocol"):
            checked_protocols(bad)
