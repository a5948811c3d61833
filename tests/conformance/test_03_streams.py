"""Section 3.4: stream tasks, over real sockets and as the kernel sees them."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from urlsession import (
    AuthChallengeDisposition,
    AuthenticationMethod,
    ClosedBy,
    Connection,
    ConnectionEvent,
    ConnectionState,
    HTTPURLResponse,
    ResponseDisposition,
    SessionInvalidatedError,
    TaskState,
    URLAuthenticationChallenge,
    URLCredential,
    URLError,
    URLErrorCode,
    URLRequest,
    URLSession,
    URLSessionConfiguration,
    URLSessionDataTask,
    URLSessionStreamTask,
    UsageError,
)
from urlsession.connections import LEDGER
from urlsession.testing import LoopbackServer, ServerConnection, tcp_state, wait_until

if TYPE_CHECKING:
    from urlsession.testing.certificates import CertificateAuthority

    from ..conftest import Serve

HELLO = b"220 hello\r\n"
ENDS = ["wrote", "read", "complete"]


def port_of(server: LoopbackServer) -> int:
    """Return the port that a server listens on."""
    return int(server.url("").rstrip("/").rpartition(":")[2])


def shouting(connection: ServerConnection) -> None:
    """Greet, then answer in capitals until the peer has closed, then say so."""
    connection.send(HELLO)
    while data := connection.recv():
        connection.send(data.upper())
    connection.send(b"bye")


def opened(session: URLSession, server: LoopbackServer) -> URLSessionStreamTask:
    """Return a stream that has read the greeting."""
    task = session.stream_task("127.0.0.1", port_of(server))
    task.resume()
    assert task.read(len(HELLO), timeout=5).result() == (HELLO, False)
    return task


def local_port(session: URLSession) -> int:
    """Return the local port of the only connection."""
    (connection,) = session.connections()
    assert connection.local is not None
    return connection.local[1]


class Recorder:
    """Notes what a stream delegate is told."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.error: URLError | None = None
        self.captured: tuple[object, object] | None = None

    def stream_task_read_closed(self, _session: object, _task: object) -> None:
        self.told.append("read")

    def stream_task_write_closed(self, _session: object, _task: object) -> None:
        self.told.append("wrote")

    def stream_task_did_become_streams(
        self, _session: object, _task: object, reader: object, writer: object
    ) -> None:
        self.told.append("captured")
        self.captured = reader, writer

    def task_did_complete(
        self, _session: object, _task: object, error: URLError | None
    ) -> None:
        self.told.append("complete")
        self.error = error


# -- reading and writing -----------------------------------------------------------------


@pytest.mark.parity(
    "1:streamTask(withHostName:port:)",
    "3.4:readData(ofMinLength:maxLength:timeout:)",
    "3.4:write(_:timeout:)",
    "3.4:closeWrite() / closeRead()",
)
@pytest.mark.parity("17:stream", "18:19 #3473 stream task")
def test_stream_is_read_and_written_in_order(serve: Serve) -> None:
    """What is asked for before `resume` counts; each end is told, then the task's."""
    server = serve(shouting)
    with URLSession(delegate=(recorder := Recorder())) as session:
        task = session.stream_task("127.0.0.1", port_of(server))
        greeting = task.read(len(HELLO), len(HELLO))
        task.write(b"one ")
        task.write(b"two")
        first, second = task.read(4, 4), task.read(3, 3)
        task.close_write()
        task.resume()

        assert greeting.result(5) == (HELLO, False)
        assert (first.result(5), second.result(5)) == (
            (b"ONE ", False),
            (b"TWO", False),
        )
        assert task.read(100, 100).result(5) == (b"bye", True)
        assert task.result(5) is None
        assert wait_until(lambda: recorder.told == ENDS)
        assert task.read().result(5) == (b"", True)
    assert recorder.error is None
    assert (task.count_of_bytes_sent, task.count_of_bytes_received) == (7, 21)


