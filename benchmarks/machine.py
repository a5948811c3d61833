"""The machine that a number came from: without it the number says nothing."""

from __future__ import annotations

import os
import platform
from pathlib import Path

__all__ = ("client_cores", "describe_machine", "server_core")


def describe_machine() -> dict[str, object]:
    """Return processor, cores this process may use, memory, kernel and load."""
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": _memory_gib(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "load_before": round(os.getloadavg()[0], 2),
    }


def server_core() -> int | None:
    """Return the core that the server is kept on; None if there is one only."""
    cores = os.sched_getaffinity(0)
    return max(cores) if len(cores) > 1 else None


def client_cores(*, apart: bool) -> list[int]:
    """Return the cores that a client may use: all, or all but the server's."""
    cores = os.sched_getaffinity(0)
    return sorted(cores - {server_core()} if apart and len(cores) > 1 else cores)


def _processor() -> str:
    # platform.processor() is empty on most Linux systems.
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.processor() or "unknown"
    for line in text.splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or "unknown"


def _memory_gib() -> int:
    pages, size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    return round(pages * size / 2**30)
