"""401: who is asked, what is sent then, and what a session remembers."""

from __future__ import annotations

import asyncio
import gc
import io
import weakref
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from urlsession import (
    AuthChallengeDisposition,
    AuthenticationMethod,
    URLAuthenticationChallenge,
    URLCredential,
    URLCredentialStorage,
    URLError,
    URLErrorCode,
    URLProtectionSpace,
    URLRequest,
    URLSession,
    URLSessionConfiguration,
)
from urlsession.loading.authentication import usable_methods
from urlsession.testing import (
    LoopbackServer,
    ReceivedRequest,
    RecordingDelegate,
    ServerConnection,
    answering,
    wait_until,
)

from .auth_server import NO, DigestServer, basic, basic_value, digest_fields

if TYPE_CHECKING:
    from ..conftest import Serve

    Answer = tuple[AuthChallengeDisposition, URLCredential | None] | None

USE = AuthChallengeDisposition.USE_CREDENTIAL
DEFAULT = AuthChallengeDisposition.PERFORM_DEFAULT_HANDLING
CANCEL = AuthChallengeDisposition.CANCEL_AUTHENTICATION_CHALLENGE
REJECT = AuthChallengeDisposition.REJECT_PROTECTION_SPACE
CHALLENGE = "task_did_receive_challenge"
PERSISTENCE = URLCredential.Persistence
ME = URLCredential("me", "s3cret")
ANSWERS = "13:effects of the dispositions"
DISPOSITION = "1:AuthChallengeDisposition"
ORDER = "17:challenge"


def challenged(*answers: Answer) -> RecordingDelegate:
    """Return a delegate that gives these answers, the last one over and over."""
    left = list(answers)

    def decide(*_: object) -> Answer:
        return left.pop(0) if len(left) > 1 else left[0]

    return RecordingDelegate({CHALLENGE: decide})


def challenges(delegate: RecordingDelegate) -> list[URLAuthenticationChallenge]:
    """Return the challenges that a delegate has seen."""
    found = [call.args[1] for call in delegate.named(CHALLENGE)]
    assert all(isinstance(one, URLAuthenticationChallenge) for one in found)
    return found  # type: ignore[return-value]  # asserted above


def sent(server: LoopbackServer) -> list[str | None]:
    """Return the Authorization of each request."""
    return [one.header("Authorization") for one in server.requests]


def space_of(
    server: LoopbackServer,
    method: AuthenticationMethod = AuthenticationMethod.HTTP_BASIC,
) -> URLProtectionSpace:
    """Return the protection space of a server's realm."""
    return URLProtectionSpace(server.host, server.port, "http", "r", method)


def private(*credentials: tuple[URLProtectionSpace, URLCredential]) -> Any:
    """Return an ephemeral configuration whose storage holds these."""
    configuration = URLSessionConfiguration.ephemeral()
    storage = configuration.url_credential_storage
    assert storage is not None
    for space, one in credentials:
        storage.set(one, space)
    return configuration


def load(
    url: str | URLRequest, delegate: object, configuration: Any = None
) -> tuple[bytes, int]:
    """Load in a session of its own; body and status."""
    with URLSession(configuration or private(), delegate) as session:
        data, response = session.data(url).result(timeout=10)
    return data, response.status_code


@pytest.fixture
def server(serve: Serve) -> LoopbackServer:
    """Return a server that wants a password by Basic."""
    return serve(answering(basic()))


# -- Basic --------------------------------------------------------------------------


@pytest.mark.parity(
    "4:URLSession:task:didReceiveChallenge:",
    "13:protectionSpace, proposedCredential, failureResponse, error",
    "11:URLCredential(user:password:persistence:)",
    ORDER,
)
def test_credential_is_used(server: LoopbackServer) -> None:
    """The request is sent again, on the same connection, with what was given."""
    delegate = challenged((USE, ME))

    assert load(server.url("/a"), delegate) == (b"welcome ", 200)

    (challenge,) = challenges(delegate)
    assert challenge.protection_space == space_of(server)
    assert challenge.previous_failure_count == 0
    assert challenge.proposed_credential is None
    assert challenge.error is None
    assert challenge.failure_response is not None
    assert challenge.failure_response.status_code == 401
    assert sent(server) == [None, basic_value("me", "s3cret")]
    assert server.accepted == 1


