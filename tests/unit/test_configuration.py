"""A configuration has all of Foundation's properties, checked when set."""

from __future__ import annotations

import copy
import math
import pickle
from pathlib import Path

import pytest

from urlsession.configuration import (
    CookieAcceptPolicy,
    MultipathServiceType,
    TLSProtocolVersion,
    URLSessionConfiguration,
)
from urlsession.errors import UsageError
from urlsession.headers import HTTPHeaders
from urlsession.request import CachePolicy, NetworkServiceType
from urlsession.storage.cookies.storage import HTTPCookieStorage
from urlsession.storage.credentials import URLCredentialStorage
from urlsession.storage.url_cache import URLCache

TLS12, TLS13 = TLSProtocolVersion.TLSV12, TLSProtocolVersion.TLSV13

DEFAULTS: dict[str, object] = {
    "identifier": None,
    "request_cache_policy": CachePolicy.USE_PROTOCOL_CACHE_POLICY,
    "timeout_interval_for_request": 60.0,
    "timeout_interval_for_resource": 604_800.0,
    "network_service_type": NetworkServiceType.DEFAULT,
    "allows_cellular_access": True,
    "allows_expensive_network_access": True,
    "allows_constrained_network_access": True,
    "allows_ultra_constrained_network_access": True,
    "requires_dnssec_validation": False,
    "waits_for_connectivity": False,
    "is_discretionary": False,
    "shared_container_identifier": None,
    "session_sends_launch_events": True,
    "connection_proxy_dictionary": None,
    "proxy_configurations": (),
    "tls_minimum_supported_protocol_version": TLS12,
    "tls_maximum_supported_protocol_version": TLS13,
    "http_should_use_pipelining": False,
    "http_should_set_cookies": True,
    "http_cookie_accept_policy": CookieAcceptPolicy.ONLY_FROM_MAIN_DOCUMENT_DOMAIN,
    "http_additional_headers": HTTPHeaders(),
    "http_maximum_connections_per_host": 6,
    "http_cookie_storage": HTTPCookieStorage.shared,
    "url_credential_storage": URLCredentialStorage.shared,
    "url_cache": URLCache.shared,
    "should_use_extended_background_idle_mode": False,
    "protocol_classes": (),
    "multipath_service_type": MultipathServiceType.NONE,
    "enables_early_data": False,
    # ours
    "idle_connection_timeout": 60.0,
    "maximum_connection_lifetime": None,
    "requires_secure_connection": False,
    "trusted_certificates": None,
    "http_protocol": None,
    "download_directory": None,
}


@pytest.mark.parametrize("name", DEFAULTS)
def test_default_of(name: str) -> None:
    """Foundation's default, or ours as documented."""
    assert getattr(URLSessionConfiguration.default(), name) == DEFAULTS[name]


def test_no_property_is_missing_here() -> None:
    """The table above has every public property."""
    public = {
        name
        for name, value in vars(URLSessionConfiguration).items()
        if not name.startswith("_") and hasattr(type(value), "__get__")
    }
    methods = {"background", "copy", "default", "ephemeral"}
    of_the_kind = {"is_ephemeral", "private_stores"}

    assert public - methods - of_the_kind == set(DEFAULTS)


@pytest.mark.parametrize("name", DEFAULTS)
def test_every_property_says_what_it_is(name: str) -> None:
    """And whether it acts."""
    doc = vars(URLSessionConfiguration)[name].__doc__

    assert doc
    assert doc.split()[-1].endswith(".")


@pytest.mark.parametrize("name", sorted(set(DEFAULTS) - {"identifier"}))
def test_default_can_be_set(name: str) -> None:
    """What can be read can be written, and setting the default changes nothing."""
    configuration = URLSessionConfiguration.default()

    setattr(configuration, name, DEFAULTS[name])

    assert configuration == URLSessionConfiguration.default()
    assert repr(configuration) == "URLSessionConfiguration.default()"


@pytest.mark.parity("2:default")
def test_each_access_gives_a_new_configuration() -> None:
    """Changing one does not change the next."""
    URLSessionConfiguration.default().timeout_interval_for_request = 1.0

    assert URLSessionConfiguration.default().timeout_interval_for_request == 60.0


@pytest.mark.parity("2:ephemeral")
def test_ephemeral_differs_from_default() -> None:
    """Their stores do."""
    assert URLSessionConfiguration.ephemeral() != URLSessionConfiguration.default()
    assert URLSessionConfiguration.ephemeral() == URLSessionConfiguration.ephemeral()


def test_copies_of_an_ephemeral_configuration_share_their_stores() -> None:
    """And no two ephemeral ones do."""
    configuration = URLSessionConfiguration.ephemeral()
    other = URLSessionConfiguration.ephemeral()

    assert configuration.is_ephemeral
    assert configuration.copy().private_stores is configuration.private_stores
    assert configuration.private_stores is not other.private_stores
    assert URLSessionConfiguration.default().private_stores is None


def test_ephemeral_configuration_has_cookies_of_its_own() -> None:
    """One storage for it and its copies, and not the shared one."""
    configuration = URLSessionConfiguration.ephemeral()
    storage = configuration.http_cookie_storage

    assert storage is not None
    assert storage is not HTTPCookieStorage.shared
    assert storage.path is None
    assert configuration.copy().http_cookie_storage is storage
    assert URLSessionConfiguration.ephemeral().http_cookie_storage is not storage


def test_store_that_is_none_stays_none() -> None:
    """None is a choice, and shown as one."""
    configuration = URLSessionConfiguration.default()
    configuration.http_cookie_storage = None

    assert configuration.copy().http_cookie_storage is None
    assert configuration != URLSessionConfiguration.default()
    assert "http_cookie_storage=None" in repr(configuration)


