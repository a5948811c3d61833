"""The arguments of ``urlsession fetch``: what is to be loaded, and where it goes.

Decides what is a mistake of the user's (exit code 2, before anything is loaded).
Must not load anything; files are looked at, and read where a body is made of them.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import stat
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ...configuration import URLSessionConfiguration
from ...errors import UsageError
from ...request import Body, URLRequest
from .exit_code import MEANINGS
from .network import authorization_of, configuration_of
from .upload_body import file_to_upload, form_of, url_with_name

__all__ = ("FetchOptions", "parse_options")

_JSON = "application/json"
_EXAMPLES = """\
examples:
  urlsession fetch https://example.com/
      the body, on standard output
  urlsession fetch -i -H 'Accept: text/plain' https://example.com/
      the head too, and a header field of your own
  urlsession fetch -d name=Ada -d lang=en https://example.com/form
  urlsession fetch --json '{"name": "Ada"}' https://example.com/people
      POST; also -d @FILE, --json @FILE, and @- for standard input
  urlsession fetch -F title=Notes -F report=@report.pdf https://example.com/form
  urlsession fetch -T disk.img https://example.com/images/
      PUT; the body is read while it is sent
  urlsession fetch -o page.html https://example.com/
      page.html comes into being when all of it is there, or not at all
  urlsession fetch -o downloads/ https://example.com/a.zip https://example.com/b.zip
      many at once, each under the name that its server suggests
  urlsession fetch -o disk.img --resume https://example.com/disk.img
      goes on with a disk.img that is there in part
  urlsession fetch --metrics -s -o /dev/null https://example.com/ https://example.com/
      where the time went, and that the second load could reuse the connection
  urlsession fetch wss://example.com/chat
      a WebSocket: each line of standard input is sent as a text message, each message
      is written as a line; ends when the server closes, or when the input has ended
      and the server has been silent for a second
  urlsession fetch --fail --max-time 10 https://example.com/health || echo down
"""
_NOTES = """\
Redirects are followed, up to 20; Authorization does not go to another origin.
gzip, deflate and br are decoded. Without --proxy, proxies are taken from the
environment (https_proxy, no_proxy). On a terminal NO_COLOR switches colours off.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchOptions:
    """What the user asked for.

    Attributes:
        requests: What to load, in the order of the URLs.
        configuration: For the one session that loads them.
        file: Where the body of the one URL goes; None for elsewhere.
        folder: Where the bodies go, each under its own name; None for elsewhere.
        shows_head: Whether the response's head goes before the body.
        shows_metrics: Whether to print where the time went.
        fails_on_status: Whether an HTTP status of 400 or above is a failure.
        resumes: Whether to go on with `file` where it ends.
        is_web_socket: Whether the one URL is a WebSocket's, to talk over.
        subprotocols: What to offer its server.
        is_silent: Whether to show neither bars nor names of files.
        parallel: How many URLs are loaded at the same time, at most.
        uploads: Whether the requests' bodies are sent as uploads, resumed if they can
            be.
    """

    requests: tuple[URLRequest, ...]
    configuration: URLSessionConfiguration
    file: Path | None = None
    folder: Path | None = None
    shows_head: bool = False
    shows_metrics: bool = False
    fails_on_status: bool = False
    resumes: bool = False
    is_silent: bool = False
    is_web_socket: bool = False
    subprotocols: tuple[str, ...] = ()
    parallel: int = 50
    uploads: bool = False


def parse_options(argv: Sequence[str]) -> FetchOptions:
    """Read the arguments.

    Args:
        argv: Arguments after ``fetch``.

    Raises:
        SystemExit: With code 2 and a message if they are wrong, with code 0 after
            ``--help``.
    """
    parser = _parser()
    # Intermixed: URLs and options in any order, as with curl.
    found = parser.parse_intermixed_args(list(argv))
    try:
        file, folder = _destination(found.output, len(found.urls))
        is_web_socket = _is_web_socket(found)
        requests = _requests(found)
        if found.resume:
            _refuse_resume(found, file, requests)
        return FetchOptions(
            requests=requests,
            is_web_socket=is_web_socket,
            subprotocols=tuple(found.subprotocol),
            configuration=configuration_of(found),
            file=file,
            folder=folder,
            shows_head=found.include,
            shows_metrics=found.metrics,
            fails_on_status=found.fail,
            resumes=found.resume,
            is_silent=found.silent,
            parallel=found.parallel,
            uploads=found.form is not None or found.upload_file is not None,
        )
    except (UsageError, ValueError, OSError) as error:
        parser.error(str(error))


