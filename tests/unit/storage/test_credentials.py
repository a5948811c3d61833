"""Credential storages, without a keyring."""

from __future__ import annotations

from urlsession import AuthenticationMethod, URLCredential, URLCredentialStorage
from urlsession import URLProtectionSpace as Space
from urlsession.storage.credentials import REMOVE_SYNCHRONIZABLE

PERSISTENCE = URLCredential.Persistence
SPACE = Space("host", 80, "http", "realm", AuthenticationMethod.HTTP_BASIC)
OTHER = Space("host", 80, "http", "other", AuthenticationMethod.HTTP_BASIC)
ANNA, BERTA = URLCredential("anna", "a"), URLCredential("berta", "b")


def test_first_becomes_the_default() -> None:
    """And stays it until another is made so."""
    storage = URLCredentialStorage()
    storage.set(BERTA, SPACE)
    storage.set(ANNA, SPACE)

    assert storage.default_credential(SPACE) == BERTA
    assert storage.default_credential(OTHER) is None

    storage.set_default_credential(ANNA, SPACE)

    assert storage.default_credential(SPACE) == ANNA
    assert storage.credentials(SPACE) == {"anna": ANNA, "berta": BERTA}
    assert storage.all_credentials == {SPACE: {"anna": ANNA, "berta": BERTA}}


def test_proposed_is_the_default_or_the_first_by_name() -> None:
    """Without its default a space proposes the lexically first user."""
    storage = URLCredentialStorage()
    for one in (URLCredential("zoe", "z"), BERTA, ANNA):
        storage.set(one, SPACE)
    storage.remove(URLCredential("zoe", "z"), SPACE)

    assert storage.default_credential(SPACE) is None
    assert storage.proposed_credential(SPACE) == ANNA
    assert storage.proposed_credential(OTHER) is None


def test_same_user_is_replaced() -> None:
    """A space has one credential for each user."""
    storage = URLCredentialStorage()
    storage.set(ANNA, SPACE)
    storage.set(URLCredential("anna", "new"), SPACE)

    assert storage.credentials(SPACE)["anna"].password == "new"


def test_persistence_none_is_never_kept() -> None:
    """Not as a default either."""
    storage = URLCredentialStorage()
    passing = URLCredential("anna", "a", PERSISTENCE.NONE)
    storage.set(passing, SPACE)
    storage.set_default_credential(passing, SPACE)

    assert storage.all_credentials == {}
    assert storage.default_credential(SPACE) is None


def test_synchronizable_is_removed_on_demand_only() -> None:
    """It would go from every device."""
    storage = URLCredentialStorage()
    everywhere = URLCredential("anna", "a", PERSISTENCE.SYNCHRONIZABLE)
    storage.set(everywhere, SPACE)

    storage.remove(everywhere, SPACE)
    assert storage.credentials(SPACE)

    storage.remove(everywhere, SPACE, {REMOVE_SYNCHRONIZABLE: True})
    assert not storage.credentials(SPACE)


def test_changes_are_told() -> None:
    """Each that changes something."""
    changes: list[int] = []
    storage = URLCredentialStorage()
    storage.on_change = lambda: changes.append(len(storage.credentials(SPACE)))

    storage.set(ANNA, SPACE)
    storage.set(BERTA, SPACE)
    storage.remove(BERTA, SPACE)
    storage.remove(BERTA, SPACE)
    storage.set_default_credential(ANNA, SPACE)
    storage.remove_all()

    assert changes == [1, 2, 1, 1, 0]


def test_what_is_returned_is_a_copy() -> None:
    """Changing it changes nothing in the storage."""
    storage = URLCredentialStorage()
    storage.set(ANNA, SPACE)
    storage.credentials(SPACE).clear()
    storage.all_credentials[SPACE].clear()

    assert storage.credentials(SPACE) == {"anna": ANNA}


def test_purge_forgets_everything() -> None:
    """The end of a session with a private storage."""
    storage = URLCredentialStorage()
    storage.set(ANNA, SPACE)
    storage.purge()

    assert storage.all_credentials == {}
    assert storage.default_credential(SPACE) is None


def test_repr_shows_no_secret() -> None:
    """Nor a name."""
    storage = URLCredentialStorage()
    storage.set(URLCredential("anna", "hunter2"), SPACE)

    assert repr(storage) == "<URLCredentialStorage private, 1 spaces>"
