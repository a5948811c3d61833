"""Bodies that libcurl hands to C: no Python frame for each piece.

libcurl hands a body over in pieces of 16 KiB at most, however much it reads at a time.
Those of a large body are gathered in the list of its handle, by a method that is C, and
given to the transfer when libcurl has returned. Decides when that begins, and which
transfers have to pause then; what becomes of the pieces is the transfer's business.

A piece that is gathered cannot be refused. What comes until the transfer can say that
it wants no more is bounded: libcurl reads 22 times at most before it returns, and may
have held back what it had read before a pause. Over HTTP/2 it is what the window of the
stream still allows, which libcurl would hold itself otherwise.

What does not work: joining the pieces for an iterator. To copy 64 KiB takes longer than
to give four pieces instead of one.

Everything here runs under the pool's lock, outside libcurl's callbacks but for `ask`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .handle import Handle
    from .transfer import Transfer

__all__ = ("Gathering",)

_HEAP_BYTES = 4 * 1024 * 1024
_is_heap_kept = False


class Gathering:
    """The transfers of one pool whose bodies are gathered.

    Attributes:
        is_on: Whether `hand_over` has something to do.
    """

    __slots__ = ("_asked", "_handles", "is_on")

    def __init__(self) -> None:
        self.is_on = False
        self._asked: list[Transfer] = []
        self._handles: set[Handle] = set()

    def ask(self, transfer: Transfer) -> None:
        """Gather what comes for `transfer` from now on.

        For a body callback; libcurl lets itself be told when that has returned.
        """
        self._asked.append(transfer)
        self.is_on = True

    def hand_over(self) -> tuple[bool, list[Transfer]]:
        """Give each transfer what has come.

        Returns:
            Whether anything had come, and the transfers that want no more now.
        """
        has_given = False
        full: list[Transfer] = []
        for handle in tuple(self._handles):
            transfer = handle.transfer
            if transfer is None or not handle.is_gathering:
                self._handles.discard(handle)
            elif handle.body:
                pieces = handle.body.copy()
                handle.body.clear()
                has_given = True
                if not transfer.receive_pieces(pieces):
                    full.append(transfer)
        if self._asked:
            self._begin()
        self.is_on = bool(self._handles)
        return has_given, full

    def _begin(self) -> None:
        asked, self._asked = self._asked, []
        for transfer in asked:
            if transfer.handle is not None:  # else it has ended meanwhile
                _keep_heap()
                transfer.handle.gather()
                self._handles.add(transfer.handle)


def _keep_heap() -> None:
    """Have glibc keep the memory that pieces come from and go back to.

    It gives the end of its heap back to the system whenever 128 KiB are free there, and
    a stream frees more than that with each batch: a fifth of its time would go into page
    faults. The limit grows to twice the largest block that was mapped and freed, see
    ``M_TRIM_THRESHOLD`` in mallopt(3). Nothing happens with other allocators.
    """
    global _is_heap_kept
    if not _is_heap_kept:
        _is_heap_kept = True
        bytes(_HEAP_BYTES)  # mapped, never touched, freed
