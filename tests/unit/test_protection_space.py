"""Protection spaces as values."""

from __future__ import annotations

import pytest

from urlsession import AuthenticationMethod, ServerTrust, URLProtectionSpace
from urlsession.protection_space import ProxyType, SpaceProtocol

BASIC = AuthenticationMethod.HTTP_BASIC


@pytest.mark.parity("12:host … authenticationMethod", "12:initialisers")
def test_equality_leaves_the_connection_out() -> None:
    """What one connection showed makes no other space."""
    plain = URLProtectionSpace("Host", 443, "https", "r", BASIC)
    shown = URLProtectionSpace(
        "host",
        443,
        "https",
        "r",
        BASIC,
        distinguished_names=[b"x"],
        server_trust=ServerTrust("host", [b"y"]),
    )

    assert plain == shown
    assert hash(plain) == hash(shown)
    assert plain != URLProtectionSpace("host", 443, "https", "other", BASIC)
    assert plain != URLProtectionSpace("host", 444, "https", "r", BASIC)
    assert plain != "host"


@pytest.mark.parity("12:receivesCredentialSecurely")
@pytest.mark.parametrize(
    ("space", "is_secure"),
    [
        (URLProtectionSpace("h", 80, "http", "r", BASIC), False),
        (URLProtectionSpace("h", 443, "https", "r", BASIC), True),
        (
            URLProtectionSpace("h", 80, "http", "r", AuthenticationMethod.HTTP_DIGEST),
            True,
        ),
        (URLProtectionSpace.proxy("h", 80, "http", "r", BASIC), False),
        (URLProtectionSpace.proxy("h", 80, "https", "r", BASIC), True),
    ],
)
def test_security_is_of_the_way_or_of_the_method(
    space: URLProtectionSpace, is_secure: bool
) -> None:
    """Digest never sends the password."""
    assert space.receives_credential_securely is is_secure


def test_unknown_words_are_refused() -> None:
    """At the call."""
    with pytest.raises(ValueError, match="gopher"):
        URLProtectionSpace("h", 70, "gopher")
    with pytest.raises(ValueError, match="gopher"):
        URLProtectionSpace.proxy("h", 70, "gopher")


@pytest.mark.parity("12:constants")
def test_defaults_are_foundations() -> None:
    """No method is DEFAULT; a proxy has no protocol."""
    space, proxy = URLProtectionSpace("h"), URLProtectionSpace.proxy("h")

    assert (space.port, space.protocol, space.realm) == (0, None, None)
    assert space.authentication_method is AuthenticationMethod.DEFAULT
    assert (space.is_proxy, space.proxy_type) == (False, None)
    assert (proxy.is_proxy, proxy.proxy_type) == (True, ProxyType.HTTP)
    assert space.distinguished_names is None
    assert space.server_trust is None
    assert URLProtectionSpace("h", 1, "ftp").protocol is SpaceProtocol.FTP


def test_repr_names_what_tells_spaces_apart() -> None:
    """In one line."""
    space = URLProtectionSpace.proxy("h", 8080, "http", "r", BASIC)

    assert repr(space) == (
        "<URLProtectionSpace proxy http://h:8080 realm 'r' HTTP_BASIC>"
    )
