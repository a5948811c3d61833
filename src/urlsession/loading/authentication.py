"""Challenges of servers and proxies (401, 407) to one load, and what answers them.

Decides which of the offered schemes is asked about, which credential is proposed,
what a request carries, and what a session remembers. Basic and Digest are answered
here, so that later requests carry the answer from the start; NTLM and Negotiate by
libcurl, as far as it has them. Must not know tasks or how a run is done.

Source: RFC 9110 section 11, RFC 7617, RFC 7616; the order of things as
`url-loading-system` sections 11, 13 and 17 have it.
"""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, NamedTuple

import pycurl

from ..challenge import URLAuthenticationChallenge
from ..credential import CredentialPersistence, URLCredential
from ..errors import UsageError
from ..protection_space import AuthenticationMethod, URLProtectionSpace
from .auth_header import OfferedChallenge, parse_challenges
from .digest import DigestSession, digest_rank

if TYPE_CHECKING:
    from ..response import HTTPURLResponse
    from ..url import URLParts
    from .guarding import Answerer, AuthenticationMemory

__all__ = ("Authentication", "Exchange", "Try", "usable_methods")

Option = tuple[int, object]

_TRIES = 20  # refused, before the response is delivered whatever the delegate says
_STALE_LIMIT = 3  # nonces in a row that were too old before they were used
_VERSION = pycurl.version_info()
_FEATURES: int = _VERSION[4]
# By libcurl: a scheme's HTTPAUTH bit, if this libcurl was built with it.
_BY_LIBCURL = {
    AuthenticationMethod.NEGOTIATE: (pycurl.VERSION_SPNEGO, pycurl.HTTPAUTH_NEGOTIATE),
    AuthenticationMethod.NTLM: (pycurl.VERSION_NTLM, pycurl.HTTPAUTH_NTLM),
}
_METHODS = {
    "negotiate": AuthenticationMethod.NEGOTIATE,
    "ntlm": AuthenticationMethod.NTLM,
    "digest": AuthenticationMethod.HTTP_DIGEST,
    "basic": AuthenticationMethod.HTTP_BASIC,
}
_STRENGTH = {method: -n for n, method in enumerate(_METHODS.values())}


def usable_methods() -> frozenset[AuthenticationMethod]:
    """Return the HTTP schemes that can be answered with this libcurl."""
    return frozenset(method for method in _METHODS.values() if _is_usable(method))


class Exchange(NamedTuple):
    """Who asks in one response, and about which request.

    Attributes:
        is_proxy: Whether a proxy asks.
        is_tunnel: Whether it asks before it lets a connection through.
        parts: The request's URL.
        method: The request's method.
        body: The request's body; None if it is a stream.
        proxy: URL of the proxy; empty if a server asks.
    """

    is_proxy: bool
    is_tunnel: bool
    parts: URLParts
    method: str
    body: bytes | None
    proxy: str

    @property
    def answerer(self) -> Answerer:
        """Who asks."""
        if self.is_proxy:
            return "proxy", self.proxy
        scheme, host, port = self.parts.origin
        return scheme, host, str(port)


class Try:
    """A credential as it is sent in answer to one challenge."""

    __slots__ = (
        "answerer",
        "credential",
        "digest",
        "is_from_delegate",
        "path",
        "space",
        "stale_count",
    )

    def __init__(
        self,
        exchange: Exchange,
        space: URLProtectionSpace,
        offer: OfferedChallenge,
        credential: URLCredential,
        *,
        is_from_delegate: bool,
    ) -> None:
        self.answerer = exchange.answerer
        self.space = space
        self.credential = credential
        self.is_from_delegate = is_from_delegate
        self.stale_count = 0
        self.digest: DigestSession | None = None
        path = exchange.parts.path
        self.path = path[: path.rindex("/") + 1]  # RFC 7617, section 2.2
        if space.authentication_method is AuthenticationMethod.HTTP_DIGEST:
            self.path = "/"
            self.renew(offer)

    def renew(self, offer: OfferedChallenge) -> None:
        """Begin anew with a Digest challenge's nonce."""
        user, password = _user_and_password(self.credential)
        self.digest = DigestSession(offer.parameters, user, password)

    def value(self, exchange: Exchange) -> str | None:
        """Return the field's value; None if libcurl makes it."""
        method = self.space.authentication_method
        if self.digest is not None:
            name = "CONNECT" if exchange.is_tunnel else exchange.method
            return self.digest.answer(name, _target(exchange), exchange.body)
        if method is AuthenticationMethod.HTTP_BASIC:
            user, password = _user_and_password(self.credential)
            pair = f"{user}:{password}".encode()
            return f"Basic {b64encode(pair).decode('ascii')}"
        return None

    def options(self) -> list[Option]:
        """Return what has libcurl make the field."""
        _, bit = _BY_LIBCURL[self.space.authentication_method]
        user, password = self.credential.user or "", self.credential.password or ""
        if self.space.is_proxy:
            return [
                (pycurl.PROXYAUTH, bit),
                (pycurl.PROXYUSERNAME, user),
                (pycurl.PROXYPASSWORD, password),
            ]
        return [
            (pycurl.HTTPAUTH, bit),
            (pycurl.USERNAME, user),
            (pycurl.PASSWORD, password),
        ]


