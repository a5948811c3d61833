"""Both doors, for every load that must fail."""

from __future__ import annotations

import pytest

from urlsession import URLSessionConfiguration

from .attempt import Load, load_awaiting, load_blocking


@pytest.fixture(params=[load_awaiting, load_blocking], ids=["await", "result"])
def load(request: pytest.FixtureRequest) -> Load:
    """Return what loads through one of the doors; the test runs for each."""
    found: Load = request.param
    return found


@pytest.fixture
def configuration() -> URLSessionConfiguration:
    """Return a configuration to change."""
    return URLSessionConfiguration.ephemeral()
