"""The pin of a certificate's key, as libcurl compares it."""

from __future__ import annotations

import subprocess
from base64 import b64encode
from hashlib import sha256

import pytest
import trustme

from urlsession.loading.server_trust import public_key_pin
from urlsession.server_trust import ServerTrust


def der_of(pem: bytes) -> bytes:
    """Return a PEM certificate in DER."""
    command = ["openssl", "x509", "-outform", "DER"]
    return subprocess.run(command, input=pem, check=True, capture_output=True).stdout


@pytest.mark.needs(programs=("openssl",))
@pytest.mark.parametrize("kind", list(trustme.KeyType))
def test_pin_is_the_hash_of_the_public_key(kind: trustme.KeyType) -> None:
    """As openssl computes it."""
    pem = trustme.CA(key_type=kind).cert_pem.bytes()
    key_pem = subprocess.run(
        ["openssl", "x509", "-pubkey", "-noout"],
        input=pem,
        check=True,
        capture_output=True,
    ).stdout
    key = subprocess.run(
        ["openssl", "pkey", "-pubin", "-outform", "DER"],
        input=key_pem,
        check=True,
        capture_output=True,
    ).stdout

    expected = "sha256//" + b64encode(sha256(key).digest()).decode()
    assert public_key_pin(der_of(pem)) == expected


@pytest.mark.parametrize("broken", [b"", b"\x30", b"\x30\x03\x30\x01\x02", b"\x30\x7f"])
def test_what_is_no_certificate_is_refused(broken: bytes) -> None:
    """A clear error, not a pin of something else."""
    with pytest.raises(ValueError, match="certificate"):
        public_key_pin(broken)


@pytest.mark.needs(programs=("openssl",))
def test_pem_is_what_openssl_reads() -> None:
    """`ServerTrust.pem` gives the chain back."""
    der = der_of(trustme.CA().cert_pem.bytes())

    assert der_of(ServerTrust("host", [der]).pem.encode()) == der
