"""Which libcurl will do.

Pure. The wheels of pycurl bring a libcurl that will; a pycurl that was built
against the system's may find an older one.
"""

from __future__ import annotations

__all__ = ("MINIMUM_LIBCURL", "refusal")

MINIMUM_LIBCURL = (8, 23, 0)  # what this package is tested with; 8.21.0 leaks sockets


def refusal(version_number: int) -> str | None:
    """Return why a libcurl will not do, or None if it will.

    Args:
        version_number: ``LIBCURL_VERSION_NUM``: 0xXXYYZZ.
    """
    version = (
        version_number >> 16 & 0xFF,
        version_number >> 8 & 0xFF,
        version_number & 0xFF,
    )
    if version >= MINIMUM_LIBCURL:
        return None
    found, wanted = (".".join(map(str, one)) for one in (version, MINIMUM_LIBCURL))
    return (
        f"urlsession needs libcurl {wanted} or newer, and pycurl brings {found}: "
        "install pycurl's wheel (pip install --only-binary :all: 'pycurl>=7.49')"
    )
