"""Section 14: loads by a user's own `URLProtocol`."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import pytest

from urlsession import (
    AuthChallengeDisposition,
    CachedURLResponse,
    CachePolicy,
    HTTPURLResponse,
    URLAuthenticationChallenge,
    URLCache,
    URLCredential,
    URLError,
    URLErrorCode,
    URLProtectionSpace,
    URLProtocol,
    URLRequest,
    URLResponse,
    URLSession,
    URLSessionConfiguration,
    URLSessionTask,
    UsageError,
)
from urlsession.metrics import ResourceFetchType
from urlsession.storage.cached_response import StoragePolicy
from urlsession.testing import (
    RecordingDelegate,
    answering,
    descriptors,
    fixed_body,
    wait_until,
)

if TYPE_CHECKING:
    from ..conftest import Serve

URL = "note://desk/today"
RESPONSE = "data_task_did_receive_response"
DATA = "data_task_did_receive_data"
REDIRECT = "task_will_perform_http_redirection"
END = [
    "task_did_finish_collecting_metrics",
    "task_did_complete",
    "session_did_become_invalid",
]


class Notes(URLProtocol):
    """Answers ``note:`` URLs in three pieces; writes down what is done to it."""

    log: ClassVar[list[tuple[str, str]]] = []
    is_async = False

    @classmethod
    def can_init(cls, request: URLRequest) -> bool:
        return request.url.startswith("note:")

    def note(self, what: str) -> None:
        self.log.append((what, threading.current_thread().name))

    def start_loading(self) -> None:
        self.note("start")
        self.answer(b"one ", b"two ", b"three")

    def stop_loading(self) -> None:
        self.note("stop")

    def answer(self, *pieces: bytes) -> None:
        client = self.client
        client.did_receive_response(
            self, HTTPURLResponse(self.request.url, 200, "HTTP/1.1", {"X-Note": "1"})
        )
        for piece in pieces:
            client.did_load(self, piece)
        client.did_finish_loading(self)

    @classmethod
    def done(cls) -> list[str]:
        return [what for what, _ in cls.log]


def configured(*kinds: type[URLProtocol]) -> URLSessionConfiguration:
    """Return a configuration with protocol classes."""
    configuration = URLSessionConfiguration.ephemeral()
    configuration.protocol_classes = kinds
    return configuration


def fails(kind: type[URLProtocol], url: str = URL) -> URLError:
    """Load by a class that must fail; return why."""
    with URLSession(configured(kind)) as session, pytest.raises(URLError) as caught:
        session.data(url).result(timeout=5)
    return caught.value


@pytest.fixture(autouse=True)
def log() -> Iterator[None]:
    """Begin with an empty log and leave nothing registered."""
    Notes.log.clear()
    yield
    for kind in (Notes, First, Second):
        URLProtocol.unregister(kind)


class First(Notes):
    """The first to be registered."""

    def start_loading(self) -> None:
        self.answer(b"first")


class Second(First):
    """The second to be registered."""

    def start_loading(self) -> None:
        self.answer(b"second")


# -- who is asked ------------------------------------------------------------------


@pytest.mark.parity("14:registerClass / unregisterClass", "2:protocolClasses")
@pytest.mark.parity("A:11 URLProtocol chunks and order")
def test_last_registered_is_asked_first() -> None:
    """The configuration's classes come before, and nobody after `unregister`."""

    def loaded(configuration: URLSessionConfiguration | None = None) -> bytes:
        with URLSession(configuration) as session:
            return session.data(URL).result(timeout=5).data

    URLProtocol.register(First)
    URLProtocol.register(Second)
    assert loaded() == b"second"
    assert loaded(configured(Notes)) == b"one two three"
    assert URLSession.shared.data(URL).result(timeout=5).data == b"second"
    URLProtocol.unregister(Second)
    assert loaded() == b"first"
    URLProtocol.unregister(First)
    with pytest.raises(URLError) as caught:
        loaded()
    assert caught.value.code is URLErrorCode.UNSUPPORTED_URL