def test_stream_is_awaited_too(
    serve: Serve, loop_factory: Callable[[], asyncio.AbstractEventLoop]
) -> None:
    """A megabyte each way at once, by either kind of loop."""
    server = serve(shouting)
    size = 1024 * 1024

    async def talk() -> bytes:
        async with URLSession() as session:
            task = session.stream_task("127.0.0.1", port_of(server))
            task.resume()
            await task.read(len(HELLO), len(HELLO))
            written = task.write(b"x" * size)
            received = b""
            while len(received) < size:
                data, at_end = await task.read(1, size)
                received += data
                assert not at_end
            await written
            await task.close_write()
            assert (await task.read(3))[0] == b"bye"
            assert await task.read() == (b"", True)
            await task
            return received

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        assert runner.run(talk()) == b"X" * size


def test_read_takes_no_less_and_no_more(serve: Serve) -> None:
    """The minimum is waited for, the maximum is a limit, 0 waits for nothing."""
    server = serve(shouting)
    with URLSession() as session:
        task = opened(session, server)
        assert task.read(0).result(5) == (b"", False)
        waiting = task.read(6, 8)
        task.write(b"abc").result(5)
        with pytest.raises(TimeoutError):
            waiting.result(0.05)
        task.write(b"defghij").result(5)

        data, _ = waiting.result(5)
        rest, _ = task.read(10 - len(data), 10).result(5)
        assert 6 <= len(data) <= 8
        assert data + rest == b"ABCDEFGHIJ"


def test_greeting_that_came_with_the_connection_is_not_lost(serve: Serve) -> None:
    """What the peer sends before anybody reads stays in the kernel."""
    server = serve(shouting)
    with URLSession() as session:
        task = session.stream_task("localhost", port_of(server))
        task.resume()
        assert wait_until(session.connections)
        assert wait_until(
            lambda: session.connections()[0].state is ConnectionState.ACTIVE
        )
        assert task.read(len(HELLO), len(HELLO)).result(5) == (HELLO, False)


def test_slow_peer_holds_up_a_write(serve: Serve) -> None:
    """A write is done once the kernel has it all, not before; memory is the user's."""
    go = threading.Event()
    received: list[int] = []

    def slow(connection: ServerConnection) -> None:
        go.wait(5)
        while data := connection.recv():
            received.append(len(data))

    server = serve(slow)
    size = 16 * 1024 * 1024
    with URLSession() as session:
        task = session.stream_task("127.0.0.1", port_of(server))
        task.resume()
        written = task.write(bytes(size))
        with pytest.raises(TimeoutError):
            written.result(0.1)
        go.set()
        written.result(5)
        task.close_write()
        assert task.read().result(5) == (b"", True)

    assert sum(received) == size


def test_cancelled_await_gives_a_read_up(serve: Serve) -> None:
    """What came for it is there for the next one."""
    server = serve(shouting)

    async def talk() -> bytes:
        async with URLSession() as session:
            task = session.stream_task("127.0.0.1", port_of(server))
            task.resume()
            await task.read(len(HELLO), len(HELLO))
            await task.write(b"abc")
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(task.read(4), 0.05)
            data, _ = await task.read(3)
            return data

    assert asyncio.run(talk()) == b"ABC"


@pytest.mark.parametrize(("least", "most"), [(-1, 5), (6, 5), (0, 0)])
def test_sizes_that_make_no_sense_are_refused(
    serve: Serve, least: int, most: int
) -> None:
    """At the call."""
    server = serve(shouting)
    with URLSession() as session:
        task = session.stream_task("127.0.0.1", port_of(server))
        with pytest.raises(ValueError, match="cannot read"):
            task.read(least, most)
        with pytest.raises(TypeError, match="bytes"):
            task.write("text")  # type: ignore[arg-type]  # that is the point


