"""Which of libcurl's figures are read when a transaction ends, and their order."""

from __future__ import annotations

from typing import NamedTuple

import pycurl

__all__ = ("FIGURES", "PROTOCOLS", "Figures")

# Reading one costs about 0.09 µs: addresses, which are asked for less often, come
# from the connection instead.
FIGURES: tuple[int, ...] = (
    pycurl.QUEUE_TIME_T,
    pycurl.NAMELOOKUP_TIME_T,
    pycurl.CONNECT_TIME_T,
    pycurl.APPCONNECT_TIME_T,
    pycurl.PRETRANSFER_TIME_T,
    pycurl.POSTTRANSFER_TIME_T,
    pycurl.STARTTRANSFER_TIME_T,
    pycurl.TOTAL_TIME_T,
    pycurl.REQUEST_SIZE,
    pycurl.SIZE_UPLOAD_T,
    pycurl.HEADER_SIZE,
    pycurl.SIZE_DOWNLOAD_T,
    pycurl.NUM_CONNECTS,
    pycurl.INFO_HTTP_VERSION,
    pycurl.USED_PROXY,
)


PROTOCOLS = {1: "http/1.0", 2: "http/1.1", 3: "h2", 30: "h3"}
"""ALPN ids by libcurl's ``CURL_HTTP_VERSION_*``, as `INFO_HTTP_VERSION` gives it."""


class Figures(NamedTuple):
    """`FIGURES` by name: times in microseconds since the start, sizes in bytes."""

    queue_us: int
    name_lookup_us: int
    connect_us: int
    app_connect_us: int
    pre_transfer_us: int
    post_transfer_us: int
    start_transfer_us: int
    total_us: int
    request_size: int
    upload_size: int
    header_size: int
    download_size: int
    new_connections: int
    http_version: int
    used_proxy: int
