"""``urlsession fetch`` as a program: what comes out, and with which exit code."""

from __future__ import annotations

import gzip
import json
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from urlsession.testing import (
    answering,
    echo_handler,
    fixed_body,
    redirecting,
)
from urlsession.testing.certificates import CertificateAuthority
from urlsession.testing.connection import ReceivedRequest
from urlsession.testing.h2_server import H2Handler

from .fetching import fetch

if TYPE_CHECKING:
    from urlsession.testing.handlers import Answer

    from ..conftest import Serve

pytestmark = pytest.mark.slow


def path_as_body(request: ReceivedRequest) -> Answer:
    """Answer with the path and a new line."""
    return 200, [("Content-Type", "text/plain")], f"{request.target}\n".encode()


def test_body_goes_to_standard_output_as_it_is(serve: Serve) -> None:
    """Byte for byte, and nothing else; bars need a terminal."""
    body = bytes(range(256)) * 4096
    server = serve(fixed_body(body))

    done = fetch(server.url())

    assert (done.exit_code, done.err) == (0, "")
    assert done.out == body


def test_bodies_come_in_the_order_of_the_urls_whoever_is_first(serve: Serve) -> None:
    """The first is answered last."""
    release = threading.Event()

    def answer(request: ReceivedRequest) -> Answer:
        if request.target == "/first":
            assert release.wait(10)
        elif request.target == "/last":
            release.set()
        return path_as_body(request)

    server = serve(answering(answer))

    done = fetch(server.url("/first"), server.url("/second"), server.url("/last"))

    assert done.out == b"/first\n/second\n/last\n"


def test_large_bodies_wait_for_their_turn_on_disk(serve: Serve) -> None:
    """Many more than there are connections, each more than memory keeps."""
    release = threading.Event()
    count = 8

    def answer(request: ReceivedRequest) -> Answer:
        if request.target == "/0":
            assert release.wait(10)
        elif request.target == f"/{count - 1}":
            release.set()
        return 200, [], request.target[1:].encode() * 2_000_000

    server = serve(answering(answer))

    done = fetch(*(server.url(f"/{number}") for number in range(count)))

    assert done.exit_code == 0
    assert done.out == b"".join(b"%d" % number * 2_000_000 for number in range(count))


def test_loads_share_one_session(serve: Serve) -> None:
    """Six connections for one host, however many URLs."""
    server = serve(answering(path_as_body))

    done = fetch(*(server.url(f"/{number}") for number in range(30)))

    assert done.exit_code == 0
    assert server.request_count == 30
    assert server.accepted <= 6


def test_include_writes_the_head_first(serve: Serve) -> None:
    """As curl does."""
    server = serve(answering(path_as_body))

    done = fetch("-i", server.url("/a"))

    head, _, body = done.out.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 ")
    assert b"Content-Type: text/plain" in head.split(b"\r\n")
    assert body == b"/a\n"


@pytest.mark.parametrize(
    ("arguments", "method", "body", "content_type"),
    [
        (["-X", "DELETE"], "DELETE", "", None),
        (["-d", "a=1", "-d", "b=2"], "POST", "a=1&b=2", "form-urlencoded"),
        (["-d", "@body.txt"], "POST", "from a file", "form-urlencoded"),
        (["-d", "@-", "-X", "PUT"], "PUT", "from the pipe", "form-urlencoded"),
        (["--json", '{"a": 1}'], "POST", '{"a": 1}', "application/json"),
        (["--json", "[]", "-H", "Content-Type: x/y"], "POST", "[]", "x/y"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_request_is_what_was_asked_for(
    serve: Serve,
    tmp_path: Path,
    arguments: list[str],
    method: str,
    body: str,
    content_type: str | None,
) -> None:
    """Method, body and type of the body."""
    (tmp_path / "body.txt").write_text("from a file")
    server = serve(echo_handler)

    done = fetch(*arguments, server.url(), data=b"from the pipe", cwd=tmp_path)

    seen = json.loads(done.out)
    sent_type = dict(seen["headers"]).get("Content-Type", "")
    assert (seen["method"], seen["body"]) == (method, body)
    assert (content_type or "") in sent_type
    assert bool(sent_type) == (content_type is not None)


def test_header_fields_are_sent(serve: Serve) -> None:
    """Repeated ones too."""
    server = serve(echo_handler)

    done = fetch("-H", "X-A: 1", "-H", "X-A: 2", "-H", "Accept: a/b", server.url())

    headers = json.loads(done.out)["headers"]
    assert ["X-A", "1"] in headers
    assert ["X-A", "2"] in headers
    assert [pair for pair in headers if pair[0] == "Accept"] == [["Accept", "a/b"]]


def test_redirects_are_followed_and_content_decoded(serve: Serve) -> None:
    """The user asked for the resource."""

    def answer(request: ReceivedRequest) -> Answer:
        if request.target == "/old":
            return 301, [("Location", "/new")], b""
        return 200, [("Content-Encoding", "gzip")], gzip.compress(b"plain")

    server = serve(answering(answer))

    assert fetch(server.url("/old")).out == b"plain"


def test_metrics_show_phases_and_reuse(serve: Serve) -> None:
    """On standard error, one block for each transaction."""
    server = serve(redirecting({"/old": (302, "/new")}), tls=False)

    done = fetch("--metrics", "-o", "/dev/null", "-s", server.url("/old"))

    for word in ("DNS", "connect", "request", "wait", "receive", "http/1.1"):
        assert word in done.err, word
    assert ", new, from port " in done.err
    assert ", reused, from port " in done.err
    assert done.out == b""


def test_metrics_show_tls_and_the_version_asked_for(
    serve: Serve, ca: CertificateAuthority
) -> None:
    """With the certificate of --cacert."""
    server = serve(answering(path_as_body), tls=True)

    done = fetch("--http1.1", "--metrics", "--cacert", ca.path, server.url("/a"))

    assert done.exit_code == 0
    assert "TLS" in done.err
    assert done.out == b"/a\n"


def test_urls_of_one_host_share_a_connection_over_http_2(
    serve: Serve, ca: CertificateAuthority
) -> None:
    """However many there are; bodies still come in order."""
    handler = H2Handler(lambda s: s.respond(200, body=s.request.path.encode()))
    server = serve(handler, tls=ca.server_context(alpn=("h2",)))
    paths = [f"/{number}" for number in range(9)]

    done = fetch("--http2", "--cacert", ca.path, *map(server.url, paths))

    assert done.out == "".join(paths).encode()
    assert server.accepted == 1


def test_thousand_urls_are_loaded(serve: Serve) -> None:
    """In their order, over few connections."""
    server = serve(answering(path_as_body))
    paths = [f"/{number}" for number in range(1000)]

    done = fetch(*map(server.url, paths))

    assert done.out.decode().split() == paths
    assert server.peak_open <= 6
