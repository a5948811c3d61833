"""The interface between the observer and a library."""

from __future__ import annotations

from urlsession.watch.adapter import Adapter, OwnerState, Sighting
from urlsession.watch.adapters import BUILT_IN


def test_built_in_adapters_satisfy_the_protocol() -> None:
    """With names of their own."""
    made = [make() for make in BUILT_IN]

    assert all(isinstance(one, Adapter) for one in made)
    assert len({one.name for one in made}) == len(made)


def test_sighting_needs_only_what_every_adapter_knows() -> None:
    """The rest is unknown until somebody tells."""
    one = Sighting(key=1, inode=2, host="h", remote=("127.0.0.1", 80), opened_at=0.0)

    assert one.owner is None
    assert one.has_unread_body is None
    assert one.closed_at is None


def test_owner_state_is_no_exemption_by_default() -> None:
    """An exemption silences a verdict: it must be asked for."""
    assert not OwnerState(is_closed=None).is_exempt