@pytest.mark.parity("13:previousFailureCount", ORDER)
def test_refusals_are_counted(server: LoopbackServer) -> None:
    """And what was refused is not proposed again."""
    wrong = URLCredential("me", "wrong")
    configuration = private((space_of(server), wrong))
    delegate = challenged(None, (USE, wrong), (USE, ME))

    assert load(server.url(), delegate, configuration)[1] == 200

    seen = challenges(delegate)
    assert [one.previous_failure_count for one in seen] == [0, 1, 2]
    assert [one.proposed_credential for one in seen] == [wrong, None, None]


def test_delegate_that_always_answers_is_heard_out(server: LoopbackServer) -> None:
    """Twenty times: then the response is delivered."""
    delegate = challenged((USE, URLCredential("me", "wrong")))

    assert load(server.url(), delegate) == (NO, 401)
    assert server.request_count == 21


@pytest.mark.parity("15:401 without usable credential", "18:22 #5457 401 hung")
@pytest.mark.parametrize("delegate", [None, challenged(None), challenged((USE, None))])
def test_response_is_delivered_without_a_credential(
    server: LoopbackServer, delegate: object
) -> None:
    """A 401 is a response, not an error."""
    assert load(server.url(), delegate) == (NO, 401)
    assert server.request_count == 1


@pytest.mark.parity(ANSWERS)
def test_default_handling_uses_what_is_stored(server: LoopbackServer) -> None:
    """With a delegate that leaves it to the system, and with none."""
    for delegate in (challenged((DEFAULT, None)), None):
        configuration = private((space_of(server), ME))
        assert load(server.url(), delegate, configuration)[1] == 200


def test_default_handling_tries_once(server: LoopbackServer) -> None:
    """A stored password that is wrong ends in the 401."""
    configuration = private((space_of(server), URLCredential("me", "old")))

    assert load(server.url(), None, configuration) == (NO, 401)
    assert server.request_count == 2


@pytest.mark.parity(ANSWERS)
def test_cancel_cancels_the_task(server: LoopbackServer) -> None:
    """It ends in -999."""
    delegate = challenged((CANCEL, None))

    with pytest.raises(URLError) as failure:
        load(server.url(), delegate)

    assert failure.value.code is URLErrorCode.CANCELLED
    assert delegate.names[-2:] == [CHALLENGE, "session_did_become_invalid"] or (
        "task_did_finish_collecting_metrics" in delegate.names
    )


OFFERS = [
    ("WWW-Authenticate", 'Basic realm="r", Bearer realm="r"'),
    ("WWW-Authenticate", 'Digest realm="r", nonce="n", algorithm=MD5'),
    ("WWW-Authenticate", 'Digest realm="r2", nonce="n", algorithm=SHA-256'),
]


@pytest.mark.parity(ANSWERS, ORDER, DISPOSITION)
def test_reject_leads_to_the_next_scheme(serve: Serve) -> None:
    """Strongest first; after the last the response is delivered."""
    server = serve(answering(lambda _request: (401, OFFERS, NO)))
    delegate = challenged((REJECT, None))

    assert load(server.url(), delegate) == (NO, 401)

    spaces = [one.protection_space for one in challenges(delegate)]
    assert [(one.authentication_method.name, one.realm) for one in spaces] == [
        ("HTTP_DIGEST", "r2"),
        ("HTTP_DIGEST", "r"),
        ("HTTP_BASIC", "r"),
    ]
    assert server.request_count == 1


def test_rejected_space_gets_nothing_by_default(serve: Serve) -> None:
    """A stored password is not sent where the delegate kept it from."""
    server = serve(answering(basic()))
    delegate = challenged((REJECT, None))

    assert load(server.url(), delegate, private((space_of(server), ME)))[1] == 401
    assert server.request_count == 1


