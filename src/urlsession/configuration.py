"""How a session behaves: every property of Foundation's, and a few of ours.

Decides the defaults and which values are legal. A property that is accepted but
does nothing yet says so in its docstring, and `Setting.acts` is False. Must not
know what the values do.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Self, TypeVar

from .headers import HeadersInit, HTTPHeaders
from .request import CachePolicy, NetworkServiceType
from .setting import (
    Setting,
    alpn_or_none,
    count,
    flag,
    interval,
    member,
    no_dnssec,
    optional_interval,
    path_or_none,
    pem_or_none,
    protocol_class_tuple,
    text_or_none,
)
from .storage.cookies.policy import CookieAcceptPolicy
from .tls import TLSProtocolVersion

if TYPE_CHECKING:
    from .proxy import ProxyConfiguration
    from .request import FilePath
    from .storage.cookies.storage import HTTPCookieStorage
    from .storage.credentials import URLCredentialStorage
    from .storage.private import PrivateStores, Purgeable
    from .storage.url_cache import URLCache

_StoreT = TypeVar("_StoreT", bound="Purgeable")

__all__ = (
    "CookieAcceptPolicy",
    "MultipathServiceType",
    "TLSProtocolVersion",
    "URLSessionConfiguration",
)


class MultipathServiceType(enum.IntEnum):
    """How several interfaces are used at once, with Apple's numbers."""

    NONE = 0
    HANDOVER = 1
    INTERACTIVE = 2
    AGGREGATE = 3


RESERVED_HEADERS = frozenset(
    (
        "authorization",
        "connection",
        "host",
        "proxy-authenticate",
        "proxy-authorization",
        "www-authenticate",
    )
)
WEEK = 604_800.0  # seconds; Foundation's limit for a whole load


def _proxies(name: str, value: object) -> tuple[ProxyConfiguration, ...]:
    from .proxy import proxy_tuple  # 2 ms for a program that names no proxy

    return proxy_tuple(name, value)


def _proxy_dictionary(name: str, value: object) -> Mapping[str, object] | None:
    from .proxy import proxy_dictionary_or_none

    return proxy_dictionary_or_none(name, value)


