"""Hosts and paths: whose cookie it is, and which site a host belongs to.

Decides by names alone. Hosts are canonical: lower case, IDNA, as `urlsession.url`
makes them. Must not know cookies.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from ...url import URLParts, parse_url

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList

__all__ = (
    "default_path",
    "domain_matches",
    "is_address",
    "is_public_suffix",
    "is_same_site",
    "path_matches",
    "registrable_domain",
    "url_parts",
)


def url_parts(url: str) -> URLParts:
    """Take a URL apart; a WebSocket's counts as that of its handshake.

    Raises:
        URLError: It cannot be read, or its scheme is not supported.
    """
    if url[:2].lower() == "ws" and url[2:4].lower() in ("s:", ":/"):
        url = f"http{url[2:]}"
    return parse_url(url)


def is_address(host: str) -> bool:
    """Return whether a host is an IP address and no name."""
    return ":" in host or host.rpartition(".")[2].isdigit()


def domain_matches(host: str, domain: str) -> bool:
    """Return whether `host` is `domain` or a name below it (RFC 6265bis, 5.1.3)."""
    if host == domain:
        return True
    return host.endswith("." + domain) and bool(domain) and not is_address(host)


def path_matches(path: str, cookie_path: str) -> bool:
    """Return whether `path` is `cookie_path` or is below it (RFC 6265bis, 5.1.4)."""
    if not path.startswith(cookie_path):
        return False
    length = len(cookie_path)
    return len(path) == length or cookie_path[-1] == "/" or path[length] == "/"


def default_path(path: str) -> str:
    """Return the path of a cookie that names none: the folder of the URL's path."""
    return path[: path.rfind("/")] or "/" if path.startswith("/") else "/"


def is_public_suffix(domain: str) -> bool:
    """Return whether anybody may register names right below `domain`.

    What the list does not know is one if it is a single label.

    Source: https://publicsuffix.org/list/
    """
    return not is_address(domain) and _suffixes().is_public(domain)


def registrable_domain(host: str) -> str:
    """Return the part of `host` that somebody has registered: its site.

    An address and a public suffix are sites by themselves.
    """
    host = host.removesuffix(".")
    if is_address(host):
        return host
    return _suffixes().privatesuffix(host) or host


def is_same_site(host: str, other: str) -> bool:
    """Return whether two hosts belong to one site; their schemes do not count."""
    return host == other or registrable_domain(host) == registrable_domain(other)


@cache
def _suffixes() -> PublicSuffixList:
    # 30 ms and 1.2 MB, for programs that meet a cookie which names a domain.
    from publicsuffixlist import PublicSuffixList

    return PublicSuffixList()
