"""What a request says of its traffic."""

from __future__ import annotations

import pycurl
import pytest

from urlsession.loading.hints import hint_options, traffic_class, urgency
from urlsession.request import NetworkServiceType, URLRequest


def test_every_service_has_a_class() -> None:
    """A code point in the upper six bits, none for what is usual."""
    classes = {one: traffic_class(one) for one in NetworkServiceType}

    assert classes[NetworkServiceType.DEFAULT] == 0
    assert classes[NetworkServiceType.VOICE] == 46 << 2
    assert all(one & 3 == 0 and one < 256 for one in classes.values())


@pytest.mark.parametrize(
    ("priority", "wanted"),
    [(0.5, 3), (1.0, 0), (0.75, 2), (0.25, 4), (0.0, 6), (7, 0), (-1, 6)],
)
def test_priority_is_an_urgency(priority: float, wanted: int) -> None:
    """The other way round; what is out of range is at its end."""
    assert urgency(priority) == wanted


def test_usual_request_has_no_options() -> None:
    """Nor does one that is not to go early by itself."""
    assert hint_options(URLRequest("http://a/"), uses_early_data=False) == []
    assert hint_options(URLRequest("http://a/"), uses_early_data=True) == []


def test_post_never_goes_early() -> None:
    """Early data may be replayed."""
    post = URLRequest("http://a/", method="POST")

    assert hint_options(post, uses_early_data=True) == [(pycurl.SSL_OPTIONS, 0)]


def test_persistent_names_do_not_expire() -> None:
    """For libcurl they do after a minute."""
    request = URLRequest("http://a/")
    request.allows_persistent_dns = True

    assert hint_options(request, uses_early_data=False) == [
        (pycurl.DNS_CACHE_TIMEOUT, -1)
    ]
