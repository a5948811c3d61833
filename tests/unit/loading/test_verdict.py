"""What libssl says of certificates that are shown to it apart from a handshake."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta

import pytest
import trustme

from urlsession.loading.verdict import system_trust

NOW = datetime.now(UTC)
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def root() -> trustme.CA:
    """Return what is trusted."""
    return trustme.CA()


def trusting(root: trustme.CA) -> ssl.SSLContext:
    """Return a context that trusts `root` only."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=root.cert_pem.bytes().decode())
    return context


def chain_of(leaf: trustme.LeafCert) -> list[bytes]:
    """Return what a server with that certificate sends."""
    return [
        ssl.PEM_cert_to_DER_cert(one.bytes().decode()) for one in leaf.cert_chain_pems
    ]


@pytest.mark.parametrize("kind", list(trustme.KeyType))
@pytest.mark.parametrize("depth", [0, 1, 2])
@pytest.mark.parametrize("host", ["good.example", "127.0.0.1"])
def test_chain_up_to_a_root_is_trusted(
    root: trustme.CA, kind: trustme.KeyType, depth: int, host: str
) -> None:
    """Of either kind of key, through any number of issuers, for names and addresses."""
    issuer = root
    for _ in range(depth):
        issuer = issuer.create_child_ca(key_type=kind)
    chain = chain_of(issuer.issue_cert(host, key_type=kind))
    trust = system_trust(chain, host, trusting(root))

    assert trust.is_trusted
    assert (trust.host, trust.chain, trust.verify_message) == (host, (*chain,), "")


@pytest.mark.parametrize("kind", list(trustme.KeyType))
@pytest.mark.parametrize(
    ("host", "begins", "ends", "is_known", "result"),
    [
        ("good.example", -2, -1, True, 10),
        ("good.example", 1, 2, True, 9),
        ("good.example", -1, 1, False, 20),
        ("other.example", -1, 1, True, 62),
        ("127.0.0.1", -1, 1, True, 64),
    ],
    ids=["expired", "not yet valid", "unknown root", "other host", "address"],
)
def test_bad_certificate_is_not_trusted(
    root: trustme.CA,
    kind: trustme.KeyType,
    host: str,
    begins: int,
    ends: int,
    is_known: bool,
    result: int,
) -> None:
    """With OpenSSL's own number, and its words."""
    leaf = (root if is_known else trustme.CA()).issue_cert(
        "good.example",
        key_type=kind,
        not_before=NOW + begins * DAY,
        not_after=NOW + ends * DAY,
    )
    trust = system_trust(chain_of(leaf), host, trusting(root))

    assert trust.verify_result == result
    assert trust.verify_message


def test_chain_without_its_middle_is_not_trusted(root: trustme.CA) -> None:
    """A server has to send it."""
    leaf = root.create_child_ca().issue_cert("good.example")
    trust = system_trust(chain_of(leaf)[:1], "good.example", trusting(root))

    assert trust.verify_result == 20


@pytest.mark.parametrize("chain", [[], [b""], [b"no certificate"], [b"\x30\x03abc"]])
def test_what_is_no_certificate_is_not_trusted(
    root: trustme.CA, chain: list[bytes]
) -> None:
    """Whatever libssl makes of it."""
    trust = system_trust(chain, "good.example", trusting(root))

    assert not trust.is_trusted
    assert "cannot be verified" in trust.verify_message


def test_long_chain_is_read_whole(root: trustme.CA) -> None:
    """It takes more than one record."""
    chain = chain_of(root.issue_cert("good.example"))
    idle = ssl.PEM_cert_to_DER_cert(root.cert_pem.bytes().decode())
    chain += [idle] * 50
    assert sum(map(len, chain)) > 16 * 1024
    trust = system_trust(chain, "good.example", trusting(root))

    assert trust.is_trusted


def test_context_that_does_not_verify_is_made_to(root: trustme.CA) -> None:
    """A yes is never for want of a question."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    chain = chain_of(root.issue_cert("good.example"))

    assert system_trust(chain, "good.example", context).verify_result == 20


def test_name_that_no_certificate_can_have_is_refused(root: trustme.CA) -> None:
    """At the call."""
    with pytest.raises(ValueError, match=r"server_hostname|label"):
        system_trust([], ".", trusting(root))
