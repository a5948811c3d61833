"""URLs: what a caller writes, taken apart and made fit for the wire.

Decides which URLs are loadable at all (`BAD_URL`, `UNSUPPORTED_URL`), and how
what is legal for people but not in HTTP is encoded: host names by IDNA, the rest
as percent-encoded UTF-8. Escapes that are there already are left as they are, so
that signed URLs stay valid. Must not resolve or open anything.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from .errors import URLError, URLErrorCode

__all__ = ("URLParts", "parse_url")

DEFAULT_PORTS = {"http": 80, "https": 443}

# RFC 3986, appendix B, with a scheme that has to look like one.
_URL = re.compile(
    r"(?:([A-Za-z][A-Za-z0-9+.\-]*):)?(?://([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?",
    re.DOTALL,
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
# What neither RFC 3986 nor the WHATWG standard lets through unescaped.
_UNSAFE = re.compile(r"[^!$%&'()*+,\-./0-9:;=?@A-Z\[\]_a-z~#|]")
_SAFE_MARKS = "!$%&'()*+,-./:;=?@[]_~|"
_HOST = re.compile(r"[a-z0-9._~\-]+")
_DEVIATIONS = re.compile("[ß\u1e9eς\u200c\u200d]")


@dataclass(frozen=True, slots=True)
class URLParts:
    """A URL taken apart. Make one with `parse_url`.

    Attributes:
        scheme: ``http`` or ``https``.
        host: Host name in lower case and IDNA form, or an address; IPv6 without
            its brackets.
        port: Port number, the scheme's own if the URL gives none.
        path: Percent-encoded path, at least ``/``.
        query: Percent-encoded query without its ``?``; None if there is none.
        fragment: Percent-encoded fragment without its ``#``; None if there is none.
        user: Decoded user name of the URL's user information, or None.
        password: Decoded password of the URL's user information, or None.
        origin: (scheme, host, port): what a pool and the redirect rules go by.
        request_url: What libcurl is given: all but the fragment.
    """

    scheme: str
    host: str
    port: int
    path: str
    query: str | None
    fragment: str | None
    user: str | None
    password: str | None
    origin: tuple[str, str, int]
    request_url: str

    @property
    def is_secure(self) -> bool:
        """Whether TLS is spoken."""
        return self.scheme == "https"

    @property
    def target(self) -> str:
        """The path with the query, as it stands in a request line."""
        return self.path if self.query is None else f"{self.path}?{self.query}"


# 1024 URLs: a program's end points by far, some 0.5 MB at most for a crawler's.
@lru_cache(maxsize=1024)
def parse_url(url: str) -> URLParts:
    """Take `url` apart and encode what HTTP cannot carry.

    Raises:
        URLError: ``BAD_URL`` if it cannot be read as a URL or names no host,
            ``UNSUPPORTED_URL`` if its scheme is missing or not http or https.
        TypeError: `url` is not a str.
    """
    if not isinstance(url, str):
        raise TypeError(f"a URL is a str, not {type(url).__name__}")
    if bad := _CONTROL.search(url):
        raise _bad_url(url, f"URL holds {bad.group()!r} at position {bad.start()}")
    match = _URL.fullmatch(url)
    if match is None:  # every part may be empty, so this is for the type checker
        raise _bad_url(url, "URL cannot be read")
    scheme, authority, path, query, fragment = match.groups()
    scheme = _checked_scheme(url, scheme)
    if not authority:
        raise _bad_url(url, f"URL names no host after {scheme}://")
    if "\\" in authority:  # a browser ends the host here: leave no room for doubt
        raise _bad_url(url, "URL has a backslash before its path")
    userinfo, at, hostport = authority.rpartition("@")
    host, port = _host_and_port(url, hostport, scheme)
    if _UNSAFE.search(url):
        try:
            userinfo, path = _encoded(userinfo), _encoded(path)
            query = None if query is None else _encoded(query)
            fragment = None if fragment is None else _encoded(fragment)
        except UnicodeEncodeError:  # half a surrogate pair is no character
            raise _bad_url(url, "URL holds a lone surrogate") from None
    path = path or "/"
    # Readers differ on which "@" ends the user information: leave them one.
    userinfo = userinfo.replace("@", "%40")
    user, colon, password = userinfo.partition(":")
    shown_host = f"[{host.replace('%', '%25')}]" if ":" in host else host
    shown_port = "" if port == DEFAULT_PORTS[scheme] else f":{port}"
    tail = path if query is None else f"{path}?{query}"
    return URLParts(
        scheme=scheme,
        host=host,
        port=port,
        path=path,
        query=query,
        fragment=fragment,
        user=_unquoted(user) if at else None,
        password=_unquoted(password) if colon else None,
        origin=(scheme, host, port),
        request_url=f"{scheme}://{userinfo}{at}{shown_host}{shown_port}{tail}",
    )


def _bad_url(url: str, message: str) -> URLError:
    return URLError(URLErrorCode.BAD_URL, message, failing_url=url)


def _checked_scheme(url: str, scheme: str | None) -> str:
    lowered = (scheme or "").lower()
    if lowered in DEFAULT_PORTS:
        return lowered
    known = " or ".join(DEFAULT_PORTS)
    what = f"scheme {scheme!r} is not supported" if scheme else "URL has no scheme"
    what = what if url else "URL is empty"
    raise URLError(
        URLErrorCode.UNSUPPORTED_URL, f"{what}: use {known}", failing_url=url
    )


def _host_and_port(url: str, hostport: str, scheme: str) -> tuple[str, int]:
    if hostport.startswith("["):
        literal, bracket, rest = hostport[1:].partition("]")
        if not bracket or (rest and not rest.startswith(":")):
            raise _bad_url(url, "IPv6 address is not in brackets")
        return _checked_ipv6(url, literal), _checked_port(url, rest[1:], scheme)
    host, _, port = hostport.partition(":")
    lowered = host.lower()
    if not _HOST.fullmatch(lowered):
        lowered = _encoded_host(url, host)
    return lowered, _checked_port(url, port, scheme)


def _checked_port(url: str, port: str, scheme: str) -> int:
    if not port:
        return DEFAULT_PORTS[scheme]
    if not (port.isascii() and port.isdigit()) or len(port) > 5 or int(port) > 65535:
        raise _bad_url(url, f"port {port!r} is not a number up to 65535")
    return int(port)


def _checked_ipv6(url: str, literal: str) -> str:
    import ipaddress  # 3 ms that most programs never need

    try:
        # "%25" introduces a zone in a URL (RFC 6874), "%" alone does elsewhere.
        return ipaddress.IPv6Address(literal.replace("%25", "%", 1)).compressed
    except ValueError:
        raise _bad_url(url, f"{literal!r} is not an IPv6 address") from None


def _encoded_host(url: str, host: str) -> str:
    """Return the IDNA form of `host`, which is not plain ASCII."""
    name = host
    try:
        if "%" in host:
            name = _unquoted(host, errors="strict")
        encoded = _idna(name) if not name.isascii() else name.lower()
    except UnicodeError as error:
        raise _bad_url(url, f"host name {name!r}: {error}") from error
    if not _HOST.fullmatch(encoded):
        raise _bad_url(url, f"{name!r} is not a host name")
    return encoded


def _idna(name: str) -> str:
    try:
        import idna
    except ImportError:
        # IDNA 2003 sends these letters to another host than IDNA 2008 does; a
        # wrong guess would talk to a stranger.
        if _DEVIATIONS.search(name):
            raise UnicodeError("needs IDNA 2008: install the package idna") from None
        return name.encode("idna").decode("ascii").lower()
    return idna.encode(name, uts46=True).decode("ascii")


def _encoded(part: str) -> str:
    from urllib.parse import quote  # 2 ms for a program whose URLs are plain

    return quote(part, safe=_SAFE_MARKS)


def _unquoted(part: str, errors: str = "replace") -> str:
    if "%" not in part:
        return part
    from urllib.parse import unquote  # 2 ms for a program whose URLs are plain

    return unquote(part, errors=errors)
