"""The months as HTTP's dates have them, which no locale changes (RFC 9110, 5.6.7)."""

from __future__ import annotations

__all__ = ("MONTHS",)

MONTHS = (
    "jan",
    "feb",
    "mar",
    "apr",
    "may",
    "jun",
    "jul",
    "aug",
    "sep",
    "oct",
    "nov",
    "dec",
)
"""In lower case; the first is January."""
