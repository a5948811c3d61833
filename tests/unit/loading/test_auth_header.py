"""WWW-Authenticate, taken apart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from urlsession.loading.auth_header import parse_challenges, parse_parameters

Parsed = list[tuple[str, dict[str, str], str]]


def parsed(*values: str) -> Parsed:
    """Return the challenges as plain values."""
    return [(c.scheme, dict(c.parameters), c.token68) for c in parse_challenges(values)]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param("", [], id="empty"),
        pytest.param("Basic", [("basic", {}, "")], id="scheme alone"),
        pytest.param(
            'Basic realm="simple"', [("basic", {"realm": "simple"}, "")], id="quoted"
        ),
        pytest.param("Basic realm=a", [("basic", {"realm": "a"}, "")], id="token"),
        pytest.param(
            'Newauth realm="apps", type=1, title="Login to \\"apps\\"", Basic '
            'realm="simple"',
            [
                (
                    "newauth",
                    {"realm": "apps", "type": "1", "title": 'Login to "apps"'},
                    "",
                ),
                ("basic", {"realm": "simple"}, ""),
            ],
            id="RFC 9110, 11.6.1",
        ),
        pytest.param(
            'Digest realm="b, c", qop="auth,auth-int", Negotiate',
            [
                ("digest", {"realm": "b, c", "qop": "auth,auth-int"}, ""),
                ("negotiate", {}, ""),
            ],
            id="comma within quotes",
        ),
        pytest.param(
            "NTLM TlRMTVNTUAAC==, Basic realm=x",
            [("ntlm", {}, "TlRMTVNTUAAC=="), ("basic", {"realm": "x"}, "")],
            id="token68",
        ),
        pytest.param(
            ",, , Basic realm=x,,", [("basic", {"realm": "x"}, "")], id="empty elements"
        ),
        pytest.param(
            'Basic realm = "a b" , Bearer',
            [("basic", {"realm": "a b"}, ""), ("bearer", {}, "")],
            id="space around =",
        ),
        pytest.param(
            "=bad, Basic realm=x", [("basic", {"realm": "x"}, "")], id="garbage first"
        ),
        pytest.param(
            'Bearer realm="a" error="x", Basic realm=b',
            [("bearer", {}, ""), ("basic", {"realm": "b"}, "")],
            id="no comma between parameters",
        ),
        pytest.param('Basic realm="open', [("basic", {}, "")], id="open quote"),
        pytest.param(
            "Basic REALM=a, realm=b", [("basic", {"realm": "a"}, "")], id="twice"
        ),
        pytest.param(
            'Basic realm="caf\xc3\xa9"', [("basic", {"realm": "café"}, "")], id="UTF-8"
        ),
        pytest.param(
            'Basic realm="caf\xe9"', [("basic", {"realm": "café"}, "")], id="Latin-1"
        ),
    ],
)
def test_field_is_read(value: str, expected: Parsed) -> None:
    """Each form of section 11, and what servers send instead."""
    assert parsed(value) == expected


def test_several_fields_are_one_list() -> None:
    """In order."""
    assert [one[0] for one in parsed("Negotiate", "NTLM, Basic realm=x")] == [
        "negotiate",
        "ntlm",
        "basic",
    ]


def test_parameters_alone_are_read() -> None:
    """Authentication-Info has no scheme."""
    assert parse_parameters('qop=auth, nextnonce="a\\"b", nc=00000001') == {
        "qop": "auth",
        "nextnonce": 'a"b',
        "nc": "00000001",
    }


@given(st.text())
def test_any_text_ends(value: str) -> None:
    """Whatever a server sends: no error, and no realm longer than the field."""
    for one in parse_challenges([value]):
        assert len(one.realm or "") <= len(value)
