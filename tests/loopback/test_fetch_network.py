"""``urlsession fetch`` through proxies, with credentials and cookies."""

from __future__ import annotations

import base64
import ssl
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import trustme

from urlsession.testing import ReceivedRequest, answering, fixed_body

from .fetching import fetch

if TYPE_CHECKING:
    from urlsession.testing.certificates import CertificateAuthority
    from urlsession.testing.handlers import Answer

    from ..conftest import Serve

pytestmark = pytest.mark.slow


def shown(request: ReceivedRequest) -> Answer:
    """Answer with what a proxy is asked for and is told."""
    fields = [request.header("Proxy-Authorization"), request.header("Authorization")]
    return 200, [], f"{request.target} {fields}".encode()


def test_proxy_is_used_and_gets_its_credentials(serve: Serve) -> None:
    """Of the URL; the environment's exceptions do not count."""
    proxy = serve(answering(shown))
    url = proxy.url("").replace("http://", "http://me:s%3A@").rstrip("/")

    done = fetch("--proxy", url, "http://no-such.invalid/a")

    token = base64.b64encode(b"me:s:").decode()
    assert done.exit_code == 0, done.err
    assert done.out.decode() == (f"http://no-such.invalid/a ['Basic {token}', None]")


def test_empty_proxy_is_none(serve: Serve) -> None:
    """Whatever the environment says."""
    proxy, server = serve(answering(shown)), serve(fixed_body(b"direct"))

    done = fetch("--proxy", "", server.url(), http_proxy=proxy.url(), NO_PROXY="")

    assert (done.out, proxy.accepted) == (b"direct", 0)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--proxy", "gopher://a:s3cret@b"], "--proxy"),
        (["--proxy", "http://a:0"], "--proxy"),
        (["-u", "nobody"], "-u"),
        (["--key", "key.pem"], "--key"),
        (["--cert", "/no/such.pem"], "--cert"),
        (["--cert", __file__], "--cert"),
        (["--cookie-jar", "/"], "--cookie-jar"),
        (["--cookie-jar", "/no/such/folder/jar"], "--cookie-jar"),
    ],
)
def test_mistake_is_told_before_anything_is_loaded(
    serve: Serve, arguments: list[str], said: str
) -> None:
    """With exit code 2, and without the password."""
    server = serve(fixed_body(b"x"))

    done = fetch(*arguments, server.url())

    assert done.exit_code == 2
    assert said in done.err and "s3cret" not in done.err
    assert server.accepted == 0


def test_user_is_sent_as_basic(serve: Serve) -> None:
    """A field of one's own comes first."""
    server = serve(answering(shown))
    token = base64.b64encode("Zoë:p:w".encode()).decode()

    by_option = fetch("-u", "Zoë:p:w", server.url())
    by_field = fetch("-u", "a:b", "-H", "Authorization: mine", server.url())

    assert by_option.out.decode() == f"/ [None, 'Basic {token}']"
    assert by_field.out.decode() == "/ [None, 'mine']"


def test_cookies_are_kept_in_their_jar(serve: Serve, tmp_path: Path) -> None:
    """From one command to the next; without one they are not."""

    def answer(request: ReceivedRequest) -> Answer:
        cookie = "a=1; Max-Age=1000"
        return 200, [("Set-Cookie", cookie)], (request.header("Cookie") or "-").encode()

    server = serve(answering(answer))
    jar = tmp_path / "jar"

    without = [fetch(server.url()).out for _ in range(2)]
    within = [fetch("--cookie-jar", jar, server.url()).out for _ in range(2)]

    assert without == [b"-", b"-"]
    assert within == [b"-", b"a=1"]
    assert jar.is_file()


def test_certificate_is_shown_to_who_asks(
    serve: Serve, ca: CertificateAuthority, tmp_path: Path
) -> None:
    """With its key in a file of its own; without one the server refuses."""
    authority = trustme.CA()
    leaf = authority.issue_cert("me@example.com")
    leaf.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    leaf.private_key_pem.write_to_path(tmp_path / "key.pem")
    context = ca.server_context()
    context.verify_mode = ssl.CERT_REQUIRED
    authority.configure_trust(context)
    url = serve(fixed_body(b"in"), tls=context).url()
    shown = ("--cert", tmp_path / "cert.pem", "--key", tmp_path / "key.pem")

    done = fetch("--cacert", ca.path, *shown, url)
    without = fetch("--cacert", ca.path, url)

    assert (done.exit_code, done.out) == (0, b"in"), done.err
    assert without.exit_code != 0
