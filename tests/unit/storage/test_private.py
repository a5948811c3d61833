"""How long the stores of an ephemeral configuration keep what they hold."""

from __future__ import annotations

import pickle

from urlsession.storage.private import PrivateStores


class Store:
    """Counts how often it was emptied."""

    def __init__(self) -> None:
        self.purges = 0

    def purge(self) -> None:
        self.purges += 1


def test_store_is_made_once() -> None:
    """Whoever asks for a name gets the same store."""
    stores = PrivateStores()

    first = stores.get("a", Store)

    assert stores.get("a", Store) is first
    assert stores.get("b", Store) is not first


def test_stores_are_emptied_when_the_last_session_has_ended() -> None:
    """Two sessions of one configuration share them."""
    stores = PrivateStores()
    store = stores.get("a", Store)
    stores.session_began()
    stores.session_began()

    stores.session_ended()
    assert store.purges == 0
    stores.session_ended()

    assert store.purges == 1


def test_stores_can_be_used_again() -> None:
    """A configuration outlives its sessions."""
    stores = PrivateStores()
    store = stores.get("a", Store)
    for _ in range(2):
        stores.session_began()
        stores.session_ended()

    assert stores.get("a", Store) is store
    assert store.purges == 2


def test_pickled_copy_has_stores_of_its_own() -> None:
    """What is private does not travel."""
    stores = PrivateStores()
    stores.get("a", Store).purge()

    assert pickle.loads(pickle.dumps(stores)).get("a", Store).purges == 0