def test_rejected_space_is_not_asked_about_again(serve: Serve) -> None:
    """The next scheme is answered, and refused: the first is not brought up again."""
    server = serve(answering(lambda _request: (401, OFFERS[:2], NO)))
    delegate = challenged((REJECT, None), (USE, ME), None)

    assert load(server.url(), delegate)[1] == 401

    seen = challenges(delegate)
    methods = [one.protection_space.authentication_method.name for one in seen]
    assert methods == ["HTTP_DIGEST", "HTTP_BASIC", "HTTP_BASIC"]


@pytest.mark.parity("17:everything on the delegate queue")
def test_decision_may_be_awaited(server: LoopbackServer) -> None:
    """By either door; the task waits meanwhile."""

    class Decides:
        async def task_did_receive_challenge(self, *_: object) -> Answer:
            await asyncio.sleep(0.01)
            return USE, ME

    async def awaited() -> int:
        async with URLSession(private(), Decides()) as session:
            _data, response = await session.data(server.url())
            return response.status_code

    assert asyncio.run(awaited()) == 200
    assert load(server.url(), Decides())[1] == 200


@pytest.mark.parametrize(
    "unusable",
    [
        "yes",
        (USE, "me:s3cret"),
        (USE,),
        (17, None),
        (USE, URLCredential("a:b", "c")),
        (USE, URLCredential.for_identity(b"-----BEGIN CERTIFICATE-----", b"\x30\x03")),
    ],
    ids=["text", "no credential", "one", "no disposition", "colon", "identity"],
)
def test_what_is_no_decision_ends_the_task(
    server: LoopbackServer, unusable: Any
) -> None:
    """With -999, and nothing was sent."""
    with pytest.raises(URLError, match="returned something unusable") as failure:
        load(server.url(), challenged(unusable))

    assert failure.value.code is URLErrorCode.CANCELLED
    assert server.request_count == 1


def test_session_method_is_not_asked_about_requests(server: LoopbackServer) -> None:
    """It is for connections; the task's is not there."""
    delegate = RecordingDelegate({"session_did_receive_challenge": (USE, ME)})

    assert load(server.url(), delegate)[1] == 401
    assert delegate.count("session_did_receive_challenge") == 0


def test_task_delegate_is_asked_first(server: LoopbackServer) -> None:
    """And the session's not at all then."""
    of_session, of_task = challenged((CANCEL, None)), challenged((USE, ME))
    with URLSession(private(), of_session) as session:
        data, _ = session.data(server.url(), delegate=of_task).result(timeout=10)

    assert data == b"welcome "
    assert of_session.count(CHALLENGE) == 0


# -- callbacks and streams ------------------------------------------------------------


@pytest.mark.parity(ORDER)
@pytest.mark.parametrize("size", [0, 10, 1_000_000])
def test_refused_response_is_not_delivered(serve: Serve, size: int) -> None:
    """A delegate that takes everything gets the final response only."""
    server = serve(answering(basic(body=b"x" * size)))
    delegate = challenged((USE, ME))
    with URLSession(private(), delegate) as session:
        session.data_task(server.url()).resume()
        delegate.wait_for("task_did_complete")

    assert delegate.names == [
        "did_create_task",
        CHALLENGE,
        "data_task_did_receive_response",
        "data_task_did_receive_data",
        "task_did_finish_collecting_metrics",
        "task_did_complete",
        "session_did_become_invalid",
    ]
    assert delegate.received == b"welcome "
    # A short body is read so that the connection can be kept; a long one is not.
    assert server.accepted == (2 if size > 500_000 else 1)


@pytest.mark.parametrize("size", [0, 10, 3_000_000])
def test_response_is_delivered_to_a_stream_after_the_decision(
    serve: Serve, size: int
) -> None:
    """All of it, however long."""
    server = serve(answering(basic(body=b"x" * size)))
    with URLSession(private(), challenged(None)) as session:
        chunks, response = session.bytes(server.url()).result(timeout=10)
        data = b"".join(chunks)

    assert (len(data), response.status_code) == (size, 401)


def test_stream_is_opened_by_a_password(server: LoopbackServer) -> None:
    """A stream's head is that of the response that was let in."""
    with URLSession(private(), challenged((USE, ME))) as session:
        chunks, response = session.bytes(server.url()).result(timeout=10)

        assert response.status_code == 200
        assert b"".join(chunks) == b"welcome "


