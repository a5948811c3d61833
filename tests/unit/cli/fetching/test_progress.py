"""Bars and lines on standard error."""

from __future__ import annotations

import asyncio
import io
from dataclasses import dataclass

import pytest

from urlsession.cli.fetching.progress import Screen, one_line, wants_bars


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@dataclass
class Count:
    """A task, as a bar sees it."""

    count_of_bytes_received: int = 500
    count_of_bytes_expected_to_receive: int = 1000
    count_of_bytes_sent: int = 0
    count_of_bytes_expected_to_send: int = 0


@pytest.fixture(autouse=True)
def colour_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Run as in a terminal of 80 columns."""
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "80")
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)


def test_bars_are_for_terminals(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not for files, closed streams, or terminals that cannot move back."""
    closed = Terminal()
    closed.close()

    assert wants_bars(Terminal())
    assert not wants_bars(io.StringIO())
    monkeypatch.setenv("TERM", "dumb")
    assert not wants_bars(Terminal())


def test_line_of_text_is_one_line() -> None:
    """Whatever a server put into it."""
    assert one_line("a\nb\x1b[2Jc\rd") == "a b [2Jc d"


def draw(stream: io.StringIO, task: Count, *, count: int = 1, bars: bool = True) -> str:
    """Return what one load shows, with a line said meanwhile."""

    async def run() -> None:
        screen = Screen(stream, count, has_bars=bars)
        with screen.bars(), screen.bar("http://host/file", task):
            await asyncio.sleep(0)
            screen.say("[said] meanwhile")
        screen.say("said after")

    asyncio.run(run())
    return stream.getvalue()


def test_screen_without_bars_writes_lines_only() -> None:
    """As they are said."""
    text = draw(io.StringIO(), Count(), bars=False)

    assert text == "[said] meanwhile\nsaid after\n"


def test_bar_shows_how_far_a_load_is() -> None:
    """Lines stand above it, and are not taken for markup."""
    text = draw(Terminal(), Count())

    assert "http://host/file" in text
    assert "500/1,000 bytes" in text
    assert "━" in text
    assert "[said] meanwhile" in text


def test_bar_of_unknown_length_counts_only() -> None:
    """A chunked reply does not tell."""
    assert "500/? bytes" in draw(Terminal(), Count(500, -1))


@pytest.mark.parametrize("no_color", ["", "1"])
def test_colours_are_the_users_choice(
    monkeypatch: pytest.MonkeyPatch, no_color: str
) -> None:
    """See no-color.org; an empty value says nothing."""
    monkeypatch.setenv("NO_COLOR", no_color)

    assert ("\x1b[38;5;" in draw(Terminal(), Count())) == (not no_color)


def test_stream_that_is_closed_stops_nothing() -> None:
    """Nobody listens: the load goes on."""
    stream = io.StringIO()
    stream.close()

    Screen(stream, 1, has_bars=False).say("nobody hears this")
