"""What every conformance test has."""

from __future__ import annotations

from pathlib import Path

import pytest

from urlsession import URLSessionConfiguration


@pytest.fixture(autouse=True)
def quick_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let callback threads end at once: the leftovers check waits for them."""
    monkeypatch.setattr("urlsession.tasks.queue.WORKER_LINGER_S", 0.01)


@pytest.fixture
def configuration(tmp_path: Path) -> URLSessionConfiguration:
    """Return a configuration whose downloads go to an empty folder."""
    made = URLSessionConfiguration.ephemeral()
    folder = tmp_path / "downloads"
    folder.mkdir()
    made.download_directory = str(folder)
    return made


@pytest.fixture
def folder(configuration: URLSessionConfiguration) -> Path:
    """Return that folder."""
    assert configuration.download_directory is not None
    return Path(configuration.download_directory)
