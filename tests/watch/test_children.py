"""Children are watched too, and reported together with their parent."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from urlsession.testing import fixed_body, wait_until

from ..conftest import Serve
from .running import Watched, run_watched

LEAK = """
import http.client, os, sys
from urllib.parse import urlsplit

def leak(url):
    global KEPT
    KEPT = http.client.HTTPConnection(urlsplit(url).netloc)
    KEPT.request("GET", "/")
    KEPT.getresponse().read()
"""
PROGRAMS = {
    "fork and _exit": """
pid = os.fork()
if pid == 0:
    leak(sys.argv[1])
    os._exit(0)
os.waitpid(pid, 0)
""",
    "fork and sys.exit": """
pid = os.fork()
if pid == 0:
    leak(sys.argv[1])
    sys.exit(0)
os.waitpid(pid, 0)
""",
    "multiprocessing, fork": """
import multiprocessing
one = multiprocessing.get_context("fork").Process(target=leak, args=sys.argv[1:])
one.start()
one.join()
""",
    "multiprocessing, spawn": """
import multiprocessing
if __name__ == "__main__":
    one = multiprocessing.get_context("spawn").Process(target=leak, args=sys.argv[1:])
    one.start()
    one.join()
""",
    "multiprocessing, forkserver": """
import multiprocessing
if __name__ == "__main__":
    context = multiprocessing.get_context("forkserver")
    one = context.Process(target=leak, args=sys.argv[1:])
    one.start()
    one.join()
""",
    "a pool of processes": """
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
if __name__ == "__main__":
    with ProcessPoolExecutor(1, multiprocessing.get_context("fork")) as pool:
        pool.submit(leak, sys.argv[1]).result()
""",
    "another Python": """
import subprocess
if len(sys.argv) == 2:
    subprocess.run([sys.executable, __file__, sys.argv[1], "child"], check=True)
else:
    leak(sys.argv[1])
""",
    "not waited for before the end": """
import multiprocessing
multiprocessing.get_context("fork").Process(target=leak, args=sys.argv[1:]).start()
""",
    "a pool that is ended": """
import multiprocessing
if __name__ == "__main__":
    with multiprocessing.get_context("forkserver").Pool(1) as pool:
        pool.map(leak, sys.argv[1:])
""",
    "a program that becomes another": """
if len(sys.argv) == 2:
    pid = os.fork()
    if pid == 0:
        os.execv(sys.executable, [sys.executable, __file__, sys.argv[1], "child"])
    os.waitpid(pid, 0)
else:
    leak(sys.argv[1])
""",
    "terminated": """
import multiprocessing, signal, threading
def work(url, ready):
    leak(url)
    ready.set()
    threading.Event().wait(10)
if __name__ == "__main__":
    context = multiprocessing.get_context("fork")
    ready = context.Event()
    one = context.Process(target=work, args=(sys.argv[1], ready))
    one.start()
    ready.wait(10)
    one.terminate()
    one.join()
    print(one.exitcode)
""",
}


def child_leaks(watched: Watched) -> list[str]:
    """Return the functions whose connections leaked in other processes than the main."""
    main = watched.report["program"]["pid"]
    pids = {one["pid"] for one in watched.report["processes"]}
    leaks = [one for one in watched.connections if one["verdict"]]
    assert all(one["pid"] in pids and one["pid"] != main for one in leaks)
    return [one["opened_by"]["function"] for one in leaks]


@pytest.mark.slow
@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS.keys())
def test_childs_leak_is_in_the_parents_report(
    tmp_path: Path, serve: Serve, program: str
) -> None:
    """Once, with the child's pid, however the child was made and ended."""
    server = serve(fixed_body(b"x"))
    watched = run_watched(tmp_path, LEAK + program, server.url())

    assert watched.exit_code == 0, watched.err
    assert child_leaks(watched) == ["leak"]
    assert watched.report["problems"] == []
    assert watched.err.count("urlsession watch:") == 1


@pytest.mark.slow
def test_child_that_is_killed_is_told_of(tmp_path: Path, serve: Serve) -> None:
    """It announced itself, and ended without a word."""
    watched = run_watched(
        tmp_path,
        LEAK
        + """
import signal, threading
read, write = os.pipe()
pid = os.fork()
if pid == 0:
    leak(sys.argv[1])
    os.write(write, b"x")
    threading.Event().wait(10)
os.read(read, 1)
os.kill(pid, signal.SIGKILL)
os.waitpid(pid, 0)
print(pid)
""",
        serve(fixed_body(b"x")).url(),
    )

    (problem,) = watched.report["problems"]
    assert f"process {watched.out.strip()} left no report" in problem


