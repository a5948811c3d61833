"""The text of ``URLSESSION_WATCH``."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from urlsession.watch.entry.spec import (
    SpecError,
    WatchSpec,
    for_children,
    format_spec,
    parse_spec,
)


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        ("1", WatchSpec()),
        ("on", WatchSpec()),
        ("", None),
        ("0", None),
        ("off", None),
        ("fail", WatchSpec(fail=True)),
        ("fail=0,quiet", WatchSpec(quiet=True)),
        (
            "json=/tmp/r-%p.json,idle-after=5,fail",
            WatchSpec(json="/tmp/r-%p.json", idle_after=5.0, fail=True),
        ),
        ("json=a,,b.json", WatchSpec(json="a,b.json")),
        ("user-packages=shop billing", WatchSpec(user_packages=("shop", "billing"))),
        ("every=0.5,signal=USR1", WatchSpec(every=0.5, signal="USR1")),
    ],
)
def test_text_says_what_a_watch_does(text: str, spec: WatchSpec | None) -> None:
    """Settings parted by commas, or one word."""
    assert parse_spec(text) == spec


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("jsn=x", "no setting 'jsn'"),
        ("json", "json needs a value"),
        ("json=", "json needs a value"),
        ("idle-after=soon", "idle-after takes seconds"),
        ("idle-after=-1", "idle-after takes seconds"),
        ("every=0", "every takes seconds"),
        ("fail=perhaps", "fail takes no value"),
        ("signal=USR3", "no signal 'USR3'"),
        ("signal=TERM", "means something else"),
    ],
)
def test_nonsense_is_an_error_that_names_it(text: str, words: str) -> None:
    """And what would do."""
    with pytest.raises(SpecError, match=words):
        parse_spec(text)


FILES = st.text("ab,%=/. ", min_size=1).filter(lambda one: one.strip() == one)


@given(
    st.builds(
        WatchSpec,
        idle_after=st.floats(0, 1e6),
        json=st.none() | FILES,
        junit=st.none() | FILES,
        fail=st.booleans(),
        quiet=st.booleans(),
        every=st.none() | st.floats(0.01, 1e6),
        user_packages=st.lists(st.sampled_from(["shop", "billing"])).map(tuple),
        folder=st.none() | FILES,
    )
)
def test_what_is_written_is_read_as_the_same(spec: WatchSpec) -> None:
    """A child gets what its parent was asked for."""
    assert parse_spec(format_spec(spec)) == spec


def test_children_write_no_files_of_their_own() -> None:
    """What decides a verdict is the same for them."""
    spec = WatchSpec(
        idle_after=5.0, json="a", junit="b", sarif="c", fail=True, every=1.0
    )

    assert for_children(spec, "/there") == WatchSpec(idle_after=5.0, folder="/there")
