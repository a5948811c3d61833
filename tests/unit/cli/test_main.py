"""Finding the subcommand."""

from __future__ import annotations

import pytest

from urlsession.cli.main import main


def test_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """To standard output."""
    with pytest.raises(SystemExit) as ended:
        main(["--version"])

    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith("urlsession ")


@pytest.mark.parametrize("argv", [[], ["nonsense"]])
def test_missing_or_unknown_command_is_a_usage_error(
    argv: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """With the commands named."""
    with pytest.raises(SystemExit) as ended:
        main(argv)

    assert ended.value.code == 2
    assert "usage: urlsession" in capsys.readouterr().err


def test_help_lists_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    """Each with what it does."""
    with pytest.raises(SystemExit):
        main(["--help"])
    text = capsys.readouterr().out

    assert "fetch" in text
    assert "watch" in text
