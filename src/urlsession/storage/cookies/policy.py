"""The words for what a cookie is allowed: which are stored, and with whom they go."""

from __future__ import annotations

import enum

__all__ = ("CookieAcceptPolicy", "CookieSameSitePolicy")


class CookieAcceptPolicy(enum.IntEnum):
    """Which cookies are stored, with Apple's numbers."""

    ALWAYS = 0
    NEVER = 1
    ONLY_FROM_MAIN_DOCUMENT_DOMAIN = 2


class CookieSameSitePolicy(enum.StrEnum):
    """To whom a cookie goes when another site's document asks for its URL.

    To nobody, for both: a load by a document of another site is no navigation, and
    for those alone `LAX` is the laxer. ``SameSite=None`` is no policy, as on Apple.
    """

    LAX = "lax"
    STRICT = "strict"
