"""Fixtures of the whole suite, and the check that each test leaves nothing behind."""

from __future__ import annotations

import asyncio
import asyncio.runners
import atexit
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from importlib.util import find_spec
from ssl import SSLContext
from typing import Protocol

import pytest

from urlsession.testing import Handler, Leftovers, LoopbackServer
from urlsession.testing.certificates import CertificateAuthority
from urlsession.testing.leftovers import package_tasks

# Whatever keeps something on disk keeps it away from the user's own data.
_HOME = tempfile.mkdtemp(prefix="urlsession-tests-")
os.environ["URLSESSION_HOME"] = _HOME
atexit.register(shutil.rmtree, _HOME, ignore_errors=True)

IS_CI = os.environ.get("CI", "").lower() in {"1", "true"}
# Where servers live; not on every user's PATH.
PROGRAM_PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])

_has_failed = pytest.StashKey[bool]()


class Serve(Protocol):
    """Starts a server that ends with the test."""

    def __call__(
        self,
        handler: Handler,
        *,
        tls: bool | SSLContext = False,
        host: str = "127.0.0.1",
    ) -> LoopbackServer:
        """Return a started server; `tls` as True takes a context from `ca`."""


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what needs something missing here; in CI fail instead."""
    for marker in item.iter_markers("needs"):
        missing = [
            *(
                f"program {name}"
                for name in marker.kwargs.get("programs", ())
                if shutil.which(name, path=PROGRAM_PATH) is None
            ),
            *(
                f"module {name}"
                for name in marker.kwargs.get("modules", ())
                if find_spec(name) is None
            ),
        ]
        if missing and IS_CI:
            pytest.fail(f"CI must have {', '.join(missing)}", pytrace=False)
        if missing:
            pytest.skip(f"needs {', '.join(missing)}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Remember a failure: what a failed test left over is no second finding."""
    report = yield
    if report.failed:
        item.stash[_has_failed] = True
    return report


@pytest.fixture(scope="session", autouse=True)
def process_globals() -> None:
    """Have libuv open its one pipe for signals now, so that no test seems to."""
    if find_spec("uvloop") is not None:
        import uvloop

        uvloop.new_event_loop().close()


@pytest.fixture(autouse=True)
def leftovers(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Fail a test that leaves a connection, descriptor, thread or task behind."""
    if request.node.get_closest_marker("leaves_connections_open") is not None:
        yield
        return
    before = Leftovers()
    unfinished: list[str] = []
    end_loop = asyncio.runners._cancel_all_tasks  # type: ignore[attr-defined]  # there is no public moment between the last step and the cancelling

    def note_and_end(loop: asyncio.AbstractEventLoop) -> None:
        unfinished.extend(package_tasks(loop))
        end_loop(loop)

    monkeypatch.setattr(asyncio.runners, "_cancel_all_tasks", note_and_end)
    yield
    if not request.node.stash.get(_has_failed, False):
        found = [*unfinished, *before.found()]
        if found:
            pytest.fail("left over:\n" + "\n".join(found), pytrace=False)


@pytest.fixture(autouse=True)
def no_shared_cookies(leftovers: None) -> Iterator[None]:
    """Empty the program's cookies, and close their file before it is looked for."""
    yield
    module = sys.modules.get("urlsession.storage.cookies.storage")
    storage = None if module is None else module.HTTPCookieStorage._shared
    if storage is not None:
        storage.purge()
        storage.close()


@pytest.fixture(autouse=True)
def nothing_cached(leftovers: None) -> Iterator[None]:
    """Keep what a test has loaded from answering another, on the same port by chance."""
    yield
    if "urlsession.storage.url_cache" in sys.modules:
        from urlsession import URLCache

        if URLCache.shared.current_memory_usage:
            URLCache.shared.remove_all_cached_responses()
            URLCache.shared.close()


@pytest.fixture(scope="session")
def ca(tmp_path_factory: pytest.TempPathFactory) -> CertificateAuthority:
    """Return the root that the suite's TLS servers are signed by."""
    return CertificateAuthority(tmp_path_factory.mktemp("ca"))


@pytest.fixture
def serve(request: pytest.FixtureRequest) -> Iterator[Serve]:
    """Return a function that starts loopback servers for the length of the test."""
    with ExitStack() as stack:

        def start(
            handler: Handler,
            *,
            tls: bool | SSLContext = False,
            host: str = "127.0.0.1",
        ) -> LoopbackServer:
            context = tls or None
            if tls is True:
                authority: CertificateAuthority = request.getfixturevalue("ca")
                context = authority.server_context()
            assert context is not True
            return stack.enter_context(LoopbackServer(handler, tls=context, host=host))

        yield start


@pytest.fixture(params=["asyncio", "uvloop"])
def loop_factory(
    request: pytest.FixtureRequest,
) -> Callable[[], asyncio.AbstractEventLoop]:
    """Return what makes an event loop; the test runs once for each kind of loop."""
    if request.param == "asyncio":
        return asyncio.new_event_loop
    if find_spec("uvloop") is None and not IS_CI:
        pytest.skip("needs module uvloop")
    import uvloop

    return uvloop.new_event_loop
