"""Digest access authentication: what to answer to a server's challenge.

Pure, but for the random client nonce, which the caller may give. Not libcurl's: it
forgets a server's nonce with each reset of an easy handle, so that every request
would be refused once before it is answered; and a body cannot be covered.

Source: RFC 7616.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from typing import TYPE_CHECKING

from .auth_header import parse_parameters

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ("DigestSession", "digest_rank")

# Strongest last. MD5 is here because servers still ask for nothing else.
_HASHES = {"md5": "md5", "sha-256": "sha256", "sha-512-256": "sha512_256"}
_RANKS = {"md5": 0, "sha-256": 1, "sha-512-256": 2}


def digest_rank(parameters: Mapping[str, str]) -> int | None:
    """How strong a Digest challenge is, more is stronger; None: cannot be answered."""
    name = _algorithm(parameters).removesuffix("-sess")
    if name not in _HASHES or "nonce" not in parameters:
        return None
    if _HASHES[name] not in hashlib.algorithms_available:
        return None
    qop = parameters.get("qop")
    if qop is not None and not {"auth", "auth-int"} & set(_options(qop)):
        return None
    return _RANKS[name]


class DigestSession:
    """The answers to one challenge, as long as its nonce is good.

    Args:
        parameters: Those of the challenge; `digest_rank` must not be None for it.
        user: User name.
        password: Password.
        cnonce: The client's nonce; random if None.
    """

    def __init__(
        self,
        parameters: Mapping[str, str],
        user: str,
        password: str,
        cnonce: str | None = None,
    ) -> None:
        self._parameters = dict(parameters)
        self._algorithm = _algorithm(parameters)
        self._hash = _HASHES[self._algorithm.removesuffix("-sess")]
        self._user = user
        self._password = password
        self._nonce = parameters["nonce"]
        self._cnonce = cnonce
        self._count = 0

    def covers_body(self) -> bool:
        """Whether the server insists on a digest of the body."""
        qop = self._parameters.get("qop")
        return qop is not None and "auth" not in _options(qop)

    def answer(self, method: str, target: str, body: bytes | None) -> str:
        """Return the value of the Authorization field for one request.

        Args:
            method: The request's method.
            target: What stands in the request line.
            body: The request's body, if it is known as a whole; empty without one.
        """
        self._count += 1
        cnonce = self._cnonce or _random()
        qop = self._qop(body)
        a1 = f"{self._user}:{self._realm}:{self._password}"
        secret = self._digest(a1.encode())
        if self._algorithm.endswith("-sess"):
            secret = self._digest(f"{secret}:{self._nonce}:{cnonce}".encode())
        a2 = f"{method}:{target}"
        if qop == "auth-int":
            a2 += f":{self._digest(body or b'')}"
        if qop is None:
            plain = f"{secret}:{self._nonce}:{self._digest(a2.encode())}"
        else:
            plain = f"{secret}:{self._nonce}:{self._count:08x}:{cnonce}:{qop}:"
            plain += self._digest(a2.encode())
        return self._field(target, self._digest(plain.encode()), qop, cnonce)

    def take_info(self, value: str) -> None:
        """Note what Authentication-Info says: another nonce may come with it."""
        nonce = parse_parameters(value).get("nextnonce")
        if nonce:
            self._nonce = nonce
            self._count = 0

    @property
    def _realm(self) -> str:
        return self._parameters.get("realm", "")

    def _qop(self, body: bytes | None) -> str | None:
        qop = self._parameters.get("qop")
        if qop is None:
            return None  # RFC 2069
        options = _options(qop)
        # The stronger one only if it is all that is offered: servers that offer both
        # are tried with the one by everybody else.
        return "auth" if "auth" in options or body is None else "auth-int"

    def _digest(self, data: bytes) -> str:
        return hashlib.new(self._hash, data, usedforsecurity=False).hexdigest()

    def _field(self, target: str, response: str, qop: str | None, cnonce: str) -> str:
        hides_user = self._parameters.get("userhash", "").lower() == "true"
        user = self._user
        if hides_user:
            user = self._digest(f"{user}:{self._realm}".encode())
        parts = [
            f"username={_quoted(user)}"
            if user.isascii()
            else f"username*=UTF-8''{_percent(user)}",
            f"realm={_quoted(self._realm)}",
            f"nonce={_quoted(self._nonce)}",
            f"uri={_quoted(target)}",
            f'response="{response}"',
        ]
        if "algorithm" in self._parameters:
            parts.append(f"algorithm={self._parameters['algorithm']}")
        if "opaque" in self._parameters:
            parts.append(f"opaque={_quoted(self._parameters['opaque'])}")
        if qop is not None:
            parts += [f"qop={qop}", f"nc={self._count:08x}", f'cnonce="{cnonce}"']
        elif self._algorithm.endswith("-sess"):
            parts.append(f'cnonce="{cnonce}"')
        if hides_user:
            parts.append("userhash=true")
        return "Digest " + ", ".join(parts)


def _algorithm(parameters: Mapping[str, str]) -> str:
    return parameters.get("algorithm", "MD5").lower()


def _options(qop: str) -> list[str]:
    return [one.strip().lower() for one in qop.split(",")]


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _percent(text: str) -> str:
    from urllib.parse import quote  # 2 ms for a user whose name is not ASCII

    return quote(text, safe="")


def _random() -> str:
    import os  # not a rule's business, but the answer's one random part

    return b64encode(os.urandom(24), b"-_").decode("ascii")
