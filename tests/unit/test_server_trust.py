"""What a server showed, as a value."""

from __future__ import annotations

from urlsession import ServerTrust


def test_trust_is_what_the_system_says() -> None:
    """0 is good; everything else is a verdict in words too."""
    good, bad = ServerTrust("h", [b"a", b"b"]), ServerTrust("h", [b"a"], 10, "expired")

    assert good.is_trusted
    assert not bad.is_trusted
    assert bad.verify_message == "expired"
    assert good.certificate == b"a"
    assert ServerTrust("h", []).certificate == b""


def test_equality_is_by_value() -> None:
    """A delegate may keep what it has accepted in a set."""
    assert ServerTrust("h", [b"a"]) == ServerTrust("h", (b"a",))
    assert ServerTrust("h", [b"a"]) != ServerTrust("h", [b"a"], 10)
    assert ServerTrust("h", [b"a"]) != "h"
    assert len({ServerTrust("h", [b"a"]), ServerTrust("h", [b"a"])}) == 1


def test_repr_is_short() -> None:
    """It names the verdict and no bytes."""
    assert repr(ServerTrust("h", [b"a"])) == "<ServerTrust h 1 certificates, trusted>"
    assert "verify 10" in repr(ServerTrust("h", [b"a"], 10))
