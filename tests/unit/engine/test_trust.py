"""Where trusted certificates are looked for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import certifi
import pycurl
import pytest

from urlsession.engine import trust
from urlsession.engine.trust import trust_options


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Look again in each test, and let the environment say nothing."""
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)
    trust._system_options.cache_clear()
    yield
    trust._system_options.cache_clear()


@pytest.fixture
def places(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Return a folder in which the system's store may be ``certs`` or ``ca.pem``."""
    monkeypatch.setattr(trust, "_DIRECTORIES", (str(tmp_path / "certs"),))
    monkeypatch.setattr(trust, "_BUNDLES", (str(tmp_path / "ca.pem"),))
    return tmp_path


@pytest.mark.parametrize(
    ("certificates", "option"), [(b"PEM", pycurl.CAINFO_BLOB), ("p", pycurl.CAINFO)]
)
def test_own_certificates_take_the_place_of_the_systems(
    certificates: bytes | str, option: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Libcurl's built-in directory is switched off, and the environment not asked."""
    monkeypatch.setenv("SSL_CERT_FILE", "/other.pem")

    options = trust_options(certificates)

    assert options == [(option, certificates), (pycurl.CAPATH, "")]


@pytest.mark.parametrize(
    ("file", "directory", "expected"),
    [
        ("/f.pem", "", [(pycurl.CAINFO, "/f.pem")]),
        ("", "/d", [(pycurl.CAPATH, "/d")]),
        ("/f.pem", "/d", [(pycurl.CAINFO, "/f.pem"), (pycurl.CAPATH, "/d")]),
    ],
)
def test_environment_beats_the_system(
    monkeypatch: pytest.MonkeyPatch,
    file: str,
    directory: str,
    expected: list[tuple[int, object]],
) -> None:
    """By OpenSSL's own names."""
    monkeypatch.setenv("SSL_CERT_FILE", file)
    monkeypatch.setenv("SSL_CERT_DIR", directory)

    assert trust_options(None) == expected


def test_hashed_directory_is_preferred_to_a_bundle(places: Path) -> None:
    """One file is read of it, not all."""
    (places / "ca.pem").touch()
    (places / "certs").mkdir()
    (places / "certs/5ad8a5d6.0").touch()

    assert trust_options(None) == [(pycurl.CAPATH, str(places / "certs"))]


def test_bundle_is_taken_where_the_directory_is_not_hashed(places: Path) -> None:
    """OpenSSL finds nothing in such a directory."""
    (places / "ca.pem").touch()
    (places / "certs").mkdir()
    (places / "certs/root.pem").touch()

    assert trust_options(None) == [(pycurl.CAINFO, str(places / "ca.pem"))]


@pytest.mark.usefixtures("places")
def test_certifi_is_taken_where_the_system_has_no_store() -> None:
    """Slim containers have none."""
    assert trust_options(None) == [(pycurl.CAINFO, certifi.where())]


def test_options_are_taken_by_libcurl(tmp_path: Path) -> None:
    """Each of them."""
    curl = pycurl.Curl()
    try:
        for certificates in (None, b"PEM", str(tmp_path / "x.pem")):
            for option, value in trust_options(certificates):
                curl.setopt(option, value)
    finally:
        curl.close()