def test_handler_and_metrics(server: LoopbackServer) -> None:
    """A handler is called once; each try is a transaction."""
    answers: list[Any] = []
    with URLSession(private(), challenged((USE, ME))) as session:
        task = session.data_task(server.url(), lambda *reply: answers.append(reply))
        task.resume()
        task.result(timeout=10)
        metrics = task.metrics

    assert [one[0] for one in answers] == [b"welcome "]
    assert metrics is not None
    statuses = [one.response.status_code for one in metrics.transaction_metrics]  # type: ignore[union-attr]  # both have one
    assert statuses == [401, 200]
    assert metrics.redirect_count == 0


# -- bodies -------------------------------------------------------------------------


def once(data: bytes) -> Iterator[bytes]:
    """Yield a body that cannot be read again."""
    yield data


@pytest.mark.parametrize(
    "body", [b"abc", io.BytesIO(b"abc"), [b"a", b"bc"]], ids=["bytes", "file", "list"]
)
def test_body_is_sent_again(server: LoopbackServer, body: Any) -> None:
    """From its start."""
    request = URLRequest(server.url(), method="POST", body=body)

    assert load(request, challenged((USE, ME))) == (b"welcome abc", 200)


@pytest.mark.parity("4:URLSession:task:needNewBodyStream:")
def test_body_that_cannot_be_read_again_is_asked_for(server: LoopbackServer) -> None:
    """And fails the task where nobody has it."""
    request = URLRequest(server.url(), method="POST", body=once(b"abc"))
    delegate = RecordingDelegate(
        {CHALLENGE: (USE, ME), "task_need_new_body_stream": lambda *_: io.BytesIO(b"2")}
    )

    assert load(request, delegate) == (b"welcome 2", 200)
    assert delegate.count("task_need_new_body_stream") == 1

    request = URLRequest(server.url(), method="POST", body=once(b"abc"))
    with pytest.raises(URLError) as failure:
        load(request, challenged((USE, ME)))
    assert failure.value.code is URLErrorCode.REQUEST_BODY_STREAM_EXHAUSTED


# -- what a session remembers -----------------------------------------------------------


@pytest.mark.parity("11:proposed credential", "11:Persistence")
def test_answered_space_is_not_asked_about_again(server: LoopbackServer) -> None:
    """Below the folder that was answered for, a password is sent from the start."""
    delegate = challenged((USE, ME))
    with URLSession(private(), delegate) as session:
        for path in ("/in/a", "/in/b", "/in/c/d", "/out"):
            session.data(server.url(path)).result(timeout=10)

    value = basic_value("me", "s3cret")
    assert sent(server) == [None, value, value, value, None, value]
    assert delegate.count(CHALLENGE) == 2


def test_persistence_none_is_forgotten(server: LoopbackServer) -> None:
    """It is for this task."""
    delegate = challenged((USE, URLCredential("me", "s3cret", PERSISTENCE.NONE)))
    configuration = private()
    with URLSession(configuration, delegate) as session:
        for _ in range(2):
            session.data(server.url()).result(timeout=10)
        storage = configuration.url_credential_storage
        assert storage.all_credentials == {}

    assert delegate.count(CHALLENGE) == 2


def test_good_credential_is_stored_when_it_has_opened(server: LoopbackServer) -> None:
    """One that was refused is not."""
    configuration = private()
    delegate = challenged((USE, URLCredential("me", "no")), (USE, ME))
    with URLSession(configuration, delegate) as session:
        session.data(server.url()).result(timeout=10)
        stored = configuration.url_credential_storage.all_credentials

    assert stored == {space_of(server): {"me": ME}}
    # The last session with an ephemeral configuration takes its stores along.
    assert configuration.url_credential_storage.all_credentials == {}


def test_removed_credential_is_not_sent_any_more(server: LoopbackServer) -> None:
    """What was answered before counts only as long as it is stored."""
    configuration = private((space_of(server), ME))
    storage = configuration.url_credential_storage
    with URLSession(configuration) as session:
        session.data(server.url()).result(timeout=10)
        storage.remove(ME, space_of(server))
        _, response = session.data(server.url()).result(timeout=10)

    assert response.status_code == 401
    assert sent(server)[2:] == [None]