def _parser() -> argparse.ArgumentParser:
    codes = "\n".join(f"  {code.value:>3}  {text}" for code, text in MEANINGS.items())
    parser = argparse.ArgumentParser(
        prog="urlsession fetch",
        usage="%(prog)s [OPTIONS] URL…",
        description="Load URLs, many at once over one session.",
        epilog=(
            f"{_EXAMPLES}\nexit codes (of the first URL, in their order, that failed):"
            f"\n{codes}\n\n{_NOTES}"
        ),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("urls", nargs="+", metavar="URL")
    _add_request_options(parser.add_argument_group("request"))
    _add_output_options(parser.add_argument_group("output"))
    _add_network_options(parser.add_argument_group("network"))
    return parser


def _add_request_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "-X", "--request", metavar="METHOD", help="GET, or POST with a body, by default"
    )
    group.add_argument(
        "-H",
        "--header",
        metavar="'NAME: VALUE'",
        action="append",
        default=[],
        help="a header field; may be repeated",
    )
    body = group.add_mutually_exclusive_group()
    body.add_argument(
        "-d",
        "--data",
        metavar="DATA|@FILE",
        action="append",
        help="the body, as it is; repeated ones are joined by '&' (form fields)",
    )
    body.add_argument(
        "-F",
        "--form",
        metavar="NAME=VALUE|NAME=@FILE",
        action="append",
        help="a field, or a file, of a form (multipart/form-data); may be repeated; "
        "';type=' and ';filename=' may follow a file",
    )
    body.add_argument(
        "-T",
        "--upload-file",
        metavar="FILE",
        help="send a file by PUT, '-' for standard input; its name is added to a URL "
        "that ends in '/'; goes on after a lost connection if the server offers it",
    )
    body.add_argument("--json", metavar="JSON|@FILE", help="a JSON body")
    group.add_argument(
        "--subprotocol",
        metavar="NAME",
        action="append",
        default=[],
        help="a subprotocol to offer to a WebSocket's server; may be repeated",
    )


def _add_output_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "-o",
        "--output",
        metavar="FILE|DIR",
        help="where bodies go: a file for one URL, a folder for any number (one that "
        "exists, or a name that ends in '/'); existing files in a folder are kept",
    )
    group.add_argument(
        "--resume",
        action="store_true",
        help="with -o FILE: go on where FILE ends, if the server does; what came of a "
        "load that fails stays in FILE",
    )
    group.add_argument(
        "-i", "--include", action="store_true", help="write the response's head too"
    )
    group.add_argument(
        "--metrics",
        action="store_true",
        help="show where the time went, on standard error",
    )
    group.add_argument(
        "-s",
        "--silent",
        action="store_true",
        help="neither bars nor names of files; errors are still told",
    )
    group.add_argument(
        "-f",
        "--fail",
        action="store_true",
        help="HTTP status 400 or above: no output, exit code 22",
    )


def _add_network_options(group: argparse._ArgumentGroup) -> None:
    versions = group.add_mutually_exclusive_group()
    for flag, protocol in (("1.1", "http/1.1"), ("2", "h2"), ("3", "h3")):
        versions.add_argument(
            f"--http{flag}",
            dest="protocol",
            action="store_const",
            const=protocol,
            help=f"speak HTTP/{flag}"
            + (" where the server does too" if flag != "1.1" else " only"),
        )
    group.add_argument(
        "--max-time",
        metavar="SECONDS",
        type=_seconds,
        help="for each URL, from start to end; fractions are fine",
    )
    group.add_argument(
        "--cacert",
        metavar="FILE",
        help="PEM certificates to trust instead of the system's",
    )
    group.add_argument(
        "--proxy",
        metavar="URL",
        help="go through this proxy (http://, https://, socks5:// or socks5h://, with "
        "USER:PASSWORD@ if it asks); '' for none, whatever the environment says",
    )
    group.add_argument(
        "-u",
        "--user",
        metavar="USER:PASSWORD",
        help="sent with the first request, as Basic; not to another origin",
    )
    group.add_argument(
        "--cert",
        metavar="FILE",
        help="client certificate (PEM, DER or PKCS#12) for the hosts of the URLs, if "
        "they ask for one",
    )
    group.add_argument(
        "--key", metavar="FILE", help="its private key, if --cert does not hold it"
    )
    group.add_argument(
        "--cookie-jar",
        metavar="FILE",
        help="keep cookies in FILE, which is made if there are any, and send those that "
        "are in it; without it they end with the command",
    )
    group.add_argument(
        "--parallel",
        metavar="N",
        type=_count,
        default=50,
        help="load at most N URLs at the same time (default: 50; six to a host "
        "over HTTP/1.1)",
    )


def _seconds(text: str) -> float:
    seconds = float(text)
    if math.isnan(seconds) or seconds <= 0:
        raise argparse.ArgumentTypeError(f"must be above 0, not {text}")
    return seconds