@pytest.mark.parity("14:canInit(with: request)")
def test_first_class_that_takes_a_request_gets_it() -> None:
    """In the order of the configuration; the others are not asked any more."""
    with URLSession(configured(First, Second)) as session:
        assert session.data(URL).result(timeout=5).data == b"first"


@pytest.mark.parity("14:canInit(with: task)")
def test_class_may_choose_by_task() -> None:
    """`can_init_task` is asked instead of `can_init`."""

    class ByTask(Notes):
        @classmethod
        def can_init_task(cls, task: URLSessionTask) -> bool:
            return task.task_description == "mine" and task.current_request.url == URL

    with URLSession(configured(ByTask)) as session:
        mine, other = session.data_task(URL), session.data_task(URL)
        mine.task_description = "mine"
        mine.resume()
        other.resume()
        assert mine.result(timeout=5).data == b"one two three"
        with pytest.raises(URLError):
            other.result(timeout=5)


def test_http_is_intercepted_without_a_socket(serve: Serve) -> None:
    """A class comes before the built-in loads; the server sees nothing."""

    class Intercepting(Notes):
        @classmethod
        def can_init(cls, request: URLRequest) -> bool:
            return request.parts.host == "127.0.0.1"

    server = serve(fixed_body(b"real"))
    before = set(descriptors().values())
    with URLSession(configured(Intercepting)) as session:
        reply = session.data(server.url("/")).result(timeout=5)
        opened = set(descriptors().values()) - before

    assert (reply.data, server.accepted) == (b"one two three", 0)
    assert [one for one in opened if one.startswith("socket:")] == []


def test_class_that_cannot_say_fails_the_load() -> None:
    """What `can_init` raises is told, with the name of the class."""

    class Unsure(Notes):
        @classmethod
        def can_init(cls, request: URLRequest) -> bool:
            raise KeyError("unsure")

    error = fails(Unsure)
    assert error.code is URLErrorCode.UNKNOWN
    assert "Unsure" in str(error)
    assert isinstance(error.underlying, KeyError)


def test_what_is_no_protocol_class_is_refused() -> None:
    """At the assignment and at the registration."""
    with pytest.raises(TypeError, match="URLProtocol"):
        URLSessionConfiguration.default().protocol_classes = (int,)
    with pytest.raises(TypeError, match="URLProtocol"):
        URLProtocol.register(int)  # type: ignore[arg-type]  # that is the point


# -- what is told ----------------------------------------------------------------------


@pytest.mark.parity(
    "14:startLoading() / stopLoading()",
    "14:client didReceive response",
    "14:client didLoad data",
    "14:client didFinishLoading, didFailWithError",
)
@pytest.mark.parity("A:11 URLProtocol chunks and order")
def test_every_piece_counts_for_everybody() -> None:
    """Appendix A 11: awaiter, handler, stream and delegate get the whole body."""
    replies: list[bytes | None] = []
    delegate = RecordingDelegate()
    with URLSession(configured(Notes), delegate) as session:
        replies.append(session.data(URL).result(timeout=5).data)
        session.data_task(URL, lambda data, _r, _e: replies.append(data)).resume()
        chunks, response = session.bytes(URL).result(timeout=5)
        replies.append(chunks.read())
        session.data_task(URL).resume()

    assert sorted(filter(None, replies)) == [b"one two three"] * 3
    assert delegate.received == b"one two three"
    assert response.value("X-Note") == "1"
    assert sorted(Notes.done()) == ["start"] * 4 + ["stop"] * 4


def test_delegate_is_told_in_order() -> None:
    """Response, data for each piece, metrics, completion."""
    with URLSession(configured(Notes), delegate := RecordingDelegate()) as session:
        session.data_task(URL).resume()

    assert delegate.names == ["did_create_task", RESPONSE, DATA, DATA, DATA, *END]


