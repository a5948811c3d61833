"""The order on the wire."""

from __future__ import annotations

from urlsession.loading.web_socket.outgoing import Outgoing


class Wire:
    """Takes so many bytes, then blocks."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.data = b""

    def send(self, data: bytes | bytearray | memoryview) -> int:
        """Take what there is room for."""
        if not self.room:
            raise BlockingIOError
        taken = bytes(data[: self.room])
        self.room -= len(taken)
        self.data += taken
        return len(taken)


class Sender:
    """Notes what became of its frame."""

    def __init__(self) -> None:
        self.state = "waiting"

    def was_written(self) -> None:
        """All of it."""
        self.state = "written"

    def was_dropped(self) -> None:
        """Never."""
        self.state = "dropped"


def test_frames_go_out_in_order() -> None:
    """Whoever waits is told when the last byte is taken."""
    outgoing, wire, first, second = Outgoing(), Wire(5), Sender(), Sender()
    outgoing.put(b"abc", first)
    outgoing.put(b"defg", second)

    assert not outgoing.write(wire.send)
    assert (first.state, second.state) == ("written", "waiting")
    wire.room = 9
    assert outgoing.write(wire.send)
    assert second.state == "written"
    assert wire.data == b"abcdefg"
    assert outgoing.written_bytes == 7


def test_pong_goes_before_what_has_not_begun() -> None:
    """But not into the middle of a frame."""
    outgoing, wire = Outgoing(), Wire(1)
    outgoing.put(b"abc", None)
    outgoing.put(b"def", None)
    outgoing.write(wire.send)
    outgoing.put_pong(b"1")
    outgoing.put_pong(b"2")
    wire.room = 99
    outgoing.write(wire.send)

    assert wire.data == b"abc12def"


def test_flood_of_pongs_is_bounded() -> None:
    """The latest are kept: RFC 6455, 5.5.3."""
    outgoing, wire = Outgoing(), Wire(10_000)
    for n in range(1000):
        outgoing.put_pong(b"%03d" % n)
    outgoing.write(wire.send)

    assert len(wire.data) == 3 * 64
    assert wire.data.endswith(b"999")


def test_nothing_follows_a_close_frame() -> None:
    """Later frames are refused, and a second close frame is not sent."""
    outgoing, wire = Outgoing(), Wire(99)
    assert outgoing.put(b"a", None)
    outgoing.put_close(b"C")
    outgoing.put_close(b"D")
    outgoing.put_pong(b"p")

    assert not outgoing.put(b"b", None)
    outgoing.write(wire.send)
    assert wire.data == b"aC"
    assert outgoing.has_ended


def test_frame_that_has_begun_is_finished_when_others_are_dropped() -> None:
    """Half a frame would make the close frame part of it."""
    outgoing, wire, first, second = Outgoing(), Wire(1), Sender(), Sender()
    outgoing.put(b"abc", first)
    outgoing.put(b"def", second)
    outgoing.write(wire.send)
    outgoing.drop_waiting()
    outgoing.put_close(b"C")
    wire.room = 99
    outgoing.write(wire.send)

    assert wire.data == b"abcC"
    assert (first.state, second.state) == ("written", "dropped")


def test_all_is_dropped_at_the_end() -> None:
    """Everybody who waits is told."""
    outgoing, wire, first, second = Outgoing(), Wire(1), Sender(), Sender()
    outgoing.put(b"abc", first)
    outgoing.put(b"def", second)
    outgoing.write(wire.send)
    outgoing.drop_all()

    assert (first.state, second.state) == ("dropped", "dropped")
    assert not outgoing
