"""A client's cases after the Autobahn test suite, played by a raw server.

Numbers are Autobahn's: 1 framing, 2 pings, 3 reserved bits, 4 opcodes, 5 fragments,
6 UTF-8, 7 closing, 9 sizes. The client echoes whatever it receives, as Autobahn asks
of it. A case says what the server sends, what the client must answer, and the code
that it must close with; a server that has no more to say closes with 1000.
"""

from __future__ import annotations

import queue
from contextlib import suppress
from dataclasses import dataclass, field

import pytest

from urlsession import URLError, URLErrorCode, URLSession

from ..conftest import Serve
from .web_socket_peer import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    Frame,
    Peer,
    frame,
    web_socket_handler,
)

pytestmark = pytest.mark.parity("3.3:receive", "3.3:incoming ping", "3.3:CloseCode")

GOOD = "Hello-µ@ßöäüàá-UTF-8!!".encode()
BAD = b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80edited"


@dataclass(frozen=True)
class Case:
    """One exchange.

    Attributes:
        sends: What the server sends, in pieces.
        answers: The frames that the client must send before it closes.
        code: What the client must close with; None for a close frame without a code.
        error: How the task must end; None if that is no error.
        sends_close: Whether the server closes in the end.
        chop: Bytes of each piece that is sent by itself; 0 for all at once.
    """

    sends: tuple[bytes, ...]
    answers: tuple[Frame, ...] = ()
    code: int | None = 1000
    error: URLErrorCode | None = None
    sends_close: bool = True
    chop: int = 0
    limit: int = field(default=64 * 1024 * 1024)


def echoed(opcode: int, payload: bytes, chop: int = 0) -> Case:
    """A whole message, which comes back."""
    return Case((frame(opcode, payload),), (Frame(opcode, payload),), chop=chop)


def refused(
    *sends: bytes, answers: tuple[Frame, ...] = (), code: int = 1002, chop: int = 0
) -> Case:
    """What breaks the protocol: the client must close with `code` by itself."""
    return Case(
        sends,
        answers,
        code,
        URLErrorCode.BAD_SERVER_RESPONSE,
        sends_close=False,
        chop=chop,
    )


def closed(payload: bytes, code: int | None) -> Case:
    """A close frame of the server's, which must be answered with the same code."""
    return Case((frame(CLOSE, payload),), code=code, sends_close=False)


def parts(opcode: int, *pieces: bytes) -> bytes:
    """A message in fragments."""
    last = len(pieces) - 1
    return b"".join(
        frame(CONTINUATION if n else opcode, piece, is_final=n == last)
        for n, piece in enumerate(pieces)
    )


SIZES = (0, 125, 126, 127, 128, 65535, 65536)
CASES: dict[str, Case] = {}
for _kind, _opcode in (("1", TEXT), ("2", BINARY)):
    for _n, _size in enumerate(SIZES, 1):
        CASES[f"1.{_kind}.{_n}"] = echoed(_opcode, b"*" * _size)
    CASES[f"1.{_kind}.8"] = echoed(_opcode, b"*" * 65536, chop=997)

