"""A keyring that takes its time: it may have to be unlocked, by somebody.

It answers when the test lets it; where that is the program's loop, a loop that waited for
it would wait for ever.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from urlsession import (
    AuthChallengeDisposition,
    AuthenticationMethod,
    ProxyConfiguration,
    URLCredential,
    URLCredentialStorage,
    URLError,
    URLErrorCode,
    URLProtectionSpace,
    URLSession,
    URLSessionConfiguration,
)
from urlsession.storage.keychain import Keychain
from urlsession.testing import (
    LoopbackServer,
    ReceivedRequest,
    RecordingDelegate,
    ServerConnection,
    answering,
    fixed_body,
    wait_until,
)

from .auth_server import basic, basic_value
from .web_socket_peer import guarded_echo

if TYPE_CHECKING:
    from ..conftest import Serve

pytestmark = pytest.mark.needs(modules=("keyring",))

LOOK_UPS = "11:proposed credential"
PERMANENT = "11:Persistence"
USE = AuthChallengeDisposition.USE_CREDENTIAL
CHALLENGE = "task_did_receive_challenge"
ME = URLCredential("me", "s3cret", URLCredential.Persistence.PERMANENT)
BEATS = 50
THREAD = "urlsession-keyring"


class SlowKeyring:
    """What a keyring's daemon is.

    Attributes:
        passwords: By service and user.
        is_asked: Set once somebody waits.
        go: Set to have it answer.
        read_count: How often the list of what is kept was read.
    """

    def __init__(self) -> None:
        self.passwords: dict[tuple[str, str], str] = {}
        self.is_asked = threading.Event()
        self.go = threading.Event()
        self.go.set()
        self.read_count = 0
        self.error: Exception | None = None

    def wait(self) -> None:
        """Take one's time."""
        self.is_asked.set()
        assert self.go.wait(10), "nobody lets the keyring answer: who waits for it?"
        if self.error is not None:
            raise self.error

    def lock(self) -> None:
        """Answer nothing from now on, until `go` is set."""
        self.is_asked.clear()
        self.go.clear()


@pytest.fixture
def slow() -> Iterator[SlowKeyring]:
    """Have such a keyring for the system's."""
    import keyring
    from keyring.backend import KeyringBackend

    daemon = SlowKeyring()

    class Backend(KeyringBackend):
        priority = 1.0

        def get_password(self, service: str, username: str) -> str | None:
            daemon.read_count += username == "index"
            daemon.wait()
            return daemon.passwords.get((service, username))

        def set_password(self, service: str, username: str, password: str) -> None:
            daemon.wait()
            daemon.passwords[service, username] = password

        def delete_password(self, service: str, username: str) -> None:
            daemon.wait()
            del daemon.passwords[service, username]

    before = keyring.get_keyring()
    keyring.set_keyring(Backend())  # type: ignore[no-untyped-call]  # keyring's
    try:
        yield daemon
    finally:
        daemon.go.set()
        assert wait_until(lambda: not keyring_threads())
        keyring.set_keyring(before)


def keyring_threads() -> list[threading.Thread]:
    """Return the threads that wait for a keyring."""
    return [one for one in threading.enumerate() if one.name == THREAD]


@pytest.fixture
def storage() -> URLCredentialStorage:
    """Return a storage that has not asked the keyring yet."""
    return URLCredentialStorage(Keychain())


@pytest.fixture
def configuration(storage: URLCredentialStorage) -> URLSessionConfiguration:
    """Return a configuration that uses it."""
    made = URLSessionConfiguration.ephemeral()
    made.url_credential_storage = storage
    return made


def space_of(server: LoopbackServer) -> URLProtectionSpace:
    """Return what the server's challenges are about."""
    return URLProtectionSpace(
        server.host, server.port, "http", "r", AuthenticationMethod.HTTP_BASIC
    )


def keep(slow: SlowKeyring, space: URLProtectionSpace) -> None:
    """Keep a credential, as another process has done; then lock the keyring."""
    URLCredentialStorage(Keychain()).set(ME, space)
    slow.read_count = 0
    slow.lock()


async def beat(slow: SlowKeyring) -> int:
    """Count turns of the loop while the keyring waits, then let it answer."""
    while not slow.is_asked.is_set():
        await asyncio.sleep(0)
    for _ in range(BEATS):
        await asyncio.sleep(0.001)
    slow.go.set()
    return BEATS


# -- looking things up -------------------------------------------------------------------


