"""What lives longer than a test: whose it is, and when it is asked for."""

from __future__ import annotations

import pytest

from .conftest import Suite

pytestmark = pytest.mark.slow

FINE = {
    "a client that a session's fixture makes when it is first used": """
@pytest.fixture(scope="session")
def api():
    class Api:
        made = None
        def client(self):
            if self.made is None:
                self.made = httpx.Client()
            return self.made
    api = Api()
    yield api
    api.made.close()

def test_first(api): api.client().get(URL)
def test_second(api): api.client().get(URL)
""",
    "a warm pool of the module, closed by a fixture's teardown": """
POOL = None
@pytest.fixture(scope="module", autouse=True)
def closing():
    yield
    POOL.close()

def test_first():
    global POOL
    POOL = requests.Session()
    POOL.get(URL)

def test_second(): POOL.get(URL)
""",
    "a stream that a fixture holds": """
@pytest.fixture(scope="module")
def events():
    with httpx.Client() as client, client.stream("GET", URL) as response:
        yield response

def test_first(events): pass
def test_second(events): pass
""",
    "a reply that a fixture closes in a finalizer": """
@pytest.fixture(scope="session")
def reply(request):
    reply = requests.get(URL, stream=True)
    request.addfinalizer(reply.close)
    return reply

def test_first(reply): pass
def test_second(reply): reply.raw.read(1)
""",
    "what a test of the class opens and tearDownClass closes": """
import unittest
class TestIt(unittest.TestCase):
    connection = None

    @classmethod
    def tearDownClass(cls): cls.connection.close()

    def test_first(self): type(self).connection = connect()
    def test_second(self): self.connection.request("GET", "/")
""",
    "a reply that a fixture's thread is reading": """
import socket, threading
@pytest.fixture(scope="session")
def poller():
    held = []
    is_read = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener, requests.Session() as session:
        def serve():
            connection, _ = listener.accept()
            held.append(connection)
            connection.recv(1000)
            connection.send(b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\na")
        def poll():
            url = "http://127.0.0.1:%d/" % listener.getsockname()[1]
            with session.get(url, stream=True) as reply:
                for _ in reply.iter_content(1):
                    is_read.set()
        threads = [threading.Thread(target=serve), threading.Thread(target=poll)]
        yield threads, is_read
        held[0].send(b"b")
        for one in threads:
            one.join()
        held[0].close()

def test_first(poller):
    for one in poller[0]:
        one.start()
    assert poller[1].wait(5)

def test_second(poller): pass
""",
    "an async client of an async fixture": """
@pytest.fixture(scope="module")
def anyio_backend(): return "asyncio"

@pytest.fixture(scope="module")
async def client():
    async with httpx.AsyncClient() as one:
        yield one

@pytest.mark.anyio
async def test_first(client): await client.get(URL)

@pytest.mark.anyio
async def test_second(client): await client.get(URL)
""",
    "a fixture of parametrised sessions": """
@pytest.fixture(scope="module", params=["one", "other"])
def session(request):
    with requests.Session() as one:
        one.get(URL)
        yield one

def test_first(session): session.get(URL)
def test_second(session): session.get(URL)
""",
}


@pytest.mark.parametrize("text", FINE.values(), ids=FINE.keys())
def test_what_a_wider_fixture_closes_is_no_leak(run_suite: Suite, text: str) -> None:
    """Whoever opened it, and however it lives until then."""
    result = run_suite(text)

    assert result.ret == pytest.ExitCode.OK
    result.stdout.no_fnmatch_line("*ERROR*")


def test_leak_beside_a_wider_fixture_is_its_tests_all_the_same(
    run_suite: Suite,
) -> None:
    """It is told once the fixture might have closed it, and did not."""
    result = run_suite("""
@pytest.fixture(scope="session", autouse=True)
def environment(): yield

def test_leaks(): KEPT.append(connect())
def test_is_fine(): pass
""")

    result.assert_outcomes(passed=2, errors=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["*ERROR at teardown of test_leaks*"])


def test_fixture_without_a_teardown_is_not_waited_for(run_suite: Suite) -> None:
    """The leak is told at once, so that ``-x`` ends the run."""
    result = run_suite(
        """
@pytest.fixture(scope="session", autouse=True)
def environment(): return "a value"

def test_leaks(): KEPT.append(connect())
def test_is_not_run(): pass
""",
        "-x",
    )

    result.assert_outcomes(passed=1, errors=1)


def test_unread_reply_is_charged_to_who_left_it(run_suite: Suite) -> None:
    """On a warm connection that another test had opened."""
    result = run_suite("""
@pytest.fixture(scope="module")
def client():
    with httpx.Client() as one:
        one.get(URL)
        yield one

def test_first(client): client.get(URL)
def test_leaks(client):
    KEPT.append(client.send(client.build_request("GET", URL), stream=True))
def test_last(client): pass
""")

    result.assert_outcomes(passed=3, errors=1)
    result.stdout.fnmatch_lines(
        ["*ERROR at teardown of test_leaks*", "unread: 1 connection of Client *"]
    )


def test_class_that_leaks_is_named(run_suite: Suite) -> None:
    """And not by what pytest calls its set-up."""
    result = run_suite("""
import unittest
class TestIt(unittest.TestCase):
    @classmethod
    def setUpClass(cls): cls.connection = connect()

    def test_first(self): pass
    def test_second(self): pass
""")

    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(["*fixture  setUpClass of TestIt (scope class) made*"])
