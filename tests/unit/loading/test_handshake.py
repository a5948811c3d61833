"""What is read of a handshake's messages."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from urlsession.loading.handshake import Handshake

NAME = b"\x30\x0c\x31\x0a" + bytes(10)  # as a DER name looks


def vector(size: int, data: bytes) -> bytes:
    """Return `data` after its length."""
    return len(data).to_bytes(size, "big") + data


def message(kind: int, body: bytes) -> bytes:
    """Return a handshake message."""
    return bytes((kind,)) + vector(3, body)


def server_hello(*, is_tls13: bool) -> bytes:
    """Return a ServerHello."""
    body = b"\x03\x03" + bytes(32) + vector(1, b"") + b"\x13\x01\x00"
    if is_tls13:
        body += vector(2, b"\x00\x2b" + vector(2, b"\x03\x04"))
    return message(2, body)


def certificate(*chain: bytes, is_tls13: bool) -> bytes:
    """Return a Certificate message."""
    entries = b"".join(
        vector(3, one) + (vector(2, b"") if is_tls13 else b"") for one in chain
    )
    return message(11, (vector(1, b"") if is_tls13 else b"") + vector(3, entries))


def certificate_request(*names: bytes, is_tls13: bool) -> bytes:
    """Return a CertificateRequest."""
    listed = b"".join(vector(2, one) for one in names)
    if not is_tls13:
        return message(
            13, vector(1, b"\x01\x40") + vector(2, b"\x04\x03") + vector(2, listed)
        )
    extensions = b"\x00\x0d" + vector(2, vector(2, b"\x04\x03"))
    if names:
        extensions += b"\x00\x2f" + vector(2, vector(2, listed))
    return message(13, vector(1, b"") + vector(2, extensions))


@pytest.mark.parametrize("is_tls13", [False, True], ids=["TLS 1.2", "TLS 1.3"])
def test_chain_and_request_are_read(is_tls13: bool) -> None:
    """In either version's form."""
    handshake = Handshake()
    handshake.sent(message(1, b"hello"))
    for one in (
        server_hello(is_tls13=is_tls13),
        certificate(b"own", b"issuer", is_tls13=is_tls13),
        certificate_request(NAME, b"other", is_tls13=is_tls13),
    ):
        handshake.received(one)

    assert handshake.chain == (b"own", b"issuer")
    assert handshake.requests_certificate
    assert handshake.issuers == (NAME, b"other")


def test_request_may_name_no_issuers() -> None:
    """Any will do then."""
    handshake = Handshake()
    handshake.received(server_hello(is_tls13=True))
    handshake.received(certificate_request(is_tls13=True))

    assert handshake.requests_certificate
    assert handshake.issuers == ()


def test_another_handshake_begins_anew() -> None:
    """With a proxy spoken to by TLS there are two on one connection."""
    handshake = Handshake()
    handshake.sent(message(1, b"hello"))
    handshake.received(certificate(b"proxy", is_tls13=False))

    handshake.sent(message(1, b"hello"))

    assert handshake.chain == ()


@pytest.mark.parametrize(
    "traced", [b"\x16", b"\x16\x03\x03\x00\x2a", b"\x01", b"\x02("]
)
def test_what_is_no_message_is_left_out(traced: bytes) -> None:
    """Records' headers, content types, a change of cipher and alerts are traced too."""
    handshake = Handshake()
    handshake.received(certificate(b"own", is_tls13=False))

    handshake.sent(traced)
    handshake.received(traced)

    assert handshake.chain == (b"own",)


@given(st.binary(max_size=80), st.sampled_from([2, 11, 13]))
def test_any_bytes_are_survived(body: bytes, kind: int) -> None:
    """What cannot be read is not there."""
    handshake = Handshake()
    handshake.received(message(kind, body))

    assert all(isinstance(one, bytes) for one in (*handshake.chain, *handshake.issuers))