class URLSessionConfiguration:
    """How a session behaves. Make one with `default` or `ephemeral`.

    A session takes a copy when it is made: later changes do not reach it.

    Setting a property raises `TypeError` for a value of the wrong kind and
    `ValueError` for one that is out of range; a name that does not exist is an
    `AttributeError`.

    Source: Foundation's ``URLSessionConfiguration``.
    """

    # No __dict__: a misspelt property must not be taken in silence.
    __slots__ = ("__weakref__", "_private_stores", "_values")

    def __init__(self) -> None:
        self._private_stores: PrivateStores | None = None
        self._values: dict[str, object] = {}

    @classmethod
    def default(cls) -> Self:
        """Return a new configuration whose stores are shared and kept."""
        return cls()

    @classmethod
    def ephemeral(cls) -> Self:
        """Return a new configuration whose stores are private and in memory.

        They are emptied when the last session made with it, or with a copy of it,
        has been invalidated.
        """
        from .storage.private import PrivateStores

        made = cls()
        made._private_stores = PrivateStores()
        return made

    @classmethod
    def background(cls, identifier: str) -> Self:
        """Raise: transfers that outlive the process are not offered yet.

        Raises:
            NotImplementedError: Always.
        """
        raise NotImplementedError(
            f"background session {identifier!r}: background transfers are not "
            "offered yet; use URLSessionConfiguration.default()"
        )

    @property
    def is_ephemeral(self) -> bool:
        """Whether the stores are private and in memory. Ours, not Foundation's."""
        return self._private_stores is not None

    @property
    def private_stores(self) -> PrivateStores | None:
        """The stores of an ephemeral configuration and its copies; None for others.

        For sessions, which tell it when they begin and end.
        """
        return self._private_stores

    @property
    def identifier(self) -> str | None:
        """The identifier of a background session; None for every other."""
        return None

    # Time

    timeout_interval_for_request = Setting(
        60.0,
        interval,
        "Seconds without progress before a load fails; infinity for never. "
        "A request's own timeout beats it.",
    )
    timeout_interval_for_resource = Setting(
        WEEK, interval, "Seconds that a whole load may take; infinity for any."
    )
    idle_connection_timeout = Setting[float | None](
        60.0,
        optional_interval,
        "Seconds after which an unused connection is closed; None for never. "
        "Ours, not Foundation's.",
    )
    maximum_connection_lifetime = Setting[float | None](
        None,
        optional_interval,
        "Seconds after which a connection takes no new load; None for any. "
        "Ours, not Foundation's.",
    )

    # Connections and trust

    requires_secure_connection = Setting(
        False,
        flag,
        "Whether a load without TLS fails with -1022 before anything is sent, as "
        "Apple's App Transport Security has it; a host that asked for TLS (HSTS) is "
        "loaded with it. Ours, not Foundation's.",
    )
    http_maximum_connections_per_host = Setting(
        6,
        count,
        "Connections to one host at a time over HTTP/1.1; further loads wait.",
    )
    http_protocol = Setting[str | None](
        None,
        alpn_or_none,
        "The one version of HTTP to speak, by its ALPN id (http/1.1, h2, h3); None "
        "to agree with each server on HTTP/2 or HTTP/1.1. Ours, not Foundation's.",
    )
    connection_proxy_dictionary = Setting[Mapping[str, object] | None](
        None,
        _proxy_dictionary,
        "Proxies under CFNetwork's keys (`ValueError` for others, and for automatic "
        "configuration); None for those of the environment, an empty one for none.",
    )
    proxy_configurations = Setting["Sequence[ProxyConfiguration]"](
        (),
        _proxies,
        "Proxies; each load takes the first that is for its host, or none. If there "
        "is one, `connection_proxy_dictionary` does not count.",
    )
    protocol_classes = Setting[Sequence[type]](
        (), protocol_class_tuple, "Protocol classes asked before all others."
    )
    requires_dnssec_validation = Setting(
        False,
        no_dnssec,
        "Whether every name must be signed. True is a `ValueError`: the resolver that "
        "libcurl uses does not tell whether it has validated a name.",
    )
    enables_early_data = Setting(
        False,
        flag,
        "Whether GET and HEAD may go with TLS early data (0-RTT) on a resumed session, "
        "where this libcurl's TLS offers it and the server allows it.",
    )
    http_should_use_pipelining = Setting(
        False,
        flag,
        "HTTP/1.1 pipelining; deprecated by Apple too. Accepted, does not apply here: "
        "libcurl has none any more.",
    )
    multipath_service_type = Setting(
        MultipathServiceType.NONE,
        member(MultipathServiceType),
        "How several interfaces are used at once: all but NONE ask for MPTCP, where "
        "the kernel has it; how it schedules is the kernel's affair.",
    )

    # Files

    download_directory = Setting[str | None](
        None,
        path_or_none,
        "Where downloads are written until they are taken; None for the system's "
        "folder for temporary files. Ours, not Foundation's.",
    )

    # Stores

    request_cache_policy = Setting(
        CachePolicy.USE_PROTOCOL_CACHE_POLICY,
        member(CachePolicy),
        "Whether a cache may answer requests that have no policy of their own.",
    )
    http_should_set_cookies = Setting(
        True, flag, "Whether stored cookies are sent; they are stored all the same."
    )
    http_cookie_accept_policy = Setting(
        CookieAcceptPolicy.ONLY_FROM_MAIN_DOCUMENT_DOMAIN,
        member(CookieAcceptPolicy),
        "Which cookies are stored, whatever the policy of their storage.",
    )

    # What the system may do

    network_service_type = Setting(
        NetworkServiceType.DEFAULT,
        member(NetworkServiceType),
        "What kind of traffic this is: the code point that packets carry (RFC 4594). "
        "A request's own type marks the connection that it opens.",
    )
    allows_cellular_access = Setting(
        True,
        flag,
        "Whether cellular interfaces may be used. Accepted, does not apply here: "
        "Linux does not tell which interface is one.",
    )
    allows_expensive_network_access = Setting(
        True,
        flag,
        "Whether expensive interfaces may be used. Accepted, does not apply here: "
        "Linux does not tell which interface is one.",
    )
    allows_constrained_network_access = Setting(
        True,
        flag,
        "Whether interfaces in Low Data Mode may be used. Accepted, does not apply here: "
        "Linux does not tell which interface is one.",
    )
    allows_ultra_constrained_network_access = Setting(
        True,
        flag,
        "Whether satellite-like links may be used. Accepted, does not apply here: "
        "Linux does not tell which interface is one.",
    )
    waits_for_connectivity = Setting(
        False,
        flag,
        "Whether a load that finds no way to its host (no route, no interface, no name "
        "while there is no default route) waits for one instead of failing; "
        "`timeout_interval_for_resource` bounds that. Who refuses or does not answer "
        "is there: such a load fails.",
    )
    is_discretionary = Setting(
        False, flag, "Whether the system chooses when to load.", acts=False
    )
    shared_container_identifier = Setting[str | None](
        None, text_or_none, "Container shared with an app extension.", acts=False
    )
    session_sends_launch_events = Setting(
        True, flag, "Whether the app is woken for background loads.", acts=False
    )
    should_use_extended_background_idle_mode = Setting(
        False,
        flag,
        "Deprecated by Apple. Accepted, does not apply here: nobody sends this process "
        "to the background.",
    )

    @property
    def http_cookie_storage(self) -> HTTPCookieStorage | None:
        """The cookies; None for no cookie handling.

        `HTTPCookieStorage.shared` unless set; an ephemeral configuration and its
        copies have one of their own in memory.
        """
        from .storage.cookies.storage import HTTPCookieStorage

        return self._store(
            "http_cookie_storage", HTTPCookieStorage, lambda: HTTPCookieStorage.shared
        )

    @http_cookie_storage.setter
    def http_cookie_storage(self, storage: HTTPCookieStorage | None) -> None:
        from .storage.cookies.storage import HTTPCookieStorage

        self._set_store("http_cookie_storage", HTTPCookieStorage, storage)

    @property
    def http_additional_headers(self) -> HTTPHeaders:
        """Header fields for every request that lacks them; None clears them.

        Not Authorization, Connection, Host, Proxy-Authenticate,
        Proxy-Authorization or WWW-Authenticate: these belong to one request, or
        to the system (`ValueError`). In particular a session's Authorization
        would go to every host that the session talks to.
        """
        headers = self._values.get("http_additional_headers")
        if not isinstance(headers, HTTPHeaders):
            headers = self._values["http_additional_headers"] = HTTPHeaders()
        return headers

    @http_additional_headers.setter
    def http_additional_headers(self, fields: HeadersInit | None) -> None:
        headers = HTTPHeaders(() if fields is None else fields)
        _refuse_reserved(headers)
        self._values["http_additional_headers"] = headers

    @property
    def url_cache(self) -> URLCache | None:
        """The cache; None for no caching.

        `URLCache.shared` unless set; of an ephemeral configuration one of its own,
        with 4 MiB in memory and nothing on disk.
        """
        from .storage.url_cache import DEFAULT_MEMORY_BYTES, URLCache

        stores = self._private_stores
        if stores is not None and "url_cache" not in self._values:
            return stores.get("url_cache", lambda: URLCache(DEFAULT_MEMORY_BYTES, 0))
        return self._store("url_cache", URLCache, lambda: URLCache.shared)

    @url_cache.setter
    def url_cache(self, value: URLCache | None) -> None:
        from .storage.url_cache import URLCache

        self._set_store("url_cache", URLCache, value)

    @property
    def url_credential_storage(self) -> URLCredentialStorage | None:
        """The credentials; None for none.

        `URLCredentialStorage.shared` unless set; an ephemeral configuration and its
        copies have one of their own in memory.
        """
        from .storage.credentials import URLCredentialStorage  # few ask for any

        return self._store(
            "url_credential_storage",
            URLCredentialStorage,
            lambda: URLCredentialStorage.shared,
        )

    @url_credential_storage.setter
    def url_credential_storage(self, storage: URLCredentialStorage | None) -> None:
        from .storage.credentials import URLCredentialStorage

        self._set_store("url_credential_storage", URLCredentialStorage, storage)

    @property
    def trusted_certificates(self) -> str | bytes | None:
        """Certificates to trust instead of the system's roots. Ours.

        PEM as bytes, or the path of a PEM file; None for the system's roots.
        """
        value = self._values.get("trusted_certificates")
        return value if isinstance(value, str | bytes) else None

    @trusted_certificates.setter
    def trusted_certificates(self, value: FilePath | str | bytes | None) -> None:
        self._values["trusted_certificates"] = pem_or_none(
            "trusted_certificates", value
        )

    @property
    def tls_minimum_supported_protocol_version(self) -> TLSProtocolVersion:
        """The oldest TLS to speak; TLS 1.2 unless set."""
        return self._tls_version(_TLS_MINIMUM, TLSProtocolVersion.TLSV12)

    @tls_minimum_supported_protocol_version.setter
    def tls_minimum_supported_protocol_version(self, value: TLSProtocolVersion) -> None:
        version = member(TLSProtocolVersion)(_TLS_MINIMUM, value)
        if version > (newest := self.tls_maximum_supported_protocol_version):
            raise ValueError(f"{_TLS_MINIMUM}: {version.name} is above {newest.name}")
        self._values[_TLS_MINIMUM] = version

    @property
    def tls_maximum_supported_protocol_version(self) -> TLSProtocolVersion:
        """The newest TLS to speak; TLS 1.3 unless set."""
        return self._tls_version(_TLS_MAXIMUM, TLSProtocolVersion.TLSV13)

    @tls_maximum_supported_protocol_version.setter
    def tls_maximum_supported_protocol_version(self, value: TLSProtocolVersion) -> None:
        version = member(TLSProtocolVersion)(_TLS_MAXIMUM, value)
        if version < (oldest := self.tls_minimum_supported_protocol_version):
            raise ValueError(f"{_TLS_MAXIMUM}: {version.name} is below {oldest.name}")
        self._values[_TLS_MAXIMUM] = version

    def copy(self) -> Self:
        """Return an equal configuration that changes on its own; stores are shared.

        Raises:
            ValueError: A reserved header was put into `http_additional_headers`.
        """
        made = type(self)()
        made._private_stores = self._private_stores
        made._values = self._values.copy()
        headers = self._values.get("http_additional_headers")
        if isinstance(headers, HTTPHeaders):
            # Set, not copied: fields added in place have not been checked.
            made.http_additional_headers = headers
        return made

    __copy__ = copy

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, URLSessionConfiguration):
            return NotImplemented
        return (
            self.is_ephemeral == other.is_ephemeral
            and self._changes() == other._changes()
        )

    __hash__ = None  # type: ignore[assignment]  # mutable, and equality is by value

    def __repr__(self) -> str:
        kind = "ephemeral" if self.is_ephemeral else "default"
        changes = ", ".join(f"{n}={_shown(v)}" for n, v in self._changes().items())
        return f"{type(self).__name__}.{kind}({changes})"

    def _store(
        self, name: str, kind: type[_StoreT], shared: Callable[[], _StoreT]
    ) -> _StoreT | None:
        """Return the store called `name`: the one that was set, or the usual one."""
        value = self._values.get(name, _USUAL)
        if value is None or isinstance(value, kind):
            return value
        if self._private_stores is None:
            return shared()
        return self._private_stores.get(name, kind)

    def _set_store(self, name: str, kind: type[_StoreT], value: _StoreT | None) -> None:
        """Use `value` for the store called `name`; the usual one is no change."""
        if value is not None and not isinstance(value, kind):
            raise TypeError(
                f"{name} must be a {kind.__name__} or None, not {type(value).__name__}"
            )
        self._values.pop(name, None)
        if value is not getattr(self, name):
            self._values[name] = value

    def _changes(self) -> dict[str, object]:
        """Return what differs from the defaults, by name in order of name."""
        return {
            name: value
            for name, value in sorted(self._values.items())
            if value != _DEFAULTS[name]
        }

    def _tls_version(
        self, name: str, default: TLSProtocolVersion
    ) -> TLSProtocolVersion:
        value = self._values.get(name)
        return value if isinstance(value, TLSProtocolVersion) else default


