"""The half of a load that is about a body that comes piece by piece.

Decides how it is decoded, what of it is kept for the cache, and that libcurl pauses
while the client takes no more. Must not know which replies are the client's: whoever
calls does.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pycurl

from .coding import BodyDecoder, CodingError, coding_names
from .options import STREAM_BUFFER_SIZE, stream_options
from .sending import SendingLoad

if TYPE_CHECKING:
    from ..request import URLRequest
    from ..response import HTTPURLResponse

__all__ = ("ReceivingLoad",)


class ReceivingLoad(SendingLoad):
    """A load whose client takes the body as it comes."""

    _decodes: bool = False
    _decoder: BodyDecoder | None = None
    _coding_error: CodingError | None = None
    _decoded_size: int = 0
    _collected: list[bytes] | None = None
    _collected_size: int = 0

    def gather(self) -> None:
        """See `Load`. A body that is decoded here comes piece by piece all the same."""
        if self._decoder is None:
            self._context.pool.gather(self)

    def _prepare_stream(self, request: URLRequest) -> None:
        """Have the body come as it is, unless the caller chose the codings."""
        self.options = [*self.options, (pycurl.BUFFERSIZE, STREAM_BUFFER_SIZE)]
        names = {name.lower() for name, _ in self._context.fields}
        names.update(name.lower() for name, _ in request.header_items())
        if "accept-encoding" not in names:
            self._decodes = True
            self.options = [*self.options, *stream_options()]

    def _receive_wanted(self, data: bytes) -> int | None:
        if self._decoder is not None or self._coding_error is not None:
            return self._receive_coded(data)
        if self._client is None:
            return -1  # it has ended meanwhile: libcurl need not go on
        if self._client.load_did_receive_data(data):
            self._decoded_size += len(data)
            if self._collected is not None:
                self._collect(data)
            return None
        self._context.pool.note_paused(self)
        return int(pycurl.WRITEFUNC_PAUSE)

    def receive_pieces(self, pieces: Sequence[bytes]) -> bool:
        """Pass on what was gathered of the body; see `Transfer`."""
        client = self._client
        if client is None:
            return True
        self._decoded_size += sum(map(len, pieces))
        for piece in pieces if self._collected is not None else ():
            self._collect(piece)
        return client.load_did_receive_pieces(pieces)

    def _expect_coding(self, response: HTTPURLResponse) -> None:
        coding = response.value("Content-Encoding") if self._decodes else None
        if coding is not None and coding_names(coding):
            try:
                self._decoder = BodyDecoder(coding)
            except CodingError as error:
                self._coding_error = error

    def _receive_coded(self, data: bytes) -> int | None:
        client, decoder = self._client, self._decoder
        if client is None:
            return -1
        if decoder is None or self._coding_error is not None:
            return -1  # libcurl ends the run, `did_finish` tells why
        try:
            take = client.load_did_receive_data
            is_taken = decoder.take(
                data, take if self._collected is None else self._give
            )
        except CodingError as error:
            self._coding_error = error
            return -1
        self._decoded_size = decoder.decoded_size
        if is_taken:
            return None
        self._context.pool.note_paused(self)
        return int(pycurl.WRITEFUNC_PAUSE)

    def _give(self, data: bytes) -> bool:
        client = self._client
        if client is not None and not client.load_did_receive_data(data):
            return False
        self._collect(data)
        return True

    def _collect(self, data: bytes) -> None:
        """Keep a piece of a streamed body for the cache, while it is small enough."""
        collected = self._collected
        if collected is None:
            return
        self._collected_size += len(data)
        if self._collected_size > self._context.cache.limit():
            self._collected = None
        else:
            collected.append(data)
