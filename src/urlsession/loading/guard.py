"""What stands between one load and the network: every challenge it meets.

Decides in which order things are asked (a server's certificates, then ours, then
401 and 407) and what each answer leads to. How a connection is stopped is
`server_trust`'s business, what a request carries `authentication`'s; the load runs.

Source: Foundation's order of things, `url-loading-system` sections 13 and 17.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, Protocol

import pycurl

from ..challenge import AuthChallengeDisposition, URLAuthenticationChallenge
from ..errors import URLError, URLErrorCode
from ..protection_space import AuthenticationMethod, URLProtectionSpace
from ..response import HTTPURLResponse
from .authentication import Authentication, Exchange
from .identity import identity_options
from .server_trust import TrustGate

if TYPE_CHECKING:
    from ..connections import Connection
    from ..credential import URLCredential
    from ..engine.handle import Handle
    from ..engine.pool import Pool
    from ..request import URLRequest
    from .guarding import GuardMemory, Origin

__all__ = ("Guard", "Guarded")

Option = tuple[int, object]

_LOOKS = 12  # runs before a load gives up on a server that shows ever new faces
_SUPPRESS_CONNECT_HEADERS = 265  # CURLOPT number; pycurl has no name for it
_UNFIT_KEY = "private key"  # in libcurl's words, under no code of its own
_TUNNEL_REFUSED = "response 407"
# How a handshake ends that lacks a certificate; TLS 1.3 tells when it is over.
_LACKS_CERTIFICATE = (
    pycurl.E_SSL_CONNECT_ERROR,
    pycurl.E_SEND_ERROR,
    pycurl.E_RECV_ERROR,
    pycurl.E_GOT_NOTHING,
)
_CLIENT_CODES = (
    URLErrorCode.CLIENT_CERTIFICATE_REJECTED,
    URLErrorCode.CLIENT_CERTIFICATE_REQUIRED,
)


class Guarded(Protocol):
    """What a guard asks of its load."""

    result_code: int
    message: str
    status_code: int
    verify_result: int
    connection: Connection | None
    head: Sequence[bytes]
    handle: Handle | None
    is_streaming: bool

    def guarded_request(self) -> URLRequest:
        """Return the request that challenges are about, with an http or https URL."""

    def ask(self, challenge: URLAuthenticationChallenge) -> None:
        """Have the client answer by `Guard.answer`, now or later."""

    def run_again(self) -> None:
        """Make the present run anew; nothing of the request was taken."""

    def send_again(self) -> None:
        """Send the request again, with its body from the start."""

    def let_in(self) -> None:
        """Let the response that asks be the result after all."""

    def end_with(self, error: URLError) -> None:
        """Fail."""

    def cancel_by_challenge(self) -> None:
        """Have the client cancel."""

    def error_of_end(self) -> URLError:
        """Return what the run that has just ended would fail with."""


class _Question(NamedTuple):
    challenge: URLAuthenticationChallenge
    answer: Callable[[AuthChallengeDisposition, URLCredential | None], None]


class Guard:
    """The challenges of one load.

    Args:
        memory: The session's.
        load: The load.
        pool: Where it runs.
        task: Who is told to a credential storage.
        asks_for_trust: Whether the client wants to judge new TLS connections.
    """

    def __init__(
        self,
        memory: GuardMemory,
        load: Guarded,
        pool: Pool,
        task: object,
        *,
        asks_for_trust: bool,
    ) -> None:
        self._memory = memory
        self._load = load
        self._pool = pool
        self._task = task
        self._asks_for_trust = asks_for_trust
        self._authentication = Authentication(memory.authentication, task)
        self._gate: TrustGate | None = None
        self._identity: URLCredential | None = None
        self._was_identity_asked = False
        self._question: _Question | None = None
        self._looks = 0
        self._proxy_look = False
        self._was_streaming = False
        self._is_over = False
        self._refusal: URLError | None = None

    # -- a run ------------------------------------------------------------------------

    def options(self, *, proxy: str, is_tunnelled: bool) -> list[Option]:
        """Return what the next run needs more.

        Args:
            proxy: URL of its proxy; empty if none is known.
            is_tunnelled: Whether it goes through by CONNECT.
        """
        parts = self._load.guarded_request().parts
        options: list[Option] = []
        if parts.scheme == "https":
            options += self._secure_options(parts.origin)
        elif self._gate is not None:
            self._gate = None
        options += self._authentication.fields(
            self._exchange(is_proxy=False),
            self._exchange(is_proxy=True, is_tunnel=is_tunnelled, proxy=proxy)
            if proxy
            else None,
        )
        if self._proxy_look:
            # The proxy's head is of interest, and nothing behind it.
            self._was_streaming = self._load.is_streaming
            self._load.is_streaming = False
            options += [
                (_SUPPRESS_CONNECT_HEADERS, 0),
                (pycurl.PREREQFUNCTION, lambda *_: pycurl.PREREQFUNC_ABORT),
            ]
        return options

    def takes_end(self, proxy: str) -> bool:
        """Take the end of a run without a response, if that is a challenge.

        Args:
            proxy: URL of the proxy that the run went through; empty without one.

        Returns:
            Whether it was: the load goes on by itself then.
        """
        load = self._load
        if self._proxy_look:
            self._proxy_look = False
            load.is_streaming = self._was_streaming
            return self._read_proxy(proxy)
        if not load.result_code:
            return False
        if _TUNNEL_REFUSED in load.message:
            self._proxy_look = True
            self._run_again()
            return True
        return self._gate is not None and self._takes_gate_end(self._gate)

    def error_of_run(self, error: URLError) -> URLError:
        """Return what a failed run fails with: `error`, or what is behind it."""
        gate = self._gate
        if self._identity is not None and _UNFIT_KEY in error.message:
            return self._of_certificate(_CLIENT_CODES[0], "cannot be shown", error)
        if (
            gate is None
            or not gate.requests_certificate
            or self._load.result_code not in _LACKS_CERTIFICATE
            or self._load.status_code
            or error.code in _CLIENT_CODES
        ):
            return error
        if self._identity is not None:
            return self._of_certificate(_CLIENT_CODES[0], "was refused", error)
        return self._of_certificate(_CLIENT_CODES[1], "is wanted", error)

    # -- 401 and 407 ------------------------------------------------------------------

    def reads(self, response: HTTPURLResponse, proxy: str) -> bool:
        """Take a 401 or 407; whether there is something to do about it: `go_on`."""
        is_proxy = response.status_code == 407
        if is_proxy and not proxy:
            return False
        exchange = self._exchange(is_proxy=is_proxy, proxy=proxy)
        return self._authentication.read(response, exchange)

    def go_on(self) -> None:
        """Ask about what `reads` has taken, or answer it at once."""
        self._when_quick(self._go_on)

    def _go_on(self) -> None:
        challenge = self._authentication.challenge
        if challenge is None:  # a nonce that was too old
            self._load.send_again()
        else:
            self._ask(challenge, self._http_answered)

    def was_let_in(self, response: HTTPURLResponse | None) -> None:
        """Note that the request's credentials were good."""
        self._authentication.was_let_in(response)

    def let_go(self) -> None:
        """The load is over: nothing is asked any more."""
        self._question = None
        self._is_over = True
        if self._gate is not None:
            self._gate.let_go(self._pool)

    def answer(
        self, disposition: AuthChallengeDisposition, credential: URLCredential | None
    ) -> None:
        """Take the client's decision on what was asked last.

        Raises:
            UsageError: The credential cannot be used for that.
        """
        question = self._question
        if question is None:
            return
        if disposition is AuthChallengeDisposition.CANCEL_AUTHENTICATION_CHALLENGE:
            self._question = None
            self._load.cancel_by_challenge()
            return
        question.answer(disposition, credential)

    # -- inside -----------------------------------------------------------------------

    def _when_quick(self, then: Callable[[], None]) -> None:
        """Call `then` when the credentials can be asked without a wait, or not at all."""
        storage = self._memory.authentication.storage
        if storage is None:
            then()
        else:
            storage.when_quick(lambda: None if self._is_over else then())

    @staticmethod
    def _of_certificate(code: URLErrorCode, what: str, error: URLError) -> URLError:
        return URLError(
            code,
            f"client certificate {what}: {error.message}",
            failing_url=error.failing_url,
            curl_code=error.curl_code,
            os_errno=error.os_errno,
        )

    def _ask(
        self,
        challenge: URLAuthenticationChallenge,
        answer: Callable[[AuthChallengeDisposition, URLCredential | None], None],
    ) -> None:
        self._question = _Question(challenge, answer)
        self._load.ask(challenge)

    def _exchange(
        self, *, is_proxy: bool, is_tunnel: bool = False, proxy: str = ""
    ) -> Exchange:
        request = self._load.guarded_request()
        has_stream = request.http_body_stream is not None
        return Exchange(
            is_proxy,
            is_tunnel,
            request.parts,
            request.http_method,
            None if has_stream else request.http_body or b"",
            proxy,
        )

    def _run_again(self) -> None:
        self._looks += 1
        if self._looks > _LOOKS:
            self._load.end_with(self._load.error_of_end())
            return
        self._authentication.repeat()
        self._load.run_again()

    def _secure_options(self, origin: Origin) -> list[Option]:
        if self._asks_for_trust and (self._gate is None or self._gate.origin != origin):
            self._gate = TrustGate(self._memory.trust, self._load, origin)
            self._was_identity_asked = False
            self._identity = None
        options: list[Option] = []
        if self._gate is not None:
            self._memory.trust.keep_open(
                {one.local for one in self._pool.connections()}
            )
            options += self._gate.options()
        identity = self._identity or self._known_identity(origin)
        if identity is not None and identity.identity is not None:
            self._identity = identity
            options += identity_options(identity.identity)
        return options

    def _known_identity(self, origin: Origin) -> URLCredential | None:
        known = self._memory.identities.get(origin)
        storage = self._memory.authentication.storage
        if known is None and storage is not None and storage.has_identities:
            known = storage.proposed_credential(
                _identity_space(origin), task=self._task
            )
        return known

    def _takes_gate_end(self, gate: TrustGate) -> bool:
        error = self._load.error_of_end()
        if gate.waits_for_another(self._run_again):
            return True
        gate.read_end(error.code)
        if gate.must_look_again:
            self._run_again()
        elif gate.is_asked_for:
            trust = gate.trust()
            self._refusal = None if trust.is_trusted else error
            scheme, host, port = gate.origin
            space = URLProtectionSpace(
                host,
                port,
                scheme,
                None,
                AuthenticationMethod.SERVER_TRUST,
                server_trust=trust,
            )
            challenge = URLAuthenticationChallenge(
                space, error=None if trust.is_trusted else error
            )
            self._ask(challenge, self._trust_answered)
        else:
            return False
        return True

    def _trust_answered(
        self, disposition: AuthChallengeDisposition, credential: URLCredential | None
    ) -> None:
        gate = self._gate
        if gate is None:
            return
        is_used = disposition is AuthChallengeDisposition.USE_CREDENTIAL
        trust = credential.trust if is_used and credential is not None else None
        if trust is not None:
            gate.accept(trust)
        elif self._refusal is not None:
            self._load.end_with(self._refusal)
            return
        else:
            gate.accept_verified()
        if (
            gate.requests_certificate
            and self._identity is None
            and not self._was_identity_asked
        ):
            self._was_identity_asked = True
            self._ask_for_identity(gate)
        else:
            self._run_again()

    def _ask_for_identity(self, gate: TrustGate) -> None:
        self._when_quick(partial(self._ask_for_identity_now, gate))

    def _ask_for_identity_now(self, gate: TrustGate) -> None:
        space = _identity_space(gate.origin, gate.issuers)
        storage = self._memory.authentication.storage
        proposed = None
        if storage is not None:
            proposed = storage.proposed_credential(space, task=self._task)
        self._ask(URLAuthenticationChallenge(space, proposed), self._identity_answered)

    def _identity_answered(
        self, disposition: AuthChallengeDisposition, credential: URLCredential | None
    ) -> None:
        gate, question = self._gate, self._question
        if gate is None or question is None:
            return
        if disposition is AuthChallengeDisposition.PERFORM_DEFAULT_HANDLING:
            credential = question.challenge.proposed_credential
        elif disposition is AuthChallengeDisposition.REJECT_PROTECTION_SPACE:
            credential = None
        if credential is not None and credential.identity is not None:
            self._identity = credential
            self._memory.identities[gate.origin] = credential
        self._run_again()

    def _read_proxy(self, proxy: str) -> bool:
        from .head import last_head

        lines = last_head(self._load.head)
        refusal = self._load.error_of_end()
        if not lines or lines[0].split(None, 2)[1:2] != [b"407"]:
            self._run_again()  # it lets us through by now
            return True
        response = HTTPURLResponse.from_raw(
            self._load.guarded_request().url, 407, lines
        )
        exchange = self._exchange(is_proxy=True, is_tunnel=True, proxy=proxy)
        self._refusal = refusal
        if not proxy or not self._authentication.read(response, exchange):
            return False
        self._when_quick(self._go_on_with_proxy)
        return True

    def _go_on_with_proxy(self) -> None:
        challenge = self._authentication.challenge
        if challenge is None:
            self._run_again()
        else:
            self._ask(challenge, self._tunnel_answered)

    def _tunnel_answered(
        self, disposition: AuthChallengeDisposition, credential: URLCredential | None
    ) -> None:
        outcome = self._decide(disposition, credential, self._tunnel_answered)
        if outcome is None:
            return
        if outcome:
            self._run_again()
        elif self._refusal is not None:
            self._load.end_with(self._refusal)

    def _http_answered(
        self, disposition: AuthChallengeDisposition, credential: URLCredential | None
    ) -> None:
        outcome = self._decide(disposition, credential, self._http_answered)
        if outcome is None:
            return
        if outcome:
            self._load.send_again()
        else:
            self._load.let_in()

    def _decide(
        self,
        disposition: AuthChallengeDisposition,
        credential: URLCredential | None,
        answer: Callable[[AuthChallengeDisposition, URLCredential | None], None],
    ) -> bool | None:
        """Return whether to try again; None if something else is asked first."""
        authentication, question = self._authentication, self._question
        assert question is not None
        if disposition is AuthChallengeDisposition.REJECT_PROTECTION_SPACE:
            if authentication.reject() and authentication.challenge is not None:
                self._ask(authentication.challenge, answer)
                return None
            # Default handling would send to a space what was just kept from it.
            credential = None
        is_used = disposition is AuthChallengeDisposition.USE_CREDENTIAL
        if disposition is AuthChallengeDisposition.PERFORM_DEFAULT_HANDLING:
            credential = question.challenge.proposed_credential
        if credential is None:
            self._question = None
            return False
        authentication.use(credential, is_from_delegate=is_used)
        self._question = None
        return True


def _identity_space(
    origin: Origin, issuers: tuple[bytes, ...] | None = None
) -> URLProtectionSpace:
    scheme, host, port = origin
    return URLProtectionSpace(
        host,
        port,
        scheme,
        None,
        AuthenticationMethod.CLIENT_CERTIFICATE,
        distinguished_names=issuers,
    )
