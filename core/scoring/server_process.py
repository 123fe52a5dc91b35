"""MLflow's scoring server as a process: start it, know it again, end it with its children."""

from __future__ import annotations

import errno
import os
import socket
import sys
from dataclasses import dataclass
from pathlib import Path

import psutil

from core import processes
from core.processes import Mark, find, started_after_boot

__all__ = [
    "LOOPBACK",
    "MARKER",
    "end_all",
    "end_one",
    "end_others",
    "find",
    "launch",
    "listeners",
    "pids_of",
    "port_problem",
    "reachable",
    "serve_command",
    "started_after_boot",
    "taken",
]

# Everything below the server inherits this variable, also what outlives its parent.
MARKER = "COURTSIDE_ENDPOINT_FOLDER"
SERVER_MARKER = "COURTSIDE_ENDPOINT_SERVER"

# Two servers of one user can then listen on one port, so that the next one loads, and answers,
# before the one in charge stops.
CAN_SHARE_PORT = hasattr(socket, "SO_REUSEPORT") and sys.platform != "win32"

LOOPBACK = "127.0.0.1"
_EVERY_ADDRESS = frozenset({"0.0.0.0", "::", ""})

_GRACE_SECONDS = 4.0
_KILL_SECONDS = 3.0


def serve_command(model_uri: str, host: str, port: int) -> list[str]:
    """MLflow's own server with one worker: two make a keep-alive client several times slower."""
    command = [sys.executable, "-m", "mlflow", "models", "serve", "--model-uri", model_uri]
    command += ["--env-manager", "local", "--host", host, "--port", str(port), "--workers", "1"]
    return command


def launch(
    folder: Path, token: str, log_file: Path, command: list[str], tracking_uri: str
) -> psutil.Process:
    """Start ``command`` so that it outlives the caller; its output replaces ``log_file``.

    ``token`` tells its processes from those of the folder's other servers.

    MLflow runs ``bash -c "exec uvicorn ..."``, which must be this environment's uvicorn. Raises
    OSError if it cannot be started.
    """
    environment = {
        **os.environ,
        "MLFLOW_TRACKING_URI": tracking_uri,
        "MLFLOW_REGISTRY_URI": tracking_uri,
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
        # A line for each request would grow the log for ever and bury what went wrong.
        "UVICORN_ACCESS_LOG": "false",
        SERVER_MARKER: token,
    }
    if CAN_SHARE_PORT:
        environment["UVICORN_LOOP"] = "core.scoring.server_loop:new_loop"
    return processes.start(command, _mark(folder), log_file, environment)


def listeners(port: int) -> set[int] | None:
    """Pids of what listens on ``port``; None where the system does not tell."""
    try:
        found = psutil.net_connections(kind="tcp")
    except psutil.AccessDenied:
        return None
    return {
        connection.pid
        for connection in found
        if connection.pid is not None
        and connection.status == psutil.CONN_LISTEN
        and connection.laddr
        and connection.laddr.port == port
    }


def pids_of(process: psutil.Process | None) -> set[int]:
    """A process and all below it; empty where it has gone."""
    if process is None:
        return set()
    try:
        return {member.pid for member in processes.tree(process)}
    except psutil.NoSuchProcess:
        return set()


def end_all(folder: Path, server: psutil.Process | None) -> set[psutil.Process]:
    """End the server and all it started; returns what could not be ended."""
    return processes.end_all(_mark(folder), server, _GRACE_SECONDS, _KILL_SECONDS)


def end_one(token: str, server: psutil.Process | None) -> set[psutil.Process]:
    """As ``end_all``, but only the server with this token."""
    mark = Mark(SERVER_MARKER, token)
    return processes.end_all(mark, server, _GRACE_SECONDS, _KILL_SECONDS)


def end_others(folder: Path, token: str, server: psutil.Process | None) -> set[psutil.Process]:
    """As ``end_all``, but all servers of the folder except the one with this token."""
    mark = _MarkedOtherwise(MARKER, str(folder.resolve()), token)
    return processes.end_all(mark, server, _GRACE_SECONDS, _KILL_SECONDS)


@dataclass(frozen=True)
class _MarkedOtherwise(Mark):
    """Processes of the folder that do not belong to the server with ``token``."""

    token: str

    def is_on(self, process: psutil.Process) -> bool:
        return super().is_on(process) and not Mark(SERVER_MARKER, self.token).is_on(process)


def _mark(folder: Path) -> Mark:
    return Mark(MARKER, str(folder.resolve()))


def reachable(host: str) -> str:
    """The address under which a client here reaches a server that listens on ``host``."""
    return LOOPBACK if host in _EVERY_ADDRESS else host


def port_problem(host: str, port: int) -> str:
    """Why nothing can be started on ``host:port``, in words; empty where nothing is in the way."""
    if not 1 <= port <= 65_535:
        return f"A port is a number from 1 to 65535; found {port}. Choose another."
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            # As the server does: a port whose last connections are still fading is free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as exc:
        return _bind_problem(exc, host, port)
    return taken(port) if _answers(reachable(host), port) else ""


def _bind_problem(exc: OSError, host: str, port: int) -> str:
    if exc.errno == errno.EADDRINUSE:
        return taken(port)
    if exc.errno in {errno.EACCES, errno.EPERM}:
        return f"Port {port} needs an administrator's rights; choose one above 1023."
    return f"{host!r} is not an address of this machine ({exc.strerror}); use {LOOPBACK}."


def taken(port: int) -> str:
    """The sentence for a port that somebody else uses."""
    return (
        f"Port {port} is already taken by another program; choose another port, or end the "
        "program that uses it."
    )


def _answers(host: str, port: int) -> bool:
    """Whether anything accepts a connection; some systems let two programs bind one port."""
    try:
        with socket.create_connection((host, port), timeout=0.5):
            return True
    except OSError:
        return False
