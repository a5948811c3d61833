"""A connection's state follows from its facts."""

from __future__ import annotations

import weakref

import pytest

from urlsession.connections import Connection, ConnectionState, Owner


class Session:
    """Owns connections."""


def connection(owner: Owner | None = None) -> Connection:
    """Return a connection that has just been made."""
    return Connection(
        id=1,
        fd=7,
        inode=70,
        host="a.example",
        remote=("127.0.0.1", 80),
        is_secure=False,
        opened_at=1.0,
        last_used_at=1.0,
        owner=owner or Owner(type="t.T", ref=weakref.ref(Session), made_at=None),
    )


@pytest.mark.parametrize(
    ("connected_at", "is_in_use", "closed_at", "state"),
    [
        (None, False, None, ConnectionState.CONNECTING),
        (None, True, None, ConnectionState.CONNECTING),
        (2.0, True, None, ConnectionState.ACTIVE),
        (2.0, False, None, ConnectionState.IDLE),
        (2.0, False, 3.0, ConnectionState.CLOSED),
        (2.0, True, 3.0, ConnectionState.CLOSED),
        (None, False, 3.0, ConnectionState.CLOSED),
        (0.0, False, 0.0, ConnectionState.CLOSED),
        (0.0, False, None, ConnectionState.IDLE),
    ],
)
def test_state_follows_from_the_facts(
    connected_at: float | None,
    is_in_use: bool,
    closed_at: float | None,
    state: ConnectionState,
) -> None:
    """The moment zero is a moment like any other."""
    one = connection()
    one.connected_at = connected_at
    one.is_in_use = is_in_use
    one.closed_at = closed_at

    assert one.state is state


def test_connections_are_equal_to_themselves_only() -> None:
    """Identity is the serial number's affair; they can be kept in sets."""
    one, other = connection(), connection()

    assert one == one  # noqa: PLR0124  # that is the question
    assert len({one, other}) == 2


def test_owner_does_not_keep_the_session_alive() -> None:
    """The reference turns into None."""
    session = Session()
    one = connection(Owner(type="t.T", ref=weakref.ref(session), made_at=None))

    assert one.owner.ref() is session
    del session
    assert one.owner.ref() is None
