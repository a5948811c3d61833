"""What every conformance test has."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def quick_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let callback threads end at once: the leftovers check waits for them."""
    monkeypatch.setattr("urlsession.tasks.queue.WORKER_LINGER_S", 0.01)