_HELLO = Frame(TEXT, b"Hello, world!")
_HELLO_BYTES = frame(TEXT, _HELLO.payload)
_ALL = bytes(range(125))
CASES |= {
    "2.1": Case((frame(PING),), (Frame(PONG, b""),)),
    "2.2": Case((frame(PING, b"Hello"),), (Frame(PONG, b"Hello"),)),
    "2.3": Case(
        (frame(PING, b"\x00\xff\xfe\xfd"),), (Frame(PONG, b"\x00\xff\xfe\xfd"),)
    ),
    "2.4": Case((frame(PING, _ALL),), (Frame(PONG, _ALL),)),
    "2.5": refused(frame(PING, b"\xfe" * 126)),
    "2.6": Case((frame(PING, _ALL),), (Frame(PONG, _ALL),), chop=1),
    "2.7": Case((frame(PONG),)),
    "2.8": Case((frame(PONG, b"unsolicited"),)),
    "2.9": Case(
        (frame(PONG, b"unsolicited"), frame(PING, b"ping")), (Frame(PONG, b"ping"),)
    ),
    "2.10": Case(
        tuple(frame(PING, b"%d" % n) for n in range(10)),
        tuple(Frame(PONG, b"%d" % n) for n in range(10)),
    ),
    "2.11": Case(
        tuple(frame(PING, b"%d" % n) for n in range(10)),
        tuple(Frame(PONG, b"%d" % n) for n in range(10)),
        chop=1,
    ),
    "3.1": refused(frame(TEXT, b"Hello", reserved=1)),
    "3.2": refused(_HELLO_BYTES, frame(TEXT, b"x", reserved=2), answers=(_HELLO,)),
    "3.3": refused(_HELLO_BYTES, frame(TEXT, b"x", reserved=3), answers=(_HELLO,)),
    "3.4": refused(
        _HELLO_BYTES, frame(TEXT, b"x", reserved=4), answers=(_HELLO,), chop=1
    ),
    "3.5": refused(frame(BINARY, b"\x00\xff", reserved=5)),
    "3.6": refused(frame(PING, b"x", reserved=6)),
    "3.7": refused(frame(CLOSE, reserved=7)),
    **{f"4.1.{n}": refused(frame(op, b"x")) for n, op in enumerate(range(3, 8), 1)},
    **{f"4.2.{n}": refused(frame(op, b"x")) for n, op in enumerate(range(11, 16), 1)},
    "4.1.fragment": refused(frame(3, b"x", is_final=False)),
    "4.2.after": refused(_HELLO_BYTES, frame(11), answers=(_HELLO,)),
    "5.1": refused(parts(PING, b"frag1", b"frag2")),
    "5.2": refused(parts(PONG, b"frag1", b"frag2")),
    "5.3": Case((parts(TEXT, b"one", b"two"),), (Frame(TEXT, b"onetwo"),)),
    "5.4": Case((parts(TEXT, b"one", b"two"),), (Frame(TEXT, b"onetwo"),), chop=4),
    "5.5": Case((parts(TEXT, b"one", b"two"),), (Frame(TEXT, b"onetwo"),), chop=1),
    "5.6": Case(
        (
            frame(TEXT, b"one", is_final=False),
            frame(PING, b"between"),
            frame(CONTINUATION, b"two"),
        ),
        (Frame(PONG, b"between"), Frame(TEXT, b"onetwo")),
    ),
    "5.8": Case(
        (
            frame(TEXT, b"one", is_final=False),
            frame(PING, b"between"),
            frame(CONTINUATION, b"two"),
        ),
        (Frame(PONG, b"between"), Frame(TEXT, b"onetwo")),
        chop=1,
    ),
    "5.9": refused(frame(CONTINUATION, b"x"), _HELLO_BYTES),
    "5.10": refused(frame(CONTINUATION, b"x") + _HELLO_BYTES),
    "5.11": refused(frame(CONTINUATION, b"x"), _HELLO_BYTES, chop=1),
    "5.12": refused(frame(CONTINUATION, b"x", is_final=False), _HELLO_BYTES),
    "5.15": refused(
        parts(TEXT, b"one", b"two"),
        frame(CONTINUATION, b"three", is_final=False),
        answers=(Frame(TEXT, b"onetwo"),),
    ),
    "5.18": refused(frame(TEXT, b"one", is_final=False), frame(TEXT, b"two")),
    "5.19": Case(
        (
            frame(TEXT, b"1", is_final=False)
            + frame(CONTINUATION, b"2", is_final=False),
            frame(PING, b"a"),
            frame(CONTINUATION, b"3", is_final=False),
            frame(PING, b"b") + frame(CONTINUATION, b"4"),
        ),
        (Frame(PONG, b"a"), Frame(PONG, b"b"), Frame(TEXT, b"1234")),
    ),
    "5.empty": Case((parts(TEXT, b"", b"", b""),), (Frame(TEXT, b""),)),
    "6.1.1": echoed(TEXT, b""),
    "6.1.2": Case((parts(TEXT, b"", b"", b""),), (Frame(TEXT, b""),)),
    "6.1.3": Case((parts(TEXT, b"", b"middle", b""),), (Frame(TEXT, b"middle"),)),
    "6.2.1": echoed(TEXT, GOOD),
    "6.2.2": Case((parts(TEXT, GOOD[:8], GOOD[8:]),), (Frame(TEXT, GOOD),)),
    "6.2.3": Case((parts(TEXT, *(bytes((b,)) for b in GOOD)),), (Frame(TEXT, GOOD),)),
    "6.2.4": Case(
        (parts(TEXT, *(bytes((b,)) for b in GOOD)),), (Frame(TEXT, GOOD),), chop=1
    ),
    "6.3.1": refused(frame(TEXT, BAD), code=1007),
    "6.3.2": refused(parts(TEXT, *(bytes((b,)) for b in BAD)), code=1007),
    # The rest of the message is never sent: it has to be noticed before.
    "6.4.1": refused(
        frame(TEXT, b"\xce\xba\xf4\x90\x80\x80", is_final=False), code=1007
    ),
    "6.4.2": refused(frame(TEXT, b"\xce\xba\xf4\x90", is_final=False), code=1007),
    "6.4.3": refused(frame(TEXT, b"\xce\xba\xf4\x90\x80", length=30), code=1007),
    "6.4.4": refused(frame(TEXT, b"\xce\xba\xed\xa0", length=30), code=1007, chop=1),
}
for _n, _bytes in enumerate(
    (
        b"\x80",
        b"\xbf",
        b"\xc0\xaf",
        b"\xc1\xbf",
        b"\xe0\x80\xaf",
        b"\xed\xa0\x80",
        b"\xed\xbf\xbf",
        b"\xf0\x80\x80\xaf",
        b"\xf4\x90\x80\x80",
        b"\xf8\x88\x80\x80\x80",
        b"\xfc\x84\x80\x80\x80\x80",
        b"\xfe",
        b"\xff",
        b"\xc3",
        b"\xe2\x82",
        b"\xf0\x9f\x98",
    ),
    1,
):
    CASES[f"6.bad.{_n}"] = refused(frame(TEXT, b"a" + _bytes), code=1007)
