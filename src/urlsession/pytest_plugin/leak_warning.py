"""The category of the plugin's warnings, for filters to name."""

from __future__ import annotations

import pytest

__all__ = ("LeakWarning",)


class LeakWarning(pytest.PytestWarning):
    """A test left a connection open that it should have closed.

    Args:
        text: What to say.
        annotation: The same for GitHub.
    """

    def __init__(self, text: str, annotation: str = "") -> None:
        # As arguments: that is what xdist carries from a worker.
        super().__init__(text, annotation)
        self.annotation = annotation

    def __str__(self) -> str:
        return str(self.args[0])