class Authentication:
    """The challenges to one load, one after the other.

    Attributes:
        failure_count: Tries that were refused so far.
    """

    def __init__(self, memory: AuthenticationMemory, task: object) -> None:
        self._memory = memory
        self._task = task
        self._now: dict[bool, Try] = {}
        self._next: dict[bool, Try] = {}
        self._rejected: set[URLProtectionSpace] = set()
        self._offers: list[tuple[URLProtectionSpace, OfferedChallenge]] = []
        self._exchange: Exchange | None = None
        self._response: HTTPURLResponse | None = None
        self._was_refused = False
        self._is_asking = False
        self._challenge: URLAuthenticationChallenge | None = None
        self.failure_count = 0

    @property
    def challenge(self) -> URLAuthenticationChallenge | None:
        """What is being asked now; None if nothing is.

        The storage is looked into for it, see `URLCredentialStorage.when_quick`.
        """
        if self._is_asking and self._challenge is None:
            space, _ = self._offers[0]
            proposed = None if self._was_refused else self._proposed(space)
            self._challenge = URLAuthenticationChallenge(
                space, proposed, self.failure_count, self._response
            )
        return self._challenge

    # -- a run ----------------------------------------------------------------------

    def fields(self, server: Exchange, proxy: Exchange | None) -> list[Option]:
        """Return what the next run carries, as options.

        Args:
            server: The request.
            proxy: The same request as the proxy gets it; None without one.
        """
        self._now, self._next = self._next, {}
        options: list[Option] = []
        for exchange in (server, proxy):
            if exchange is None:
                continue
            tried = self._now.get(exchange.is_proxy) or self._memory.find(exchange)
            if tried is None:
                continue
            self._now[exchange.is_proxy] = tried
            value = tried.value(exchange)
            if value is None:
                options += tried.options()
            elif exchange.is_proxy:
                line = f"Proxy-Authorization: {value}".encode()
                options.append((pycurl.PROXYHEADER, [line]))
            else:
                line = f"Authorization: {value}".encode()
                options.append((pycurl.HTTPHEADER, [line]))
        return options

    def repeat(self) -> None:
        """Have the next run carry what the last one did: it came to no response."""
        self._next = {**self._now, **self._next}

    def was_let_in(self, response: HTTPURLResponse | None) -> None:
        """Note that the run's answers were good."""
        storage = self._memory.storage
        for tried in self._now.values():
            if tried.digest is not None and response is not None:
                prefix = "Proxy-" if tried.space.is_proxy else ""
                info = response.value(f"{prefix}Authentication-Info")
                if info is not None:
                    tried.digest.take_info(info)
            if tried.is_from_delegate and storage is not None:
                tried.is_from_delegate = False
                storage.set_soon(tried.credential, tried.space, task=self._task)
            self._memory.keep(tried)
        self._now = {}

    # -- a refusal --------------------------------------------------------------------

    def read(self, response: HTTPURLResponse, exchange: Exchange) -> bool:
        """Take a 401 or 407.

        Returns:
            Whether there is something to do about it: a challenge to ask about, or,
            if `challenge` is None then, to send the request again at once.
        """
        self._is_asking, self._challenge = False, None
        self._exchange, self._response = exchange, response
        tried = self._now.pop(exchange.is_proxy, None)
        offers = _offers(response, exchange)
        if tried is not None and self._renewed(tried, offers):
            return True
        self._was_refused = tried is not None or _has_sent_userinfo(exchange, offers)
        if self._was_refused:
            self.failure_count += 1
        if tried is not None:
            self._memory.forget(tried)
        self._offers = [one for one in offers if one[0] not in self._rejected]
        return self.failure_count < _TRIES and self._ask_next()

    def use(self, credential: URLCredential, *, is_from_delegate: bool) -> None:
        """Answer the challenge with `credential` in the next run.

        Raises:
            UsageError: It is not a user with a password, or cannot be sent.
        """
        assert self._exchange is not None
        space, offer = self._offers[0]
        if space.authentication_method not in _BY_LIBCURL:
            user, _ = _user_and_password(credential)
            if ":" in user and space.authentication_method is (
                AuthenticationMethod.HTTP_BASIC
            ):
                raise UsageError("a user name for Basic cannot hold a colon")
        self._next = self._now.copy()
        self._next[space.is_proxy] = Try(
            self._exchange, space, offer, credential, is_from_delegate=is_from_delegate
        )

    def reject(self) -> bool:
        """Go on to the next scheme; False if there is none."""
        self._rejected.add(self._offers.pop(0)[0])
        return self._ask_next()

    # -- inside -----------------------------------------------------------------------

    def _renewed(
        self,
        tried: Try,
        offers: list[tuple[URLProtectionSpace, OfferedChallenge]],
    ) -> bool:
        """Answer again if only the nonce was too old; the credential was good."""
        for space, offer in offers:
            if (
                space == tried.space
                and tried.digest is not None
                and offer.parameters.get("stale", "").lower() == "true"
                and tried.stale_count < _STALE_LIMIT
            ):
                tried.stale_count += 1
                tried.renew(offer)
                self._next = {**self._now, space.is_proxy: tried}
                return True
        return False

    def _ask_next(self) -> bool:
        self._is_asking, self._challenge = bool(self._offers), None
        return self._is_asking

    def _proposed(self, space: URLProtectionSpace) -> URLCredential | None:
        assert self._exchange is not None
        parts, storage = self._exchange.parts, self._memory.storage
        if parts.user is not None and not space.is_proxy:
            none = CredentialPersistence.NONE
            return URLCredential(parts.user, parts.password or "", none)
        if storage is None:
            return None
        return storage.proposed_credential(space, task=self._task)


