"""What libcurl is told: once for a session, and then for each request.

Decides the translation of Foundation's values into libcurl's options. Must not
run anything.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import pycurl

from ..engine.trust import trust_options
from ..tls import TLSProtocolVersion
from .coding import offered_codings

if TYPE_CHECKING:
    from ..configuration import URLSessionConfiguration
    from ..request import URLRequest
    from .body import BodyReader

__all__ = (
    "BUFFER_SIZE",
    "STREAM_BUFFER_SIZE",
    "body_options",
    "header_options",
    "session_headers",
    "session_options",
    "stream_options",
    "with_options",
)

Option = tuple[int, object]

BUFFER_SIZE = 512 * 1024  # bytes; 16 KiB, libcurl's default, costs a factor of seven
# Bytes. What libcurl reads is copied once more, for which it should still be in the
# processor's cache; and 23 times as much may come that a consumer cannot refuse.
STREAM_BUFFER_SIZE = 128 * 1024
_SUPPRESS_CONNECT_HEADERS = 265  # CURLOPT number; pycurl has no name for it
_TLS_VERSIONS = {
    TLSProtocolVersion.TLSV10: (pycurl.SSLVERSION_TLSv1_0, "TLSv1_0"),
    TLSProtocolVersion.TLSV11: (pycurl.SSLVERSION_TLSv1_1, "TLSv1_1"),
    TLSProtocolVersion.TLSV12: (pycurl.SSLVERSION_TLSv1_2, "TLSv1_2"),
    TLSProtocolVersion.TLSV13: (pycurl.SSLVERSION_TLSv1_3, "TLSv1_3"),
}
_HTTP_VERSIONS = {
    None: pycurl.CURL_HTTP_VERSION_2TLS,
    "http/1.1": pycurl.CURL_HTTP_VERSION_1_1,
    "h2": pycurl.CURL_HTTP_VERSION_2_0,
    "h3": pycurl.CURL_HTTP_VERSION_3,
}


def session_options(configuration: URLSessionConfiguration) -> list[Option]:
    """Return the options that hold for every transfer of a session."""
    minimum = configuration.tls_minimum_supported_protocol_version
    maximum = configuration.tls_maximum_supported_protocol_version
    tls_range = _TLS_VERSIONS[minimum][0] | getattr(
        pycurl, f"SSLVERSION_MAX_{_TLS_VERSIONS[maximum][1]}"
    )
    options: list[Option] = [
        (pycurl.NOSIGNAL, 1),
        (pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS),
        (pycurl.FOLLOWLOCATION, 0),  # redirects are followed by Foundation's rules
        (pycurl.HTTP_VERSION, _HTTP_VERSIONS[configuration.http_protocol]),
        (pycurl.ACCEPT_ENCODING, ""),  # all that this libcurl can decode
        (pycurl.USERAGENT, _user_agent()),
        (_SUPPRESS_CONNECT_HEADERS, 1),
        (pycurl.BUFFERSIZE, BUFFER_SIZE),
        # Both timers of Foundation run here, see `engine.stall`; libcurl's own
        # connect limit (300 s) must not undercut a longer one.
        (pycurl.CONNECTTIMEOUT_MS, 2**31 - 1),
        (pycurl.SSLVERSION, tls_range),
        *trust_options(configuration.trusted_certificates),
    ]
    if configuration.enables_early_data:
        options.append((pycurl.SSL_OPTIONS, pycurl.SSLOPT_EARLYDATA))
    lifetime_s = configuration.maximum_connection_lifetime
    if lifetime_s is not None and lifetime_s < math.inf:
        options.append((pycurl.MAXLIFETIME_CONN, max(1, math.ceil(lifetime_s))))
    return options


def session_headers(configuration: URLSessionConfiguration) -> list[tuple[str, str]]:
    """Return the fields that each request gets which lacks them."""
    fields = configuration.http_additional_headers.items()
    names = {name.lower() for name, _ in fields}
    language = _accept_language()
    if language and "accept-language" not in names:
        fields.append(("Accept-Language", language))
    return fields


def header_options(
    request: URLRequest, session_fields: Sequence[tuple[str, str]]
) -> list[Option]:
    """Return the options for a request's header fields, the session's included."""
    own = request.header_items()
    names = {name.lower() for name, _ in own}
    lines = [_line(name, value) for name, value in own]
    lines += [
        _line(name, value)
        for name, value in session_fields
        if name.lower() not in names
    ]
    if "expect" not in names:
        lines.append(b"Expect:")  # libcurl would wait for a 100; Foundation does not
    return [(pycurl.HTTPHEADER, lines)]


def stream_options() -> list[Option]:
    """Return the options for a body that is decoded here, see `loading.coding`."""
    return [
        (pycurl.HTTP_CONTENT_DECODING, 0),
        (pycurl.ACCEPT_ENCODING, offered_codings()),
    ]


def body_options(
    request: URLRequest,
    reader: BodyReader | None,
    fields: list[Option],
    read: Callable[[int], bytes | int] | None = None,
) -> list[Option]:
    """Return the options for method and body, added to the `header_options`."""
    method = request.http_method
    body = request.http_body
    if not body and method in ("GET", "HEAD"):
        body = None
    if reader is not None:
        if method == "POST" and reader.length != 0:
            _add_line(fields, b"Content-Type: application/x-www-form-urlencoded")
        return [*fields, *_stream_options(method, request, reader, read)]
    if body is None and method == "GET":
        return fields
    if body is None and method == "HEAD":
        return [*fields, (pycurl.NOBODY, 1)]
    if body is None and method not in ("POST", "PUT", "PATCH"):
        return [*fields, (pycurl.CUSTOMREQUEST, method)]
    if not body or method != "POST":
        # libcurl makes up the type of a form, which Foundation does for POST only.
        # An empty body still gets its Content-Length, which servers ask for.
        _add_line(fields, b"Content-Type:")
    options = [*fields, (pycurl.POSTFIELDS, body or b"")]
    if method != "POST":
        options.append((pycurl.CUSTOMREQUEST, method))
    return options


def with_options(options: Sequence[Option], more: Sequence[Option]) -> list[Option]:
    """Return `options` with `more`.

    Header fields of `more` replace those of their name. Of several functions to be
    asked before a request goes out each is asked, those of `more` first, until one
    says no; of all else the last counts, as it does to libcurl.
    """
    made: list[Option] = []
    fields: list[bytes] = []
    gates: list[Callable[..., int]] = []
    for option, value in (*more, *options):
        if option == pycurl.PREREQFUNCTION and callable(value):
            gates.append(value)
    for option, value in more:
        if option == pycurl.HTTPHEADER and isinstance(value, list):
            fields += value
    names = {_field_name(line) for line in fields}
    for option, value in options:
        if option == pycurl.HTTPHEADER and isinstance(value, list):
            kept = [one for one in value if _field_name(one) not in names]
            made.append((option, kept + fields))
            fields = []
        else:
            made.append((option, value))
    made += [(option, value) for option, value in more if option != pycurl.HTTPHEADER]
    if fields:
        made.append((pycurl.HTTPHEADER, fields))
    if len(gates) > 1:
        made.append((pycurl.PREREQFUNCTION, _each_of(gates)))
    return made


def _field_name(line: bytes) -> bytes:
    return line.replace(b";", b":").partition(b":")[0].lower()


def _each_of(gates: Sequence[Callable[..., int]]) -> Callable[..., int]:
    def ask(*ends: object) -> int:
        for gate in gates:
            answer = gate(*ends)
            if answer != pycurl.PREREQFUNC_OK:
                return answer
        return int(pycurl.PREREQFUNC_OK)

    return ask


def _stream_options(
    method: str,
    request: URLRequest,
    reader: BodyReader,
    read: Callable[[int], bytes | int] | None,
) -> list[Option]:
    length = reader.length
    given = request.value("Content-Length")
    if given is not None and given.isdigit():
        length = int(given)
    return [
        (pycurl.UPLOAD, 1),
        (pycurl.CUSTOMREQUEST, method),
        (pycurl.INFILESIZE_LARGE, -1 if length is None else length),
        (pycurl.READFUNCTION, read or reader.read_for_curl),
        (pycurl.UPLOAD_BUFFERSIZE, BUFFER_SIZE),
        (pycurl.SEEKFUNCTION, reader.seek_for_curl),
    ]


def _line(name: str, value: str) -> bytes:
    # libcurl reads "Name:" as "leave it out" and "Name;" as "send it empty".
    text = f"{name}: {value}" if value else f"{name};"
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode()


def _add_line(options: list[Option], line: bytes) -> None:
    name = _field_name(line)
    for option, lines in options:
        if option == pycurl.HTTPHEADER and isinstance(lines, list):
            if all(_field_name(one) != name for one in lines):
                lines.append(line)
            return
    options.append((pycurl.HTTPHEADER, [line]))


def _user_agent() -> str:
    return f"urlsession/0.1.0 {_LIBCURL}"


_LIBCURL = f"libcurl/{pycurl.version_info()[1]}"


def _accept_language() -> str:
    """Return the user's language as Foundation sends it; empty in the C locale."""
    name = (
        os.environ.get("LC_ALL")
        or os.environ.get("LC_MESSAGES")
        or os.environ.get("LANG")
        or ""
    )
    code = name.partition(".")[0].partition("@")[0]
    if code in ("", "C", "POSIX"):
        return ""
    language, _, region = code.partition("_")
    return f"{language}-{region},{language};q=0.9" if region else language
