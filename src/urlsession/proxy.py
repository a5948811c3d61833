"""Proxies, as a session's configuration names them.

Decides what a proxy is, which hosts it is for, and what CFNetwork's dictionary of
proxies means. Pure: it neither connects nor reads the environment. How libcurl is
told is `loading.proxying`'s business.

Source: Network's ``ProxyConfiguration``; CFNetwork's ``kCFNetworkProxies…`` keys.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Self

__all__ = (
    "ProxyConfiguration",
    "ProxyKind",
    "proxies_of_dictionary",
    "proxy_dictionary_or_none",
    "proxy_tuple",
)


class ProxyKind(enum.Enum):
    """How one speaks with a proxy; the value is the scheme of its URL."""

    HTTP = "http"
    HTTPS = "https"
    SOCKS5 = "socks5"
    SOCKS5_REMOTE_NAMES = "socks5h"


DEFAULT_PORTS = {
    ProxyKind.HTTP: 8080,
    ProxyKind.HTTPS: 443,
    ProxyKind.SOCKS5: 1080,
    ProxyKind.SOCKS5_REMOTE_NAMES: 1080,
}
_HOST = re.compile(r"[A-Za-z0-9._~\-]+|[0-9A-Fa-f:.]+(?:%[A-Za-z0-9._~\-]+)?")
_URL = re.compile(
    r"([A-Za-z][A-Za-z0-9+.\-]*)://(?:([^@/?#]*)@)?(\[[^\]]*\]|[^:/?#@\[\]]*)"
    r"(?::([0-9]+))?/?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyConfiguration:
    """One proxy. Make one with `http_connect`, `http`, `socksv5` or `from_url`.

    Attributes:
        kind: How one speaks with it.
        host: Its name or address; IPv6 without brackets.
        port: Its port.
        tunnels: Whether ``http:`` URLs go through a CONNECT tunnel too. ``https:``
            ones always do.
        username: Sent with `password` if it is set: Basic to an HTTP proxy, by RFC
            1929 to a SOCKS proxy.
        password: Never shown.
        match_domains: The domains that it is for, with those below them; empty for
            every host.
        excluded_domains: Domains that it is not for, with those below them.
        allow_failover: Whether a load goes on without it (to the next one that fits,
            or directly) if it cannot be reached.

    Raises:
        ValueError: A host, port or credential that cannot be.
        TypeError: Something is of the wrong type.

    Source: Network's ``ProxyConfiguration``.
    """

    kind: ProxyKind
    host: str
    port: int
    tunnels: bool = True
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    match_domains: Sequence[str] = ()
    excluded_domains: Sequence[str] = ()
    allow_failover: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.kind, ProxyKind):
            raise TypeError(f"a proxy's kind is a ProxyKind, not {self.kind!r}")
        if not isinstance(self.host, str):
            raise TypeError(f"a proxy's host is a str, not {type(self.host).__name__}")
        if not _HOST.fullmatch(self.host):
            raise ValueError(f"{self.host!r} is no host of a proxy")
        if isinstance(self.port, bool) or not isinstance(self.port, int):
            raise TypeError(f"a proxy's port is an int, not {type(self.port).__name__}")
        if not 1 <= self.port <= 65535:
            raise ValueError(f"a proxy's port is from 1 to 65535, not {self.port}")
        self._check_credentials()
        for name in ("match_domains", "excluded_domains"):
            object.__setattr__(self, name, _domains(name, getattr(self, name)))

    @classmethod
    def http_connect(cls, host: str, port: int = 8080, *, tls: bool = False) -> Self:
        """Return an HTTP proxy that tunnels everything by CONNECT.

        Args:
            host: Its name or address.
            port: Its port.
            tls: Whether TLS is spoken to the proxy itself.

        Source: ``ProxyConfiguration.init(httpCONNECTProxy:tlsOptions:)``.
        """
        kind = ProxyKind.HTTPS if tls else ProxyKind.HTTP
        return cls(kind=kind, host=host, port=port)

    @classmethod
    def http(cls, host: str, port: int = 8080, *, tls: bool = False) -> Self:
        """Return an HTTP proxy that is asked for ``http:`` URLs itself.

        It tunnels ``https:`` ones. Ours: what CFNetwork's dictionary and the
        environment mean by a proxy.
        """
        return replace(cls.http_connect(host, port, tls=tls), tunnels=False)

    @classmethod
    def socksv5(
        cls, host: str, port: int = 1080, *, resolves_names: bool = True
    ) -> Self:
        """Return a SOCKS proxy of version 5.

        Args:
            host: Its name or address.
            port: Its port.
            resolves_names: Whether the proxy is given host names, rather than
                addresses that were looked up here.

        Source: ``ProxyConfiguration.init(socksv5Proxy:)``; RFC 1928.
        """
        kind = ProxyKind.SOCKS5_REMOTE_NAMES if resolves_names else ProxyKind.SOCKS5
        return cls(kind=kind, host=host, port=port)

    @classmethod
    def from_url(cls, url: str) -> Self:
        """Return the proxy of a URL as curl and the environment write it.

        Schemes are ``http`` (as `http`), ``https``, ``socks5`` (names looked up
        here) and ``socks5h``; without one it is ``http``. User and password are
        percent-decoded.

        Raises:
            ValueError: It cannot be read, or its scheme is another one.
        """
        shown = re.sub(r"//[^@/]*@", "//***@", url)
        match = _URL.fullmatch(url if "://" in url else f"http://{url}")
        if match is None:
            raise ValueError(f"{shown!r} is no URL of a proxy")
        scheme, userinfo, host, port = match.groups()
        try:
            kind = ProxyKind(scheme.lower())
        except ValueError:
            known = ", ".join(one.value for one in ProxyKind)
            raise ValueError(
                f"{shown!r}: proxies are spoken to by {known}, not {scheme}"
            ) from None
        username, password = _decoded(userinfo)
        return cls(
            kind=kind,
            host=host.strip("[]"),
            port=int(port) if port else DEFAULT_PORTS[kind],
            tunnels=kind.value.startswith("socks"),
            username=username,
            password=password,
        )

    def applying_credential(self, username: str, password: str) -> Self:
        """Return the same proxy with a user name and a password.

        Source: ``ProxyConfiguration.applyCredential(username:password:)``.
        """
        return replace(self, username=username, password=password)

    @property
    def is_secure(self) -> bool:
        """Whether TLS is spoken to the proxy itself."""
        return self.kind is ProxyKind.HTTPS

    @property
    def url(self) -> str:
        """Its URL, without user and password."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.kind.value}://{host}:{self.port}"

    def is_for(self, host: str) -> bool:
        """Whether loads from `host` (lower case) go through it."""
        if any(_is_below(host, one) for one in self.excluded_domains):
            return False
        return not self.match_domains or any(
            _is_below(host, one) for one in self.match_domains
        )

    def _check_credentials(self) -> None:
        for name in ("username", "password"):
            value = getattr(self, name)
            if value is not None and not isinstance(value, str):
                raise TypeError(
                    f"a proxy's {name} is a str, not {type(value).__name__}"
                )
            if value is not None and re.search(r"[\x00-\x1f\x7f]", value):
                raise ValueError(f"a proxy's {name} holds a control character")
        if self.username is None and self.password is not None:
            raise ValueError("a proxy's password needs a username")
        # RFC 7617: the first colon ends the user name.
        if self.username is not None and ":" in self.username and self._is_http:
            raise ValueError("the user name for an HTTP proxy cannot hold a colon")
        if self.username is not None and not self._is_http:
            for value in (self.username, self.password or ""):
                if len(value.encode()) > 255:
                    raise ValueError("SOCKS takes 255 bytes of name and of password")

    @property
    def _is_http(self) -> bool:
        return self.kind in (ProxyKind.HTTP, ProxyKind.HTTPS)