@pytest.mark.parametrize(
    ("host", "port", "error"),
    [
        (1, 80, TypeError),
        ("h", "80", TypeError),
        ("h", 0, ValueError),
        ("h", 65536, ValueError),
    ],
)
def test_address_that_is_none_is_refused(
    host: str, port: int, error: type[Exception]
) -> None:
    """At the call."""
    with URLSession() as session, pytest.raises(error):
        session.stream_task(host, port)


# -- time and errors ------------------------------------------------------------------------


def test_timed_out_read_fails_its_side(serve: Serve) -> None:
    """-1001; later reads fail at once, writes go on."""
    server = serve(shouting)
    with URLSession() as session:
        task = opened(session, server)
        first, second = task.read(timeout=0.05), task.read()
        for one in (first, second, task.read()):
            with pytest.raises(URLError) as caught:
                one.result(5)
            assert caught.value.code is URLErrorCode.TIMED_OUT
        task.write(b"x").result(5)
        assert task.state is TaskState.RUNNING


def test_time_stands_still_while_suspended(serve: Serve) -> None:
    """And nothing is moved."""
    server = serve(shouting)
    with URLSession() as session:
        task = opened(session, server)
        task.suspend()
        read = task.read(timeout=0.2)
        task.write(b"x")
        with pytest.raises(TimeoutError):
            read.result(0.3)
        task.resume()
        assert read.result(5) == (b"X", False)


@pytest.mark.parametrize(
    ("host", "code"),
    [
        ("127.0.0.2", URLErrorCode.CANNOT_CONNECT_TO_HOST),
        ("no.such.invalid", URLErrorCode.CANNOT_FIND_HOST),
        ("not a host", URLErrorCode.BAD_URL),
    ],
)
def test_stream_that_cannot_connect_fails_everything(
    serve: Serve, host: str, code: URLErrorCode
) -> None:
    """What waits, the task, and what is asked later."""
    server = serve(shouting)
    with URLSession(delegate=(recorder := Recorder())) as session:
        task = session.stream_task(host, port_of(server))
        read, write, secured = (
            task.read(),
            task.write(b"x"),
            task.start_secure_connection(),
        )
        task.resume()
        for waits in (read, write, secured, task.read(), task):
            with pytest.raises(URLError) as caught:
                waits.result(5)
            assert caught.value.code is code
            assert caught.value.task_id == task.task_identifier
    assert recorder.told == ["complete"]


def test_reset_connection_ends_the_task(serve: Serve) -> None:
    """-1005; the ledger knows who did it."""

    def resetting(connection: ServerConnection) -> None:
        connection.send(HELLO)
        connection.recv()
        connection.reset()

    closed: list[Connection] = []
    server = serve(resetting)
    with URLSession() as session:
        session.add_connection_listener(
            lambda event, one: (
                closed.append(one) if event is ConnectionEvent.CLOSED else None
            )
        )
        task = opened(session, server)
        read = task.read()
        task.write(b"x").result(5)
        with pytest.raises(URLError) as caught:
            read.result(5)
        with pytest.raises(URLError):
            task.result(5)

    assert caught.value.code is URLErrorCode.NETWORK_CONNECTION_LOST
    assert isinstance(caught.value, ConnectionError)
    assert [one.closed_by for one in closed] == [ClosedBy.RESET]


def test_waiting_where_waiting_never_ends_is_refused(serve: Serve) -> None:
    """On the loop that drives; and for a task that was not resumed."""
    server = serve(shouting)

    async def talk() -> None:
        async with URLSession() as session:
            task = session.stream_task("127.0.0.1", port_of(server))
            with pytest.raises(UsageError, match="never resumed"):
                await task.read()
            task.resume()
            with pytest.raises(UsageError, match="await"):
                task.read().result()
            task.cancel()

    asyncio.run(talk())
    with URLSession() as session:
        task = session.stream_task("127.0.0.1", port_of(server))
        with pytest.raises(UsageError, match="never resumed"):
            task.read().result()


# -- closing -----------------------------------------------------------------------------


