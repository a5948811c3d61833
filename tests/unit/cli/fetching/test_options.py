"""The arguments of ``urlsession fetch``."""

from __future__ import annotations

import io
import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from urlsession.cli.fetching.options import parse_options

URL = "http://host/"


def refused(argv: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """Return the message for arguments that must be refused."""
    with pytest.raises(SystemExit) as ended:
        parse_options(argv)
    assert ended.value.code == 2
    return capsys.readouterr().err


def test_url_alone_is_a_get_to_standard_output() -> None:
    """In a session that stores nothing."""
    options = parse_options([URL])

    assert [one.url for one in options.requests] == [URL]
    assert options.requests[0].is_plain
    assert (options.file, options.folder) == (None, None)
    assert options.configuration.http_protocol is None


def test_urls_and_options_may_be_mixed() -> None:
    """As with curl."""
    options = parse_options([URL, "-i", "http://b/", "-X", "PUT", "http://c/"])

    assert [one.url for one in options.requests] == [URL, "http://b/", "http://c/"]
    assert {one.http_method for one in options.requests} == {"PUT"}
    assert options.shows_head


@pytest.mark.parametrize(
    ("argv", "protocol"),
    [(["--http1.1"], "http/1.1"), (["--http2"], "h2"), (["--http3"], "h3")],
)
def test_version_of_http_can_be_chosen(argv: list[str], protocol: str) -> None:
    """One of the three."""
    assert parse_options([*argv, URL]).configuration.http_protocol == protocol


def test_max_time_is_for_the_whole_load() -> None:
    """Fractions are fine; the idle timer stays."""
    configuration = parse_options(["--max-time", "0.25", URL]).configuration

    assert configuration.timeout_interval_for_resource == 0.25
    assert configuration.timeout_interval_for_request == 60.0


def test_header_fields_keep_their_order_and_repeats() -> None:
    """Spaces around the value are not part of it."""
    request = parse_options(["-H", "B:  1 ", "-H", "A: 2", "-H", "B: 3", URL])

    assert list(request.requests[0].header_items()) == [
        ("B", "1"),
        ("A", "2"),
        ("B", "3"),
    ]


def test_data_is_posted_as_a_form() -> None:
    """Pieces are joined as fields are."""
    request = parse_options(["-d", "a=1", "-d", "b=2", URL]).requests[0]

    assert request.http_method == "POST"
    assert request.http_body == b"a=1&b=2"
    assert request.value("Content-Type") == "application/x-www-form-urlencoded"


def test_file_is_sent_while_it_is_read(tmp_path: Path) -> None:
    """It need not fit into memory; each request reads it anew."""
    (tmp_path / "body").write_bytes(b"x")
    request = parse_options(["-d", f"@{tmp_path}/body", URL]).requests[0]

    assert request.http_body_stream == tmp_path / "body"


def test_pipe_is_read_before(tmp_path: Path) -> None:
    """Its length is known at its end only."""
    reader, writer = os.pipe()
    os.write(writer, b"x")
    os.close(writer)
    try:
        request = parse_options(["-d", f"@/dev/fd/{reader}", URL]).requests[0]
    finally:
        os.close(reader)

    assert request.http_body == b"x"


def test_standard_input_can_be_the_body(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read once, for all URLs."""
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(b"[1]")))
    options = parse_options(["--json", "@-", URL, URL])

    assert [one.http_body for one in options.requests] == [b"[1]", b"[1]"]


def test_json_is_sent_as_it_is_written() -> None:
    """With the two fields, unless the user has others."""
    first = parse_options(["--json", '{"b": 1, "a": 2}', URL]).requests[0]
    second = parse_options(["--json", "1", "-H", "accept: x/y", URL]).requests[0]

    assert first.http_body == b'{"b": 1, "a": 2}'
    assert first.value("Content-Type") == first.value("Accept") == "application/json"
    assert second.headers.get_all("Accept") == ["x/y"]


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        ([], "URL"),
        (["-H", "no colon", URL], "written 'Name: value'"),
        (["-H", "A: b\r\nC: d", URL], "A"),
        (["-X", "GE T", URL], "method"),
        (["-X", "GET", "-d", "x", URL], "cannot have a body"),
        (["--json", "{", URL], "not JSON"),
        (["--json", "1", "-d", "x", URL], "not allowed with"),
        (["-d", "@/nowhere", URL], "cannot read '/nowhere'"),
        (["--http2", "--http3", URL], "not allowed with"),
        (["--max-time", "0", URL], "above 0"),
        (["--max-time", "soon", URL], "--max-time"),
        (["--max-time", "nan", URL], "above 0"),
        (["--parallel", "0", URL], "1 or more"),
        (["--cacert", "/nowhere", URL], "cannot read"),
        (["--cacert", "/dev/null", URL], "no PEM"),
        (["-o", "a", URL, URL], "name a folder (a/)"),
        (["-o", "", URL], "empty"),
        (["-o", "/nowhere/a", URL], "no folder '/nowhere'"),
        (["-o", "/dev/null/", URL], "/dev/null"),
        (["--inc", URL], "--inc"),
    ],
    ids=lambda value: " ".join(value)[:30] if isinstance(value, list) else "",
)
def test_mistakes_are_told_before_anything_is_loaded(
    argv: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """With exit code 2, as argparse has it."""
    message = refused(argv, capsys)

    assert words in message
    assert message.startswith("usage: urlsession fetch")


def test_output_is_a_folder_if_it_is_one_or_ends_like_one(tmp_path: Path) -> None:
    """One that is not there yet is made."""
    there = parse_options(["-o", str(tmp_path), URL, URL])
    made = parse_options(["-o", f"{tmp_path}/new/er/", URL])
    file = parse_options(["-o", f"{tmp_path}/file", URL])

    assert there.folder == tmp_path
    assert made.folder == tmp_path / "new/er"
    assert (tmp_path / "new/er").is_dir()
    assert file.file == tmp_path / "file"


def test_dash_is_standard_output_and_a_device_takes_many() -> None:
    """As everywhere."""
    assert parse_options(["-o", "-", URL, URL]).file is None
    assert parse_options(["-o", "/dev/null", URL, URL]).file == Path("/dev/null")


def test_help_teaches(capsys: pytest.CaptureFixture[str]) -> None:
    """Examples, exit codes, and what happens without being asked for."""
    with pytest.raises(SystemExit) as ended:
        parse_options(["--help"])
    text = capsys.readouterr().out

    assert ended.value.code == 0
    for words in ("examples:", "exit codes", " 60  the server's", "NO_COLOR", "@FILE"):
        assert words in text
