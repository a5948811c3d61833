"""Credentials as values: what can be one, and what is never shown."""

from __future__ import annotations

import pickle
import subprocess
from pathlib import Path

import pytest
import trustme

from urlsession import ServerTrust, URLCredential, UsageError

PERSISTENCE = URLCredential.Persistence


@pytest.fixture(scope="module")
def issued() -> trustme.LeafCert:
    """Return a client certificate."""
    return trustme.CA().issue_cert("client@example.org")


@pytest.mark.parametrize("bad", ["a\nb", "a\x00", "\x7f", "\x85"])
def test_control_characters_are_refused_without_being_shown(bad: str) -> None:
    """They could end a header field; and a password never is in a message."""
    with pytest.raises(UsageError, match="user of a credential") as user:
        URLCredential(bad, "p")
    with pytest.raises(UsageError, match="password of a credential") as password:
        URLCredential("u", f"hunter2{bad}")

    assert "hunter2" not in str(password.value)
    assert bad not in str(user.value)


def test_what_is_no_text_is_refused() -> None:
    """At the call."""
    with pytest.raises(TypeError, match="user must be a str"):
        URLCredential(b"u", "p")  # type: ignore[arg-type]  # what is tested


def test_repr_never_shows_a_secret(issued: trustme.LeafCert) -> None:
    """Neither a password nor a key."""
    key = issued.private_key_pem.bytes()
    identity = URLCredential.for_identity(
        issued.cert_chain_pems[0].bytes(), key, password="hunter2"
    )
    shown = repr(URLCredential("me", "hunter2")) + repr(identity)
    shown += repr(identity.identity) + repr([identity])

    assert "hunter2" not in shown
    assert "PRIVATE" not in shown
    assert "'me'" in shown


def test_equality_is_by_value() -> None:
    """Persistence counts."""
    one = URLCredential("u", "p")

    assert one == URLCredential("u", "p", PERSISTENCE.FOR_SESSION)
    assert one != URLCredential("u", "p", PERSISTENCE.NONE)
    assert one != URLCredential("u", "q")
    assert one != "u"
    assert hash(one) == hash(URLCredential("u", "p"))
    assert pickle.loads(pickle.dumps(one)) == one


def test_trust_is_needed_to_trust() -> None:
    """A challenge of another kind has none."""
    with pytest.raises(UsageError, match="server_trust"):
        URLCredential.for_trust(None)
    trust = ServerTrust("h", [b"x"])
    credential = URLCredential.for_trust(trust)

    assert credential.trust is trust
    assert (credential.user, credential.password) == (None, None)
    assert not credential.has_password
    assert credential.persistence is PERSISTENCE.NONE
    assert "ServerTrust" in repr(credential)


@pytest.mark.parity("11:properties")
def test_identity_is_read_of_paths_and_bytes(
    issued: trustme.LeafCert, tmp_path: Path
) -> None:
    """PEM, with the chain behind the certificate."""
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    pem = issued.cert_chain_pems[0].bytes()
    cert.write_bytes(pem)
    key.write_bytes(issued.private_key_pem.bytes())

    of_paths = URLCredential.for_identity(cert, str(key), chain=[pem])
    of_bytes = URLCredential.for_identity(pem, key.read_bytes(), chain=[pem])

    assert of_paths == of_bytes
    assert of_paths.certificates == pem + pem
    assert of_paths.identity is not None
    assert of_paths.identity.key == key.read_bytes()
    assert of_paths.user is None


def test_identity_is_one_file_of_both(issued: trustme.LeafCert) -> None:
    """The usual ``client.pem``."""
    both = issued.private_key_and_cert_chain_pem.bytes()

    identity = URLCredential.for_identity(both).identity

    assert identity is not None
    assert identity.key == both


@pytest.mark.needs(programs=("openssl",))
def test_identity_is_der_or_pkcs12(issued: trustme.LeafCert, tmp_path: Path) -> None:
    """As openssl writes them."""
    pem, key = tmp_path / "c.pem", tmp_path / "k.pem"
    pem.write_bytes(issued.cert_chain_pems[0].bytes())
    key.write_bytes(issued.private_key_pem.bytes())

    def openssl(*arguments: str) -> bytes:
        command = ["openssl", *arguments]
        return subprocess.run(command, check=True, capture_output=True).stdout

    der = openssl("x509", "-in", str(pem), "-outform", "DER")
    der_key = openssl("pkey", "-in", str(key), "-outform", "DER")
    pkcs12 = openssl(
        *("pkcs12", "-export", "-in", str(pem), "-inkey", str(key)),
        *("-passout", "pass:hunter2"),
    )
    of_der = URLCredential.for_identity(der, der_key).identity
    of_pkcs12 = URLCredential.for_identity(pkcs12, password="hunter2").identity

    assert of_der is not None
    assert of_pkcs12 is not None
    assert of_der.is_der_key
    assert of_der.certificates.startswith(b"-----BEGIN CERTIFICATE-----\n")
    assert of_pkcs12.is_pkcs12
    assert of_pkcs12.key is None
    with pytest.raises(UsageError, match="brings its key"):
        URLCredential.for_identity(pkcs12, key)


def test_what_is_no_certificate_is_refused(issued: trustme.LeafCert) -> None:
    """Nor what is no key, nor what lacks one."""
    pem, key = issued.cert_chain_pems[0].bytes(), issued.private_key_pem.bytes()

    with pytest.raises(UsageError, match="cert is no certificate"):
        URLCredential.for_identity(b"nonsense", key)
    with pytest.raises(UsageError, match="key is no private key"):
        URLCredential.for_identity(pem, b"nonsense")
    with pytest.raises(UsageError, match="needs a key"):
        URLCredential.for_identity(pem)
    with pytest.raises(UsageError, match="chain is no certificate"):
        URLCredential.for_identity(pem, key, chain=[b"nonsense"])
    with pytest.raises(OSError, match="nowhere"):
        URLCredential.for_identity("/nowhere/cert.pem", key)