def _offers(
    response: HTTPURLResponse, exchange: Exchange
) -> list[tuple[URLProtectionSpace, OfferedChallenge]]:
    """Return what can be answered, strongest first; of two alike the first."""
    name = "Proxy-Authenticate" if exchange.is_proxy else "WWW-Authenticate"
    ranked: list[tuple[tuple[int, int], OfferedChallenge]] = []
    for offer in parse_challenges(response.headers.get_all(name)):
        method = _METHODS.get(offer.scheme)
        if method is None or not _is_usable(method):
            continue
        rank: int | None = 0
        if method is AuthenticationMethod.HTTP_DIGEST:
            rank = digest_rank(offer.parameters)
            covers = (
                rank is not None
                and DigestSession(offer.parameters, "", "").covers_body()
            )
            if covers and exchange.body is None:
                rank = None  # the body would have to be read twice
        if rank is not None:
            ranked.append(((_STRENGTH[method], rank), offer))
    ranked.sort(key=lambda one: one[0], reverse=True)
    found: list[tuple[URLProtectionSpace, OfferedChallenge]] = []
    for _, offer in ranked:
        space = _space(exchange, offer)
        if all(space != one for one, _ in found):
            found.append((space, offer))
    return found


def _is_usable(method: AuthenticationMethod) -> bool:
    needed = _BY_LIBCURL.get(method)
    return needed is None or bool(_FEATURES & needed[0])


def _space(exchange: Exchange, offer: OfferedChallenge) -> URLProtectionSpace:
    method = _METHODS[offer.scheme]
    if exchange.is_proxy:
        scheme, _, rest = exchange.proxy.partition("://")
        host, _, port = rest.rpartition(":")
        return URLProtectionSpace.proxy(
            host.strip("[]"),
            int(port),
            "https" if scheme == "https" else "http",
            offer.realm,
            method,
        )
    scheme, host, port_number = exchange.parts.origin
    return URLProtectionSpace(host, port_number, scheme, offer.realm, method)


def _has_sent_userinfo(
    exchange: Exchange,
    offers: list[tuple[URLProtectionSpace, OfferedChallenge]],
) -> bool:
    """Whether libcurl has sent the URL's user and password, as Basic."""
    return (
        not exchange.is_proxy
        and exchange.parts.user is not None
        and any(
            space.authentication_method is AuthenticationMethod.HTTP_BASIC
            for space, _ in offers
        )
    )


def _user_and_password(credential: URLCredential) -> tuple[str, str]:
    if credential.user is None or credential.password is None:
        raise UsageError(f"{credential!r} is no user with a password")
    return credential.user, credential.password


def _target(exchange: Exchange) -> str:
    """Return what stands in the request line."""
    parts = exchange.parts
    host = f"[{parts.host}]" if ":" in parts.host else parts.host
    if exchange.is_tunnel:
        return f"{host}:{parts.port}"
    target = parts.target
    if "/." in target:  # libcurl takes dot segments out
        from urllib.parse import urljoin

        target = urljoin("http://h/", target)[len("http://h") :]
    if not exchange.is_proxy:
        return target
    port = "" if parts.request_url.endswith(f"{host}{target}") else f":{parts.port}"
    return f"{parts.scheme}://{host}{port}{target}"
