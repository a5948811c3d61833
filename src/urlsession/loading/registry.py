"""The protocol classes that every session asks, and the order of asking.

Decides which class takes a request: those of the session's configuration come
first, in their order, then the registered ones, the last registered first. Knows
of a class what it asks it, nothing else.

Source: Foundation's ``URLProtocol.registerClass(_:)``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol, cast

from ..errors import URLError, URLErrorCode

if TYPE_CHECKING:
    from ..request import URLRequest

__all__ = ("REGISTRY", "ProtocolClass", "ProtocolObject", "Registry")


class ProtocolObject(Protocol):
    """An instance of a protocol class, which loads one request."""

    def start_loading(self) -> object:
        """Begin; an awaitable is run to its end."""

    def stop_loading(self) -> object:
        """Stop: nothing is wanted any more."""


class ProtocolClass(Protocol):
    """A class that can load requests: a subclass of `URLProtocol`."""

    def can_init(self, request: URLRequest) -> bool:
        """Whether this class loads `request`."""

    def can_init_task(self, task: object) -> bool:
        """Whether this class loads the current request of `task`."""

    def canonical_request(self, request: URLRequest) -> URLRequest:
        """Return the form of `request` that an instance is made for."""

    def __call__(
        self, request: URLRequest, cached_response: object, client: object, task: object
    ) -> ProtocolObject:
        """Make an instance for one request."""


class Registry:
    """The registered classes of this process.

    Attributes:
        classes: In the order of asking; replaced as a whole, never changed.
    """

    def __init__(self) -> None:
        self.classes: tuple[type, ...] = ()

    def add(self, kind: type) -> None:
        """Have `kind` asked first of all registered classes."""
        self.classes = (kind, *(one for one in self.classes if one is not kind))

    def remove(self, kind: type) -> None:
        """Ask `kind` no more; nothing happens if it is not registered."""
        self.classes = tuple(one for one in self.classes if one is not kind)

    def find(
        self, configured: Sequence[type], request: URLRequest, task: object
    ) -> ProtocolClass | None:
        """Return the class that takes `request`, or None.

        Args:
            configured: The classes of the session's configuration.
            request: What is to be loaded.
            task: For whom; its ``current_request`` is `request`.

        Raises:
            URLError: ``UNKNOWN``: a class raised when it was asked.
        """
        for one in (*configured, *self.classes):
            kind = cast("ProtocolClass", one)
            try:
                if kind.can_init_task(task):
                    return kind
            except Exception as error:
                raise URLError(
                    URLErrorCode.UNKNOWN,
                    f"{one.__qualname__} raised {type(error).__name__} when asked "
                    f"whether it loads the request: {error}",
                    failing_url=request.url,
                    underlying=error,
                ) from error
        return None


REGISTRY = Registry()
"""The registry of this process."""