@pytest.mark.slow
def test_child_that_runs_on_is_told_of(tmp_path: Path, serve: Serve) -> None:
    """The program did not wait for it, and neither does the watch."""
    watched = run_watched(
        tmp_path,
        LEAK
        + """
import threading
read, write = os.pipe()
if os.fork() == 0:
    os.setsid()
    for fd in 0, 1, 2:
        os.close(fd)
    leak(sys.argv[1])
    os.write(write, str(os.getpid()).encode())
    threading.Event().wait(10)
    os._exit(0)
print(os.read(read, 9).decode())
""",
        serve(fixed_body(b"x")).url(),
    )
    pid = int(watched.out)
    os.kill(pid, signal.SIGKILL)
    (problem,) = watched.report["problems"]
    (process,) = watched.report["processes"]

    assert problem.startswith(f"process {pid} still runs")
    assert (process["pid"], process["exit_code"]) == (pid, None)
    assert process["argv"][0] == "app.py"


@pytest.mark.slow
def test_fork_that_runs_another_program_is_not_missed(tmp_path: Path) -> None:
    """It has no report to leave."""
    watched = run_watched(
        tmp_path,
        """
        import os, subprocess
        subprocess.run(["true"], preexec_fn=os.getpid, check=True)
        pid = os.fork()
        if pid == 0:
            os.execvp("true", ["true"])
        os.waitpid(pid, 0)
        """,
    )

    assert watched.report["problems"] == []
    assert watched.report["processes"] == []


@pytest.mark.slow
def test_program_that_replaces_itself_is_watched(tmp_path: Path, serve: Serve) -> None:
    """Its successor reports, in the form that was asked for."""
    watched = run_watched(
        tmp_path,
        LEAK
        + """
if len(sys.argv) == 2:
    os.execv(sys.executable, [sys.executable, __file__, sys.argv[1], "again"])
leak(sys.argv[1])
""",
        serve(fixed_body(b"x")).url(),
    )

    assert watched.kinds == ["unclosed"]
    assert watched.report["program"]["argv"][-1] == "again"


@pytest.mark.slow
def test_parents_connections_are_not_the_childs(tmp_path: Path, serve: Serve) -> None:
    """A fork copies descriptors; whoever made the connection has it."""
    watched = run_watched(
        tmp_path,
        LEAK
        + """
leak(sys.argv[1])
pid = os.fork()
if pid == 0:
    os._exit(0)
os.waitpid(pid, 0)
""",
        serve(fixed_body(b"x")).url(),
    )
    (one,) = watched.connections

    assert one["pid"] == watched.report["program"]["pid"]


@pytest.mark.slow
def test_children_are_left_alone_when_that_is_asked_for(
    tmp_path: Path, serve: Serve
) -> None:
    """Not even told of."""
    watched = run_watched(
        tmp_path,
        LEAK + PROGRAMS["multiprocessing, spawn"],
        serve(fixed_body(b"x")).url(),
        options=("--no-children",),
    )

    assert watched.connections == []
    assert watched.report["processes"] == []


@pytest.mark.slow
@pytest.mark.parametrize("way", ["sys.exit(4)", "os._exit(4)", "os.abort()"])
def test_child_that_is_left_alone_writes_nothing(
    tmp_path: Path, serve: Serve, way: str
) -> None:
    """However it ends, the report is the parent's."""
    watched = run_watched(
        tmp_path,
        LEAK
        + f"""
pid = os.fork()
if pid == 0:
    leak(sys.argv[1])
    {way}
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
""",
        serve(fixed_body(b"x")).url(),
        options=("--no-children",),
    )

    assert watched.out == ("-6\n" if "abort" in way else "4\n")
    assert watched.err.count("urlsession watch:") == 1
    assert watched.connections == []


