"""Virtual environments for libraries that cannot live beside the others.

niquests brings a package that puts itself in urllib3's place, and urllib3 1.26 cannot
be there together with 2. Each is made once, into a folder that is not committed.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import venv
from pathlib import Path

__all__ = ("ENVIRONMENTS", "python_of")

ROOT = Path(__file__).resolve().parents[2]
HOME = ROOT / ".venvs"
INSTALL_WITHIN_S = 180.0  # seconds; a registry that hangs must not hang the suite
ENVIRONMENTS = {
    "niquests": ("niquests>=3.14",),
    "urllib3-1": ("urllib3<2", "requests>=2.32"),
}
_lock = threading.Lock()


def python_of(name: str) -> str:
    """Return the interpreter of an environment; makes it if it is not there."""
    with _lock:
        home = HOME / f"{name}-{sys.version_info[0]}.{sys.version_info[1]}"
        python = home / "bin" / "python"
        stamp = home / "requirements.txt"
        wanted = "\n".join(ENVIRONMENTS[name])
        if not (stamp.exists() and stamp.read_text(encoding="utf-8") == wanted):
            venv.create(home, clear=True, with_pip=True)
            _install(python, ENVIRONMENTS[name])
            (site,) = home.glob("lib/python*/site-packages")
            # The project as it is here; what watching needs of it needs no package.
            (site / "project.pth").write_text(f"{ROOT / 'src'}\n", encoding="utf-8")
            stamp.write_text(wanted, encoding="utf-8")
        return str(python)


def _install(python: Path, requirements: tuple[str, ...]) -> None:
    pip = [str(python), "-m", "pip", "--disable-pip-version-check", "install", "-q"]
    subprocess.run(
        [*pip, *requirements],
        check=True,
        capture_output=True,
        text=True,
        timeout=INSTALL_WITHIN_S,
    )
