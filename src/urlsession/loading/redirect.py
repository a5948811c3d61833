"""Which request follows a redirect, by Foundation's rules.

Pure. Decides method, body and headers of the next request; that the limit is
`MAXIMUM_REDIRECTS` is decided here and counted by the load.

Source: Foundation's behaviour as `url-loading-system` section 15 records it, RFC
9110 section 15.4.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..errors import URLError, URLErrorCode
from ..request import URLRequest
from ..url import parse_url

if TYPE_CHECKING:
    from ..response import HTTPURLResponse

__all__ = (
    "MAXIMUM_REDIRECTS",
    "is_redirect",
    "location_of",
    "redirected_request",
    "too_many_redirects",
    "without_body_fields",
    "without_secrets",
)

MAXIMUM_REDIRECTS = 20  # Foundation's

# To urljoin `http://` and `//` are the base itself, and `http:///x` is its `/x`.
_HAS_NO_HOST = re.compile(r"(?:https?:)?//(?:[/?#]|$)", re.IGNORECASE)
_FOLLOWED = frozenset((301, 302, 303, 305, 306, 307, 308))
# Bound to one origin, by meaning (Host) or because they are secrets.
_OF_ONE_ORIGIN = ("Authorization", "Cookie", "Proxy-Authorization", "Host")
_OF_A_BODY = (
    "Content-Encoding",
    "Content-Language",
    "Content-Length",
    "Content-Location",
    "Content-Type",
    "Transfer-Encoding",
)


def is_redirect(status_code: int, location: str | None) -> bool:
    """Whether a response asks to go elsewhere.

    300 and 304 do not, and a status that is not known means what 300 does.

    Source: RFC 9110, 15 and 15.4.
    """
    return status_code in _FOLLOWED and location is not None


def location_of(response: HTTPURLResponse) -> str | None:
    """Return the Location of a response; the first if it is there several times.

    libcurl refuses a head where they differ.
    """
    values = response.headers.get_all("Location")
    return values[0] if values else None


def redirected_request(
    request: URLRequest,
    status_code: int,
    location: str,
    is_offered: Callable[[URLRequest], bool] | None = None,
) -> URLRequest:
    """Return the request that a redirect leads to.

    301 and 302 turn POST into GET, 303 turns everything into GET, the others keep
    method and body. Credentials do not go to another origin.

    Args:
        request: The request that was redirected.
        status_code: The status that redirects.
        location: The value of the Location field.
        is_offered: Whether somebody loads a request whose scheme is not HTTP's;
            None: nobody does.

    Raises:
        URLError: ``REDIRECT_TO_NON_EXISTENT_LOCATION`` if the location cannot be
            read, ``UNSUPPORTED_URL`` if its scheme is not offered.
    """
    made = request.copy()
    made.url = location.strip()
    try:
        url = made.url = _target(request.url, location)
        if request.main_document_url == request.url:
            # The document itself has moved, and its cookies are of where it is now.
            made.main_document_url = url
        origin = parse_url(url).origin
    except URLError as error:
        if error.code is not URLErrorCode.UNSUPPORTED_URL or is_offered is None:
            raise
        if not is_offered(made):
            raise
        origin = None
    if status_code == 303 or (
        status_code in (301, 302) and request.http_method == "POST"
    ):
        made.http_method = "GET"
        made.http_body = None
        made.http_body_stream = None
        _remove(made, _OF_A_BODY)
    if origin != request.parts.origin:
        _remove(made, _OF_ONE_ORIGIN)
    return made


def too_many_redirects(url: str) -> URLError:
    """Return the error of a load whose `url` redirects once too often."""
    return URLError(
        URLErrorCode.HTTP_TOO_MANY_REDIRECTS,
        f"redirected more than {MAXIMUM_REDIRECTS} times",
        failing_url=url,
    )


def without_body_fields(request: URLRequest) -> None:
    """Take the fields away that describe a body which is not sent."""
    _remove(request, _OF_A_BODY)


def without_secrets(request: URLRequest) -> None:
    """Take the fields away that are for one origin only."""
    _remove(request, _OF_ONE_ORIGIN)


def _target(base: str, location: str) -> str:
    from urllib.parse import urljoin  # 2 ms for a program that is never redirected

    try:
        # Servers send UTF-8 here; the head was read as Latin-1.
        location = location.encode("latin-1").decode("utf-8")
    except UnicodeError:
        pass
    try:
        location = location.strip()
        if _HAS_NO_HOST.match(location):
            raise ValueError("it names no host")
        url = urljoin(base, location)
        parse_url(url)
    except (ValueError, URLError) as error:
        code = URLErrorCode.REDIRECT_TO_NON_EXISTENT_LOCATION
        if isinstance(error, URLError) and error.code is URLErrorCode.UNSUPPORTED_URL:
            code = error.code
        raise URLError(
            code,
            f"server redirects to {location!r}, which cannot be loaded",
            failing_url=base,
            underlying=error,
        ) from error
    fragment = base.partition("#")[2]
    return f"{url}#{fragment}" if fragment and "#" not in url else url


def _remove(request: URLRequest, names: tuple[str, ...]) -> None:
    if not request.header_items():
        return
    for name in names:
        request.headers.remove(name)
