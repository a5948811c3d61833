"""What pytest loads in every run: options, and nothing more until they are used.

Decides how one asks for the checks: ``--leaks=fail`` or ``--leaks=warn``, or the same
as the ini option ``leaks``. Must stay cheap to import: it is installed with the package
and loaded by every pytest of that environment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from typing import Literal

    Mode = Literal["off", "warn", "fail"]

__all__ = ("pytest_addoption", "pytest_configure")

MODES = ("off", "warn", "fail")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Offer the options."""
    group = parser.getgroup("leaks", "connections that tests leak")
    group.addoption(
        "--leaks",
        choices=MODES,
        default=None,
        help="what a connection that a test leaves open does to it (default: off)",
    )
    parser.addini("leaks", "the default of --leaks: off, warn or fail", default="off")


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker, and the checks if they are asked for."""
    config.addinivalue_line(
        "markers",
        "allow_leaks(reason=...): connections that this test opens may stay open",
    )
    mode = config.getoption("--leaks") or config.getini("leaks")
    if mode not in MODES:
        raise pytest.UsageError(f"leaks must be off, warn or fail, not {mode!r}")
    if mode == "off" or config.option.collectonly:
        return
    # With xdist the workers run the tests; the controller only shows what they say.
    is_controller = bool(getattr(config.option, "numprocesses", None))
    from .telling import Teller

    config.pluginmanager.register(Teller(config), "urlsession-leaks-told")
    if is_controller and not hasattr(config, "workerinput"):
        return
    from .checker import LeakChecker

    checker = LeakChecker(config, fails=mode == "fail")
    config.pluginmanager.register(checker, "urlsession-leaks")
