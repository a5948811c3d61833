"""Which load a request gets: a protocol class's, or one of the built-in ones.

Decides by the session's protocol classes, the registered ones, and then the
scheme. The task asks here only if there are classes, or if the URL does not begin
with ``http``: a plain load over HTTP never comes here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .http import HTTPLoad
from .registry import REGISTRY

if TYPE_CHECKING:
    from ..request import URLRequest
    from .client import Load, LoadClient, LoadContext

__all__ = ("choose_load",)


def choose_load(
    client: LoadClient,
    context: LoadContext,
    request: URLRequest,
    *,
    is_redirect: bool = False,
) -> Load:
    """Return the load for `request`, not begun.

    A scheme that nobody offers is left to `HTTPLoad`, whose `begin` refuses it. So
    are ``data:`` and ``file:`` if a redirect leads there: no server may send a program
    to its own files, nor to a text of the server's choice.

    Args:
        client: The task, whose ``current_request`` is `request`.
        context: What the session's loads have in common.
        request: What to load.
        is_redirect: Whether another load led here.

    Raises:
        URLError: A protocol class raised when it was asked.
    """
    kind = REGISTRY.find(context.protocol_classes, request, client)
    if kind is not None:
        from .protocol import ProtocolLoad

        return ProtocolLoad(client, context, request, kind)
    scheme = "" if is_redirect else request.url.partition(":")[0].lower()
    if scheme == "data":
        from .data import DataLoad

        return DataLoad(client, context, request)
    if scheme == "file":
        from .file import FileLoad

        return FileLoad(client, context, request)
    return HTTPLoad(client, context, request)
