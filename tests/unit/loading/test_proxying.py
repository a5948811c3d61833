"""Which ways there are to a host, and what libcurl is told of each."""

from __future__ import annotations

from dataclasses import replace

import pycurl
import pytest

from urlsession.configuration import URLSessionConfiguration
from urlsession.loading.options import session_options
from urlsession.loading.proxying import DIRECT, proxy_table
from urlsession.proxy import ProxyConfiguration

FIRST = ProxyConfiguration.http_connect("a", 1)
SECOND = ProxyConfiguration.socksv5("b", 2).applying_credential("u", "p")


def ways(*proxies: ProxyConfiguration) -> list[ProxyConfiguration | None]:
    """Return the proxies in the order they are tried; None is the direct way."""
    configuration = URLSessionConfiguration.default()
    configuration.proxy_configurations = proxies
    table = proxy_table(configuration, session_options(configuration))
    assert table is not None
    return [way.proxy for way in table.ways("http", "host")]


def test_first_that_fits_is_the_only_way() -> None:
    """Unless it may be passed by."""
    assert ways(FIRST, SECOND) == [FIRST]


def test_failover_ends_with_the_direct_way() -> None:
    """If every proxy allows it."""
    first = replace(FIRST, allow_failover=True)
    second = replace(SECOND, allow_failover=True)

    assert ways(first, SECOND) == [first, SECOND]
    assert ways(first, second) == [first, second, None]


def test_proxy_for_others_is_no_way() -> None:
    """The host is then asked directly."""
    assert ways(replace(FIRST, match_domains=["other"])) == [None]


@pytest.mark.parametrize("values", [None, {}])
def test_dictionary_without_a_proxy(values: dict[str, object] | None) -> None:
    """None leaves it to the environment; an empty one is an empty table."""
    configuration = URLSessionConfiguration.default()
    configuration.connection_proxy_dictionary = values
    table = proxy_table(configuration, ())

    assert (table is None) is (values is None)
    assert not table


def test_options_name_the_proxy_and_its_secrets() -> None:
    """In options of their own: a URL would have to be escaped."""
    configuration = URLSessionConfiguration.default()
    configuration.proxy_configurations = [SECOND]
    table = proxy_table(configuration, ())
    assert table is not None

    (way,) = table.ways("http", "host")

    assert (pycurl.PROXY, "socks5h://b:2") in way.options
    assert (pycurl.PROXYUSERNAME, "u") in way.options
    assert (pycurl.PROXYPASSWORD, "p") in way.options
    assert all(option != pycurl.HTTPPROXYTUNNEL for option, _ in way.options)
    assert DIRECT.options == ((pycurl.PROXY, ""),)


def test_tls_to_the_proxy_takes_the_sessions_roots() -> None:
    """And its versions."""
    configuration = URLSessionConfiguration.default()
    configuration.trusted_certificates = "roots.pem"
    configuration.proxy_configurations = [ProxyConfiguration.http("a", tls=True)]
    table = proxy_table(configuration, session_options(configuration))
    assert table is not None

    options = dict(table.ways("https", "host")[0].options)

    assert options[pycurl.PROXY_CAINFO] == "roots.pem"
    assert pycurl.PROXY_SSLVERSION in options
