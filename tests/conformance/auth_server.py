"""Servers that ask who one is: Basic and Digest, checked by code of their own."""

from __future__ import annotations

import base64
import hashlib
import itertools
import re
from collections.abc import Callable

from urlsession.testing.connection import ReceivedRequest
from urlsession.testing.handlers import Answer

__all__ = ("DigestServer", "basic", "basic_value", "digest_fields")

NO = b"not without a password"


def basic_value(user: str, password: str) -> str:
    """Return what Basic sends."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def basic(
    user: str = "me", password: str = "s3cret", *, realm: str = "r", body: bytes = NO
) -> Callable[[ReceivedRequest], Answer]:
    """Return answers that let one user in."""

    def answer(request: ReceivedRequest) -> Answer:
        if request.header("Authorization") == basic_value(user, password):
            return 200, [], b"welcome " + request.body
        return 401, [("WWW-Authenticate", f'Basic realm="{realm}"')], body

    return answer


def digest_fields(
    request: ReceivedRequest, name: str = "Authorization"
) -> dict[str, str]:
    """Return the parameters of a Digest answer; empty without one."""
    value = request.header(name) or ""
    if not value.startswith("Digest "):
        return {}
    pairs = re.findall(r'(\w+)=(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))', value)
    return {name: quoted or token for name, quoted, token in pairs}


class DigestServer:
    """Answers by Digest.

    Args:
        algorithm: MD5, SHA-256, or either with ``-sess``.
        qop: What it offers; None for the form without.
        uses: How many requests a nonce is good for.
        is_proxy: Whether it asks as a proxy does.
    """

    def __init__(
        self,
        algorithm: str = "MD5",
        qop: str | None = "auth",
        uses: int = 1000,
        *,
        is_proxy: bool = False,
    ) -> None:
        self._names = ("Authorization", "WWW-Authenticate", 401)
        if is_proxy:
            self._names = ("Proxy-Authorization", "Proxy-Authenticate", 407)
        self.algorithm = algorithm
        self.qop = qop
        self.uses = uses
        self.nonces: dict[str, int] = {}
        self._serial = itertools.count(1)

    def __call__(self, request: ReceivedRequest) -> Answer:
        fields = digest_fields(request, self._names[0])
        nonce = fields.get("nonce", "")
        if not fields or fields["response"] != self._expected(request, fields):
            return self._refused(is_stale=False)
        if nonce not in self.nonces or self.nonces[nonce] >= self.uses:
            return self._refused(is_stale=True)
        if self.qop is not None and int(fields["nc"], 16) != self.nonces[nonce] + 1:
            return self._refused(is_stale=False)
        self.nonces[nonce] += 1
        return 200, [], b"welcome " + request.body

    def _refused(self, *, is_stale: bool) -> Answer:
        nonce = f"nonce-{next(self._serial)}"
        self.nonces[nonce] = 0
        value = f'Digest realm="r", nonce="{nonce}", algorithm={self.algorithm}'
        if self.qop is not None:
            value += f', qop="{self.qop}"'
        if is_stale:
            value += ", stale=true"
        return self._names[2], [(self._names[1], value)], NO

    def _expected(self, request: ReceivedRequest, fields: dict[str, str]) -> str:
        hashed = self._hashed
        a1 = hashed("me:r:s3cret")
        if self.algorithm.endswith("-sess"):
            a1 = hashed(f"{a1}:{fields['nonce']}:{fields['cnonce']}")
        a2 = f"{request.method}:{request.target}"
        if fields.get("qop") == "auth-int":
            a2 += ":" + hashed(request.body.decode("latin-1"))
        if self.qop is None:
            return hashed(f"{a1}:{fields['nonce']}:{hashed(a2)}")
        middle = ":".join(fields[name] for name in ("nonce", "nc", "cnonce", "qop"))
        return hashed(f"{a1}:{middle}:{hashed(a2)}")

    def _hashed(self, text: str) -> str:
        name = "sha256" if self.algorithm.startswith("SHA-256") else "md5"
        digest = hashlib.new(name, text.encode("latin-1"), usedforsecurity=False)
        return digest.hexdigest()
