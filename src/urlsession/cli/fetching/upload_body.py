"""What ``-F`` and ``-T`` send: a form with files, and one file as it is.

Decides how their arguments are read, which is as with curl. Files are looked at here,
so that a mistake is told before anything is loaded, and read while they are sent.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote, urlsplit

from ...multipart import MultipartForm

__all__ = ("file_to_upload", "form_of", "url_with_name")

_ATTRIBUTES = ("type", "filename")


def form_of(pieces: Sequence[str]) -> MultipartForm:
    """Return the form of all ``-F`` arguments.

    ``NAME=VALUE`` is a field, ``NAME=@FILE`` a file, ``NAME=<FILE`` a field with the
    file's text; ``;type=TYPE`` and ``;filename=NAME`` may follow a file.

    Raises:
        ValueError: One cannot be read, with the reason.
    """
    form = MultipartForm()
    for piece in pieces:
        name, equals, value = piece.partition("=")
        if not equals or not name:
            raise ValueError(f"-F {piece!r}: a field is written NAME=VALUE")
        if value.startswith("@"):
            _add_file(form, name, value[1:])
        elif value.startswith("<"):
            form.add_field(name, _read(value[1:]))
        else:
            form.add_field(name, value.encode(errors="surrogateescape"))
    return form


def file_to_upload(name: str) -> Path | BinaryIO:
    """Return what ``-T`` names: a file, or standard input for ``-``.

    Raises:
        ValueError: It cannot be read, or is a folder.
    """
    if name == "-":
        # Unbuffered: a thread may wait in it when the program ends.
        return open(sys.stdin.fileno(), "rb", buffering=0, closefd=False)
    path = Path(name)
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise ValueError(f"-T: cannot read {name!r}: {error.strerror}") from error
    if stat.S_ISDIR(mode):
        raise ValueError(f"-T: {name!r} is a folder")
    if not os.access(path, os.R_OK):
        raise ValueError(f"-T: cannot read {name!r}: permission denied")
    return path


def url_with_name(url: str, file: Path | BinaryIO) -> str:
    """Return the URL with the file's name behind it if it ends in a folder."""
    if not isinstance(file, Path) or not urlsplit(url).path.endswith("/"):
        return url
    head, mark, query = url.partition("?")
    return f"{head}{quote(file.name)}{mark}{query}"


def _add_file(form: MultipartForm, name: str, value: str) -> None:
    words = value.split(";")
    attributes: dict[str, str] = {}
    while len(words) > 1:
        key, equals, text = words[-1].partition("=")
        if key.strip() not in _ATTRIBUTES or not equals:
            break
        attributes.setdefault(key.strip(), text.strip().strip('"'))
        words.pop()
    file = ";".join(words)
    content: Path | bytes
    if file == "-":
        content = sys.stdin.buffer.read()
        attributes.setdefault("filename", "-")
    else:
        content = Path(file)
        if not content.is_file() or not os.access(content, os.R_OK):
            # Of a pipe, such as the shell's <(...), the length is known at its end.
            attributes.setdefault("filename", content.name)
            content = _read(file)
    form.add_file(name, content, attributes.get("filename"), attributes.get("type"))


def _read(file: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise ValueError(f"-F: cannot read {file!r}: {error.strerror}") from error
