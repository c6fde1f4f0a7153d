"""A wire between two processes that keeps what goes over it: ``python -m leaks.relay PORT HOST:PORT CAPTURE``."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import BinaryIO

import trio


async def carry(source: trio.SocketStream, target: trio.SocketStream, capture: BinaryIO) -> None:
    """Carry bytes one way until they end, and keep them."""
    try:
        async for data in source:
            capture.write(data)
            await target.send_all(data)
        await target.send_eof()
    except (trio.BrokenResourceError, trio.ClosedResourceError):
        await target.aclose()


async def serve(host: str, port: int, capture: BinaryIO, near: trio.SocketStream) -> None:
    """Join one connection with one of its own."""
    try:
        far = await trio.open_tcp_stream(host, port)
    except OSError:
        await near.aclose()
        return
    async with near, far, trio.open_nursery() as nursery:
        nursery.start_soon(carry, near, far, capture)
        nursery.start_soon(carry, far, near, capture)


async def main(port: int, to: str, capture: Path) -> None:
    """Listen until killed."""
    host, _, far = to.rpartition(":")
    with capture.open("ab", buffering=0) as kept:
        await trio.serve_tcp(partial(serve, host, int(far), kept), port, host="127.0.0.1")


if __name__ == "__main__":
    trio.run(main, int(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