@pytest.mark.parity("4:readClosedForStreamTask:, writeClosed…, betterRouteDiscovered…")
def test_half_close_is_seen_by_the_kernel(serve: Serve) -> None:
    """FIN_WAIT2 after our FIN, and reading goes on; then nothing."""
    server = serve(shouting_later := Later())
    with URLSession(delegate=(recorder := Recorder())) as session:
        task = opened(session, server)
        port = local_port(session)
        assert tcp_state(port) == "ESTABLISHED"
        task.close_write().result(5)
        assert wait_until(lambda: tcp_state(port) == "FIN_WAIT2")
        assert session.connections()[0].fin_sent_at is not None
        with pytest.raises(URLError):
            task.write(b"too late").result(5)
        shouting_later.go.set()
        assert task.read(100, 100).result(5) == (b"later", True)
        task.result(5)
        assert wait_until(lambda: session.connections() == [])
    assert wait_until(lambda: recorder.told == ENDS)


class Later:
    """Greets; once the peer has closed, answers when told to."""

    def __init__(self) -> None:
        self.go = threading.Event()

    def __call__(self, connection: ServerConnection) -> None:
        connection.send(HELLO)
        assert connection.recv() == b""
        self.go.wait(5)
        connection.send(b"later")


def test_peer_that_closes_is_noticed_while_nobody_reads(serve: Serve) -> None:
    """`read_closed` comes with bytes unread; these are there still."""

    def closing(connection: ServerConnection) -> None:
        connection.send(HELLO + b"rest")
        connection.shutdown_write()
        connection.hold()

    server = serve(closing)
    with URLSession(delegate=(recorder := Recorder())) as session:
        task = session.stream_task("127.0.0.1", port_of(server))
        task.resume()
        assert wait_until(lambda: recorder.told == ["read"])
        port = local_port(session)
        assert tcp_state(port) == "CLOSE_WAIT"
        assert session.connections()[0].peer_fin_at is not None
        assert task.read(100, 100).result(5) == (HELLO + b"rest", True)
        task.close_write().result(5)
        task.result(5)
        assert wait_until(lambda: tcp_state(port) in (None, "LAST_ACK", "TIME_WAIT"))


def test_closing_both_sides_ends_the_task(serve: Serve) -> None:
    """In any order, after what was asked for before."""
    server = serve(shouting)
    with URLSession(delegate=(recorder := Recorder())) as session:
        task = opened(session, server)
        task.write(b"x")
        task.read(1, 1)
        task.close_read()
        task.close_write()
        assert task.result(5) is None
        assert session.connections() == []
        with pytest.raises(URLError):
            task.read().result(5)
    assert sorted(recorder.told[:2]) == ["read", "wrote"]
    assert recorder.told[2:] == ["complete"]


@pytest.mark.parametrize("way", ["cancel", "invalidate", "drop"])
def test_stream_is_closed_by_whoever_ends_it(serve: Serve, way: str) -> None:
    """FIN at once; the ledger says that it was us; what waits fails with -999."""
    closed: list[Connection] = []
    server = serve(shouting)
    session = URLSession(delegate=(recorder := Recorder()))
    session.add_connection_listener(
        lambda event, one: (
            closed.append(one) if event is ConnectionEvent.CLOSED else None
        )
    )
    task = opened(session, server)
    port = local_port(session)
    if way == "drop":
        del task
        gc.collect()
    else:
        read = task.read()
        task.cancel() if way == "cancel" else session.invalidate_and_cancel()
        with pytest.raises(URLError) as caught:
            read.result(5)
        assert caught.value.code is URLErrorCode.CANCELLED
        assert wait_until(lambda: recorder.told == ["complete"])
        assert recorder.error is not None
        assert recorder.error.code is URLErrorCode.CANCELLED

    assert wait_until(lambda: tcp_state(port) != "ESTABLISHED")
    assert [one.closed_by for one in closed] == [ClosedBy.LOCAL]
    assert server.wait_all_ended()
    session.invalidate_and_cancel()


