"""Leaks with one cause are one finding to a person: told once, counted, cured once.

Decides what one cause is: the same verdict on owners of the same type that the same
line made (or, where no owner is known, on connections that the same line opened).
Every form of the report speaks of these groups.
"""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ...connections import CallSite
    from ..facts import OwnerFacts
    from ..report import Finding
    from ..verdict import Kind, Verdict

__all__ = ("LeakGroup", "group_leaks", "show_site")


@dataclass(frozen=True, slots=True)
class LeakGroup:
    """Leaks with one cause, in the order of their opening; at least one."""

    findings: tuple[Finding, ...]

    @property
    def verdict(self) -> Verdict:
        """The first one's verdict, which speaks for all."""
        verdict = self.findings[0].verdict
        assert verdict is not None
        return verdict

    @property
    def kind(self) -> Kind:
        """The kind that all of them share."""
        return self.verdict.kind

    @property
    def owner(self) -> OwnerFacts | None:
        """The first one's owner, which is like the others'."""
        return self.findings[0].facts.owner

    @property
    def made_at(self) -> CallSite | None:
        """The line that made the owners; None if it is not known."""
        return None if self.owner is None else self.owner.made_at

    @property
    def opened_by(self) -> tuple[CallSite, ...]:
        """The lines that opened the connections, the most frequent first."""
        counts = Counter(
            one.facts.opened_by for one in self.findings if one.facts.opened_by
        )
        return tuple(site for site, _ in counts.most_common())

    @property
    def site(self) -> CallSite | None:
        """The line to go to: where the owner was made, else where it was opened."""
        return self.made_at or next(iter(self.opened_by), None)

    @property
    def idle_count(self) -> int:
        """How many of them nothing uses."""
        return sum(not one.facts.is_checked_out for one in self.findings)

    @property
    def paths(self) -> tuple[tuple[str, ...], ...]:
        """The heap paths that hold them, each once."""
        paths = dict.fromkeys(one.facts.path for one in self.findings)
        return tuple(path for path in paths if path)

    @property
    def headline(self) -> str:
        """One line: what, how many, of what, from where.

        For instance ``unclosed: 40 connections of Session client.py:31, 38 of them
        idle``.
        """
        count = len(self.findings)
        text = f"{self.kind.value}: {count} connection{'' if count == 1 else 's'}"
        if self.owner is not None:
            text += f" of {self.owner.short_type}"
        if self.site is not None:
            preposition = "" if self.owner is not None else "from "
            text += f" {preposition}{os.path.basename(self.site.file)}:{self.site.line}"
        if count > 1 and self.idle_count > 0:
            text += f", {'all' if self.idle_count == count else self.idle_count} of them idle"
        return text


def group_leaks(leaks: Iterable[Finding]) -> tuple[LeakGroup, ...]:
    """Return leaks by cause, the largest group first."""
    found: dict[tuple[object, ...], list[Finding]] = {}
    for one in leaks:
        if one.verdict is None:
            continue
        owner, kind = one.facts.owner, one.verdict.kind
        if owner is None:
            cause: tuple[object, ...] = (kind, one.facts.opened_by)
        else:
            cause = (kind, owner.type, owner.made_at or one.facts.opened_by)
        found.setdefault(cause, []).append(one)
    groups = [LeakGroup(tuple(findings)) for findings in found.values()]
    return tuple(sorted(groups, key=lambda group: -len(group.findings)))


def show_site(site: CallSite) -> str:
    """Return ``file:line``, the file as seen from the working directory if below it."""
    file = site.file
    try:
        relative = os.path.relpath(file)
    except (OSError, ValueError):  # no working directory, or another drive
        relative = file
    if not relative.startswith(os.pardir) and os.path.isabs(file):
        file = relative
    return f"{file}:{site.line}"