@pytest.mark.parity(LOOK_UPS)
def test_loop_goes_on_while_a_load_waits_for_the_keyring(
    serve: Serve,
    slow: SlowKeyring,
    configuration: URLSessionConfiguration,
    loop_factory: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    """And so do other loads of the session; then the credential is used."""
    server = serve(answering(basic()))
    plain = serve(fixed_body(b"plain"))
    keep(slow, space_of(server))

    async def run() -> tuple[int, bytes, list[bytes]]:
        async with URLSession(configuration) as session:
            waits = session.data(server.url())
            while not slow.is_asked.is_set():
                await asyncio.sleep(0)
            others = [(await session.data(plain.url())).data for _ in range(3)]
            beats = await beat(slow)
            reply = await waits
            return beats, reply.data, others

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        assert runner.run(run()) == (BEATS, b"welcome ", [b"plain"] * 3)


@pytest.mark.parity(LOOK_UPS)
@pytest.mark.parametrize("is_streaming", [False, True])
def test_io_thread_goes_on_while_a_load_waits_for_the_keyring(
    serve: Serve,
    slow: SlowKeyring,
    configuration: URLSessionConfiguration,
    is_streaming: bool,
) -> None:
    """The other sessions that it drives are not held up."""
    server = serve(answering(basic()))
    plain = serve(fixed_body(b"plain"))
    keep(slow, space_of(server))
    with URLSession(configuration) as session, URLSession() as other:
        task = session.data_task(server.url())
        stream = session.bytes(server.url()) if is_streaming else None
        task.resume()
        assert slow.is_asked.wait(10)
        for one in (session, other):
            assert one.data(plain.url()).result(10).data == b"plain"
        slow.go.set()
        assert task.result(10).data == b"welcome "
        if stream is not None:
            assert b"".join(stream.result(10)[0]) == b"welcome "


def test_loads_that_wait_share_one_look(
    serve: Serve, slow: SlowKeyring, configuration: URLSessionConfiguration
) -> None:
    """And one thread."""
    server = serve(answering(basic()))
    keep(slow, space_of(server))

    async def run() -> set[bytes]:
        async with URLSession(configuration) as session:
            tasks = [session.data(server.url(f"/{n}")) for n in range(20)]
            await beat(slow)
            assert len(keyring_threads()) <= 1
            return {(await task).data for task in tasks}

    assert asyncio.run(run()) == {b"welcome "}
    assert slow.read_count == 1


def test_web_socket_waits_off_the_loop(
    serve: Serve, slow: SlowKeyring, configuration: URLSessionConfiguration
) -> None:
    """For its handshake."""
    server = serve(guarded_echo("me", "s3cret"))
    keep(slow, space_of(server))

    async def run() -> object:
        async with URLSession(configuration) as session:
            task = session.web_socket_task(server.url().replace("http", "ws", 1))
            task.resume()
            await beat(slow)
            await task.send("hello")
            message = await task.receive()
            task.cancel()
            return message

    assert asyncio.run(run()) == "hello"


def asking_proxy(connection: ServerConnection) -> None:
    """Be a proxy that wants a password, and the host behind it."""
    while request := connection.recv_head():
        if request.header("Proxy-Authorization") == basic_value("me", "s3cret"):
            connection.send(b"HTTP/1.1 200 OK\r\n\r\n")
            connection.send(connection.recv().upper())
            return
        field = ("Proxy-Authenticate", 'Basic realm="r"')
        connection.send_response(407, [field], b"no")


def test_tunnel_of_a_stream_waits_off_the_loop(
    serve: Serve, slow: SlowKeyring, configuration: URLSessionConfiguration
) -> None:
    """For what its proxy wants."""
    proxy = serve(asking_proxy)
    basic_of_proxy = AuthenticationMethod.HTTP_BASIC
    space = URLProtectionSpace.proxy(
        proxy.host, proxy.port, "http", "r", basic_of_proxy
    )
    keep(slow, space)
    configuration.proxy_configurations = [
        ProxyConfiguration.http(proxy.host, proxy.port)
    ]

    async def run() -> bytes:
        async with URLSession(configuration) as session:
            task = session.stream_task("there.example", 25)
            task.resume()
            task.write(b"abc")
            read = task.read(3, 3)
            await beat(slow)
            return (await read)[0]

    assert asyncio.run(run()) == b"ABC"


# -- giving up ---------------------------------------------------------------------------


@contextmanager
def waiting(
    session: URLSession, url: str, slow: SlowKeyring, kind: str
) -> Iterator[Any]:
    """Have a task wait for the keyring."""
    if kind == "data":
        task: Any = session.data_task(url)
    else:
        task = session.web_socket_task(url.replace("http", "ws", 1))
    task.resume()
    assert slow.is_asked.wait(10)
    yield task


@pytest.mark.parametrize("kind", ["data", "web socket"])
@pytest.mark.parametrize("end", ["cancel", "invalidate"])
def test_load_that_is_cancelled_while_it_waits_leaves_nothing(
    serve: Serve,
    slow: SlowKeyring,
    configuration: URLSessionConfiguration,
    kind: str,
    end: str,
) -> None:
    """It is over at once; the keyring's answer is too late, and starts nothing."""
    server = serve(guarded_echo("me", "s3cret"))
    keep(slow, space_of(server))
    delegate = RecordingDelegate({CHALLENGE: None})
    session = URLSession(configuration, delegate)
    with waiting(session, server.url(), slow, kind) as task:
        if end == "cancel":
            task.cancel()
        else:
            session.invalidate_and_cancel()
        with pytest.raises(URLError) as caught:
            task.result(10)
        assert caught.value.code is URLErrorCode.CANCELLED
        session.invalidate_and_cancel()
        delegate.wait_for("session_did_become_invalid")
        assert not slow.go.is_set()
    slow.go.set()
    assert wait_until(lambda: not keyring_threads())

    assert delegate.count(CHALLENGE) == 0
    assert server.request_count == 1


def test_awaiting_task_that_is_cancelled_is_over_at_once(
    serve: Serve, slow: SlowKeyring, configuration: URLSessionConfiguration
) -> None:
    """On the loop, too."""
    server = serve(answering(basic()))
    keep(slow, space_of(server))

    async def run() -> None:
        async with URLSession(configuration) as session:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(session.data(server.url()), 0.2)
            assert slow.is_asked.is_set()
            assert not slow.go.is_set()

    asyncio.run(run())
    slow.go.set()

    assert wait_until(lambda: not keyring_threads())
    assert server.request_count == 1


def test_keyring_that_fails_has_nothing(
    serve: Serve, slow: SlowKeyring, configuration: URLSessionConfiguration
) -> None:
    """Whatever its back end raises; it is not asked again."""
    server = serve(answering(basic(body=b"no")))
    slow.error = OSError("the daemon is gone")
    with URLSession(configuration) as session:
        for _ in range(2):
            reply = session.data(server.url()).result(10)
            assert (reply.response.status_code, reply.data) == (401, b"no")

    assert slow.read_count == 1


# -- keeping ----------------------------------------------------------------------------


def counting(seen: list[str | None]) -> Callable[[ReceivedRequest], Any]:
    """Return Basic's answers that note what each request has brought."""
    answer = basic()

    def act(request: ReceivedRequest) -> Any:
        seen.append(request.header("Authorization"))
        return answer(request)

    return act


@pytest.mark.parity(PERMANENT)
def test_loop_goes_on_while_a_credential_is_written(
    serve: Serve,
    slow: SlowKeyring,
    storage: URLCredentialStorage,
    configuration: URLSessionConfiguration,
) -> None:
    """The load is over before, and the next one is let in by the same credential."""
    seen: list[str | None] = []
    server = serve(answering(counting(seen)))
    assert storage.all_credentials == {}  # the keyring was asked: only writing is slow
    slow.lock()
    delegate = RecordingDelegate({CHALLENGE: (USE, ME)})

    async def run() -> None:
        async with URLSession(configuration, delegate) as session:
            for _ in range(3):
                assert (await session.data(server.url())).data == b"welcome "
            assert slow.is_asked.is_set()
            assert slow.passwords == {}
            await beat(slow)
            kept = await asyncio.to_thread(storage.credentials, space_of(server))
            assert kept == {"me": ME}

    asyncio.run(run())

    assert delegate.count(CHALLENGE) == 1
    assert seen == [None] + [basic_value("me", "s3cret")] * 3
    assert "s3cret" in slow.passwords.values()


@pytest.mark.parity(PERMANENT)
def test_look_up_after_the_load_finds_what_it_kept(
    serve: Serve,
    slow: SlowKeyring,
    storage: URLCredentialStorage,
    configuration: URLSessionConfiguration,
) -> None:
    """It waits for the keyring, as every look-up does."""
    server = serve(answering(basic()))
    delegate = RecordingDelegate({CHALLENGE: (USE, ME)})
    with URLSession(configuration, delegate) as session:
        session.data(server.url()).result(10)
        kept = storage.credentials(space_of(server))

    assert kept == {"me": ME}
    assert URLCredentialStorage(Keychain()).credentials(space_of(server)) == kept


def test_credential_that_cannot_be_written_is_asked_for_again(
    serve: Serve,
    slow: SlowKeyring,
    storage: URLCredentialStorage,
    configuration: URLSessionConfiguration,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The load goes well; the log says why nothing was kept, and no password."""
    from keyring.errors import KeyringLocked

    server = serve(answering(basic()))
    assert storage.all_credentials == {}
    slow.error = KeyringLocked("no")
    delegate = RecordingDelegate({CHALLENGE: (USE, ME)})
    with URLSession(configuration, delegate) as session:
        for _ in range(2):
            assert session.data(server.url()).result(10).data == b"welcome "
            assert storage.credentials(space_of(server)) == {}

    assert delegate.count(CHALLENGE) == 2
    assert "credential not kept" in caplog.text
    assert "s3cret" not in caplog.text