def test_leaving_the_session_closes_a_resting_stream(serve: Serve) -> None:
    """Pending writes go out first; the task is over without an error."""
    server = serve(shouting)
    with URLSession(delegate=(recorder := Recorder())) as session:
        task = opened(session, server)
        port = local_port(session)
        assert session.all_tasks() == [task]
        task.write(b"x" * 100_000)
        task.read(100_000, 100_000)

    assert task.state is TaskState.COMPLETED
    assert (task.error, recorder.error) == (None, None)
    assert task.count_of_bytes_received == len(HELLO) + 100_000
    assert tcp_state(port) != "ESTABLISHED"
    with pytest.raises(SessionInvalidatedError):
        session.stream_task("127.0.0.1", 1)


def test_connection_of_a_stream_is_in_the_ledger(serve: Serve) -> None:
    """In use as long as it lives, with its bytes; never in the pool."""
    server = serve(shouting)
    with URLSession() as session:
        task = opened(session, server)
        task.write(b"abc")
        task.read(3, 3).result(5)
        (connection,) = session.connections()
        assert connection.state is ConnectionState.ACTIVE
        assert (connection.bytes_sent, connection.bytes_received) == (3, 14)
        assert connection.id in [one.id for one in LEDGER.open_connections()]
        assert session._core.pool.connections() == []
        other = opened(session, server)
        assert len(session.connections()) == 2
        del other

    assert connection.id not in [one.id for one in LEDGER.open_connections()]


def test_many_streams_need_no_thread_each(serve: Serve) -> None:
    """One thread drives them all."""
    server = serve(shouting)
    with URLSession() as session:
        before = threading.active_count()
        tasks = [opened(session, server) for _ in range(20)]
        own = threading.active_count() - before - len(server.open_connections)
        assert own <= 1
        for number, task in enumerate(tasks):
            task.write(b"%d" % number)
        for number, task in enumerate(tasks):
            assert task.read(len(str(number))).result(5)[0] == b"%d" % number


# -- TLS -----------------------------------------------------------------------------------


def start_tls(ca: CertificateAuthority) -> Callable[[ServerConnection], None]:
    """Return a handler that speaks TLS when it is asked to."""

    def handler(connection: ServerConnection) -> None:
        connection.send(HELLO)
        assert connection.recv() == b"STARTTLS\r\n"
        connection.send(b"220 go\r\n")
        if not connection.start_tls(ca.server_context()):
            return
        while data := connection.recv():
            connection.send(data.upper())
        connection.send(b"bye")

    return handler


def trusting(ca: CertificateAuthority) -> URLSessionConfiguration:
    """Return a configuration that trusts the suite's root."""
    configuration = URLSessionConfiguration.ephemeral()
    configuration.trusted_certificates = ca.pem
    return configuration


@pytest.mark.parity("3.4:startSecureConnection()")
def test_tls_starts_when_it_is_asked_for(
    serve: Serve, ca: CertificateAuthority
) -> None:
    """After what was asked before it and before what is asked after; half close too."""
    server = serve(start_tls(ca))
    size = 1024 * 1024
    with URLSession(trusting(ca)) as session:
        task = session.stream_task("localhost", port_of(server))
        task.resume()
        assert task.read(len(HELLO), len(HELLO)).result(5) == (HELLO, False)
        task.write(b"STARTTLS\r\n")
        assert task.read(8, 8).result(5) == (b"220 go\r\n", False)
        secured = task.start_secure_connection()
        task.write(b"x" * size)
        data, _ = task.read(size, size).result(5)
        secured.result(5)
        (connection,) = session.connections()
        task.close_write()
        rest, at_end = task.read(100, 100).result(5)
        task.result(5)

    assert data == b"X" * size
    assert connection.is_secure
    assert (rest, at_end) == (b"bye", True)