ProxyRule = tuple[ProxyConfiguration, Callable[[str, str], bool]]
"""A proxy, and whether it is for (scheme, host)."""


def proxy_tuple(name: str, value: object) -> tuple[ProxyConfiguration, ...]:
    """Accept a sequence of proxies, of which a tuple is kept."""
    if isinstance(value, str | bytes) or not isinstance(value, Sequence):
        raise TypeError(f"{name} must be a sequence, not {type(value).__name__}")
    for one in value:
        if not isinstance(one, ProxyConfiguration):
            kind = type(one).__name__
            raise TypeError(f"{name} must hold ProxyConfiguration, not {kind}")
    return tuple(value)


def proxy_dictionary_or_none(name: str, value: object) -> Mapping[str, object] | None:
    """Accept CFNetwork's keys with values that make sense, or None; keep a copy."""
    if value is None:
        return None
    if not isinstance(value, Mapping):
        kind = type(value).__name__
        raise TypeError(f"{name} must be a mapping or None, not {kind}")
    kept = dict(value)
    for key in kept:
        if not isinstance(key, str):
            raise TypeError(f"{name} must have keys that are str")
        if key not in _KNOWN_KEYS and not key.startswith("__"):
            raise ValueError(f"{name}: {key!r} is none of CFNetwork's keys")
    for key in _AUTOMATIC:
        if kept.get(key):
            raise ValueError(
                f"{name}: {key}: automatic configuration (PAC) runs a script of "
                "somebody else's, which is not offered; name the proxies themselves"
            )
    try:
        proxies_of_dictionary(kept)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{name}: {error}") from None
    return kept


