"""A disk that takes no more."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from urlsession import URLError, URLErrorCode, URLSession, URLSessionConfiguration
from urlsession.testing import RecordingDelegate, fixed_body

from .ranges import RangeServer, left_files

if TYPE_CHECKING:
    from ..conftest import Serve

MIB = 1024 * 1024
FILES = "8:file errors (-3000 to -3005)"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Return the folder of a file system that holds 1 MiB."""
    place = tmp_path / "small"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(place)]
    if os.geteuid() != 0 or subprocess.run(command, check=False).returncode != 0:
        pytest.skip("needs to be root")
    yield place
    subprocess.run(["umount", str(place)], check=True)


@pytest.mark.parity(FILES)
@pytest.mark.parametrize("is_told", [False, True], ids=["awaited", "delegate"])
def test_full_disk_is_an_error_and_leaves_nothing(
    serve: Serve, small_disk: Path, is_told: bool
) -> None:
    """The number of the system's, no file, no connection; the next load works."""
    server = serve(RangeServer(bytes(8 * MIB)))
    small = serve(fixed_body(b"fits"))
    configuration = URLSessionConfiguration.ephemeral()
    configuration.download_directory = str(small_disk)
    delegate = RecordingDelegate() if is_told else None
    with URLSession(configuration, delegate) as session:
        task = session.download_task(server.url())
        task.resume()
        with pytest.raises(URLError) as caught:
            task.result(timeout=10)
        ports = [one.remote[1] for one in session.connections()]
        left = left_files(small_disk)
        location, _ = session.download(small.url()).result(timeout=10)
        fits = location.read_bytes()
        location.unlink()

    error = caught.value
    assert error.code is URLErrorCode.CANNOT_WRITE_TO_FILE
    assert error.errno == errno.ENOSPC
    assert isinstance(error.underlying, OSError)
    assert error.download_task_resume_data is None
    assert left == []
    assert server.port not in ports
    assert server.wait_all_ended()
    assert fits == b"fits"
    if delegate is not None:
        assert "download_task_did_finish_downloading" not in delegate.names
        assert delegate.named("task_did_complete")[0].args[1] is error


def test_disk_that_is_full_at_the_very_end_is_an_error_too(
    serve: Serve, small_disk: Path
) -> None:
    """When what was gathered last is written."""
    server = serve(fixed_body(bytes(MIB + 5)))
    configuration = URLSessionConfiguration.ephemeral()
    configuration.download_directory = str(small_disk)
    with URLSession(configuration) as session:
        with pytest.raises(URLError) as caught:
            session.download(server.url()).result(timeout=10)

    assert caught.value.code is URLErrorCode.CANNOT_WRITE_TO_FILE
    assert left_files(small_disk) == []


_LIMITED = """
import json, os, resource, sys
from urlsession import *
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
configuration = URLSessionConfiguration.ephemeral()
configuration.download_directory = sys.argv[2]
with URLSession(configuration) as session:
    try:
        session.download(sys.argv[1]).result(timeout=10)
    except URLError as error:
        found = [error.code, error.errno, os.listdir(sys.argv[2])]
        print(json.dumps([*found, len(session.connections())]))
"""


@pytest.mark.slow
@pytest.mark.parity(FILES)
def test_limit_on_the_size_of_files_is_an_error(serve: Serve, tmp_path: Path) -> None:
    """Which needs no root: the process may write no more than 300,000 bytes."""
    server = serve(fixed_body(bytes(8 * MIB)))
    done = subprocess.run(
        [sys.executable, "-c", _LIMITED, server.url(), str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=15,
    )

    assert done.stderr == ""
    assert json.loads(done.stdout) == [-3003, errno.EFBIG, [], 0]
