"""The parity page's states, from the tests that prove its rows.

``make parity`` writes them into `docs/parity.md`; a test compares. A row is done if a
test carries its name, ``@pytest.mark.parity("3.1:cancel()")``: the section's number,
a colon, the row's first cell without backticks. The suite passes, so that test does.
What a row says beside its state is written by hand, and so is "not offered". A row
that is done in part says what is "Not yet".
"""

from __future__ import annotations

import ast
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from .source_tree import ROOT

__all__ = ("PAGE", "Row", "UnknownRowError", "page", "proofs", "rows")

PAGE = ROOT / "docs" / "parity.md"
TESTS = ROOT / "tests"
MANUAL = "not offered"
_HEADING = re.compile(r"^##+ (?:Appendix )?([0-9A-Z.]+?)[.:]? ")
_CELL = re.compile(r"(?<!\\)\|")
_COUNT = re.compile(r"^\| \*\*(.+?)\*\* \| \d+ \|")
_TOTAL = re.compile(r"^\d+ rows in all")


class UnknownRowError(ValueError):
    """A test names a row that the page does not have."""


class Row(NamedTuple):
    """One line of the page's tables."""

    at: int
    """Index of the line."""
    name: str
    """Section, colon, first cell."""
    cells: list[str]

    @property
    def state(self) -> str:
        return self.cells[1]


def rows(text: str) -> Iterator[Row]:
    """Return the rows of the page in order."""
    section = ""
    for at, line in enumerate(text.splitlines()):
        heading = _HEADING.match(line)
        if heading:
            section = heading[1]
        elif section and line.startswith("| ") and not line.startswith("| Apple |"):
            cells = [one.strip() for one in _CELL.split(line)[1:-1]]
            yield Row(at, f"{section}:{_plain(cells[0])}", cells)


def proofs() -> dict[str, list[str]]:
    """Return the tests that carry each row's name, as ``file::function``."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in sorted(TESTS.rglob("test_*.py")):
        source = path.read_text(encoding="utf-8")
        if "mark.parity" in source:
            for name, test in _marks(ast.parse(source)):
                found[name].append(f"{path.relative_to(TESTS).as_posix()}::{test}")
    return found


def page(text: str, proved: dict[str, list[str]]) -> str:
    """Return the page with the states that the tests prove.

    Raises:
        UnknownRowError: A test proves a row that is not there.
    """
    lines = text.splitlines()
    known = list(rows(text))
    states: Counter[str] = Counter()
    strangers = set(proved) - {row.name for row in known}
    if strangers:
        raise UnknownRowError(f"no such rows: {sorted(strangers)}")
    for row in known:
        state = row.state
        if state != MANUAL:
            is_done = row.name in proved and "Not yet" not in row.cells[2]
            state = "done" if is_done else _not_done(state)
        states[state] += 1
        row.cells[1] = state
        lines[row.at] = f"| {' | '.join(row.cells)} |"
    for at, line in enumerate(lines):
        count = _COUNT.match(line)
        if count:
            shown = f"| **{count[1]}** | {states[count[1]]} |"
            lines[at] = shown + line[count.end() :]
        elif _TOTAL.match(line):
            lines[at] = _TOTAL.sub(f"{len(known)} rows in all", line)
    return "\n".join(lines) + "\n"


def _not_done(state: str) -> str:
    return state if state.startswith("later") else "later"


def _plain(cell: str) -> str:
    return cell.replace("`", "").replace("\\|", "|")


def _marks(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Return each row that a module's tests name, with the test; "" is all of them."""
    values = _constants(tree)
    inside = {
        id(one): node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for one in ast.walk(node)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(
            "mark.parity"
        ):
            for argument in node.args:
                for name in _strings(argument, values):
                    yield name, inside.get(id(node), "")


def _constants(tree: ast.Module) -> dict[str, ast.expr]:
    return {
        node.targets[0].id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }


def _strings(node: ast.expr, values: dict[str, ast.expr]) -> Iterator[str]:
    if isinstance(node, ast.Starred):
        node = node.value
    if isinstance(node, ast.Name):
        yield from _strings(values[node.id], values)
    elif isinstance(node, ast.Tuple | ast.List):
        for one in node.elts:
            yield from _strings(one, values)
    else:
        yield str(ast.literal_eval(node))


def main() -> None:
    """Write the page anew."""
    text = PAGE.read_text(encoding="utf-8")
    Path(PAGE).write_text(page(text, proofs()), encoding="utf-8")


if __name__ == "__main__":
    main()
