"""Credential storages: shared, and kept by the system's keyring."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from urlsession import (
    AuthenticationMethod,
    URLCredential,
    URLCredentialStorage,
    URLProtectionSpace,
    UsageError,
)
from urlsession.storage.keychain import Keychain

PERSISTENCE = URLCredential.Persistence
SPACE = URLProtectionSpace(
    "host", 443, "https", "realm", AuthenticationMethod.HTTP_BASIC
)
PROXY = URLProtectionSpace.proxy(
    "proxy", 8080, "http", None, AuthenticationMethod.HTTP_DIGEST
)
ANNA = URLCredential("anna", "hunter2", PERSISTENCE.PERMANENT)
BERTA = URLCredential("berta", "b", PERSISTENCE.PERMANENT)
KEYRING = pytest.mark.needs(modules=("keyring",))


@pytest.fixture
def kept() -> Iterator[dict[tuple[str, str], str]]:
    """Have keyring keep its passwords in a dictionary; return that."""
    import keyring
    from keyring.backend import KeyringBackend
    from keyring.errors import PasswordDeleteError

    class InMemory(KeyringBackend):
        priority = 1.0

        def __init__(self) -> None:
            self.passwords: dict[tuple[str, str], str] = {}

        def get_password(self, service: str, username: str) -> str | None:
            return self.passwords.get((service, username))

        def set_password(self, service: str, username: str, password: str) -> None:
            self.passwords[service, username] = password

        def delete_password(self, service: str, username: str) -> None:
            if self.passwords.pop((service, username), None) is None:
                raise PasswordDeleteError("not there")

    before, backend = keyring.get_keyring(), InMemory()
    keyring.set_keyring(backend)
    try:
        yield backend.passwords
    finally:
        keyring.set_keyring(before)


@pytest.fixture
def no_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the shared storage made anew."""
    monkeypatch.setattr(URLCredentialStorage, "_shared", None)


@KEYRING
@pytest.mark.parity(
    "11:Persistence",
    "11:URLCredentialStorage.shared",
    "11:credentials(for:), allCredentials",
)
def test_permanent_credential_outlives_its_storage(
    kept: dict[tuple[str, str], str],
) -> None:
    """In the keyring, by space and user, with the default."""
    storage = URLCredentialStorage(Keychain())
    storage.set(ANNA, SPACE)
    storage.set(BERTA, SPACE)
    storage.set_default_credential(BERTA, SPACE)
    storage.set(ANNA, PROXY)
    storage.set(URLCredential("carla", "c"), SPACE)

    again = URLCredentialStorage(Keychain())

    assert again.all_credentials == {
        SPACE: {"anna": ANNA, "berta": BERTA},
        PROXY: {"anna": ANNA},
    }
    assert again.default_credential(SPACE) == BERTA
    assert again.default_credential(PROXY) == ANNA
    index = kept["urlsession", "index"]
    assert "hunter2" not in index
    assert sorted(kept.values()) == sorted([index, "hunter2", "hunter2", "b"])


@KEYRING
@pytest.mark.parity("11:set(_:for:), remove(_:for:options:)")
def test_removed_credential_leaves_the_keyring(
    kept: dict[tuple[str, str], str],
) -> None:
    """One by one, or all at once."""
    storage = URLCredentialStorage(Keychain())
    storage.set(ANNA, SPACE)
    storage.set(BERTA, SPACE)

    storage.remove(ANNA, SPACE)
    assert URLCredentialStorage(Keychain()).credentials(SPACE) == {"berta": BERTA}

    storage.remove_all()
    assert kept == {("urlsession", "index"): "{}"}


@KEYRING
def test_purge_leaves_the_keyring_alone(kept: dict[tuple[str, str], str]) -> None:
    """What is permanent comes back; what was for the session does not."""
    storage = URLCredentialStorage(Keychain())
    storage.set(ANNA, SPACE)
    storage.set(URLCredential("carla", "c"), SPACE)

    storage.purge()

    assert storage.credentials(SPACE) == {"anna": ANNA}
    assert len(kept) == 2


@KEYRING
@pytest.mark.parametrize(
    "index", ["nonsense", "[]", '{"x": {"space": ["h"]}}', '{"x": {}}'], ids=str
)
def test_index_of_another_kind_is_begun_anew(
    kept: dict[tuple[str, str], str], index: str
) -> None:
    """Cut off, or of a later version."""
    kept["urlsession", "index"] = index
    kept["urlsession", "x"] = "p"
    storage = URLCredentialStorage(Keychain())

    assert storage.all_credentials == {}
    storage.set(ANNA, SPACE)
    assert URLCredentialStorage(Keychain()).credentials(SPACE) == {"anna": ANNA}


@KEYRING
def test_without_a_keyring_permanent_is_refused() -> None:
    """And nothing is kept; what was not asked for is not missed."""
    import keyring
    from keyring.backends import fail

    before = keyring.get_keyring()
    keyring.set_keyring(fail.Keyring())  # type: ignore[no-untyped-call]  # keyring's
    try:
        storage = URLCredentialStorage(Keychain())
        with pytest.raises(UsageError, match="keyring cannot keep"):
            storage.set(ANNA, SPACE)
        with pytest.raises(UsageError, match="keyring cannot keep"):
            storage.set_default_credential(ANNA, SPACE)
        assert storage.all_credentials == {}
        assert storage.default_credential(SPACE) is None
    finally:
        keyring.set_keyring(before)


@pytest.mark.parity("11:Persistence")
def test_without_the_package_permanent_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Never clear text on disk instead."""
    monkeypatch.setitem(sys.modules, "keyring", None)
    monkeypatch.setattr("urlsession.storage.keychain.find_spec", lambda _name: None)
    monkeypatch.setenv("URLSESSION_HOME", str(tmp_path))
    storage = URLCredentialStorage(Keychain())

    with pytest.raises(UsageError, match=r"urlsession\[keyring\]"):
        storage.set(ANNA, SPACE)

    assert storage.all_credentials == {}
    assert list(tmp_path.iterdir()) == []
    storage.set(URLCredential("anna", "a"), SPACE)
    assert len(storage.credentials(SPACE)) == 1


@KEYRING
def test_identity_cannot_be_permanent(kept: dict[tuple[str, str], str]) -> None:
    """A keyring keeps passwords."""
    identity = URLCredential.for_identity(
        b"-----BEGIN CERTIFICATE-----\n",
        b"-----BEGIN PRIVATE KEY-----\n",
        persistence=PERSISTENCE.PERMANENT,
    )

    with pytest.raises(UsageError, match="only a user with a password"):
        URLCredentialStorage(Keychain()).set(identity, SPACE)
    assert kept == {}


@KEYRING
@pytest.mark.usefixtures("no_shared")
def test_shared_storage_is_one(kept: dict[tuple[str, str], str]) -> None:
    """With the keyring behind it."""
    shared = URLCredentialStorage.shared
    shared.set(ANNA, SPACE)

    assert URLCredentialStorage.shared is shared
    assert ("urlsession", "index") in kept
    assert repr(shared) == "<URLCredentialStorage with keyring, 1 spaces>"


@pytest.mark.parity(
    "11:defaultCredential(for:), setDefaultCredential(_:for:)", "11:change notification"
)
def test_private_storage_keeps_permanent_in_memory() -> None:
    """An ephemeral session's storage asks no keyring."""
    storage, changes = URLCredentialStorage(), []
    storage.on_change = lambda: changes.append(1)
    storage.set(ANNA, SPACE)

    assert storage.default_credential(SPACE) == ANNA
    assert changes == [1]
    storage.purge()
    assert storage.all_credentials == {}
