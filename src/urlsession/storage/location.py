"""Where on disk the stores of this program live.

Decides the folder, and that there may be none. Must not know what is kept in it,
and never makes it: whoever writes first does, see `storage.database`.

Not by `platformdirs`: it knows twenty kinds of folder, we need one, and it takes
5 ms of every program that loads anything.
"""

from __future__ import annotations

import os
import re
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ("data_directory", "data_directory_text")

HOME_VARIABLE = "URLSESSION_HOME"
_NAME_LIMIT = 64  # characters; some file systems end at 143 bytes

_NOT_IN_A_NAME = re.compile(r"[^\w.\-]+")


def data_directory() -> Path | None:
    """Return the folder for what this program keeps; it may not be there yet.

    ``$URLSESSION_HOME`` if it is set, else ``urlsession/<program>`` in the user's
    data directory: ``$XDG_DATA_HOME`` or ``~/.local/share``, on macOS
    ``~/Library/Application Support``, on Windows ``%LOCALAPPDATA%``. The program's
    name is that of its script, or of its module if it was started by ``-m``.

    Returns:
        The absolute path; None if nothing is to be kept on disk, because the
        variable is empty or the user has no home.
    """
    from pathlib import Path  # 8 ms that a program without stores need not pay

    text = data_directory_text()
    return None if text is None else Path(text)


def data_directory_text() -> str | None:
    """Return `data_directory` as a str, for those who only look whether it is there."""
    given = os.environ.get(HOME_VARIABLE)
    if given == "":
        return None
    path: str | None
    if given is not None:
        path = os.path.expanduser(given)
        if path.startswith("~"):  # no such user
            return None
    else:
        path = _user_data(sys.platform, os.environ, os.path.expanduser("~"))
        if path is None:
            return None
        path = os.path.join(path, "urlsession", _program())
    try:
        return os.path.abspath(path)
    except OSError:  # there is no working directory any more
        return None


def _user_data(platform: str, environ: Mapping[str, str], home: str) -> str | None:
    """Return the platform's folder for a user's data; None without a home."""
    chosen = ""
    if platform == "win32":
        chosen, usual = environ.get("LOCALAPPDATA", ""), ("AppData", "Local")
    elif platform == "darwin":
        usual = ("Library", "Application Support")
    else:
        chosen, usual = environ.get("XDG_DATA_HOME", ""), (".local", "share")
    if os.path.isabs(chosen):  # the XDG specification has relative ones ignored
        return chosen
    return os.path.join(home, *usual) if os.path.isabs(home) else None


def _program() -> str:
    """Return the program's name, fit to be a folder's; ``python`` if it has none."""
    spec = getattr(sys.modules.get("__main__"), "__spec__", None)
    name = "" if spec is None else spec.name.removesuffix(".__main__")
    if name in ("", "__main__"):  # a script, a folder or an archive
        script = sys.argv[0] if sys.argv else ""
        folder, name = os.path.split(script.rstrip(os.sep))
        if name == "__main__.py":
            name = os.path.basename(os.path.abspath(folder))
        name = re.sub(r"\.(py[cwz]?|exe)$", "", name, flags=re.IGNORECASE)
    name = _NOT_IN_A_NAME.sub("_", name)[:_NAME_LIMIT].strip("._")
    return "python" if name in ("", "-c", "-") else name
