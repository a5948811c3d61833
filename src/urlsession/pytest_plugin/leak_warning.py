"""The category of the plugin's warnings, for filters to name."""

from __future__ import annotations

import pytest

__all__ = ("LeakWarning",)


class LeakWarning(pytest.PytestWarning):
    """A test left a connection open that it should have closed."""
