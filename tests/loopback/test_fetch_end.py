"""How ``urlsession fetch`` ends: exit codes, signals, closed pipes."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from urlsession.testing import ServerConnection, answering, fixed_body, wait_until
from urlsession.testing.certificates import CertificateAuthority
from urlsession.testing.handlers import redirecting

from .fetching import COMMAND, RUN_WITHIN_S, fetch, start_fetch

if TYPE_CHECKING:
    from ..conftest import Serve

pytestmark = pytest.mark.slow


def hold(connection: ServerConnection) -> None:
    """Send a piece, and then nothing more."""
    connection.recv_request()
    connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\npiece")
    connection.hold()


@contextmanager
def running(*arguments: str | Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run the command meanwhile, and never longer."""
    process = start_fetch(*arguments)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize(
    ("url", "code", "words"),
    [
        ("http://", 3, "BAD_URL"),
        ("gopher://host/", 3, "UNSUPPORTED_URL"),
        ("example.com", 3, "has no scheme"),
        ("http://nowhere.invalid/", 6, "CANNOT_FIND_HOST"),
        ("http://127.0.0.1:1/", 7, "CANNOT_CONNECT_TO_HOST"),
    ],
)
def test_url_that_leads_nowhere_has_a_code_of_its_own(
    url: str, code: int, words: str
) -> None:
    """And one line that says so."""
    done = fetch(url)

    assert done.exit_code == code
    assert done.err.startswith(f"urlsession fetch: error {code}: ")
    assert done.err.count("\n") == 1
    assert words in done.err


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (b"", 8),
        (b"SSH-2.0-OpenSSH\r\n", 8),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx", 56),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\nx" * 9, 61),
    ],
    ids=["empty", "garbage", "short", "coding"],
)
def test_broken_reply_has_a_code(serve: Serve, words: bytes, code: int) -> None:
    """By what is broken."""

    def handle(connection: ServerConnection) -> None:
        connection.recv_request()
        connection.send(words)

    assert fetch(serve(handle).url()).exit_code == code


def test_redirects_without_end_have_a_code(serve: Serve) -> None:
    """47, as curl's."""
    server = serve(redirecting({"/": (302, "/")}))

    assert fetch(server.url()).exit_code == 47


def test_certificate_of_another_root_has_a_code(
    serve: Serve, ca: CertificateAuthority
) -> None:
    """And the message says what to do."""
    server = serve(fixed_body(b""), tls=True)
    done = fetch(server.url())

    assert done.exit_code == 60
    assert "HAS_UNKNOWN_ROOT" in done.err
    assert fetch("--cacert", ca.path, server.url()).exit_code == 0


def test_plain_server_behind_https_is_a_tls_error(serve: Serve) -> None:
    """35, as curl's."""

    def handle(connection: ServerConnection) -> None:
        connection.recv()
        connection.send_response(400)

    url = serve(handle).url().replace("http:", "https:")

    assert fetch(url).exit_code == 35


def test_max_time_ends_a_load(serve: Serve) -> None:
    """With what came until then on standard output."""
    done = fetch("--max-time", "0.3", serve(hold).url())

    assert done.exit_code == 28
    assert done.out == b"piece"
    assert "TIMED_OUT" in done.err


def test_status_counts_only_with_fail(serve: Serve) -> None:
    """Then nothing is written."""
    server = serve(answering(lambda _request: (404, [], b"no such page")))
    plain, failing = fetch(server.url()), fetch("--fail", server.url())

    assert (plain.exit_code, plain.out) == (0, b"no such page")
    assert (failing.exit_code, failing.out) == (22, b"")
    assert "404 Not Found" in failing.err


def test_first_failure_in_the_order_of_the_urls_counts(serve: Serve) -> None:
    """The others are loaded all the same."""
    server = serve(fixed_body(b"fine"))
    done = fetch(server.url(), "http://nowhere.invalid/", "ftp://x/", server.url())

    assert done.exit_code == 6
    assert done.out == b"finefine"
    assert done.err.count("error") == 2


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)],
)
def test_signal_ends_it_and_leaves_no_file(
    serve: Serve, tmp_path: Path, number: signal.Signals, code: int
) -> None:
    """Quietly, and with FIN to the server."""
    server = serve(hold)
    with running("-o", tmp_path, server.url("/a"), server.url("/b")) as process:
        assert wait_until(lambda: len(list(tmp_path.iterdir())) == 2, 10)
        process.send_signal(number)
        _out, err = process.communicate(timeout=RUN_WITHIN_S)

    assert process.returncode == code
    assert err == b""
    assert list(tmp_path.iterdir()) == []
    assert server.wait_all_ended()


def test_interrupt_ends_it_although_nobody_reads_the_output(serve: Serve) -> None:
    """A full pipe holds up the one thread that writes, and nothing else."""
    server = serve(fixed_body(b"x" * 1_000_000))
    with running(server.url()) as process:
        assert server.wait_requests(1, 10)
        assert process.stdout is not None
        assert process.stdout.read(10) == b"x" * 10
        process.send_signal(signal.SIGINT)

        assert process.wait(RUN_WITHIN_S) == 130


def test_closed_pipe_ends_it_quietly(serve: Serve) -> None:
    """As `| head` does; 141 is what a shell shows for SIGPIPE."""
    server = serve(fixed_body(b"x" * 5_000_000))
    with running(server.url(), server.url()) as process:
        assert process.stdout is not None
        assert process.stdout.read(10) == b"x" * 10
        process.stdout.close()
        process.stdout = None
        _out, err = process.communicate(timeout=RUN_WITHIN_S)

    assert (process.returncode, err) == (141, b"")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_full_disk_is_an_output_error(serve: Serve) -> None:
    """Told in one line."""
    server = serve(fixed_body(b"x"))
    done = fetch("-o", "/dev/full", server.url())

    assert done.exit_code == 23
    assert "No space left" in done.err


@pytest.mark.parametrize("no_color", ["", "1"])
def test_terminal_gets_bars(serve: Serve, tmp_path: Path, no_color: str) -> None:
    """On standard error; without colours where NO_COLOR says so."""
    server = serve(fixed_body(b"x" * 100_000))
    ours, theirs = os.openpty()
    try:
        environment = {**os.environ, "TERM": "xterm-256color", "NO_COLOR": no_color}
        command = ["-o", str(tmp_path / "file"), server.url()]
        process = subprocess.Popen([*COMMAND, *command], stderr=theirs, env=environment)
        assert process.wait(RUN_WITHIN_S) == 0
        shown = os.read(ours, 100_000).decode()
    finally:
        os.close(ours)
        os.close(theirs)

    assert "━" in shown
    assert ("\x1b[38" in shown or "\x1b[1;3" in shown) == (not no_color)