def test_password_that_was_changed_counts_as_refused(serve: Serve) -> None:
    """What a session remembered is forgotten then."""
    passwords = ["old"]

    def answer(request: ReceivedRequest) -> Any:
        return basic("me", passwords[-1])(request)

    server = serve(answering(answer))
    delegate = challenged(
        (USE, URLCredential("me", "old")), (USE, URLCredential("me", "new"))
    )
    with URLSession(private(), delegate) as session:
        session.data(server.url()).result(timeout=10)
        passwords.append("new")
        _, response = session.data(server.url()).result(timeout=10)

    assert response.status_code == 200
    assert [one.previous_failure_count for one in challenges(delegate)] == [0, 1]


@pytest.mark.parity("11:task-based variants")
def test_storage_is_asked_with_the_task(server: LoopbackServer) -> None:
    """A subclass may decide for each."""
    asked: list[object] = []

    class PerTask(URLCredentialStorage):
        def default_credential(
            self, space: URLProtectionSpace, *, task: object | None = None
        ) -> URLCredential | None:
            asked.append(task)
            return ME if space == space_of(server) else None

    configuration = private()
    configuration.url_credential_storage = PerTask()
    with URLSession(configuration) as session:
        task = session.data(server.url())
        assert task.result(timeout=10).response.status_code == 200

    assert asked == [task]


def test_without_a_storage_nothing_is_proposed(server: LoopbackServer) -> None:
    """And an answer is remembered all the same."""
    configuration = private()
    configuration.url_credential_storage = None
    delegate = challenged((USE, ME))
    with URLSession(configuration, delegate) as session:
        for _ in range(2):
            session.data(server.url()).result(timeout=10)

    assert delegate.count(CHALLENGE) == 1


@pytest.mark.parity("2:urlCredentialStorage")
def test_stores_are_shared_or_private() -> None:
    """The default one is the process's; None is none."""
    default = URLSessionConfiguration.default()
    one, other = URLSessionConfiguration.ephemeral(), private()

    assert default.url_credential_storage is URLCredentialStorage.shared
    assert one.url_credential_storage is one.copy().url_credential_storage
    assert one.url_credential_storage is not other.url_credential_storage
    assert one.url_credential_storage is not URLCredentialStorage.shared
    with pytest.raises(TypeError, match="URLCredentialStorage or None"):
        default.url_credential_storage = {}  # type: ignore[assignment]  # what is tested


# -- other places ------------------------------------------------------------------------


@pytest.mark.parity(
    "15:Authorization on redirect",
    "A:3 307/308 lose the body, Authorization crosses hosts, Location against root",
)
def test_credentials_do_not_follow_to_another_origin(serve: Serve) -> None:
    """Not even to one that asks for the same realm."""
    other = serve(answering(basic()))

    def answer(request: ReceivedRequest) -> Any:
        status, headers, body = basic()(request)
        if status == 200:
            return 307, [("Location", other.url("/there"))], b""
        return status, headers, body

    server = serve(answering(answer))
    delegate = challenged((USE, ME), None)

    assert load(server.url(), delegate)[1] == 401
    assert sent(other) == [None]


def test_credentials_follow_within_an_origin(serve: Serve) -> None:
    """As they would be sent to that place anyway."""

    def answer(request: ReceivedRequest) -> Any:
        if request.target == "/a/start":
            status, headers, body = basic()(request)
            return (
                (302, [("Location", "/a/end")], b"")
                if status == 200
                else (
                    status,
                    headers,
                    body,
                )
            )
        return basic()(request)

    server = serve(answering(answer))

    assert load(server.url("/a/start"), challenged((USE, ME)))[1] == 200
    assert server.request_count == 3


