"""What WWW-Authenticate and Proxy-Authenticate say.

Pure. Decides how a field with several challenges is taken apart: what cannot be
read is left out, with what stands behind it up to the next challenge that can be.
Must not know which schemes are supported.

Source: RFC 9110, sections 11.2 to 11.6 and 5.6.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

__all__ = ("OfferedChallenge", "parse_challenges", "parse_parameters")

_NAME = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_PARAMETER = re.compile(
    rf"[ \t]*({_NAME})[ \t]*=[ \t]*(?:\"((?:[^\"\\]|\\.)*)\"|({_NAME}))[ \t]*(?=,|$)",
    re.DOTALL,
)
_SCHEME = re.compile(rf"({_NAME})(?:[ \t]+|(?=,|$))")
_TOKEN68 = re.compile(r"([A-Za-z0-9\-._~+/]+=*)[ \t]*(?=,|$)")
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_SEPARATORS = re.compile(r"[ \t,]*")
# To where another challenge may begin; a comma within quotes is none.
_REST = re.compile(r"(?:\"(?:[^\"\\]|\\.)*\"|[^,])*", re.DOTALL)


class OfferedChallenge(NamedTuple):
    """One challenge.

    Attributes:
        scheme: The scheme in lower case.
        parameters: Its parameters by their names in lower case; of two alike the
            first counts.
        token68: What stands instead of parameters; empty without it.
    """

    scheme: str
    parameters: Mapping[str, str]
    token68: str = ""

    @property
    def realm(self) -> str | None:
        """The realm; None if none is named."""
        return self.parameters.get("realm")


def parse_challenges(values: Iterable[str]) -> list[OfferedChallenge]:
    """Return the challenges of all fields of one name, in order.

    Args:
        values: The value of each field.
    """
    found: list[OfferedChallenge] = []
    for value in values:
        position = _SEPARATORS.match(value, 0).end()  # type: ignore[union-attr]  # matches anything
        while position < len(value):
            position = _one(value, position, found)
            position = _SEPARATORS.match(value, position).end()  # type: ignore[union-attr]  # matches anything
    return found


def parse_parameters(value: str) -> dict[str, str]:
    """Return the parameters of a field that has nothing else (Authentication-Info)."""
    return _parameters(value, 0)[0]


def _one(value: str, position: int, found: list[OfferedChallenge]) -> int:
    scheme = _SCHEME.match(value, position)
    if scheme is None:
        return _skip(value, position)
    start = scheme.end()
    token68 = _TOKEN68.match(value, start)
    if token68 is not None and not _PARAMETER.match(value, start):
        found.append(OfferedChallenge(scheme[1].lower(), {}, token68[1]))
        return token68.end()
    parameters, end = _parameters(value, start)
    found.append(OfferedChallenge(scheme[1].lower(), parameters))
    if end == start and start < len(value) and value[start] != ",":
        return _skip(value, start)
    return end


def _parameters(value: str, position: int) -> tuple[dict[str, str], int]:
    parameters: dict[str, str] = {}
    end = position
    while True:
        match = _PARAMETER.match(value, position)
        if match is None:
            return parameters, end
        name, quoted, token = match.groups()
        text = token if quoted is None else _ESCAPE.sub(r"\1", quoted)
        parameters.setdefault(name.lower(), _decoded(text))
        end = match.end()
        position = _SEPARATORS.match(value, end).end()  # type: ignore[union-attr]  # matches anything


def _decoded(text: str) -> str:
    """Read UTF-8 where it is: the head was read as Latin-1."""
    if text.isascii():
        return text
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text


def _skip(value: str, position: int) -> int:
    rest = _REST.match(value, position)
    # An open quote stops it short: then nothing behind it can be trusted.
    end = len(value) if rest is None else rest.end()
    return end if end > position else len(value)
