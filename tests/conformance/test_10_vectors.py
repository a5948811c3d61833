"""Section 10: what Set-Cookie lines mean, from the wire back to the wire.

Each row is what one reply sets, and the Cookie field of the next request. The rules are
RFC 6265bis's (5.1.1, 5.4, 5.6, 5.7), whose corners the web platform's vectors visit.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pytest

from urlsession import URLSession, URLSessionConfiguration
from urlsession.testing import ReceivedRequest, answering
from urlsession.testing.handlers import Answer

if TYPE_CHECKING:
    from ..conftest import Serve

FULL = "x" * 4094
PATH = "/shop/cart"

VECTORS: dict[str, tuple[Sequence[str], str | None]] = {
    # names and values
    "spaces around": ([" a = 1 "], "a=1"),
    "spaces within": (["a b=1 2"], "a b=1 2"),
    "tabs around": (["\ta=1\t"], "a=1"),
    "a tab within": (["a=1\t2"], "a=1\t2"),
    "quotes stay": (['a="1 "'], 'a="1 "'),
    "quotes hide no semicolon": (['a="1;2"'], 'a="1'),
    "a comma is one": (["a=1, b=2"], "a=1, b=2"),
    "equals signs": (["a==1="], "a==1="),
    "no value": (["a="], "a="),
    "no name": (["=1"], "1"),
    "no equals sign": (["a"], "a"),
    "nameless ones are one": (["=1", "2"], "2"),
    "nothing": (["", "=", ";a=1", "  "], None),
    "not ASCII": (["a=\xc3\xa9"], "a=\xc3\xa9"),
    "a control": (["a=1\x01"], None),
    "DEL": (["a\x7f=1"], None),
    # sizes
    "4096 bytes": ([f"a={FULL}x"], f"a={FULL}x"),
    "4097 bytes": ([f"a={FULL}xx"], None),
    "attribute too long": ([f"a=1; Path=/; Path=/{'x' * 1024}"], "a=1"),
    # order and replacement
    "in order": (["b=1", "a=2"], "b=1; a=2"),
    "longest path first": (["a=1; Path=/", "b=2; Path=/shop"], "b=2; a=1"),
    "replaced in its place": (["a=1", "b=2", "a=3"], "a=3; b=2"),
    "taken away": (["a=1", "b=2", "a=; Max-Age=0"], "b=2"),
    "another path stands beside": (["a=1; Path=/", "a=2; Path=/shop"], "a=2; a=1"),
    # attributes
    "unknown ones": (["a=1; b; c=2; ;; 'd'; \"Secure\"; Secure x"], "a=1"),
    "Secure without TLS": (["a=1; Secure"], None),
    "Secure with a value": (["a=1; SECURE=no"], None),
    "HttpOnly": (["a=1; HttpOnly"], "a=1"),
    "Version": (["a=1; Version=1"], "a=1"),
    "SameSite is unknown": (["a=1; SameSite=x"], "a=1"),
    "SameSite=None without Secure": (["a=1; SameSite=None"], None),
    # Path
    "its folder": (["a=1; Path=/shop"], "a=1"),
    "itself": (["a=1; Path=/shop/cart"], "a=1"),
    "below it": (["a=1; Path=/shop/cart/"], None),
    "half a name": (["a=1; Path=/sho"], None),
    "another case": (["a=1; Path=/Shop"], None),
    "escaped": (["a=1; Path=/%73hop"], None),
    "no path": (["a=1; Path=shop"], "a=1"),
    "the last path": (["a=1; Path=/x; Path=/shop"], "a=1"),
    "the last, empty": (["a=1; Path=/x; Path"], "a=1"),
    # Domain, of an address
    "of itself": (["a=1; Domain=127.0.0.1"], "a=1"),
    "of nothing": (["a=1; Domain="], "a=1"),
    "of another": (["a=1; Domain=127.0.0.2"], None),
    "of a part": (["a=1; Domain=0.0.1"], None),
    # ages
    "expired": (["a=1; Expires=Thu, 10 Apr 1980 16:33:12 GMT"], None),
    "no date": (["a=1; Expires=soon"], "a=1"),
    "asctime's": (["a=1; Expires=Fri Jan  1 00:00:00 2038"], "a=1"),
    "two digits of a year": (["a=1; Expires=Fri, 01-Jan-38 00:00:00 GMT"], "a=1"),
    "a date before a comma": (
        ["a=1; Expires=Fri 01 Jan 2038 00:00:00 GMT, b=2"],
        "a=1",
    ),
    "an age below 0": (["a=1; Max-Age=-20"], None),
    "an age beats a date": (["a=1; Max-Age=9; Expires=Thu, 1 Jan 1970 0:0:0"], "a=1"),
    "no age": (["a=1; Max-Age=5,9"], "a=1"),
    "no whole age": (["a=1; Max-Age=0.5"], "a=1"),
    # prefixes
    "__Secure- without it": (["__Secure-a=1"], None),
    "__Host- without a name": (["=__Host-a=1"], None),
    "no prefix": (["__secure=1"], "__secure=1"),
}


@pytest.mark.parametrize(("lines", "sent"), VECTORS.values(), ids=VECTORS)
@pytest.mark.parity("10:cookies(for:)", "A:2 cookies ignore path and Secure")
def test_what_is_set_comes_back(
    serve: Serve, lines: Sequence[str], sent: str | None
) -> None:
    """Over one connection, in the storage of the session's own."""

    def answer(_request: ReceivedRequest) -> Answer:
        return 200, [("Set-Cookie", line) for line in lines], b""

    server = serve(answering(answer))
    with URLSession(URLSessionConfiguration.ephemeral()) as session:
        for _ in range(2):
            session.data(server.url(PATH)).result(5)

    assert [one.header("Cookie") for one in server.requests] == [None, sent]