_USUAL = object()  # in place of a store: the shared one, or the private one
_TLS_MINIMUM = "tls_minimum_supported_protocol_version"
_TLS_MAXIMUM = "tls_maximum_supported_protocol_version"
_DEFAULTS: dict[str, object] = {
    name: setting.default
    for name, setting in vars(URLSessionConfiguration).items()
    if isinstance(setting, Setting)
} | {
    "http_additional_headers": HTTPHeaders(),
    "http_cookie_storage": _USUAL,
    "trusted_certificates": None,
    "url_cache": _USUAL,
    "url_credential_storage": _USUAL,
    _TLS_MINIMUM: TLSProtocolVersion.TLSV12,
    _TLS_MAXIMUM: TLSProtocolVersion.TLSV13,
}


def _refuse_reserved(headers: HTTPHeaders) -> None:
    for name in headers:
        if name.lower() in RESERVED_HEADERS:
            raise ValueError(
                f"http_additional_headers must not hold {name}: set it on the request"
            )


def _shown(value: object) -> str:
    if isinstance(value, enum.Enum):
        return value.name
    if isinstance(value, bytes):
        return f"<{len(value)} bytes>"
    if isinstance(value, HTTPHeaders):
        return repr(value.keys())  # values may be secrets
    return repr(value)
