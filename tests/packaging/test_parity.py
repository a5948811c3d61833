"""The parity page says what the tests prove."""

from __future__ import annotations

from . import parity


def test_states_are_those_that_tests_prove() -> None:
    """A row is done if a test carries its name, and not otherwise: ``make parity``."""
    text = parity.PAGE.read_text(encoding="utf-8")

    assert parity.page(text, parity.proofs()) == text


def test_rows_have_names_of_their_own() -> None:
    """So that a test proves one of them."""
    names = [row.name for row in parity.rows(parity.PAGE.read_text(encoding="utf-8"))]

    assert len(names) == len(set(names))


def test_row_is_done_by_its_test_only() -> None:
    """What is not offered stays so; counts follow."""
    text = """\
| **done** | 9 | works |
| **later** | 9 | comes |
| **not offered** | 1 | never |
9 rows in all.
## 7. Things
| Apple | State | Here |
|---|---|---|
| `one` | later | a |
| `two \\| three` | done | b |
| `four` | not offered | c |
| `five` | done | d. Not yet: e |
"""
    proved = {"7:one": ["test_it.py::test_one"], "7:five": ["test_it.py::test_five"]}

    assert parity.page(text, proved).splitlines() == [
        "| **done** | 1 | works |",
        "| **later** | 2 | comes |",
        "| **not offered** | 1 | never |",
        "4 rows in all.",
        "## 7. Things",
        "| Apple | State | Here |",
        "|---|---|---|",
        "| `one` | done | a |",
        "| `two \\| three` | later | b |",
        "| `four` | not offered | c |",
        "| `five` | later | d. Not yet: e |",
    ]
