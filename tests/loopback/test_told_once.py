"""The end of a load is told once, whichever thread is at it."""

from __future__ import annotations

import threading

import pytest
from tests.conftest import Serve

from urlsession import URLSession
from urlsession.engine.io_thread import IOThread
from urlsession.loading.http import HTTPLoad
from urlsession.testing.handlers import fixed_body


def test_end_is_told_once_when_another_thread_finds_it(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The thread that starts a load is held up where it has just let go of the lock."""
    server = serve(fixed_body(b"once"))
    told: list[str] = []
    is_told = threading.Event()
    arm, did_finish = IOThread.arm, HTTPLoad.did_finish
    starter = threading.current_thread()

    def slow_arm(driver: IOThread, *arguments: object) -> None:
        arm(driver, *arguments)  # type: ignore[arg-type]  # passed on as they are
        if threading.current_thread() is starter:
            is_told.wait(5)

    def noted(load: HTTPLoad) -> None:
        told.append(threading.current_thread().name)
        is_told.set()
        did_finish(load)

    monkeypatch.setattr(IOThread, "arm", slow_arm)
    monkeypatch.setattr(HTTPLoad, "did_finish", noted)
    with URLSession() as session:
        session.data(server.url()).result(timeout=10)

    assert len(told) == 1