def test_store_of_a_wrong_kind_is_refused() -> None:
    """At the assignment."""
    configuration = URLSessionConfiguration.default()

    with pytest.raises(TypeError, match="must be a HTTPCookieStorage or None"):
        configuration.http_cookie_storage = "cookies"  # type: ignore[assignment]  # the mistake under test


def test_background_is_not_offered_yet() -> None:
    """It says so and what to do."""
    with pytest.raises(NotImplementedError, match=r"'id'.*not offered yet; use"):
        URLSessionConfiguration.background("id")


def test_misspelt_property_is_an_attribute_error() -> None:
    """A typo must not be taken in silence."""
    configuration = URLSessionConfiguration.default()

    with pytest.raises(AttributeError):
        configuration.timeout_for_request = 1  # type: ignore[attr-defined]  # the mistake under test


def test_infinite_timeouts_are_legal() -> None:
    """Infinity means never."""
    configuration = URLSessionConfiguration.default()

    configuration.timeout_interval_for_request = math.inf
    configuration.timeout_interval_for_resource = math.inf
    configuration.idle_connection_timeout = math.inf

    assert configuration.timeout_interval_for_request == math.inf


def test_additional_headers_take_what_headers_are_made_of() -> None:
    """A mapping or pairs; None clears them."""
    configuration = URLSessionConfiguration.default()

    configuration.http_additional_headers = {"X-A": "1"}
    configuration.http_additional_headers.add("X-B", "2")
    assert configuration.http_additional_headers == {"x-a": "1", "x-b": "2"}
    configuration.http_additional_headers = None

    assert configuration.http_additional_headers == {}


@pytest.mark.parametrize(
    "name",
    [
        "Authorization",
        "connection",
        "Host",
        "Proxy-Authenticate",
        "Proxy-Authorization",
        "WWW-Authenticate",
    ],
)
@pytest.mark.parity("2:httpAdditionalHeaders")
def test_additional_headers_refuse_reserved(name: str) -> None:
    """A session's Authorization would go to every host it talks to."""
    configuration = URLSessionConfiguration.default()

    with pytest.raises(ValueError, match="set it on the request"):
        configuration.http_additional_headers = HTTPHeaders({name: "x"})
    configuration.http_additional_headers.set(name, "x")
    with pytest.raises(ValueError, match="set it on the request"):
        configuration.copy()


def test_additional_headers_refuse_illegal_fields() -> None:
    """They are checked like any other."""
    configuration = URLSessionConfiguration.default()

    with pytest.raises(UsageError, match="'X'"):
        configuration.http_additional_headers = HTTPHeaders({"X": "a\r\nb"})


def test_trusted_certificates_are_pem_or_a_path() -> None:
    """A path is kept as a str."""
    configuration = URLSessionConfiguration.default()

    configuration.trusted_certificates = Path("/ca.pem")
    assert configuration.trusted_certificates == "/ca.pem"
    with pytest.raises(ValueError, match="no PEM certificate"):
        configuration.trusted_certificates = b"x"


def test_tls_range_cannot_be_empty() -> None:
    """The oldest version is never above the newest."""
    configuration = URLSessionConfiguration.default()

    configuration.tls_minimum_supported_protocol_version = TLS13
    with pytest.raises(ValueError, match="TLSV12 is below TLSV13"):
        configuration.tls_maximum_supported_protocol_version = TLS12
    configuration.tls_minimum_supported_protocol_version = TLS12
    configuration.tls_maximum_supported_protocol_version = TLS12
    with pytest.raises(ValueError, match="TLSV13 is above TLSV12"):
        configuration.tls_minimum_supported_protocol_version = TLS13


def test_tls_version_of_another_library_is_refused() -> None:
    """A string is no version."""
    configuration = URLSessionConfiguration.default()

    with pytest.raises(TypeError, match="TLSProtocolVersion"):
        configuration.tls_minimum_supported_protocol_version = "1.2"  # type: ignore[assignment]  # the mistake under test


@pytest.mark.parity("1:configuration")
def test_copy_changes_on_its_own() -> None:
    """A session's copy is not reached by later changes."""
    configuration = URLSessionConfiguration.ephemeral()
    configuration.http_maximum_connections_per_host = 2
    configuration.http_additional_headers.set("A", "1")

    copies = (configuration.copy(), copy.copy(configuration))
    assert all(one == configuration for one in copies)
    configuration.http_maximum_connections_per_host = 3
    configuration.http_additional_headers.set("A", "2")

    for one in copies:
        assert one.http_maximum_connections_per_host == 2
        assert one.http_additional_headers == {"A": "1"}
        assert one != configuration


def test_configuration_survives_pickling() -> None:
    """It can be made in one process and used in another."""
    configuration = URLSessionConfiguration.ephemeral()
    configuration.idle_connection_timeout = None

    assert pickle.loads(pickle.dumps(configuration)) == configuration


def test_configuration_is_equal_to_none_but_its_kind() -> None:
    """Another type is never equal."""
    assert URLSessionConfiguration.default() != "default"


def test_repr_shows_what_differs() -> None:
    """In order of name; header values may be secrets."""
    configuration = URLSessionConfiguration.ephemeral()
    configuration.timeout_interval_for_request = 5
    configuration.http_additional_headers.set("X-Key", "s3cret")
    configuration.tls_minimum_supported_protocol_version = TLS13

    assert repr(configuration) == (
        "URLSessionConfiguration.ephemeral(http_additional_headers=['X-Key'], "
        "timeout_interval_for_request=5.0, "
        "tls_minimum_supported_protocol_version=TLSV13)"
    )
