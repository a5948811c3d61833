"""The command's own part; what it loads is in tests/loopback/test_fetch.py."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from urlsession.cli import fetch


def test_usage_error_is_argparses(capfd: pytest.CaptureFixture[str]) -> None:
    """Code 2, before anything is loaded."""
    with pytest.raises(SystemExit) as ended:
        fetch.run(["-o", "a", "http://a/", "http://b/"])

    assert ended.value.code == 2
    assert "one file cannot take 2 URLs" in capfd.readouterr().err


def test_failure_is_one_line_and_a_code(capfd: pytest.CaptureFixture[str]) -> None:
    """Nothing on standard output."""
    assert fetch.run(["ftp://host/"]) == 3

    out, err = capfd.readouterr()
    assert out == ""
    assert err.startswith("urlsession fetch: error 3: scheme 'ftp' is not supported")
    assert err.count("\n") == 1


def test_interrupt_before_the_loop_runs_is_quiet(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """While the body is read from a terminal, for instance."""

    def read() -> bytes:
        raise KeyboardInterrupt

    stdin = SimpleNamespace(buffer=SimpleNamespace(read=read))
    monkeypatch.setattr("sys.stdin", stdin)

    assert fetch.run(["-d", "@-", "http://host/"]) == 130


def test_metrics_of_a_load_that_never_began_are_told(
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Behind the error."""
    assert fetch.run(["--metrics", "http://"]) == 3
    assert "nothing was sent" in capfd.readouterr().err
