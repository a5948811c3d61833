"""The committed dump of public signatures is the one of this tree."""

import difflib

from .api import DUMP, dump


def test_api_dump_is_up_to_date() -> None:
    """A commit that changes a public signature changes the dump: ``make api``."""
    committed = DUMP.read_text(encoding="utf-8") if DUMP.exists() else ""
    difference = difflib.unified_diff(
        committed.splitlines(), dump().splitlines(), "api.txt", "source", lineterm=""
    )

    assert "\n".join(difference) == ""
