"""Fixtures of the tests on lifetimes: which door, and which scheme."""

from __future__ import annotations

import asyncio
import gc
import warnings
from collections.abc import Iterator
from importlib.util import find_spec

import pytest

from urlsession.testing.certificates import CertificateAuthority

from ...conftest import IS_CI, Serve
from .doors import AsyncioDoor, BlockingDoor, Door, Site


@pytest.fixture(params=["asyncio", "uvloop", "blocking"])
def door(request: pytest.FixtureRequest) -> Door:
    """Return each of the client's doors in turn."""
    name: str = request.param
    return BlockingDoor() if name == "blocking" else _loop_door(name)


@pytest.fixture(params=["asyncio", "uvloop"])
def loop_door(request: pytest.FixtureRequest) -> Door:
    """Return each of the doors that have a loop in turn."""
    return _loop_door(request.param)


def _loop_door(name: str) -> Door:
    if name == "asyncio":
        return AsyncioDoor("asyncio", asyncio.new_event_loop)
    if find_spec("uvloop") is None and not IS_CI:
        pytest.skip("needs module uvloop")
    import uvloop

    return AsyncioDoor("uvloop", uvloop.new_event_loop)


@pytest.fixture(params=["http", "https"])
def site(
    request: pytest.FixtureRequest, serve: Serve, ca: CertificateAuthority
) -> Site:
    """Return what starts servers, of each scheme in turn."""
    return Site(request.param == "https", serve, ca)


@pytest.fixture
def secure_site(serve: Serve, ca: CertificateAuthority) -> Site:
    """Return what starts TLS servers."""
    return Site(True, serve, ca)


@pytest.fixture
def no_collector() -> Iterator[None]:
    """Switch the garbage collector off: what ends must end by itself."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.fixture
def warned() -> Iterator[list[warnings.WarningMessage]]:
    """Return the list that warnings go to instead of failing the test."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield caught