def proxies_of_dictionary(values: Mapping[str, object]) -> list[ProxyRule]:
    """Return what CFNetwork's dictionary means, in the order it is asked in.

    ``HTTPProxy`` is for ``http:``, ``HTTPSProxy`` for ``https:``, and SOCKS for
    what has none of these. Nothing is used without its ``…Enable``.
    """
    exceptions = _exceptions(values)
    excludes_simple = bool(values.get("ExcludeSimpleHostnames"))
    username = _text(values, "kCFProxyUsernameKey")
    password = _text(values, "kCFProxyPasswordKey")
    rules: list[ProxyRule] = []

    def add(prefix: str, schemes: tuple[str, ...], made: ProxyConfiguration) -> None:
        name = _text(values, f"kCFStreamProperty{prefix}User") or username
        if name is not None:
            secret = _text(values, f"kCFStreamProperty{prefix}Password") or password
            made = made.applying_credential(name, secret or "")

        def applies(scheme: str, host: str) -> bool:
            if scheme not in schemes:
                return False
            if excludes_simple and "." not in host and ":" not in host:
                return False
            return not any(is_exempt(host) for is_exempt in exceptions)

        rules.append((made, applies))

    for prefix, schemes, make in _DICTIONARY_KINDS:
        if not values.get(f"{prefix}Enable"):
            continue
        host = _text(values, f"{prefix}Proxy")
        if host is None:
            raise ValueError(f"{prefix}Enable is set, and {prefix}Proxy is not")
        port = values.get(f"{prefix}Port")
        if port is None:
            add(prefix, schemes, make(host))
        elif isinstance(port, int):
            add(prefix, schemes, make(host, port))
        else:
            raise TypeError(f"{prefix}Port must be an int, not {type(port).__name__}")
    return rules


_DICTIONARY_KINDS: tuple[
    tuple[str, tuple[str, ...], Callable[..., ProxyConfiguration]], ...
] = (
    ("HTTP", ("http", "ws"), ProxyConfiguration.http),
    ("HTTPS", ("https", "wss"), ProxyConfiguration.http),
    ("SOCKS", ("http", "https", "ws", "wss"), ProxyConfiguration.socksv5),
)
_AUTOMATIC = (
    "ProxyAutoConfigEnable",
    "ProxyAutoDiscoveryEnable",
    "ProxyAutoConfigJavaScript",
)
_KNOWN_KEYS = frozenset(
    (
        *(
            f"{prefix}{part}"
            for prefix in ("HTTP", "HTTPS", "SOCKS", "FTP", "RTSP", "Gopher")
            for part in ("Enable", "Proxy", "Port", "User")
        ),
        *_AUTOMATIC,
        "ExceptionsList",
        "ExcludeSimpleHostnames",
        "FTPPassive",
        "ProxyAutoConfigURLString",
        "kCFProxyPasswordKey",
        "kCFProxyUsernameKey",
        "kCFStreamPropertySOCKSPassword",
        "kCFStreamPropertySOCKSUser",
        "kCFStreamPropertySOCKSVersion",
    )
)


def _text(values: Mapping[str, object], key: str) -> str | None:
    value = values.get(key)
    if value is not None and not isinstance(value, str):
        raise TypeError(f"{key} must be a str, not {type(value).__name__}")
    return value


def _exceptions(values: Mapping[str, object]) -> list[Callable[[str], bool]]:
    given = values.get("ExceptionsList", ())
    if isinstance(given, str | bytes) or not isinstance(given, Sequence):
        raise TypeError("ExceptionsList must be a sequence of str")
    return [_exception(one) for one in given]


def _exception(pattern: object) -> Callable[[str], bool]:
    """Return what recognises ``*.local``, ``169.254/16`` or ``example.com``."""
    if not isinstance(pattern, str):
        raise TypeError("ExceptionsList must hold str")
    lowered = pattern.strip().lower()
    if "/" in lowered:
        return _network(lowered)
    parts = (re.escape(part) for part in lowered.split("*"))
    wanted = re.compile(".*".join(parts))
    return lambda host: wanted.fullmatch(host) is not None


def _network(text: str) -> Callable[[str], bool]:
    import ipaddress  # 3 ms that most programs never need

    address, _, length = text.partition("/")
    if ":" not in address:  # CFNetwork leaves zeros out: 169.254/16
        address += ".0" * (3 - address.count("."))
    network = ipaddress.ip_network(f"{address}/{length}", strict=False)

    def holds(host: str) -> bool:
        try:
            return ipaddress.ip_address(host) in network
        except ValueError:  # a name
            return False

    return holds


def _domains(name: str, value: object) -> tuple[str, ...]:
    if isinstance(value, str | bytes) or not isinstance(value, Sequence):
        raise TypeError(f"{name} must be a sequence of str")
    kept: list[str] = []
    for one in value:
        if not isinstance(one, str):
            raise TypeError(f"{name} must hold str, not {type(one).__name__}")
        domain = one.strip().lower().removeprefix("*").strip(".")
        if not domain:
            raise ValueError(f"{name}: {one!r} is no domain")
        kept.append(domain)
    return tuple(kept)


def _is_below(host: str, domain: str) -> bool:
    return host == domain or host.endswith(f".{domain}")


def _decoded(userinfo: str | None) -> tuple[str | None, str | None]:
    if userinfo is None:
        return None, None
    from urllib.parse import unquote  # 2 ms for a program without such a proxy

    user, colon, password = userinfo.partition(":")
    return unquote(user), unquote(password) if colon else None
