"""Names that a server suggests for a file, made safe to use.

Decides what a Content-Disposition field says and which part of it a program may
put in a path. The peer is not trusted: no name leads out of a directory, hides a
file, or shows another ending than it has.
"""

from __future__ import annotations

import re

__all__ = ("filename_from_disposition", "safe_filename")

MAX_FILENAME_BYTES = 255  # what Linux, macOS and Windows file systems take

# name = token or quoted string; the quoted string may hold ";" and escapes.
_PARAMETER = re.compile(
    r';\s*([\w!#$%&\'*+.^`|~-]+)\s*=\s*("(?:[^"\\]|\\.)*"|(?:[^;\\]|\\.?)*)'
)
_QUOTED_PAIR = re.compile(r"\\(.)")
_EXTENDED = re.compile(r"([\w.-]+)'[\w-]*'(.*)", re.DOTALL)
_UNUSABLE = frozenset('/<>:"|?*')  # separates folders; not in a Windows file name


def filename_from_disposition(value: str) -> str | None:
    """Return the safe file name that a Content-Disposition field gives, or None.

    The extended form (``filename*``) beats the plain one.

    Source: RFC 6266, RFC 8187.
    """
    plain = extended = None
    for name, raw in _PARAMETER.findall(f";{value}" if "=" in value else ""):
        text = _unquoted(raw.strip())
        if name.lower() == "filename*" and extended is None:
            extended = _decoded_extended(text)
        elif name.lower() == "filename" and plain is None:
            plain = _decoded_plain(text)
    return safe_filename(extended or "") or safe_filename(plain or "") or None


def safe_filename(name: str) -> str:
    """Return `name` without what could harm; empty if nothing is left.

    A slash becomes "_", as in Foundation (RFC 6266 would keep what follows the last).
    Of a Windows path, which some servers send whole, the last part stays.
    """
    last = name.rpartition("\\")[2]
    # Not printable: control characters, and those that turn the text around so
    # that "exe.txt" is read where "txt.exe" is written.
    kept = "".join(
        "_" if char in _UNUSABLE else char for char in last if char.isprintable()
    )
    return _shortened(kept.strip(". "))


def _unquoted(raw: str) -> str:
    if len(raw) >= 2 and raw[0] == raw[-1] == '"':
        return _QUOTED_PAIR.sub(r"\1", raw[1:-1])
    return raw


def _decoded_extended(text: str) -> str | None:
    match = _EXTENDED.fullmatch(text)
    if match is None:
        return None
    charset, encoded = match.groups()
    if charset.lower() not in ("utf-8", "iso-8859-1"):  # the two that RFC 8187 has
        return None
    try:
        from urllib.parse import unquote_to_bytes  # 2 ms that few programs need

        return unquote_to_bytes(encoded).decode(charset)
    except UnicodeDecodeError:
        return None


def _decoded_plain(text: str) -> str:
    """Read raw UTF-8, which many servers send; fields are decoded as Latin-1."""
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text


def _shortened(name: str) -> str:
    """Cut the stem so that the name fits a file system and keeps its ending."""
    if len(name.encode("utf-8", "replace")) <= MAX_FILENAME_BYTES:
        return name
    stem, dot, ending = name.rpartition(".")
    if not dot or len(ending) > 16:  # arbitrary: longer is no file name ending
        stem, ending = name, ""
    tail = f"{dot}{ending}" if ending else ""
    room = MAX_FILENAME_BYTES - len(tail.encode("utf-8", "replace"))
    return stem.encode("utf-8", "replace")[:room].decode("utf-8", "ignore") + tail