def test_download_and_upload_tasks_work_on_protocols(tmp_path: Path) -> None:
    """The body goes into a file; what is sent is the instance's to read."""
    bodies: list[bytes | None] = []

    class Receiving(Notes):
        def start_loading(self) -> None:
            bodies.append(self.request.http_body)
            super().start_loading()

    with URLSession(configured(Receiving), RecordingDelegate()) as session:
        path, response = session.download(URL).result(timeout=5)
        reply = session.upload(URL, from_data=b"up").result(timeout=5)
        inline, _ = session.download("data:,hello").result(timeout=5)
        assert Path(path).read_bytes() == b"one two three"
        assert Path(inline).read_bytes() == b"hello"
        Path(path).unlink()
        Path(inline).unlink()

    assert response.url == URL
    assert reply.data == b"one two three"
    assert bodies == [None, b"up"]


@pytest.mark.parity(
    "14:initialisers",
    "14:client, request, cachedResponse, task",
    "14:canonicalRequest(for:)",
)
def test_instance_has_what_it_needs() -> None:
    """The canonical request with the session's fields, the task, the client."""
    seen: list[URLProtocol] = []

    class Canonical(Notes):
        @classmethod
        def canonical_request(cls, request: URLRequest) -> URLRequest:
            request.set_value("X-Canonical", "yes")
            return request

        def start_loading(self) -> None:
            seen.append(self)
            super().start_loading()

    configuration = configured(Canonical)
    configuration.http_additional_headers = {"X-Session": "s"}
    with URLSession(configuration) as session:
        task = session.data(URLRequest(URL, method="POST", body=b"body"))
        task.result(timeout=5)

    request = seen[0].request
    assert request.value("X-Canonical") == "yes"
    assert request.value("X-Session") == "s"
    assert (request.http_method, request.http_body) == ("POST", b"body")
    assert seen[0].task is task
    assert seen[0].cached_response is None
    assert task.original_request.value("X-Canonical") is None


@pytest.mark.parity("14:requestIsCacheEquivalent(_:to:)")
def test_requests_are_equivalent_by_canonical_form() -> None:
    """The default compares what `canonical_request` makes of both."""
    assert Notes.request_is_cache_equivalent(URLRequest(URL), URLRequest(URL))
    assert not Notes.request_is_cache_equivalent(URLRequest(URL), URLRequest("note:"))


@pytest.mark.parity("14:property, setProperty, removeProperty")
def test_marks_travel_with_copies_of_a_request() -> None:
    """And not back: a copy's mark does not reach the original."""
    request = URLRequest(URL)
    URLProtocol.set_property(1, "seen", request)
    copied = request.copy()
    URLProtocol.set_property(2, "also", copied)
    URLProtocol.remove_property("seen", request)

    assert URLProtocol.property("seen", copied) == 1
    assert URLProtocol.property("also", request) is None
    assert URLProtocol.property("seen", request) is None
    assert URLProtocol.property("seen", URLRequest(URL)) is None


def test_protocol_loads_by_a_session_of_its_own(serve: Serve) -> None:
    """The loop guard: a marked request is not taken a second time."""

    class Forwarding(Notes):
        @classmethod
        def can_init(cls, request: URLRequest) -> bool:
            return cls.property("forwarded", request) is None

        async def start_loading(self) -> None:  # type: ignore[override]  # either may be
            request = self.request.copy()
            self.set_property(True, "forwarded", request)
            async with URLSession() as session:
                data, response = await session.data(request)
            self.client.did_receive_response(self, response)
            self.client.did_load(self, data.upper())
            self.client.did_finish_loading(self)

    server = serve(fixed_body(b"real"))
    URLProtocol.register(Forwarding)
    try:
        with URLSession() as session:
            data, response = session.data(server.url("/")).result(timeout=5)
    finally:
        URLProtocol.unregister(Forwarding)

    assert (data, response.status_code, server.accepted) == (b"REAL", 200, 1)


# -- threads ---------------------------------------------------------------------------


def test_session_without_a_loop_starts_protocols_on_workers() -> None:
    """Neither on the caller's thread nor on the one that drives."""
    with URLSession(configured(Notes)) as session:
        session.data(URL).result(timeout=5)
        assert wait_until(lambda: len(Notes.log) == 2)

    assert {thread for _, thread in Notes.log} == {"urlsession-callbacks"}