@pytest.mark.parametrize(
    ("host", "trusts", "code"),
    [
        ("localhost", False, URLErrorCode.SERVER_CERTIFICATE_HAS_UNKNOWN_ROOT),
        ("127.0.0.1", True, None),
        ("ip6-localhost.localhost", True, URLErrorCode.SERVER_CERTIFICATE_UNTRUSTED),
    ],
)
def test_peer_of_tls_must_be_trusted(
    serve: Serve,
    ca: CertificateAuthority,
    host: str,
    trusts: bool,
    code: URLErrorCode | None,
) -> None:
    """Root and name are verified; otherwise everything fails and nothing stays open."""
    server = serve(start_tls(ca))
    configuration = trusting(ca) if trusts else URLSessionConfiguration.ephemeral()
    with URLSession(configuration) as session:
        task = session.stream_task(host, port_of(server))
        task.resume()
        task.read(len(HELLO), len(HELLO))
        task.write(b"STARTTLS\r\n")
        task.read(8, 8)
        secured = task.start_secure_connection()
        if code is None:
            secured.result(5)
            return
        for one in (secured, task.read(), task):
            with pytest.raises(URLError) as caught:
                one.result(5)
            assert caught.value.code is code
        assert session.connections() == []


class Judging(Recorder):
    """Decides on the peer of a stream."""

    def __init__(self, disposition: AuthChallengeDisposition | None) -> None:
        super().__init__()
        self.challenges: list[URLAuthenticationChallenge] = []
        self._disposition = disposition

    def session_did_receive_challenge(self, *_arguments: object) -> None:
        raise AssertionError("a stream's challenge goes to the task's method")

    async def task_did_receive_challenge(
        self,
        _session: object,
        _task: object,
        challenge: URLAuthenticationChallenge,
    ) -> tuple[AuthChallengeDisposition, URLCredential | None] | None:
        self.challenges.append(challenge)
        await asyncio.sleep(0)
        return None if self._disposition is None else (self._disposition, None)


@pytest.mark.parametrize("cancels", [False, True])
def test_delegate_judges_the_peer_of_a_stream(
    serve: Serve, ca: CertificateAuthority, cancels: bool
) -> None:
    """By the task's method; cancelled, nothing was said to the peer after TLS began."""
    server = serve(start_tls(ca))
    delegate = Judging(
        AuthChallengeDisposition.CANCEL_AUTHENTICATION_CHALLENGE if cancels else None
    )
    with URLSession(trusting(ca), delegate) as session:
        task = session.stream_task("localhost", port_of(server))
        task.resume()
        task.read(len(HELLO), len(HELLO))
        task.write(b"STARTTLS\r\n")
        task.read(8, 8)
        secured = task.start_secure_connection()
        task.write(b"x")
        if cancels:
            for waits in (secured, task):
                with pytest.raises(URLError) as caught:
                    waits.result(5)
                assert caught.value.code is URLErrorCode.CANCELLED
        else:
            secured.result(5)
            assert task.read(1, 1).result(5) == (b"X", False)

    (challenge,) = delegate.challenges
    space = challenge.protection_space
    assert (space.host, space.port) == ("localhost", port_of(server))
    assert space.authentication_method is AuthenticationMethod.SERVER_TRUST
    assert space.server_trust is not None
    assert space.server_trust.is_trusted
    assert space.server_trust.certificate.startswith(b"\x30")


def test_peer_that_speaks_no_tls_fails_the_task(
    serve: Serve, ca: CertificateAuthority
) -> None:
    """-1200."""
    server = serve(shouting)
    with URLSession(trusting(ca)) as session:
        task = opened(session, server)
        with pytest.raises(URLError) as caught:
            task.start_secure_connection().result(5)

    assert caught.value.code is URLErrorCode.SECURE_CONNECTION_FAILED


# -- capture -------------------------------------------------------------------------------


