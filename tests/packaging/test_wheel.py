"""The wheel has the whole package and nothing else."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from email import message_from_bytes
from email.message import Message
from pathlib import Path

import pytest

from .source_tree import PACKAGE_DIR, ROOT


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel once, with what is installed: no index is asked."""
    out = tmp_path_factory.mktemp("wheel")
    run = subprocess.run(
        [
            sys.executable,
            "-m",
            "build",
            "--wheel",
            "--no-isolation",
            "--outdir",
            str(out),
            str(ROOT),
        ],
        check=False,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    [path] = out.glob("*.whl")
    return path


def metadata(wheel: Path) -> Message:
    """Return the wheel's own account of itself."""
    with zipfile.ZipFile(wheel) as archive:
        [name] = [n for n in archive.namelist() if n.endswith(".dist-info/METADATA")]
        return message_from_bytes(archive.read(name))


@pytest.mark.slow
def test_wheel_has_every_source_file_and_the_type_marker(wheel: Path) -> None:
    """What is in the source tree is in the wheel, py.typed with it."""
    sources = {
        f"urlsession/{path.relative_to(PACKAGE_DIR)}"
        for path in PACKAGE_DIR.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}

    # The one line by which the environment starts a watch lies beside the package.
    assert names == sources | {"urlsession-watch.pth"}
    assert "urlsession/py.typed" in names


def test_wheel_says_what_it_is(wheel: Path) -> None:
    """Name, licence and the oldest Python are stated."""
    told = metadata(wheel)

    assert (told["Name"], told["License-Expression"]) == ("urlsession", "MIT")
    assert told["Requires-Python"] == ">=3.11"


def test_wheel_has_the_command(wheel: Path) -> None:
    """Installing it gives `urlsession`."""
    with zipfile.ZipFile(wheel) as archive:
        [name] = [n for n in archive.namelist() if n.endswith("entry_points.txt")]
        text = archive.read(name).decode()

    assert "urlsession = urlsession.cli.main:main" in text
