"""What a process does to its pools when it ends, and when it forks.

At exit: FIN for every connection, no callback, the ledger says ``exit``. In a
forked child: the connections are the parent's. The child closes its copies of the
descriptors without a byte to any peer (a TLS close_notify from the child would end
the parent's connection), and never touches the multi handles again.
"""

from __future__ import annotations

import atexit
import os
from collections.abc import Callable

from ..connections import LEDGER, ClosedBy
from . import io_thread
from .pool import LIVE_POOLS, Pool
from .wires import LIVE_WIRES, Wires

__all__ = ("install",)

_JOIN_LIMIT_S = 1.0
_ENDING = "lost its connections since the process is ending"

AbandonOwner = Callable[[object, str], None]
"""Called with the owner of a pool that was taken from it, and why."""


def install(abandon: AbandonOwner) -> None:
    """See to exit and fork from now on; call once.

    Args:
        abandon: Tells the owner of a pool that it has lost it.
    """
    atexit.register(_close_at_exit, abandon)
    os.register_at_fork(after_in_child=lambda: _abandon_in_child(abandon))


def _close_at_exit(abandon: AbandonOwner) -> None:
    io_thread.shared_io_thread().stop(_JOIN_LIMIT_S)
    for wires in list(LIVE_WIRES):
        wires.close(ClosedBy.EXIT)
        owner = wires.roster.owner.ref()
        if owner is not None:
            abandon(owner, _ENDING)
    for pool in list(LIVE_POOLS):
        pool.close_at_exit(_JOIN_LIMIT_S)
        owner = pool.roster.owner.ref()
        if owner is not None:
            abandon(owner, _ENDING)


def _abandon_in_child(abandon: AbandonOwner) -> None:
    io_thread.forget_after_fork()
    devnull = os.open(os.devnull, os.O_RDWR)
    living: list[Pool | Wires] = [*LIVE_POOLS, *LIVE_WIRES]
    for pool in living:
        for fd in pool.abandon_in_child():
            # Taken over rather than closed: libcurl in the child still knows the
            # number, which must never come to mean somebody else's file.
            os.dup2(devnull, fd, inheritable=False)
    # Only now: nobody must take a socket out of an epoll that is the parent's too.
    for pool in living:
        owner = pool.roster.owner.ref()
        if owner is not None:
            abandon(
                owner,
                "was made before this process was forked, its connections are the "
                "parent's; make a new session here",
            )
    os.close(devnull)
    LIVE_POOLS.clear()
    LIVE_WIRES.clear()
    LEDGER.forget()