@pytest.mark.parity(
    "3.4:captureStreams()", "4:streamTask:didBecomeInputStream:outputStream:"
)
@pytest.mark.parity("17:stream")
def test_captured_streams_outlive_the_task(serve: Serve) -> None:
    """After what was asked for; the delegate's last message; the task is over."""
    server = serve(shouting)
    with URLSession(delegate=(recorder := Recorder())) as session:
        task = opened(session, server)
        task.write(b"abc")
        before = task.read(3, 3)
        reader, writer = task.capture_streams().result(5)
        assert before.result(5) == (b"ABC", False)
        assert task.result(5) is None
        assert wait_until(lambda: recorder.captured == (reader, writer))
        assert recorder.told == ["captured"]
        writer.write(b"def")
        assert reader.read(3).result(5) == (b"DEF", False)
        writer.close()
        assert reader.read(100, 100).result(5) == (b"bye", True)
        assert wait_until(lambda: session.connections() == [])


def test_captured_streams_are_closed_when_dropped(serve: Serve) -> None:
    """When both halves are gone; and with the session at the latest."""
    server = serve(shouting)
    with URLSession() as session:
        task = opened(session, server)
        reader, writer = task.capture_streams().result(5)
        port = local_port(session)
        del reader
        assert tcp_state(port) == "ESTABLISHED"
        del writer
        assert wait_until(lambda: session.connections() == [])
        assert tcp_state(port) != "ESTABLISHED"
        kept, _writer = opened(session, server).capture_streams().result(5)
    with pytest.raises(URLError) as caught:
        kept.read().result(5)

    assert caught.value.code is URLErrorCode.NETWORK_CONNECTION_LOST


# -- a data task that becomes a stream ------------------------------------------------------


class Becoming(Recorder):
    """Has a data task become a stream task."""

    def __init__(self, wait: threading.Event | None = None) -> None:
        super().__init__()
        self.stream: URLSessionStreamTask | None = None
        self._wait = wait

    def data_task_did_receive_response(
        self, _session: object, _task: object, _response: object
    ) -> ResponseDisposition:
        self.told.append("response")
        if self._wait is not None:
            self._wait.wait(5)
        return ResponseDisposition.BECOME_STREAM

    def data_task_did_receive_data(self, *_arguments: object) -> None:
        self.told.append("data")

    def data_task_did_become_stream_task(
        self, _session: object, _task: object, stream: URLSessionStreamTask
    ) -> None:
        self.told.append("became")
        self.stream = stream


def upgrading(connection: ServerConnection) -> None:
    """Switch protocols; then speak capitals."""
    head = connection.recv_head()
    assert head is not None
    assert head.header("Upgrade") == "shout"
    connection.send(
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n"
        b"Upgrade: shout\r\n\r\nhello"
    )
    while data := connection.recv():
        connection.send(data.upper())
    connection.send(b"bye")


def become(
    session: URLSession, recorder: Becoming, url: str
) -> tuple[URLSessionDataTask, URLSessionStreamTask]:
    """Return a data task and the stream task that it has become."""
    headers = {"Connection": "Upgrade", "Upgrade": "shout"}
    task = session.data_task(URLRequest(url, headers=headers))
    task.resume()
    assert wait_until(lambda: recorder.stream is not None)
    assert recorder.stream is not None
    return task, recorder.stream


@pytest.mark.parity("4:URLSession:dataTask:didBecomeStreamTask:")
def test_data_task_becomes_a_stream_after_an_upgrade(serve: Serve) -> None:
    """What was read ahead is kept; the connection leaves the pool; the task is silent."""
    server = serve(upgrading)
    recorder = Becoming()
    with URLSession(delegate=recorder) as session:
        task, stream = become(session, recorder, server.url("/"))
        port = local_port(session)
        assert session._core.pool.connections() == []
        assert stream.read(5, 5).result(5) == (b"hello", False)
        stream.write(b"abc")
        assert stream.read(3, 3).result(5) == (b"ABC", False)
        assert isinstance(stream.response, HTTPURLResponse)
        assert stream.response.status_code == 101
        assert stream.original_request == task.original_request
        assert tcp_state(port) == "ESTABLISHED"
        stream.close_write()
        assert stream.read(100, 100).result(5) == (b"bye", True)
        assert stream.result(5) is None
        with pytest.raises(UsageError, match="became"):
            task.result(5)

    assert recorder.told[:2] == ["response", "became"]
    assert sorted(recorder.told[2:4]) == ["read", "wrote"]
    assert recorder.told[4:] == ["complete"]
    assert len(server.connections) == 1


