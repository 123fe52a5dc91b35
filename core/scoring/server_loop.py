"""The event loop of the scoring server: its port is handed over without a break.

Uvicorn, which MLflow's server runs on, is told of it by ``UVICORN_LOOP``. The next server listens
on the same port beside the one in charge, and from then on gets every new connection; the one in
charge answers what it has accepted and ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import socket
import struct
import sys
from typing import Any

# Of the Linux headers <asm-generic/socket.h> and <linux/filter.h>; Python has no names for them.
_SO_ATTACH_REUSEPORT_CBPF = 51
_BPF_RETURN_CONSTANT = 0x06


class SharingLoop(asyncio.SelectorEventLoop):
    """An event loop whose servers share their port with the one before and take it over."""

    async def create_server(self, *args: Any, **options: Any) -> asyncio.Server:
        """As asyncio's, for TCP."""
        server = await super().create_server(*args, **{**options, "reuse_port": True})
        for transport in server.sockets:
            take_new_connections(transport)
        return server


def new_loop() -> asyncio.AbstractEventLoop:
    """What uvicorn calls for its event loop."""
    return SharingLoop()


def take_new_connections(listening: Any) -> None:
    """Have the kernel hand new connections to the second of two sockets on one port.

    The kernel numbers them as they began to listen. Where there is only one, the choice fails and
    it is taken. Without this, connections that wait to be accepted by the older one would be lost
    with it. On systems that lack it the kernel spreads connections over both.
    """
    if not sys.platform.startswith("linux"):
        return
    second = ctypes.create_string_buffer(struct.pack("HBBI", _BPF_RETURN_CONSTANT, 0, 0, 1))
    program = struct.pack("HP", 1, ctypes.addressof(second))
    with contextlib.suppress(OSError):
        listening.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_REUSEPORT_CBPF, program)