APP = """
import http.client
from urllib.parse import urlsplit
KEPT = []

def call_out(url):
    one = http.client.HTTPConnection(urlsplit(url).netloc)
    one.request("GET", "/")
    one.getresponse().read()
    KEPT.append(one)

def wsgi(environ, start_response):
    call_out("http://" + environ["QUERY_STRING"])
    start_response("200 OK", [("Content-Length", "2")])
    return [b"ok"]

async def asgi(scope, receive, send):
    if scope["type"] == "lifespan":
        while (await receive())["type"] != "lifespan.shutdown":
            await send({"type": "lifespan.startup.complete"})
        await send({"type": "lifespan.shutdown.complete"})
        return
    call_out("http://" + scope["query_string"].decode())
    await send({"type": "http.response.start", "status": 200,
                "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})
"""
SERVERS = {
    "gunicorn": ("gunicorn", "-w", "2", "-b", "127.0.0.1:{port}", "app:wsgi"),
    "uvicorn": ("uvicorn", "--port", "{port}", "app:asgi"),
    "uvicorn, two workers": (
        "uvicorn",
        *("--port", "{port}", "--workers", "2", "app:asgi"),
    ),
}


def free_port() -> int:
    """Return a port that is free now."""
    with socket.create_server(("127.0.0.1", 0)) as one:
        return int(one.getsockname()[1])


def answers(url: str) -> bool:
    """Whether a server answers, once it has called out."""
    try:
        with urllib.request.urlopen(url, timeout=5) as reply:
            return bool(reply.read() == b"ok")
    except OSError:
        return False


@pytest.mark.slow
@pytest.mark.needs(modules=("gunicorn", "uvicorn"))
@pytest.mark.parametrize("command", SERVERS.values(), ids=SERVERS.keys())
def test_server_is_watched_with_its_workers(
    tmp_path: Path, serve: Serve, command: tuple[str, ...]
) -> None:
    """A handler's leak, named by its line, when the server is told to end."""
    peer = serve(fixed_body(b"x"))
    port = free_port()
    (tmp_path / "app.py").write_text(APP, encoding="utf-8")
    report = tmp_path / "report.json"
    module, *arguments = (one.format(port=port) for one in command)
    with subprocess.Popen(
        [
            *(sys.executable, "-m", "urlsession", "watch", "--json", str(report)),
            *("-m", module, *arguments),
        ],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
    ) as process:
        url = f"http://127.0.0.1:{port}/?{peer.url().split('/')[2]}"
        try:
            has_answered = wait_until(lambda: answers(url), within_s=10, every_s=0.1)
            process.send_signal(signal.SIGTERM)
            _, words = process.communicate(timeout=8)
        finally:
            process.kill()
    assert has_answered, words
    leaks = [
        one
        for one in json.loads(report.read_text(encoding="utf-8"))["connections"]
        if one["verdict"]
    ]

    assert len(leaks) == 1, words
    assert leaks[0]["opened_by"]["function"] == "call_out"
    assert leaks[0]["verdict"]["kind"] == "unclosed"
    assert leaks[0]["held_by"][0] == "app.KEPT[0]"


@pytest.mark.slow
@pytest.mark.needs(modules=("celery",))
@pytest.mark.parametrize("pool", ["solo", "prefork"])
def test_celery_task_is_watched(tmp_path: Path, serve: Serve, pool: str) -> None:
    """In the worker's own process, and in one that it forked."""
    peer = serve(fixed_body(b"x"))
    (tmp_path / "tasks.py").write_text(
        APP
        + f"""
import os, signal
from celery import Celery, signals
app = Celery("tasks", broker="filesystem://", backend="cache+memory://")
app.conf.broker_transport_options = {{
    "data_folder_in": "queue", "data_folder_out": "queue"}}
app.conf.worker_hijack_root_logger = False

@app.task
def load():
    call_out({peer.url()!r})

@signals.worker_ready.connect
def send(**_):
    load.delay()

@signals.task_postrun.connect
def end(**_):
    parent = os.getppid() if {pool == "prefork"} else os.getpid()
    os.kill(parent, signal.SIGTERM)
""",
        encoding="utf-8",
    )
    (tmp_path / "queue").mkdir()
    report = tmp_path / "report.json"
    done = subprocess.run(
        [
            *(sys.executable, "-m", "urlsession", "watch", "--json", str(report)),
            *("-m", "celery", "-A", "tasks", "worker", "-P", pool, "-c", "1"),
            *("--without-gossip", "--without-mingle", "--without-heartbeat"),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=18,
        check=False,
        env={**os.environ, "PYTHONPATH": str(tmp_path), "C_FORCE_ROOT": "1"},
    )
    leaks = [
        one
        for one in json.loads(report.read_text(encoding="utf-8"))["connections"]
        if one["verdict"]
    ]

    assert [one["opened_by"]["function"] for one in leaks] == ["call_out"], done.stderr