def test_stream_keeps_all_that_came_before_the_decision(serve: Serve) -> None:
    """More than is taken at once: libcurl was paused meanwhile."""
    size = 8 * 1024 * 1024

    def endless(connection: ServerConnection) -> None:
        connection.recv_head()
        connection.send(b"HTTP/1.1 200 OK\r\n\r\n" + bytes(range(256)) * (size // 256))

    server = serve(endless)
    decide = threading.Event()
    recorder = Becoming(decide)
    with URLSession(delegate=recorder) as session:
        task = session.data_task(server.url("/"))
        task.resume()
        assert wait_until(lambda: task.count_of_bytes_received > 1024 * 1024)
        decide.set()
        assert wait_until(lambda: recorder.stream is not None)
        assert recorder.stream is not None
        received = b""
        is_at_end = False
        while not is_at_end:
            data, is_at_end = recorder.stream.read(1, size).result(5)
            received += data
        recorder.stream.close_write().result(5)

    assert received == bytes(range(256)) * (size // 256)
    assert "data" not in recorder.told


@pytest.mark.parity("16.4:becomes a stream task")
def test_becoming_a_stream_frees_the_slot_of_the_pool(serve: Serve) -> None:
    """And the session's end closes the stream."""
    server = serve(upgrading)
    recorder = Becoming()
    configuration = URLSessionConfiguration.ephemeral()
    configuration.http_maximum_connections_per_host = 1
    with URLSession(configuration, recorder) as session:
        _, first = become(session, recorder, server.url("/"))
        recorder.stream = None
        _, second = become(session, recorder, server.url("/"))
        assert len(session.connections()) == 2
        for stream in (first, second):
            assert stream.read(5, 5).result(5) == (b"hello", False)
    assert server.wait_all_ended()


@pytest.mark.parametrize(
    ("head", "reason"),
    [
        (b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", "not sent as it is"),
        (b"Content-Encoding: gzip\r\n\r\nhello", "not sent as it is"),
        (b"Content-Length: 5\r\n\r\nhello", "the body has ended"),
    ],
)
def test_what_cannot_be_a_stream_ends_the_task(
    serve: Serve, head: bytes, reason: str
) -> None:
    """With the reason; nothing stays open."""

    def answering(connection: ServerConnection) -> None:
        connection.recv_head()
        connection.send(b"HTTP/1.1 200 OK\r\n" + head)
        connection.hold()

    server = serve(answering)
    decide = threading.Event()
    recorder = Becoming(decide)
    with URLSession(delegate=recorder) as session:
        task = session.data_task(server.url("/"))
        task.resume()
        assert wait_until(lambda: recorder.told == ["response"])
        if "ended" in reason:
            assert wait_until(lambda: task._early_end is not None)
        decide.set()
        with pytest.raises(URLError, match=reason) as caught:
            task.result(5)

    assert caught.value.code is URLErrorCode.UNSUPPORTED_URL
    assert recorder.told == ["response", "complete"]


def test_connection_with_tls_is_not_handed_over(
    serve: Serve, ca: CertificateAuthority
) -> None:
    """Its keys are libcurl's."""

    def endless(connection: ServerConnection) -> None:
        connection.recv_head()
        connection.send(b"HTTP/1.1 200 OK\r\n\r\nhello")
        connection.hold()

    server = serve(endless, tls=True)
    with URLSession(trusting(ca), recorder := Becoming()) as session:
        task = session.data_task(server.url("/"))
        task.resume()
        with pytest.raises(URLError, match="TLS"):
            task.result(5)
    assert recorder.told == ["response", "complete"]