def _count(text: str) -> int:
    count = int(text)
    if count < 1:
        raise argparse.ArgumentTypeError(f"must be 1 or more, not {text}")
    return count


def _destination(output: str | None, count: int) -> tuple[Path | None, Path | None]:
    """Return (file, folder); both None for standard output."""
    if output is None or output == "-":
        return None, None
    if not output:
        raise ValueError("-o: the name is empty")
    path = Path(output)
    if output.endswith(os.sep) or path.is_dir():
        path.mkdir(parents=True, exist_ok=True)
        return None, path
    if count > 1 and not path.is_char_device():  # /dev/null takes anything
        raise ValueError(
            f"-o {output}: one file cannot take {count} URLs; name a folder "
            f"({output}{os.sep})"
        )
    if not path.parent.is_dir():
        raise ValueError(f"-o {output}: there is no folder {str(path.parent)!r}")
    return path, None


def _refuse_resume(
    found: argparse.Namespace, file: Path | None, requests: Sequence[URLRequest]
) -> None:
    if file is None or len(requests) != 1:
        raise ValueError("--resume: takes one URL and -o FILE")
    if file.exists() and not file.is_file():
        raise ValueError(f"--resume: {str(file)!r} is no regular file")
    if found.include:
        raise ValueError("--resume: a head (-i) cannot stand in the middle of a file")
    if requests[0].http_method != "GET":
        raise ValueError("--resume: only a GET can go on")


def _is_web_socket(found: argparse.Namespace) -> bool:
    wanted = [url.lower().startswith(("ws:", "wss:")) for url in found.urls]
    if not any(wanted):
        if found.subprotocol:
            raise ValueError("--subprotocol: is for a ws or wss URL")
        return False
    if len(wanted) > 1:
        raise ValueError("a ws or wss URL must be the only one")
    bodies = (found.data, found.json, found.form, found.upload_file, found.request)
    if any(one is not None for one in bodies):
        raise ValueError(
            "a WebSocket takes neither a body nor -X: lines of standard input are sent"
        )
    if found.output not in (None, "-"):
        raise ValueError("-o: a WebSocket's messages go to standard output")
    return True


def _requests(found: argparse.Namespace) -> tuple[URLRequest, ...]:
    fields = [_field(text) for text in found.header]
    names = {name.lower() for name, _ in fields}
    defaults: list[tuple[str, str]] = []
    if found.user is not None and "authorization" not in names:
        fields.append(authorization_of(found.user))
    body: Body | None = None
    urls, default = found.urls, "POST"
    if found.form is not None:
        body = form_of(found.form)
    elif found.upload_file is not None:
        body, default = file_to_upload(found.upload_file), "PUT"
        if not isinstance(body, Path) and len(urls) > 1:
            raise ValueError("-T -: standard input can be sent to one URL only")
        urls = [url_with_name(url, body) for url in urls]
    elif found.json is not None:
        body = _json_body(found.json)
        defaults = [("Content-Type", _JSON), ("Accept", _JSON)]
    elif found.data is not None:
        body = _data_body(found.data)
        defaults = [("Content-Type", "application/x-www-form-urlencoded")]
    fields += [pair for pair in defaults if pair[0].lower() not in names]
    method = found.request or ("GET" if body is None else default)
    if body is not None and method.upper() == "GET":
        raise ValueError("a GET request cannot have a body; leave -X GET out")
    return tuple(
        URLRequest(url, method=method, headers=fields or None, body=body)
        for url in urls
    )


def _field(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon:
        raise ValueError(f"-H {text!r}: a header field is written 'Name: value'")
    return name.strip(), value.strip()


def _data_body(pieces: Sequence[str]) -> bytes | Path:
    if len(pieces) == 1 and (path := _regular_file(pieces[0])) is not None:
        return path  # sent as it is read, so that it need not fit into memory
    return b"&".join(_bytes_of(piece, "-d") for piece in pieces)


def _json_body(text: str) -> bytes:
    body = _bytes_of(text, "--json")
    try:
        json.loads(body)
    except ValueError as error:
        raise ValueError(f"--json: this is not JSON: {error}") from error
    return body


def _regular_file(text: str) -> Path | None:
    if not text.startswith("@"):
        return None
    path = Path(text[1:])
    try:
        # Of a pipe, such as the shell's <(...), the length is known at its end only.
        is_regular = stat.S_ISREG(path.stat().st_mode)
    except OSError:
        return None
    return path if is_regular and os.access(path, os.R_OK) else None


def _bytes_of(text: str, option: str) -> bytes:
    if text == "@-":
        return sys.stdin.buffer.read()
    if text.startswith("@"):
        return _read(text[1:], option)
    return text.encode(errors="surrogateescape")


def _read(file: str, option: str) -> bytes:
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise ValueError(f"{option}: cannot read {file!r}: {error.strerror}") from error
