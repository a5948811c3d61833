"""libcurl, by way of pycurl: pools, transfers and what drives them."""

import pycurl

from .requirement import refusal

__all__ = ()

if _why_not := refusal(pycurl.version_info()[2]):
    raise ImportError(_why_not)
