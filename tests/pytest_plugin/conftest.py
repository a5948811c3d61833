"""Runs little suites in a pytest of their own, against a server of this one."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from urlsession.testing import fixed_body

from ..conftest import Serve

HELPERS = """
import gc, http.client, os
from urllib.parse import urlsplit
import pytest, requests, httpx
gc.disable()
URL = os.environ["SERVER_URL"]
KEPT = []

def connect():
    one = http.client.HTTPConnection(urlsplit(URL).netloc)
    one.request("GET", "/")
    one.getresponse().read()
    return one
"""

Suite = Callable[..., pytest.RunResult]


@pytest.fixture
def run_suite(
    pytester: pytest.Pytester, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> Suite:
    """Return what runs a suite's text under ``--leaks=fail`` or other options."""
    monkeypatch.setenv("SERVER_URL", serve(fixed_body(b"x")).url())
    for name in [one for one in os.environ if one.startswith("GITHUB_")]:
        monkeypatch.delenv(name)

    def run(text: str, *options: str, leaks: str | None = "fail") -> pytest.RunResult:
        pytester.makepyfile(test_it=HELPERS + text)
        chosen = [] if leaks is None else [f"--leaks={leaks}"]
        return pytester.runpytest_subprocess(
            *("-p", "no:cacheprovider", "-p", "no:timeout"), *chosen, *options
        )

    return run