def test_session_of_a_loop_starts_protocols_on_the_loop(
    loop_factory: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    """Start, stop and what comes between."""

    async def load() -> None:
        async with URLSession(configured(Notes)) as session:
            assert (await session.data(URL)).data == b"one two three"

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.run(load())

    assert Notes.log == [("start", "MainThread"), ("stop", "MainThread")]


def test_start_may_be_asynchronous_in_both_doors() -> None:
    """It runs on the loop, or to its end on a worker."""

    class Later(Notes):
        async def start_loading(self) -> None:  # type: ignore[override]  # either may be
            await asyncio.sleep(0)
            self.answer(b"later")

    async def load() -> bytes:
        async with URLSession(configured(Later)) as session:
            return (await session.data(URL)).data

    with URLSession(configured(Later)) as session:
        assert session.data(URL).result(timeout=5).data == b"later"
    assert asyncio.run(load()) == b"later"


# -- the end ----------------------------------------------------------------------------


def test_cancelled_load_is_stopped_once() -> None:
    """In its middle; what it still says is ignored."""
    started = threading.Event()
    stopped = threading.Event()

    class Endless(Notes):
        def start_loading(self) -> None:
            self.note("start")
            self.client.did_receive_response(self, URLResponse(self.request.url))
            started.set()
            stopped.wait(5)
            self.client.did_load(self, b"too late")
            self.client.did_finish_loading(self)
            self.note("returned")

        def stop_loading(self) -> None:
            self.note("stop")
            stopped.set()

    with URLSession(configured(Endless), delegate := RecordingDelegate()) as session:
        task = session.data_task(URL)
        task.resume()
        assert started.wait(5)
        task.cancel()
    assert wait_until(lambda: len(Notes.log) == 3)

    assert Notes.done() == ["start", "stop", "returned"]
    assert delegate.names == ["did_create_task", RESPONSE, *END]


def test_load_cancelled_at_once_is_never_started() -> None:
    """What was not started needs no stop."""
    with URLSession(configured(Notes)) as session:
        task = session.data_task(URL)
        task.cancel()
        with pytest.raises(URLError):
            task.result(timeout=5)

    assert Notes.log == []


def test_asynchronous_start_ends_with_the_load() -> None:
    """A coroutine that still waits is cancelled."""
    ended: list[str] = []

    class Waiting(Notes):
        async def start_loading(self) -> None:  # type: ignore[override]  # either may be
            self.note("start")
            try:
                await asyncio.Event().wait()
            finally:
                ended.append("ended")

    async def load() -> None:
        async with URLSession(configured(Waiting)) as session:
            task = session.data(URL)
            await asyncio.sleep(0.01)
            task.cancel()
            while not ended:
                await asyncio.sleep(0)

    asyncio.run(load())
    with URLSession(configured(Waiting)) as session:
        task = session.data(URL)
        assert wait_until(lambda: len(Notes.log) == 3)
        task.cancel()
    assert wait_until(lambda: len(ended) == 2)

    assert Notes.done() == ["start", "stop", "start", "stop"]


@pytest.mark.parametrize("method", ["__init__", "start_loading", "canonical_request"])
def test_what_a_method_raises_fails_the_task(method: str) -> None:
    """The error names the class and the method, and has the cause."""

    def broken(*_args: object, **_kwargs: object) -> None:
        raise KeyError("broken")

    error = fails(type("Broken", (Notes,), {method: broken}))

    assert error.code is URLErrorCode.UNKNOWN
    assert "Broken." in str(error)
    assert isinstance(error.underlying, KeyError)
    assert error.failing_url == URL


def test_error_of_our_kind_is_passed_on() -> None:
    """Raised or told, it is what the task ends with; any other is its cause."""

    class Raising(Notes):
        def start_loading(self) -> None:
            raise URLError(URLErrorCode.CANNOT_FIND_HOST, "no such desk")

    class Telling(Notes):
        def start_loading(self) -> None:
            self.client.did_fail(self, ValueError("no such desk"))

    assert fails(Raising).code is URLErrorCode.CANNOT_FIND_HOST
    assert isinstance(fails(Telling).underlying, ValueError)


@pytest.mark.parametrize(
    ("calls", "message"),
    [
        (lambda me: me.client.did_load(me, b"x"), "did_load: there was no response"),
        (lambda me: me.client.did_finish_loading(me), "there was no response"),
        (lambda me: (me.respond(), me.respond()), "did_receive_response: it had one"),
        (lambda me: me.client.did_load(me, "text"), "data must be bytes"),
        (lambda me: me.client.did_receive_response(me, 200), "must be a URLResponse"),
        (lambda me: me.client.did_finish_loading(None), "first argument"),
    ],
)
def test_broken_contract_is_told_at_the_call(
    calls: Callable[[Contract], object], message: str
) -> None:
    """Response before data before end; the task fails with it."""
    kind = type("Broken", (Contract,), {"start_loading": calls})

    assert message in str(fails(kind))


class Contract(Notes):
    """Calls as a test says."""

    def respond(self) -> None:
        self.client.did_receive_response(self, URLResponse(self.request.url))


def test_second_end_is_refused_at_the_call() -> None:
    """The first one counts."""
    raised: list[UsageError] = []

    class Twice(Notes):
        def start_loading(self) -> None:
            super().start_loading()
            try:
                self.client.did_finish_loading(self)
            except UsageError as error:
                raised.append(error)

    with URLSession(configured(Twice)) as session:
        assert session.data(URL).result(timeout=5).data == b"one two three"
        assert wait_until(lambda: raised)

    assert "the load has ended" in str(raised[0])


# -- redirects ---------------------------------------------------------------------------


class Moved(Notes):
    """Redirects ``note://old`` to ``note://desk/today``."""

    target = URL

    def start_loading(self) -> None:
        self.note("start")
        if not self.request.url.startswith("note://old"):
            self.answer(b"found")
            return
        response = HTTPURLResponse(self.request.url, 302, "HTTP/1.1")
        self.client.was_redirected(self, URLRequest(self.target), response)


@pytest.mark.parity("14:client wasRedirectedTo:")
def test_redirect_of_a_protocol_is_followed_by_another_instance() -> None:
    """The delegate is asked; the first instance is stopped; metrics tell both."""
    with URLSession(configured(Moved), delegate := RecordingDelegate()) as session:
        task = session.data_task("note://old")
        task.resume()
        task.result(timeout=5)

    assert delegate.names == ["did_create_task", REDIRECT, RESPONSE, DATA, *END]
    assert task.current_request.url == URL
    assert task.metrics is not None
    assert task.metrics.redirect_count == 1
    assert sorted(Notes.done()) == ["start", "start", "stop", "stop"]


def test_refused_redirect_of_a_protocol_is_the_result() -> None:
    """Its response, without a body."""
    delegate = RecordingDelegate({REDIRECT: None})
    with URLSession(configured(Moved)) as session:
        task = session.data("note://old", delegate=delegate)
        data, response = task.result(timeout=5)

    assert (data, response.status_code) == (b"", 302)


@pytest.mark.parity("16.5:redirect callback, custom URLProtocol")
def test_redirect_is_chosen_anew(serve: Serve) -> None:
    """From HTTP to a protocol class, and from that to HTTP."""
    server = serve(answering(answer))
    kind = type("Back", (Moved,), {"target": server.url("/end")})
    with URLSession(configured(kind)) as session:
        there = session.data(server.url("/to-note")).result(timeout=5)
        back = session.data(server.url("/to-old")).result(timeout=5)
        chunks, _ = session.bytes(server.url("/to-old")).result(timeout=5)
        streamed = chunks.read()

    assert there.data == b"found"
    assert (back.data, back.response.url) == (b"end", server.url("/end"))
    assert streamed == b"end"


def answer(request: object) -> tuple[int, list[tuple[str, str]], bytes]:
    """Redirect to a note, or end."""
    target = getattr(request, "target", "")
    places = {"/to-note": URL, "/to-old": "note://old"}
    if target in places:
        return 302, [("Location", places[target])], b"elsewhere"
    return 200, [], b"end"


def test_endless_redirects_of_a_protocol_end() -> None:
    """20, then -1007, whoever redirects."""

    class Around(Moved):
        target = "note://old"

    assert fails(Around, "note://old").code is URLErrorCode.HTTP_TOO_MANY_REDIRECTS


# -- backpressure --------------------------------------------------------------------------


def test_slow_reader_holds_up_a_protocol_on_a_worker() -> None:
    """`did_load` waits while 1 MiB waits; memory stays flat."""
    loaded: list[int] = []

    class Large(Notes):
        def start_loading(self) -> None:
            self.client.did_receive_response(self, URLResponse(self.request.url))
            for _ in range(64):
                self.client.did_load(self, bytes(256 * 1024))
                loaded.append(1)
            self.client.did_finish_loading(self)

    with URLSession(configured(Large)) as session:
        chunks, _ = session.bytes(URL).result(timeout=5)
        assert wait_until(lambda: len(loaded) >= 4)
        assert not wait_until(lambda: len(loaded) > 12, 0.1)
        total = sum(len(piece) for piece in chunks)

    assert total == 16 * 1024 * 1024


def test_protocol_on_a_loop_may_wait_for_the_reader() -> None:
    """``await client.drained()`` goes on when the reader has caught up."""
    most: list[int] = []

    class Large(Notes):
        async def start_loading(self) -> None:  # type: ignore[override]  # either may be
            self.client.did_receive_response(self, URLResponse(self.request.url))
            for count in range(64):
                self.client.did_load(self, bytes(256 * 1024))
                most.append(count)
                await self.client.drained()
            self.client.did_finish_loading(self)

    async def load() -> int:
        async with URLSession(configured(Large)) as session:
            chunks, _ = await session.bytes(URL)
            for _ in range(100):
                await asyncio.sleep(0)
            assert 4 <= len(most) <= 12
            return sum([len(piece) async for piece in chunks])

    assert asyncio.run(load()) == 16 * 1024 * 1024


def test_left_stream_stops_a_protocol_that_waits() -> None:
    """A reader that goes away frees the worker."""

    class Endless(Notes):
        def start_loading(self) -> None:
            self.client.did_receive_response(self, URLResponse(self.request.url))
            while not self.client.is_stopped:
                self.client.did_load(self, bytes(256 * 1024))
            self.note("returned")

    with URLSession(configured(Endless)) as session:
        chunks, _ = session.bytes(URL).result(timeout=5)
        next(iter(chunks))
        del chunks
    assert wait_until(lambda: len(Notes.log) == 2)

    assert set(Notes.done()) == {"returned", "stop"}


def test_suspended_task_is_told_nothing() -> None:
    """What the protocol tells meanwhile comes after `resume`."""
    go = threading.Event()

    class Waiting(Notes):
        def start_loading(self) -> None:
            go.wait(5)
            super().start_loading()

    with URLSession(configured(Waiting), delegate := RecordingDelegate()) as session:
        task = session.data_task(URL)
        task.resume()
        task.suspend()
        go.set()
        assert wait_until(lambda: "start" in Notes.done())
        assert delegate.names == ["did_create_task"]
        task.resume()

    assert delegate.received == b"one two three"


# -- challenges -------------------------------------------------------------------------------


class Guarded(Notes):
    """Asks who is there, and says what it was told."""

    def start_loading(self) -> None:
        space = URLProtectionSpace("desk", realm="drawer")
        challenge = URLAuthenticationChallenge(space)
        self.client.did_receive_challenge(self, challenge, self.told)

    def told(
        self, disposition: AuthChallengeDisposition, credential: URLCredential | None
    ) -> None:
        self.note("told")
        user = None if credential is None else credential.user
        self.answer(f"{disposition.name} {user}".encode())


USE = AuthChallengeDisposition.USE_CREDENTIAL, URLCredential("ada", "secret")


@pytest.mark.parity("14:client didReceive/didCancel challenge")
@pytest.mark.parametrize(
    ("answers", "body"),
    [
        ({"task_did_receive_challenge": USE}, b"USE_CREDENTIAL ada"),
        ({"task_did_receive_challenge": None}, b"PERFORM_DEFAULT_HANDLING None"),
        ({}, b"PERFORM_DEFAULT_HANDLING None"),
    ],
)
def test_delegate_answers_the_challenge_of_a_protocol(
    answers: dict[str, object], body: bytes
) -> None:
    """In both doors, where protocol classes run."""

    async def load() -> bytes:
        async with URLSession(configured(Guarded)) as session:
            delegate = RecordingDelegate(answers)
            return (await session.data(URL, delegate=delegate)).data

    assert asyncio.run(load()) == body
    with URLSession(configured(Guarded), RecordingDelegate(answers)) as session:
        assert session.data(URL).result(timeout=5).data == body
    assert [thread for what, thread in Notes.log if what == "told"] == [
        "MainThread",
        "urlsession-callbacks",
    ]


def test_cancelled_challenge_of_a_protocol_cancels_the_task() -> None:
    """-999; the protocol is stopped, and its answer never called."""
    cancel = AuthChallengeDisposition.CANCEL_AUTHENTICATION_CHALLENGE, None
    delegate = RecordingDelegate({"task_did_receive_challenge": cancel})
    with URLSession(configured(Guarded), delegate) as session:
        with pytest.raises(URLError) as caught:
            session.data(URL).result(timeout=5)
        assert wait_until(lambda: "stop" in Notes.done())

    assert caught.value.code is URLErrorCode.CANCELLED
    assert Notes.done() == ["stop"]


def test_challenge_that_was_taken_back_is_not_answered() -> None:
    """What the delegate says then counts for nothing."""
    go = threading.Event()

    class Changing(Guarded):
        def start_loading(self) -> None:
            super().start_loading()
            challenge = URLAuthenticationChallenge(URLProtectionSpace("desk"))
            self.client.did_cancel_challenge(self, challenge)
            go.set()
            self.answer(b"open after all")

    def late(*_arguments: object) -> object:
        go.wait(5)
        return USE

    delegate = RecordingDelegate({"task_did_receive_challenge": late})
    with URLSession(configured(Changing), delegate) as session:
        assert session.data(URL).result(timeout=5).data == b"open after all"
    assert "told" not in Notes.done()


# -- the cache ------------------------------------------------------------------------------


class Storable(Notes):
    """Answers what may be stored; serves what is stored if its user info says so."""

    policy = StoragePolicy.ALLOWED
    seen: ClassVar[list[CachedURLResponse | None]] = []

    def start_loading(self) -> None:
        self.note("start")
        cached = self.cached_response
        self.seen.append(cached)
        if cached is not None:
            self.client.cached_response_is_valid(self, cached)
        else:
            response = HTTPURLResponse(self.request.url, 200, "HTTP/1.1", {"X": "1"})
            self.client.did_receive_response(self, response, self.policy)
            self.client.did_load(self, b"one ")
            self.client.did_load(self, b"two")
        self.client.did_finish_loading(self)


@pytest.fixture
def cached_loads() -> Iterator[URLSessionConfiguration]:
    """Return a configuration with a cache of its own."""
    Storable.seen.clear()
    configuration = configured(Storable)
    configuration.url_cache = URLCache(1024 * 1024, 0)
    yield configuration
    Storable.seen.clear()


@pytest.mark.parity("14:client cachedResponseIsValid")
def test_protocol_is_given_what_it_has_stored(
    cached_loads: URLSessionConfiguration,
) -> None:
    """The second instance says that it is still valid; metrics say whence it came."""
    with URLSession(cached_loads, delegate := RecordingDelegate()) as session:
        first = session.data(URL).result(timeout=5)
        task = session.data_task(URL)
        task.resume()
        task.result(timeout=5)

    assert first.data == delegate.received == b"one two"
    assert delegate.names[-6:-3] == ["did_create_task", RESPONSE, DATA]
    missed, found = Storable.seen
    assert missed is None
    assert found is not None
    assert found.data == b"one two"
    assert task.metrics is not None
    (transaction,) = task.metrics.transaction_metrics
    assert transaction.resource_fetch_type is ResourceFetchType.LOCAL_CACHE


@pytest.mark.parity("8:resourceUnavailable (-1008)")
def test_policy_may_do_without_the_protocol(
    cached_loads: URLSessionConfiguration,
) -> None:
    """Cache only: -1008, then what was stored, without an instance."""
    only = URLRequest(URL, cache_policy=CachePolicy.RETURN_CACHE_DATA_DONT_LOAD)
    fresh = URLRequest(URL, cache_policy=CachePolicy.RELOAD_IGNORING_LOCAL_CACHE_DATA)
    with URLSession(cached_loads) as session:
        with pytest.raises(URLError) as caught:
            session.data(only).result(timeout=5)
        session.data(fresh).result(timeout=5)
        stored = session.data(only).result(timeout=5)
        session.data(fresh).result(timeout=5)

    assert caught.value.code is URLErrorCode.RESOURCE_UNAVAILABLE
    assert stored.data == b"one two"
    assert Storable.seen == [None, None]


def test_reply_is_stored_only_if_the_protocol_says_so(
    cached_loads: URLSessionConfiguration,
) -> None:
    """And the delegate is asked; a POST is not stored."""
    secret = type("Secret", (Storable,), {"policy": StoragePolicy.NOT_ALLOWED})
    delegate = RecordingDelegate({"data_task_will_cache_response": None})
    with URLSession(cached_loads, delegate) as session:
        task = session.data_task(URL)
        task.resume()
        task.result(timeout=5)
        post = URLRequest(URL, method="POST", body=b"x")
        session.data(post).result(timeout=5)
        session.data(URL).result(timeout=5)
    kept = cached_loads.url_cache
    cached_loads.protocol_classes = (secret,)
    cached_loads.url_cache = URLCache(1024 * 1024, 0)
    with URLSession(cached_loads) as session:
        for _ in range(2):
            session.data(URL).result(timeout=5)

    assert delegate.count("data_task_will_cache_response") == 1
    assert isinstance(kept, URLCache)
    assert Storable.seen == [None] * 5


@pytest.mark.parametrize("limit", ["request", "configuration", "resource"])
def test_protocol_that_tells_nothing_times_out(limit: str) -> None:
    """-1001, and it is stopped; in both doors."""

    class Silent(Notes):
        async def start_loading(self) -> None:  # type: ignore[override]  # either may be
            self.client.did_receive_response(self, URLResponse(self.request.url))
            await asyncio.Event().wait()

    configuration, request = configured(Silent), URLRequest(URL)
    if limit == "request":
        request.timeout_interval = 0.1
    elif limit == "configuration":
        configuration.timeout_interval_for_request = 0.1
    else:
        configuration.timeout_interval_for_resource = 0.1

    async def load() -> None:
        async with URLSession(configuration) as session:
            with pytest.raises(TimeoutError):
                await session.data(request)
            await asyncio.sleep(0.01)

    asyncio.run(load())
    with URLSession(configuration) as session, pytest.raises(URLError) as caught:
        session.data(request).result(timeout=5)
    assert wait_until(lambda: len(Notes.log) == 2)

    assert caught.value.code is URLErrorCode.TIMED_OUT
    assert Notes.done() == ["stop", "stop"]


def test_protocol_that_goes_on_does_not_time_out() -> None:
    """Each piece starts the timer anew; a suspended task has none."""

    class Slow(Notes):
        async def start_loading(self) -> None:  # type: ignore[override]  # either may be
            self.client.did_receive_response(self, URLResponse(self.request.url))
            for _ in range(5):
                await asyncio.sleep(0.1)
                self.client.did_load(self, b"x")
            self.client.did_finish_loading(self)

    configuration = configured(Slow)
    configuration.timeout_interval_for_request = 0.3
    with URLSession(configuration) as session:
        task = session.data(URL)
        suspended = session.data(URL)
        suspended.suspend()
        assert task.result(timeout=5).data == b"xxxxx"
        suspended.resume()
        assert suspended.result(timeout=5).data == b"xxxxx"


def test_plain_load_asks_nobody(serve: Serve) -> None:
    """Without classes, HTTP does not come to the choice at all."""
    server = serve(fixed_body(b"plain"))
    with URLSession() as session:
        task = session.data(server.url("/"))
        assert task.result(timeout=5).data == b"plain"

    assert type(task._load).__name__ == "HTTPLoad"
