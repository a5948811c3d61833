"""A watched program runs as it would alone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from urlsession.testing import fixed_body

from ..conftest import Serve
from .running import run_watched

ENDINGS = {
    "returns": ("", 0),
    "exits": ("import sys; sys.exit()", 0),
    "exits with a number": ("import sys; sys.exit(7)", 7),
    "exits with True": ("import sys; sys.exit(True)", 1),
    "exits with a text": ("import sys; sys.exit('bye')", 1),
    "raises SystemExit": ("raise SystemExit(5)", 5),
    "raises": ("raise ValueError('no')", 1),
    "cannot be compiled": ("def", 1),
    "fails to import": ("import no_such_module", 1),
}


@pytest.mark.slow
@pytest.mark.parametrize(("source", "code"), ENDINGS.values(), ids=ENDINGS.keys())
def test_program_keeps_its_exit_code_and_its_words(
    tmp_path: Path, source: str, code: int
) -> None:
    """The same code and the same standard error, but for the report."""
    watched = run_watched(tmp_path, source)
    alone = subprocess.run(
        [sys.executable, "app.py"],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    words = watched.err.partition("\nurlsession watch:")[0]

    assert watched.exit_code == alone.returncode == code
    assert words.replace(str(tmp_path) + "/", "") == alone.stderr.replace(
        str(tmp_path) + "/", ""
    )
    assert watched.report["program"]["exit_code"] == code


@pytest.mark.slow
def test_interrupt_ends_with_130_and_a_report(tmp_path: Path) -> None:
    """As a shell shows it."""
    watched = run_watched(tmp_path, "raise KeyboardInterrupt")

    assert watched.exit_code == 130
    assert "KeyboardInterrupt" in watched.err
    assert watched.report["program"]["uncaught"] == "KeyboardInterrupt"


@pytest.mark.slow
def test_script_sees_itself_as_the_main_program(tmp_path: Path) -> None:
    """Arguments, name, file, path; its output is untouched."""
    watched = run_watched(
        tmp_path,
        """
        import sys, pickle
        class Thing: pass
        print(sys.argv, __name__, __file__.endswith("app.py"), __spec__)
        print(sys.path[0] == sys.argv[2], pickle.loads(pickle.dumps(Thing)) is Thing)
        print(sys.modules["__main__"].Thing is Thing)
        """,
        "--json",
        str(tmp_path),
        "-m",
    )

    assert watched.out.splitlines() == [
        f"['app.py', '--json', '{tmp_path}', '-m'] __main__ True None",
        "True True",
        "True",
    ]


@pytest.mark.slow
def test_module_runs_as_python_m_runs_it(tmp_path: Path) -> None:
    """With its package, and the working directory in the path."""
    watched = run_watched(
        tmp_path,
        """
        import os, sys
        print(__name__, __package__, __spec__.name, sys.argv[1:])
        print(sys.path[0] == os.getcwd(), sys.argv[0] == __file__)
        """,
        "-x",
        module="pack.tool",
    )

    assert watched.out.splitlines() == [
        "__main__ pack pack.tool ['-x']",
        "True True",
    ]
    assert watched.exit_code == 0


@pytest.mark.slow
def test_globals_are_alive_when_the_verdict_is_taken(tmp_path: Path) -> None:
    """And exit handlers run after it, once."""
    watched = run_watched(
        tmp_path,
        """
        import atexit
        atexit.register(print, "handler")
        class Thing:
            def __del__(self): print("gone")
        THING = Thing()
        """,
    )

    assert watched.out.split() == ["handler", "gone"]


@pytest.mark.slow
@pytest.mark.parametrize("way", ["", "sys.exit()", "raise ValueError"])
def test_what_an_exit_handler_closes_is_no_leak(
    tmp_path: Path, serve: Serve, way: str
) -> None:
    """It runs between the look and the report, however the main code ended."""
    watched = run_watched(
        tmp_path,
        f"""
        import atexit, socket, sys
        KEPT = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
        LEFT = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
        atexit.register(KEPT.close)
        {way}
        """,
        serve(fixed_body(b"x")).url().rsplit(":")[-1].strip("/"),
    )

    assert [one["held_by"] for one in watched.connections if one["verdict"]] == [
        ["__main__.LEFT", "socket"]
    ]


@pytest.mark.slow
def test_threads_of_the_program_are_waited_for(tmp_path: Path) -> None:
    """Its work has ended when they have; a pool's idle workers do not count."""
    watched = run_watched(
        tmp_path,
        """
        import threading
        from concurrent.futures import ThreadPoolExecutor
        POOL = ThreadPoolExecutor()
        POOL.submit(int).result()
        threading.Timer(0.2, print, ["worked"]).start()
        """,
    )

    assert watched.out == "worked\n"
    assert watched.report["program"]["ended_at_s"] >= 0.2


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["ThreadPoolExecutor", "ProcessPoolExecutor"])
def test_pool_that_is_left_open_ends_with_the_program(
    tmp_path: Path, kind: str
) -> None:
    """Its pending work is done before the look, then it is told to end."""
    watched = run_watched(
        tmp_path,
        f"""
        import threading
        from concurrent.futures import {kind}
        def work(text):
            threading.Event().wait(0.2)
            print(text, flush=True)
        if __name__ == "__main__":
            POOL = {kind}(1)
            POOL.submit(work, "one")
            POOL.submit(work, "two")
        """,
    )

    assert watched.exit_code == 0
    assert watched.out == "one\ntwo\n"
    assert watched.report["program"]["ended_at_s"] >= 0.4


@pytest.mark.slow
def test_threads_that_their_library_ends_are_not_waited_for(tmp_path: Path) -> None:
    """They end when the interpreter tells that library, and not before."""
    watched = run_watched(
        tmp_path,
        """
        import threading
        from concurrent.futures import ThreadPoolExecutor
        END = threading.Event()
        threading._register_atexit(END.set)
        threading.Thread(target=END.wait).start()
        ThreadPoolExecutor(1).submit(int).result()
        """,
    )

    assert watched.exit_code == 0


@pytest.mark.slow
def test_report_goes_where_it_was_asked_for_when_the_program_moves(
    tmp_path: Path,
) -> None:
    """A file's name is taken in the directory of the start."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "app.py").write_text("import os; os.chdir('elsewhere')")
    subprocess.run(
        [
            *(sys.executable, "-m", "urlsession", "watch", "--json", "r.json"),
            *("--quiet", "app.py"),
        ],
        cwd=tmp_path,
        check=True,
    )

    assert (tmp_path / "r.json").exists()


@pytest.mark.slow
def test_child_of_a_fork_writes_no_report(tmp_path: Path) -> None:
    """It is another program by then, with an exit code of its own."""
    watched = run_watched(
        tmp_path,
        """
        import os, sys
        pid = os.fork()
        if pid == 0:
            sys.exit(9)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
        """,
    )

    assert watched.out == "9\n"
    assert watched.err.count("urlsession watch:") == 1


@pytest.mark.slow
def test_json_to_standard_output(tmp_path: Path) -> None:
    """For a pipe."""
    watched = run_watched(tmp_path, "", options=("--json", "-"))

    assert watched.out.startswith("{")
    assert '"schema": "urlsession.watch/1"' in watched.out


@pytest.mark.slow
def test_watching_does_not_load_libcurl(tmp_path: Path) -> None:
    """Nor does importing `urlsession.watch`."""
    watched = run_watched(
        tmp_path,
        "import sys; from urlsession import watch; print('pycurl' in sys.modules)",
    )

    assert watched.out == "False\n"