for _n, _text in enumerate(
    ("\u07ff", "\ud7ff", "\ue000", "\ufffd", "\uffff", "\U00010000", "\U0010ffff"), 1
):
    CASES[f"6.good.{_n}"] = echoed(TEXT, _text.encode())
CASES |= {
    "7.1.1": Case((_HELLO_BYTES,), (_HELLO,)),
    "7.1.2": Case((frame(CLOSE, b"\x03\xe8") * 2,), sends_close=False),
    "7.1.3": Case(
        (frame(CLOSE, b"\x03\xe8") + frame(PING, b"late"),), sends_close=False
    ),
    "7.1.4": Case((frame(CLOSE, b"\x03\xe8") + _HELLO_BYTES,), sends_close=False),
    "7.1.5": Case(
        (
            frame(TEXT, b"one", is_final=False)
            + frame(CLOSE, b"\x03\xe8")
            + frame(CONTINUATION, b"two"),
        ),
        sends_close=False,
    ),
    "7.1.6": Case(
        (frame(BINARY, b"*" * 262144) + _HELLO_BYTES + frame(CLOSE, b"\x03\xe8"),),
        sends_close=False,
        answers=(),
    ),
    "7.3.1": closed(b"", None),
    "7.3.2": refused(frame(CLOSE, b"a")),
    "7.3.3": closed(b"\x03\xe8", 1000),
    "7.3.4": closed(b"\x03\xe8Hello World!", 1000),
    "7.3.5": closed(b"\x03\xe8" + b"*" * 123, 1000),
    "7.3.6": refused(frame(CLOSE, b"\x03\xe8" + b"*" * 124)),
    "7.5.1": refused(frame(CLOSE, b"\x03\xe8" + BAD), code=1007),
    **{
        f"7.7.{code}": closed(code.to_bytes(2, "big"), code)
        for code in (*range(1000, 1004), *range(1007, 1015), 3000, 3999, 4000, 4999)
    },
    **{
        f"7.9.{code}": refused(frame(CLOSE, code.to_bytes(2, "big")))
        for code in (
            0,
            999,
            1004,
            1005,
            1006,
            1015,
            1016,
            1100,
            2000,
            2999,
            5000,
            65535,
        )
    },
    "9.1.1": echoed(TEXT, b"*" * 65536),
    "9.1.3": echoed(TEXT, b"*" * 1048576),
    "9.1.5": echoed(TEXT, b"*" * 8388608),
    "9.2.6": echoed(BINARY, b"\xfe" * 16777216),
    "9.3": Case(
        (parts(TEXT, *[b"*" * 4096] * 256),), (Frame(TEXT, b"*" * 4096 * 256),)
    ),
    "9.4": Case(
        (parts(BINARY, *[b"\x01" * 64] * 4096),), (Frame(BINARY, b"\x01" * 64 * 4096),)
    ),
    "9.5": echoed(TEXT, b"*" * 262144, chop=1031),
    "9.7": Case((_HELLO_BYTES,) * 1000, (_HELLO,) * 1000),
    "9.8": Case((_HELLO_BYTES * 1000,), (_HELLO,) * 1000),
    "masked": refused(frame(TEXT, b"Hello", mask=b"\x01\x02\x03\x04")),
    "masked.zero": refused(frame(TEXT, b"Hello", mask=b"\0\0\0\0")),
    "masked.ping": refused(frame(PING, b"Hello", mask=b"\x01\x02\x03\x04")),
    "length.highest_bit": refused(frame(BINARY, length=2**63)),
    "length.all_bits": refused(frame(BINARY, length=2**64 - 1)),
    "length.not_shortest_16": refused(b"\x82\x7e\x00\x05hello"),
    "length.not_shortest_64": refused(b"\x82\x7f" + (5).to_bytes(8, "big") + b"hello"),
    "length.over_limit": Case(
        (frame(BINARY, length=2**62),),
        code=1009,
        error=URLErrorCode.DATA_LENGTH_EXCEEDS_MAXIMUM,
        sends_close=False,
    ),
    "length.fragments_over_limit": Case(
        (
            frame(BINARY, b"*" * 600, is_final=False)
            + frame(CONTINUATION, b"*" * 300, is_final=False)
            + frame(CONTINUATION, b"*" * 125),
        ),
        code=1009,
        error=URLErrorCode.DATA_LENGTH_EXCEEDS_MAXIMUM,
        sends_close=False,
        limit=1024,
    ),
    "length.at_limit": Case(
        (parts(BINARY, b"*" * 600, b"*" * 424),),
        (Frame(BINARY, b"*" * 1024),),
        limit=1024,
    ),
}
# The echoes of these are dropped or not, as the client is fast or slow.
ANY_ANSWER = {"7.1.6", "3.2", "3.3", "3.4", "4.2.after", "5.15"}
SLOW = {"9.1.5", "9.2.6", "9.5", "1.1.8", "1.2.8"}


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.slow] if name in SLOW else [])
        for name in CASES
    ],
)
def test_case(name: str, serve: Serve) -> None:
    """The client answers, and closes, as RFC 6455 has it."""
    case = CASES[name]
    seen: queue.Queue[tuple[list[Frame], bool]] = queue.Queue()

    def talk(peer: Peer) -> None:
        with suppress(ConnectionError):  # the client may have closed before the last
            for piece in case.sends:
                step = case.chop or len(piece)
                for at in range(0, len(piece), step):
                    peer.connection.send(piece[at : at + step])
        frames = [peer.recv() for _ in case.answers] if name not in ANY_ANSWER else []
        if case.sends_close:
            peer.close()
        frames += peer.recv_until_close()
        seen.put((frames, peer.has_ended()))

    server = serve(web_socket_handler(talk))
    with URLSession() as session:
        task = session.web_socket(f"ws://127.0.0.1:{server.port}/")
        task.maximum_message_size = case.limit
        error = None
        try:
            for message in task:
                task.send(message)
        except URLError as raised:
            error = raised
        frames, has_ended = seen.get(timeout=10)

    close = frames.pop()
    assert close.opcode == CLOSE
    assert close.close_code == case.code
    assert has_ended
    if name not in ANY_ANSWER:
        assert frames == list(case.answers)
    if case.error is not None:
        assert error is not None
        assert error.code is case.error
        assert task.close_code == case.code
    else:
        assert task.close_code == (case.code or 1005)
        assert task.error is None
