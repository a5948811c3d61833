"""Content codings of a body that is read piece by piece.

Decides how much is decoded at a time: no more than the consumer takes. libcurl
decodes everything that one read gave before it looks whether its client wants a
pause; 512 KiB of a gzip bomb are half a GiB, and at 64 MiB it gives up. So it
hands the bytes of a stream over as they came, and they are decoded here, where
memory stays flat and a body that ends in the middle is noticed.

Whole bodies are libcurl's: they have to fit into memory anyhow.

Source: RFC 9110, section 8.4.
"""

from __future__ import annotations

from collections.abc import Callable

from .unpacker import CodingError, unpackers

__all__ = (
    "BodyDecoder",
    "CodingError",
    "IncompleteCodingError",
    "coding_names",
    "offered_codings",
)


class IncompleteCodingError(CodingError):
    """The body ends before what its Content-Encoding says is complete."""


def offered_codings() -> str:
    """Return what servers are offered for a stream: the value of Accept-Encoding."""
    return ", ".join(unpackers())


def coding_names(value: str) -> list[str]:
    """Return the codings that a Content-Encoding names, but for identity."""
    names = [name.strip().lower() for name in value.split(",")]
    return [name for name in names if name not in ("", "identity")]


class BodyDecoder:
    """Decodes one body, and delivers it at the consumer's speed.

    Args:
        coding: The value of Content-Encoding.

    Attributes:
        decoded_size: Bytes that were delivered.

    Raises:
        CodingError: The coding was not offered, or there are several.
    """

    def __init__(self, coding: str) -> None:
        names = coding_names(coding)
        if len(names) > 1:
            raise CodingError(
                f"content codings {coding!r} lie one within the other, which is not "
                "decoded in a stream"
            )
        make = unpackers().get(names[0].removeprefix("x-")) if names else None
        if make is None:
            raise CodingError(f"content coding {coding!r} was not asked for")
        self.decoded_size = 0
        self._unpacker = make()
        self._piece = b""
        self._to_skip = 0

    def take(self, data: bytes, deliver: Callable[[bytes], bool]) -> bool:
        """Decode `data` and deliver it.

        Args:
            data: Bytes as they came. After a refusal it must begin with the bytes
                that were refused, and may go on, as libcurl has it.
            deliver: Takes a decoded piece; False if it wants no more now.

        Returns:
            False if `deliver` refused.

        Raises:
            CodingError: The bytes are not what the coding says.
        """
        if not self._pour(deliver):
            return False
        self._unpacker.feed(data[self._to_skip :])
        if not self._pour(deliver):
            self._to_skip = max(self._to_skip, len(data))
            return False
        self._to_skip = max(0, self._to_skip - len(data))
        return True

    def finish(self) -> None:
        """That was all.

        Raises:
            IncompleteCodingError: It is not complete. (An empty one is: HEAD, 304.)
        """
        if not self._unpacker.is_complete:
            raise IncompleteCodingError("the coded body ends before its end")

    def _pour(self, deliver: Callable[[bytes], bool]) -> bool:
        while piece := self._piece or self._unpacker.next_piece():
            if not deliver(piece):
                self._piece = piece
                return False
            self._piece = b""
            self.decoded_size += len(piece)
        return True
