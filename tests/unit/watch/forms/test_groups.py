"""Leaks with one cause are one group."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

from urlsession.connections import CallSite
from urlsession.watch.forms.groups import group_leaks, show_site
from urlsession.watch.report import Finding
from urlsession.watch.verdict import Kind

from ..reports import CLOSED, LEAK, OPEN, OWNER, VERDICT


def test_forty_connections_of_one_line_are_one_group() -> None:
    """Counted, with how many nothing uses."""
    found = [
        Finding(replace(OPEN, id=at, is_checked_out=at < 2), VERDICT)
        for at in range(40)
    ]
    (group,) = group_leaks(found)

    assert group.headline == (
        "unclosed: 40 connections of Session client.py:31, 38 of them idle"
    )


@pytest.mark.parametrize(
    "other",
    [
        Finding(OPEN, replace(VERDICT, kind=Kind.ORPHAN)),
        Finding(replace(OPEN, owner=replace(OWNER, type="httpx.Client")), VERDICT),
        Finding(
            replace(OPEN, owner=replace(OWNER, made_at=CallSite("b.py", 1, "f"))),
            VERDICT,
        ),
    ],
    ids=["kind", "type", "line"],
)
def test_another_kind_type_or_line_is_another_cause(other: Finding) -> None:
    """Each has its own cure."""
    assert len(group_leaks([LEAK, other])) == 2


def test_largest_group_comes_first_and_what_is_fine_in_none() -> None:
    """The one to begin with."""
    orphan = Finding(OPEN, replace(VERDICT, kind=Kind.ORPHAN))
    groups = group_leaks([LEAK, orphan, orphan, Finding(CLOSED, None)])

    assert [len(group.findings) for group in groups] == [2, 1]
    assert groups[0].kind is Kind.ORPHAN


def test_connection_without_an_owner_is_grouped_by_its_line() -> None:
    """It is the line to go to."""
    (group,) = group_leaks([Finding(replace(OPEN, owner=None), VERDICT)])

    assert group.headline == "unclosed: 1 connection from client.py:33"
    assert group.site == OPEN.opened_by


def test_site_below_the_working_directory_is_shown_from_there() -> None:
    """Another one as it is."""
    here = CallSite(os.path.join(os.getcwd(), "src", "a.py"), 3, "f")

    assert show_site(here) == f"{os.path.join('src', 'a.py')}:3"
    assert show_site(CallSite("/elsewhere/a.py", 3, "f")) == "/elsewhere/a.py:3"