@pytest.mark.parity("11:URLCredential(user:password:persistence:)")
def test_user_of_the_url_is_proposed(serve: Serve) -> None:
    """Sent as Basic from the start, and proposed for what is stronger."""
    server = serve(answering(DigestServer()))
    url = server.url("/").replace("//", "//me:s3cret@")

    assert load(url, None)[1] == 200
    assert digest_fields(server.requests[-1])["username"] == "me"

    plain = serve(answering(basic()))
    delegate = challenged(None)
    assert load(plain.url("/").replace("//", "//me:wrong@"), delegate)[1] == 401
    assert [one.previous_failure_count for one in challenges(delegate)] == [1]


def test_field_of_the_request_gives_way(server: LoopbackServer) -> None:
    """To what a challenge is answered with."""
    request = URLRequest(server.url(), headers={"Authorization": "Basic eDp5"})

    assert load(request, challenged((USE, ME)))[1] == 200
    assert sent(server) == ["Basic eDp5", basic_value("me", "s3cret")]


@pytest.mark.parametrize("door", ["data", "bytes"])
def test_fields_of_the_session_are_sent_too(server: LoopbackServer, door: str) -> None:
    """With the answer to a challenge as without."""
    configuration = private((space_of(server), ME))
    configuration.http_additional_headers = {"X-Mine": "yes"}
    with URLSession(configuration, challenged(None)) as session:
        for _ in range(2):
            if door == "data":
                session.data(server.url()).result(timeout=10)
            else:
                chunks, _ = session.bytes(server.url()).result(timeout=10)
                assert b"".join(chunks) == b"welcome "

    assert [one.header("X-Mine") for one in server.requests] == ["yes"] * 3
    assert len({one.header("Accept") for one in server.requests}) == 1


def test_sessions_do_not_share_answers(server: LoopbackServer) -> None:
    """Each remembers its own."""
    for _ in range(2):
        load(server.url(), challenged((USE, ME)))

    assert sent(server)[::2] == [None, None]


# -- Digest -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("algorithm", "qop"),
    [
        ("MD5", "auth"),
        ("MD5", None),
        ("MD5-sess", "auth"),
        ("SHA-256", "auth"),
        ("SHA-256", "auth-int"),
        ("SHA-256-sess", "auth,auth-int"),
    ],
)
def test_digest_is_answered(serve: Serve, algorithm: str, qop: str | None) -> None:
    """The server's own arithmetic agrees."""
    server = serve(answering(DigestServer(algorithm, qop)))
    request = URLRequest(server.url("/a?b=c"), method="POST", body=b"abc")
    delegate = challenged((USE, ME))

    assert load(request, delegate) == (b"welcome abc", 200)

    (challenge,) = challenges(delegate)
    kind = challenge.protection_space.authentication_method
    assert kind is AuthenticationMethod.HTTP_DIGEST


def test_digest_is_sent_from_the_start_later(serve: Serve) -> None:
    """With a count that grows; the realm is all of the origin."""
    server = serve(answering(DigestServer()))
    with URLSession(private(), challenged((USE, ME))) as session:
        for path in ("/a/b", "/c", "/a/./d"):
            session.data(server.url(path)).result(timeout=10)

    counts = [digest_fields(one).get("nc") for one in server.requests]
    assert counts == [None, "00000001", "00000002", "00000003"]


def test_stale_nonce_is_no_refusal(serve: Serve) -> None:
    """The answer is made anew, and nobody is asked."""
    server = serve(answering(DigestServer(uses=1)))
    delegate = challenged((USE, ME))
    with URLSession(private(), delegate) as session:
        statuses = [
            session.data(server.url()).result(timeout=10).response.status_code
            for _ in range(3)
        ]

    assert statuses == [200, 200, 200]
    assert delegate.count(CHALLENGE) == 1
    assert server.request_count == 6


def test_wrong_digest_password_is_a_refusal(serve: Serve) -> None:
    """As with Basic."""
    server = serve(answering(DigestServer()))
    delegate = challenged((USE, URLCredential("me", "no")), (USE, ME))

    assert load(server.url(), delegate)[1] == 200
    assert [one.previous_failure_count for one in challenges(delegate)] == [0, 1]


