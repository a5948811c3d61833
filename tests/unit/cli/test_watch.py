"""The arguments of ``urlsession watch``."""

from __future__ import annotations

from pathlib import Path

import pytest

from urlsession.cli.watch import _split, run


@pytest.mark.parametrize(
    ("argv", "parts"),
    [
        (["app.py"], ([], None, ["app.py"])),
        (["app.py", "--json", "x"], ([], None, ["app.py", "--json", "x"])),
        (["--json", "f", "app.py"], (["--json", "f"], None, ["app.py"])),
        (["--json=f", "app.py"], (["--json=f"], None, ["app.py"])),
        (["-m", "mod", "-m", "x"], ([], "mod", ["-m", "x"])),
        (["-mmod", "x"], ([], "mod", ["x"])),
        (["--fail-on-leak", "-m", "mod"], (["--fail-on-leak"], "mod", [])),
        (["--", "-odd.py", "x"], ([], None, ["-odd.py", "x"])),
        (["--help"], (["--help"], None, [])),
        (["-m"], (["-m"], None, [])),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_arguments_behind_the_program_are_the_programs(
    argv: list[str], parts: tuple[list[str], str | None, list[str]]
) -> None:
    """Whatever they look like."""
    assert _split(argv) == parts


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        ([], "name a SCRIPT"),
        (["nowhere.py"], "nowhere.py"),
        (["--json", "/nowhere/at/all.json", "x.py"], "cannot write"),
        (["--nonsense", "x.py"], "--nonsense"),
        (["-m"], "expected one argument"),
        (["pytest", "x.py"], "did you mean -m pytest?"),
        (["--idle-after", "soon", "x.py"], "'soon' is no number of seconds"),
        (["--every", "0", "x.py"], "'0' is no number of seconds above 0"),
        (["--signal", "USR3", "x.py"], "there is no signal 'USR3'"),
        (["--signal", "TERM", "x.py"], "SIGTERM means something else"),
    ],
)
def test_wrong_arguments_end_before_the_program(
    argv: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """With exit code 2, as argparse has it."""
    with pytest.raises(SystemExit) as ended:
        run(argv)

    assert ended.value.code == 2
    assert words in capsys.readouterr().err


def test_report_into_a_folder_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before the program runs, not after."""
    with pytest.raises(SystemExit):
        run(["--json", str(tmp_path), "x.py"])

    assert "cannot write" in capsys.readouterr().err
