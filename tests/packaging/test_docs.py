"""The documents say what is so: snippets run, tables come from their sources."""

from __future__ import annotations

import ast
import asyncio
import inspect
import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from urlsession import URLSessionConfiguration
from urlsession.setting import Setting
from urlsession.tasks.state import TRANSITIONS, TaskEvent, TaskState
from urlsession.testing import LoopbackServer, ReceivedRequest, ServerConnection
from urlsession.testing.certificates import CertificateAuthority

from ..conformance.web_socket_peer import CLOSE, Peer
from ..conftest import Serve
from .source_tree import ROOT

DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.glob("*.md"))]
FENCE = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\]\((?!https?:)([^)#]+)")
ROW = re.compile(
    r"^\| (.+?) \| (done|later|later \(accepted, does not act yet\)|not offered) \|"
)
MAY_AWAIT = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT


def snippets() -> Iterator[object]:
    """Yield each Python snippet of the documents, named by its page and line."""
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for found in FENCE.finditer(text):
            line = text.count("\n", 0, found.start()) + 2
            where = f"{page.relative_to(ROOT)}:{line}"
            yield pytest.param("\n" * (line - 1) + found[1], str(page), id=where)


def serve_example(connection: ServerConnection) -> None:
    """Be example.com, as the documents imagine it."""
    while request := connection.recv_request():
        if request.header("Upgrade") == "websocket":
            serve_web_socket(Peer(connection, request))
            return
        if request.target == "/slow":
            connection.hold()
            return
        connection.send_response(*answer(request))


def serve_web_socket(peer: Peer) -> None:
    """Echo; the message ``close`` is answered by closing."""
    peer.accept()
    while True:
        frame = peer.recv()
        if frame.opcode == CLOSE:
            peer.send(CLOSE, frame.payload)
            return
        if frame.payload == b"close":
            peer.close(1000, b"done")
        else:
            peer.send(frame.opcode, frame.payload)


def answer(request: ReceivedRequest) -> tuple[int, list[tuple[str, str]], bytes]:
    """Return (status, headers, body) for a request."""
    if request.target == "/old":
        return 302, [("Location", "/new")], b""
    if request.target == "/log":
        return 200, [("Content-Type", "text/plain")], b"one\ntwo\n"
    if request.target == "/big":
        return 200, [], bytes(4 * 1024 * 1024)
    return 200, [("Content-Type", "application/json")], request.body or b"{}"


@pytest.fixture
def example(
    serve: Serve,
    ca: CertificateAuthority,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> dict[str, LoopbackServer]:
    """Return servers by the names that the documents use; files are there too."""
    (tmp_path / "ca.pem").write_bytes(ca.pem)
    (tmp_path / "data.bin").write_bytes(b"data")
    monkeypatch.chdir(tmp_path)
    return {
        "https://example.com": serve(serve_example),
        "https://internal.example.com": serve(serve_example, tls=True),
    }


@pytest.mark.parametrize(("source", "page"), list(snippets()))
def test_snippet_runs(
    source: str, page: str, example: dict[str, LoopbackServer]
) -> None:
    """Each Python snippet is a program; tests in it are called."""
    for name, server in example.items():
        address = server.url("").rstrip("/")
        source = source.replace(name, address)
        if name == "https://example.com":
            source = source.replace(
                "wss://example.com", address.replace("http", "ws", 1)
            )
    code = compile(source, page, "exec", flags=MAY_AWAIT, dont_inherit=True)
    names: dict[str, object] = {"__name__": "__main__"}

    if code.co_flags & inspect.CO_COROUTINE:
        asyncio.run(eval(code, names))
    else:
        exec(code, names)
    for name, value in names.items():
        if name.startswith("test_") and callable(value):
            value()
    names.clear()
    assert threading.current_thread() is threading.main_thread()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    """A link within the documents names a file that exists."""
    targets = LINK.findall(page.read_text(encoding="utf-8"))

    assert [one for one in targets if not (page.parent / one).exists()] == []


def test_architecture_names_every_file() -> None:
    """No source file is missing from the lists of the layers."""
    text = (DOCS / "architecture.md").read_text(encoding="utf-8")
    names = {path.name for path in (ROOT / "src").rglob("*.py")}
    shown = {name.rpartition("/")[2] for name in re.findall(r"`([\w/]+\.py)`", text)}

    assert names ^ (shown - {"test_layers.py"}) == set()


def test_state_table_is_that_of_the_code() -> None:
    """The table of task states in the architecture page is generated."""
    text = (DOCS / "architecture.md").read_text(encoding="utf-8")
    shown = text.partition("<!-- task-states -->\n")[2].partition("<!-- /task")[0]

    assert shown == state_table()


def state_table() -> str:
    """Return the transitions of a task as a table; what stays the same is a dash."""
    lines = [
        "| | " + " | ".join(event.name for event in TaskEvent) + " |",
        "|---" * (len(TaskEvent) + 1) + "|",
    ]
    for state in TaskState:
        row = TRANSITIONS[state]
        cells = ["–" if row[event] is state else row[event].name for event in TaskEvent]
        lines.append(f"| {state.name} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def test_parity_marks_what_does_not_act() -> None:
    """A property of the configuration is done exactly if it acts."""
    text = (DOCS / "parity.md").read_text(encoding="utf-8")
    section = text.partition("## 2. ")[2].partition("## 3. ")[0]
    settings = {
        camel_case(name): setting.acts
        for name, setting in vars(URLSessionConfiguration).items()
        if isinstance(setting, Setting)
    }
    rows = [match for match in map(ROW.match, section.splitlines()) if match]
    shown = {row[1].strip("`"): row[2] == "done" for row in rows}

    assert {name: shown[name] for name in settings if name in shown} == {
        name: acts for name, acts in settings.items() if name in shown
    }
    assert {name for name in settings if name not in shown} == OURS


def test_configuration_page_names_every_property() -> None:
    """What each does here."""
    text = (DOCS / "configuration.md").read_text(encoding="utf-8")
    properties = {
        name
        for name, value in vars(URLSessionConfiguration).items()
        if isinstance(value, Setting) or getattr(value, "fset", None) is not None
    }

    assert {name for name in properties if f"| `{name}` |" not in text} == set()


OURS = {
    "requiresSecureConnection",
    "downloadDirectory",
    "httpProtocol",
    "idleConnectionTimeout",
    "maximumConnectionLifetime",
}


def camel_case(name: str) -> str:
    """Return Apple's spelling of a property."""
    first, *rest = name.split("_")
    words = [{"url": "URL", "dnssec": "DNSSEC"}.get(w, w.capitalize()) for w in rest]
    return first + "".join(words)


if __name__ == "__main__":
    print(state_table(), end="")  # noqa: T201  # for whoever pastes it