def test_digest_of_a_streamed_body_is_not_asked_for(serve: Serve) -> None:
    """A body that is read once cannot be covered: the scheme is passed over."""
    server = serve(answering(DigestServer(qop="auth-int")))
    request = URLRequest(server.url(), method="POST", body=io.BytesIO(b"abc"))
    delegate = challenged((USE, ME))

    assert load(request, delegate) == (NO, 401)
    assert challenges(delegate) == []


# -- by libcurl -----------------------------------------------------------------------------


@pytest.mark.skipif(
    AuthenticationMethod.NEGOTIATE not in usable_methods(),
    reason="this libcurl has no Negotiate",
)
def test_negotiate_is_asked_of_the_session(serve: Serve) -> None:
    """It is about a connection; without a ticket the 401 stays."""
    server = serve(
        answering(lambda _request: (401, [("WWW-Authenticate", "Negotiate")], NO))
    )
    delegate = RecordingDelegate(
        {"session_did_receive_challenge": (USE, URLCredential("", ""))}
    )
    answers: list[Answer] = [(USE, URLCredential("", "")), None]
    delegate = RecordingDelegate(
        {"session_did_receive_challenge": lambda *_: answers.pop(0)}
    )

    assert load(server.url(), delegate) == (NO, 401)

    first = delegate.named("session_did_receive_challenge")[0].args[0]
    assert isinstance(first, URLAuthenticationChallenge)
    kind = first.protection_space.authentication_method
    assert kind is AuthenticationMethod.NEGOTIATE


def test_unknown_schemes_are_passed_over(serve: Serve) -> None:
    """Nobody is asked what cannot be answered."""
    fields = [("WWW-Authenticate", 'Bearer realm="r", Mutual realm="r"')]
    server = serve(answering(lambda _request: (401, fields, NO)))
    delegate = challenged((USE, ME))

    assert load(server.url(), delegate) == (NO, 401)
    assert challenges(delegate) == []


# -- bad servers ------------------------------------------------------------------------


def test_401_without_a_challenge_is_delivered(serve: Serve) -> None:
    """The field is missing, or cannot be read."""
    for fields in ([], [("WWW-Authenticate", '="')], [("WWW-Authenticate", "Basic")]):
        server = serve(answering(lambda _r, fields=fields: (401, fields, NO)))  # type: ignore[misc]  # bound now
        assert load(server.url(), None) == (NO, 401)


def test_connection_that_dies_after_a_401_is_made_anew(serve: Serve) -> None:
    """A server may close after it has refused."""

    def handle(connection: ServerConnection) -> None:
        request = connection.recv_request()
        if request is not None:
            status, headers, body = basic()(request)
            connection.send_response(status, headers, body)

    server = serve(handle)

    assert load(server.url(), challenged((USE, ME)))[1] == 200
    assert server.accepted == 2


def test_cancelled_while_it_is_asked(server: LoopbackServer) -> None:
    """An answer that comes later is ignored."""

    async def run() -> None:
        asked, answer = asyncio.Event(), asyncio.Event()

        class Slow:
            async def task_did_receive_challenge(self, *_: object) -> Answer:
                asked.set()
                await answer.wait()
                return USE, ME

        async with URLSession(private(), Slow()) as session:
            task = session.data(server.url())
            await asked.wait()
            task.cancel()
            with pytest.raises(URLError) as failure:
                await task
            answer.set()
            assert failure.value.code is URLErrorCode.CANCELLED

    asyncio.run(run())
    assert server.request_count == 1


def test_load_that_was_challenged_leaves_nothing_to_the_collector(
    serve: Serve,
) -> None:
    """What guards a load refers to it; the end of the load parts the two."""

    class Delegate:
        """Records nothing, which would keep the task."""

        def task_did_receive_challenge(self, *_: object) -> Answer:
            return USE, ME

    server = serve(answering(basic()))
    with URLSession(URLSessionConfiguration.ephemeral(), Delegate()) as session:
        session.data(server.url("/warm-up")).result(5)
        gc.collect()
        gc.disable()
        try:
            task = session.data(server.url("/again"))
            assert task.result(5).status_code == 200
            load = weakref.ref(task._load)
            del task
            assert wait_until(lambda: load() is None)
        finally:
            gc.enable()
