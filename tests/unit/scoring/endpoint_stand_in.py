"""A small server in place of MLflow's: a parent that waits for the child which listens.

``python endpoint_stand_in.py parent|child BEHAVIOUR HOST PORT VERSION``, run in the repository.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.getcwd())  # noqa: PTH109 - as uvicorn does

role, behaviour, host, port, version = sys.argv[1:]


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(version)}\r\nConnection: close\r\n\r\n"
    writer.write(head.encode() + version.encode())
    await writer.drain()
    writer.close()


async def serve() -> None:
    server = await asyncio.start_server(answer, host, int(port))
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    print("serves", version, flush=True)
    await ended.wait()
    server.close()
    await asyncio.sleep(0.1)


if behaviour == "broken":
    raise ValueError("the model file is damaged")
if role == "parent":
    child = [sys.executable, sys.argv[0], "child", *sys.argv[2:]]
    sys.exit(subprocess.run(child, check=False).returncode)
time.sleep({"silent": 60.0, "slow": 1.0}.get(behaviour, 0.0))

from core.scoring.server_loop import new_loop  # noqa: E402

with asyncio.Runner(loop_factory=new_loop) as runner:
    runner.run(serve())
