"""Properties that are accepted and do not apply here, and one that is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from urlsession import URLRequest, URLSession, URLSessionConfiguration
from urlsession.request import Attribution
from urlsession.testing import fixed_body

if TYPE_CHECKING:
    from ..conftest import Serve

ACCEPTED: dict[str, object] = {
    "allows_cellular_access": False,
    "allows_expensive_network_access": False,
    "allows_constrained_network_access": False,
    "allows_ultra_constrained_network_access": False,
    "http_should_use_pipelining": True,
    "should_use_extended_background_idle_mode": True,
}


@pytest.mark.parity(
    "2:allowsCellularAccess",
    "2:allowsExpensiveNetworkAccess",
    "2:allowsConstrainedNetworkAccess",
    "2:allowsUltraConstrainedNetworkAccess",
    "2:httpShouldUsePipelining",
    "2:shouldUseExtendedBackgroundIdleMode",
)
@pytest.mark.parametrize(("name", "value"), list(ACCEPTED.items()))
def test_configuration_property_is_kept_and_changes_nothing(
    serve: Serve, name: str, value: object
) -> None:
    """The load is as without it, and the property says why."""
    configuration = URLSessionConfiguration.ephemeral()
    setattr(configuration, name, value)
    with URLSession(configuration) as session:
        assert session.data(serve(fixed_body(b"x")).url()).result(5).data == b"x"

    assert getattr(configuration, name) is value
    doc = vars(URLSessionConfiguration)[name].__doc__
    assert "does not apply here:" in doc


@pytest.mark.parity(
    "6:allowsCellularAccess / allowsExpensive… / allowsConstrained…",
    "6:allowsUltraConstrainedNetworkAccess",
    "6:attribution",
    "6:cookiePartitionIdentifier",
)
@pytest.mark.parametrize(
    ("name", "value"),
    [
        *((name, value) for name, value in ACCEPTED.items() if name[:7] == "allows_"),
        ("attribution", Attribution.USER),
        ("cookie_partition_identifier", "https://top.example"),
    ],
)
def test_request_property_is_kept_and_changes_nothing(
    serve: Serve, name: str, value: object
) -> None:
    """The same for one request."""
    request = URLRequest(serve(fixed_body(b"x")).url())
    setattr(request, name, value)
    with URLSession(URLSessionConfiguration.ephemeral()) as session:
        task = session.data(request)
        assert task.result(5).data == b"x"

    assert getattr(task.original_request, name) == value


@pytest.mark.parity("2:requiresDNSSECValidation", "6:requiresDNSSECValidation")
@pytest.mark.parametrize(
    "owner", [URLSessionConfiguration.default(), URLRequest("http://a/")]
)
def test_dnssec_is_refused(owner: URLSessionConfiguration | URLRequest) -> None:
    """A promise that cannot be kept is none: what to do instead is said."""
    with pytest.raises(ValueError, match="resolver does not tell"):
        owner.requires_dnssec_validation = True
    owner.requires_dnssec_validation = False
    assert owner.requires_dnssec_validation is False


@pytest.mark.parity("6:allowsPersistentDNS")
def test_persistent_names_are_asked_of_libcurl(serve: Serve) -> None:
    """The load goes as any other; `test_hints` knows the option."""
    request = URLRequest(
        serve(fixed_body(b"x")).url().replace("127.0.0.1", "localhost")
    )
    request.allows_persistent_dns = True
    with URLSession(URLSessionConfiguration.ephemeral()) as session:
        for _ in range(2):
            assert session.data(request).result(5).data == b"x"
