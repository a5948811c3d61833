"""Content codings that are broken, or that are weapons."""

from __future__ import annotations

import asyncio
import gzip
import os
import zlib
from collections.abc import Callable
from typing import TYPE_CHECKING

import brotli
import pytest

from urlsession import URLError, URLErrorCode, URLRequest, URLSession
from urlsession.testing import ServerConnection, answering

if TYPE_CHECKING:
    from ...conftest import Serve
    from .attempt import Load

BAD_CONTENT_ENCODING = 61  # libcurl's number
MEBIBYTE = 1024 * 1024
BOMB_MEBIBYTES = 1024
ALLOWED_BYTES = 48 * MEBIBYTE  # in memory above the start: buffers, and luck


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("gzip", b"this is no gzip at all"),
        ("gzip", gzip.compress(b"x" * 5000)[:10] + b"garbage" * 100),
        ("gzip", gzip.compress(b"x" * 5000)[:-8] + b"\x00" * 8),
        ("deflate", b"\xffgarbage" * 20),
        ("br", b"\xff\xff\xff\xffgarbage" * 20),
    ],
    ids=["no gzip", "broken gzip", "wrong checksum", "deflate", "br"],
)
@pytest.mark.parity("8:cannotDecodeRawData / cannotDecodeContentData (-1015, -1016)")
def test_body_that_cannot_be_decoded_is_an_error(
    load: Load, serve: Serve, coding: str, body: bytes
) -> None:
    """Never the raw bytes."""
    server = serve(answering(lambda _: (200, [("Content-Encoding", coding)], body)))

    load(server.url()).failed(
        URLErrorCode.CANNOT_DECODE_RAW_DATA, curl_code=BAD_CONTENT_ENCODING
    )


@pytest.mark.parametrize(
    ("coding", "coded"),
    [
        ("gzip", gzip.compress(b"plain" * 1000)),
        ("x-gzip", gzip.compress(b"pl") + gzip.compress(b"ain" + b"plain" * 999)),
        ("gzip", gzip.compress(b"plain" * 1000) + bytes(20)),
        ("deflate", zlib.compress(b"plain" * 1000)),
        ("deflate", zlib.compress(b"plain" * 1000)[2:-4]),
        ("br", brotli.compress(b"plain" * 1000)),
        ("identity", b"plain" * 1000),
    ],
    ids=["gzip", "members", "padded", "zlib", "raw", "br", "identity"],
)
@pytest.mark.parity("15:content decoding")
def test_stream_is_decoded_as_a_whole_body_is(
    serve: Serve, coding: str, coded: bytes
) -> None:
    """By another decoder, which should not show."""
    server = serve(answering(lambda _: (200, [("Content-Encoding", coding)], coded)))
    with URLSession() as session:
        chunks, response = session.bytes(server.url()).result(10)

        assert chunks.read() == b"plain" * 1000
        assert response.value("Content-Encoding") == coding


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("gzip", b"this is no gzip at all"),
        ("gzip", gzip.compress(os.urandom(5000))[:-1]),
        ("gzip", gzip.compress(os.urandom(5000))[:2000]),
        ("deflate", zlib.compress(os.urandom(5000))[:2000]),
        ("deflate", b"\xffgarbage" * 20),
        ("br", b"\xff\xff\xff\xffgarbage" * 20),
        ("br", brotli.compress(os.urandom(5000))[:2000]),
        ("br", brotli.compress(os.urandom(5000))[:-1]),
        ("compress", b"nobody asked for this"),
        ("gzip, gzip", gzip.compress(gzip.compress(b"x"))),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
@pytest.mark.parametrize("is_awaiting", [True, False], ids=["await", "result"])
def test_stream_that_cannot_be_decoded_is_an_error(
    serve: Serve, coding: str, body: bytes, *, is_awaiting: bool
) -> None:
    """Also where the end is missing and Content-Length is right."""
    url = serve(answering(lambda _: (200, [("Content-Encoding", coding)], body))).url()
    consume = consume_awaiting if is_awaiting else consume_blocking
    with pytest.raises(URLError) as caught:
        consume(url, Consumer())

    assert caught.value.code is URLErrorCode.CANNOT_DECODE_RAW_DATA
    assert caught.value.failing_url == url


def test_codings_of_the_caller_are_libcurls_business(serve: Serve) -> None:
    """All that it can decode may be asked for by hand."""
    answer = 200, [("Content-Encoding", "gzip")], gzip.compress(b"plain")
    server = serve(answering(lambda _: answer))
    request = URLRequest(server.url(), headers={"Accept-Encoding": "br, gzip"})
    with URLSession() as session:
        chunks, _response = session.bytes(request).result(10)

        assert chunks.read() == b"plain"
    assert server.requests[0].header("Accept-Encoding") == "br, gzip"


