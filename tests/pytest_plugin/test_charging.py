"""The test that made a connection is charged with it."""

from __future__ import annotations

import pytest

from .conftest import Suite

pytestmark = pytest.mark.slow

LEAKS = """
def test_leaks():
    KEPT.append(connect())

def test_is_fine():
    pass
"""


def test_leak_fails_the_test_that_made_it(run_suite: Suite) -> None:
    """As an error at its teardown, with line, holder and cure."""
    result = run_suite(LEAKS)

    result.assert_outcomes(passed=2, errors=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(
        [
            "*ERROR at teardown of test_leaks*",
            "unclosed: 1 connection of HTTPConnection test_it.py:*",
            "*made     test_it.py:*http.client.HTTPConnection(urlsplit(URL).netloc)",
            "*held by  test_it.KEPT[[]0[]]*HTTPConnection",
            "*cure     Call close() when you are done with the connection.",
            "ERROR test_it.py::test_leaks - unclosed: 1 connection of HTTPConnection *",
        ]
    )


def test_each_cause_is_an_error_of_its_own(run_suite: Suite) -> None:
    """And each is told once."""
    result = run_suite("""
def test_leaks():
    KEPT.append(connect())
    KEPT.append(requests.get(URL, stream=True))
    for _ in range(3):
        session = requests.Session()
        session.get(URL)
        KEPT.append(session)
""")

    result.assert_outcomes(passed=1, errors=3)
    result.stdout.fnmatch_lines(["unclosed: 3 connections of Session *"])
    result.stdout.fnmatch_lines(["unread: 1 connection of Session *"])


def test_drop_is_charged_to_who_dropped_not_to_where_it_is_collected(
    run_suite: Suite,
) -> None:
    """The collector runs in an innocent test."""
    result = run_suite("""
def test_drops():
    httpx.Client().get(URL)

def test_is_innocent():
    gc.collect()
""")

    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(["*ERROR at teardown of test_drops*"])
    result.stdout.no_fnmatch_line("*ERROR at teardown of test_is_innocent*")


FINE = {
    "closed": "def test_it(): connect().close()",
    "in a block": """
def test_it():
    with requests.Session() as session, httpx.Client() as client:
        session.get(URL)
        client.get(URL)
""",
    "closed by a fixture": """
@pytest.fixture
def client():
    with httpx.Client() as one:
        yield one

def test_it(client):
    client.get(URL)
""",
    "closed by wider fixtures": """
@pytest.fixture(scope="session")
def client():
    with httpx.Client() as one:
        one.get(URL)
        yield one

@pytest.fixture(scope="module")
def connection():
    one = connect()
    yield one
    one.close()

@pytest.mark.parametrize("at", range(3))
def test_it(client, connection, at):
    client.get(URL)
""",
    "made at import, for the process": """
SESSION = requests.Session()

def test_it():
    SESSION.get(URL)
""",
    "closed by tearDownClass": """
import unittest
class TestIt(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.connection = connect()

    @classmethod
    def tearDownClass(cls):
        cls.connection.close()

    def test_one(self): pass
    def test_two(self): self.connection.request("GET", "/")
""",
    "an async client in a block": """
import asyncio
def test_it():
    async def main():
        async with httpx.AsyncClient() as client:
            await client.get(URL)
    asyncio.run(main())
""",
    "skipped": "def test_it(): pytest.skip('not today')",
}


@pytest.mark.parametrize("text", FINE.values(), ids=FINE.keys())
def test_what_is_closed_is_no_leak(run_suite: Suite, text: str) -> None:
    """A plugin that cries wolf is taken out."""
    result = run_suite(text)

    assert result.ret == pytest.ExitCode.OK
    result.stdout.no_fnmatch_line("*ERROR*")


def test_wide_fixture_is_charged_when_it_is_torn_down(run_suite: Suite) -> None:
    """To the test that ran when it connected, with the fixture's name."""
    result = run_suite("""
@pytest.fixture(scope="module")
def connection():
    KEPT.append(connect())
    return KEPT[0]

def test_first(connection): pass
def test_second(connection): pass
""")

    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(
        [
            "*ERROR at teardown of test_first*",
            "*fixture  connection (scope module) made it",
        ]
    )


def test_session_fixture_is_charged_at_the_end(run_suite: Suite) -> None:
    """Before pytest collects what is unraisable."""
    result = run_suite("""
@pytest.fixture(scope="session")
def client():
    client = httpx.Client()
    client.get(URL)
    yield client

def test_first(client): pass
""")

    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*fixture  client (scope session) made it"])


def test_failed_test_is_charged_too(run_suite: Suite) -> None:
    """One sees both."""
    result = run_suite("""
def test_fails():
    connection = connect()
    assert connection is None
    connection.close()
""")

    result.assert_outcomes(failed=1, errors=1)


def test_leak_of_a_parametrised_test_names_its_case(run_suite: Suite) -> None:
    """Not its neighbours."""
    result = run_suite("""
@pytest.mark.parametrize("leaks", [False, True])
def test_it(leaks):
    connection = connect()
    if leaks:
        KEPT.append(connection)
    else:
        connection.close()
""")

    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(["ERROR test_it.py::test_it[[]True[]] - unclosed*"])
