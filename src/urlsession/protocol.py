"""Protocol classes: loads of a user's own making.

Decides what a class must and may implement; who asks it, and when, is decided in
`loading.registry` and `loading.protocol`.

Source: Foundation's ``URLProtocol``.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TYPE_CHECKING

from .loading.protocol import URLProtocolClient
from .loading.redirect import is_redirect, location_of, redirected_request
from .loading.registry import REGISTRY

if TYPE_CHECKING:
    from .request import URLRequest
    from .response import HTTPURLResponse
    from .storage.cached_response import CachedURLResponse
    from .tasks.task import URLSessionTask

__all__ = ("URLProtocol", "URLProtocolClient")


class URLProtocol:
    """A way to load requests; subclass it and implement the first three methods below.

    A class is used by the sessions in whose configuration's ``protocol_classes`` it is,
    or by every session once it is registered. One instance is made for each request.

    Threads: ``start_loading`` runs on the loop of a session that a loop drives, and must
    not block there; it may be ``async def``. For any other session it runs on a worker
    thread of its own, and may block. ``stop_loading`` runs on the loop too, or on
    another worker if ``start_loading`` has not returned. The class methods are asked on
    the thread that resumes the task or drives the session, and must be quick.

    Args:
        request: What to load: the canonical request, with the session's header fields.
        cached_response: What the session's cache has for it, by the canonical request,
            unless the cache policy is not to read; None if there is nothing.
        client: Whom to tell.
        task: The task that the request belongs to.

    Source: Foundation's ``URLProtocol``.
    """

    def __init__(
        self,
        request: URLRequest,
        cached_response: CachedURLResponse | None,
        client: URLProtocolClient,
        task: URLSessionTask | None = None,
    ) -> None:
        self._request = request
        self._cached_response = cached_response
        self._client = client
        self._task = task

    @classmethod
    def can_init(cls, request: URLRequest) -> bool:
        """Whether this class loads `request`; the first class that does, gets it."""
        raise NotImplementedError(f"{cls.__qualname__} must implement can_init")

    def start_loading(self) -> None | Awaitable[None]:
        """Begin to load: tell `client` of response, data and end, now or later."""
        raise NotImplementedError(
            f"{type(self).__qualname__} must implement start_loading"
        )

    def stop_loading(self) -> None | Awaitable[None]:
        """Stop; called once for each instance that was started, after its end too."""
        raise NotImplementedError(
            f"{type(self).__qualname__} must implement stop_loading"
        )

    @classmethod
    def can_init_task(cls, task: URLSessionTask) -> bool:
        """Whether this class loads the ``current_request`` of `task`.

        Asked instead of `can_init`, which it asks unless it is overridden.
        """
        return cls.can_init(task.current_request)

    @classmethod
    def canonical_request(cls, request: URLRequest) -> URLRequest:
        """Return the form of `request` that is the key of a cache; as it is, here."""
        return request

    @classmethod
    def request_is_cache_equivalent(cls, a: URLRequest, b: URLRequest) -> bool:
        """Whether a cached response to one is an answer to the other."""
        return cls.canonical_request(a) == cls.canonical_request(b)

    @property
    def request(self) -> URLRequest:
        """What to load."""
        return self._request

    @property
    def cached_response(self) -> CachedURLResponse | None:
        """A cached response for the request; None if there is none."""
        return self._cached_response

    @property
    def client(self) -> URLProtocolClient:
        """Whom to tell."""
        return self._client

    @property
    def task(self) -> URLSessionTask | None:
        """The task that the request belongs to."""
        return self._task

    @staticmethod
    def redirected_request(
        request: URLRequest, response: HTTPURLResponse
    ) -> URLRequest | None:
        """Return the request that an HTTP response redirects to, for `was_redirected`.

        By the rules for HTTP; None if the response is no redirect.

        Raises:
            URLError: ``REDIRECT_TO_NON_EXISTENT_LOCATION``: the Location cannot be read.
        """
        status_code, location = response.status_code, location_of(response)
        if location is None or not is_redirect(status_code, location):
            return None
        return redirected_request(request, status_code, location, lambda _request: True)

    @staticmethod
    def register(kind: type[URLProtocol]) -> type[URLProtocol]:
        """Have every session ask `kind`; the last registered is asked first.

        Returns:
            `kind`, so that this can be used as a decorator.

        Raises:
            TypeError: `kind` is no class, or no subclass of `URLProtocol`.
        """
        if not issubclass(kind, URLProtocol):
            raise TypeError(f"only subclasses of URLProtocol register, not {kind!r}")
        REGISTRY.add(kind)
        return kind

    @staticmethod
    def unregister(kind: type[URLProtocol]) -> None:
        """Ask `kind` no more; loads that run go on. Harmless when repeated."""
        REGISTRY.remove(kind)

    @staticmethod
    def property(key: str, request: URLRequest) -> object | None:
        """Return what `set_property` has left on a request; None if nothing."""
        return request.protocol_properties.get(key)

    @staticmethod
    def set_property(value: object, key: str, request: URLRequest) -> None:
        """Leave a mark on a request; copies of it carry the mark too.

        A class that loads by a session of its own marks the request, and does not take
        one that is marked.
        """
        request.protocol_properties = {**request.protocol_properties, key: value}

    @staticmethod
    def remove_property(key: str, request: URLRequest) -> None:
        """Take a mark away; nothing happens if there is none."""
        marks = {k: v for k, v in request.protocol_properties.items() if k != key}
        request.protocol_properties = marks