def bomb() -> tuple[bytes, bytes, bytes]:
    """Return (head, repeated part, tail) of a gzip of `BOMB_MEBIBYTES` of zeros.

    The part stands for one MiB, is complete in itself, and is repeated: this is
    quicker than to compress a GiB.
    """
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packer.compress(bytes(MEBIBYTE))
    packer.flush(zlib.Z_FULL_FLUSH)
    part = packer.compress(bytes(MEBIBYTE)) + packer.flush(zlib.Z_FULL_FLUSH)
    checksum = 0
    zeros = bytes(MEBIBYTE)
    for _ in range(BOMB_MEBIBYTES):
        checksum = zlib.crc32(zeros, checksum)
    size = BOMB_MEBIBYTES * MEBIBYTE & 0xFFFF_FFFF
    tail = b"\x03\x00" + checksum.to_bytes(4, "little") + size.to_bytes(4, "little")
    return b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03", part, tail


def resident_bytes() -> int:
    """Return how much memory this process has, as the kernel counts it."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


class Consumer:
    """Counts what it is given, and looks at the memory now and then."""

    def __init__(self) -> None:
        self.count = 0
        self.start = resident_bytes()
        self.peak = self.start
        self._pieces = 0

    def take(self, piece: bytes) -> None:
        """Forget a piece."""
        self.count += len(piece)
        self._pieces += 1
        if self._pieces % 500 == 0:
            self.peak = max(self.peak, resident_bytes())


def consume_blocking(url: str, consumer: Consumer) -> None:
    """Read a stream by ``for``."""
    with URLSession() as session:
        chunks, _response = session.bytes(url).result(10)
        for chunk in chunks:
            consumer.take(chunk)


def consume_awaiting(url: str, consumer: Consumer) -> None:
    """Read a stream by ``async for``."""

    async def run() -> None:
        async with URLSession() as session:
            chunks, _response = await session.bytes(url)
            async for chunk in chunks:
                consumer.take(chunk)

    asyncio.run(run())


@pytest.mark.slow
@pytest.mark.parametrize("consume", [consume_awaiting, consume_blocking])
def test_gzip_bomb_read_as_a_stream_leaves_memory_flat(
    serve: Serve, consume: Callable[[str, Consumer], None]
) -> None:
    """1 MiB on the wire, 1 GiB in the end, a buffer's worth at a time."""
    head, part, tail = bomb()
    packed = head + part * BOMB_MEBIBYTES + tail
    answer = 200, [("Content-Encoding", "gzip")], packed
    consumer = Consumer()

    consume(serve(answering(lambda _: answer)).url(), consumer)

    assert len(packed) < 4 * MEBIBYTE
    assert consumer.count == BOMB_MEBIBYTES * MEBIBYTE
    assert consumer.peak - consumer.start < ALLOWED_BYTES


@pytest.mark.slow
@pytest.mark.parametrize("consume", [consume_awaiting, consume_blocking])
def test_br_bomb_read_as_a_stream_leaves_memory_flat(
    serve: Serve, consume: Callable[[str, Consumer], None]
) -> None:
    """Some KiB on the wire, 256 MiB in the end."""
    packer = brotli.Compressor(quality=1)
    zeros = bytes(MEBIBYTE)
    packed = b"".join(packer.process(zeros) for _ in range(256)) + packer.finish()
    answer = 200, [("Content-Encoding", "br")], packed
    consumer = Consumer()

    consume(serve(answering(lambda _: answer)).url(), consumer)

    assert len(packed) < MEBIBYTE
    assert consumer.count == 256 * MEBIBYTE
    assert consumer.peak - consumer.start < ALLOWED_BYTES


@pytest.mark.xfail(
    strict=True, reason="libcurl does not tell; docs/design.md, known limits"
)
@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("gzip", gzip.compress(os.urandom(5000))[:2000]),
        ("deflate", zlib.compress(os.urandom(5000))[:2000]),
        ("br", brotli.compress(os.urandom(5000))[:2000]),
    ],
    ids=["gzip", "deflate", "br"],
)
def test_whole_body_that_ends_early_is_an_error(
    serve: Serve, coding: str, body: bytes
) -> None:
    """As it is in a stream."""
    url = serve(answering(lambda _: (200, [("Content-Encoding", coding)], body))).url()
    with URLSession() as session, pytest.raises(URLError):
        session.data(url).result(10)


@pytest.mark.slow
def test_gzip_bomb_can_be_left_half_way(serve: Serve) -> None:
    """Whoever has seen enough ends the transfer."""
    head, part, tail = bomb()
    answer = 200, [("Content-Encoding", "gzip")], head + part * BOMB_MEBIBYTES + tail
    server = serve(answering(lambda _: answer))
    with URLSession() as session:
        chunks, _response = session.bytes(server.url()).result(10)
        with chunks:
            for _chunk in chunks:
                break

        assert server.wait_all_ended()


def test_stream_that_breaks_gives_what_came_and_then_the_error(serve: Serve) -> None:
    """In this order, in both doors."""

    def handle(connection: ServerConnection) -> None:
        connection.recv_request()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")

    with URLSession() as session:
        chunks, _response = session.bytes(serve(handle).url()).result(10)
        pieces = iter(chunks)
        seen = next(pieces)
        with pytest.raises(URLError) as caught:
            next(pieces)

    assert seen == b"half"
    assert caught.value.code is URLErrorCode.NETWORK_CONNECTION_LOST
