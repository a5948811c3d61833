"""websockets: its asyncio client, without compression and without pings of its own."""
# mypy: disable-error-code="import-not-found"
# The peers are in the `bench` extra, which the type check does not install.

from __future__ import annotations

import websockets

from benchmarks.workers.harness import Job, Sample, run_async, run_worker, versions_of
from benchmarks.workers.web_socket import echo_server, measure_echoes


async def echoes(job: Job) -> Sample:
    with echo_server() as url:
        peer = await websockets.connect(url, compression=None, ping_interval=None)
        try:
            return await measure_echoes(job, peer.send, peer.recv)
        finally:
            peer.transport.abort()  # the server knows no closing handshake


if __name__ == "__main__":
    run_worker(
        {
            "web-socket": run_async(echoes),
            "web-socket-pipelined": run_async(echoes),
        },
        lambda: versions_of("websockets"),
    )
