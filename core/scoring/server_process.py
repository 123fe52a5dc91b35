"""MLflow's scoring server as a process: start it, know it again, end it with its children."""

from __future__ import annotations

import errno
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil

# Everything below the server inherits this variable, also what outlives its parent.
MARKER = "COURTSIDE_ENDPOINT_FOLDER"

LOOPBACK = "127.0.0.1"
_EVERY_ADDRESS = frozenset({"0.0.0.0", "::", ""})

# The boot time is given in whole seconds and may be rounded differently from read to read.
_START_TOLERANCE_SECONDS = 2.0
_GRACE_SECONDS = 4.0
_KILL_SECONDS = 3.0
_POLL_SECONDS = 0.05


def serve_command(model_uri: str, host: str, port: int) -> list[str]:
    """MLflow's own server with one worker: two make a keep-alive client several times slower."""
    command = [sys.executable, "-m", "mlflow", "models", "serve", "--model-uri", model_uri]
    command += ["--env-manager", "local", "--host", host, "--port", str(port), "--workers", "1"]
    return command


def launch(folder: Path, log_file: Path, command: list[str], tracking_uri: str) -> psutil.Process:
    """Start ``command`` in a session of its own, so that it outlives the caller.

    Its output replaces ``log_file``. Raises OSError if it cannot be started.
    """
    with log_file.open("wb") as log:
        process = subprocess.Popen(
            command,
            env=_environment(folder, tracking_uri),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    # Someone has to collect the exit code, or the dead server stays in the process table.
    threading.Thread(target=process.wait, name=f"reap-{process.pid}", daemon=True).start()
    return psutil.Process(process.pid)


def _environment(folder: Path, tracking_uri: str) -> dict[str, str]:
    environment = dict(os.environ)
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    # MLflow runs `bash -c "exec uvicorn ..."`, which must be this environment's uvicorn.
    programs = os.path.dirname(sys.executable)  # noqa: PTH120 - resolve() would leave the venv
    rest = [part for part in environment.get("PATH", os.defpath).split(os.pathsep) if part]
    environment["PATH"] = os.pathsep.join([programs, *(part for part in rest if part != programs)])
    environment |= {
        MARKER: str(folder.resolve()),
        "MLFLOW_TRACKING_URI": tracking_uri,
        "MLFLOW_REGISTRY_URI": tracking_uri,
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
        "PYTHONUNBUFFERED": "1",
        # A line for each request would grow the log for ever and bury what went wrong.
        "UVICORN_ACCESS_LOG": "false",
    }
    return environment


def started_after_boot(process: psutil.Process) -> float:
    """Seconds from the machine's start to the process's, which no change of the clock moves.

    Raises psutil.NoSuchProcess where the process has gone.
    """
    return psutil.Process(process.pid).create_time() - psutil.boot_time()


def find(pid: int, process_started: float) -> psutil.Process | None:
    """The process with this pid *and* this start; None where it has died or is another one."""
    try:
        process = psutil.Process(pid)
        same = abs(started_after_boot(process) - process_started) < _START_TOLERANCE_SECONDS
        return process if same and _is_alive(process) else None
    except psutil.NoSuchProcess:
        return None


def listens(process: psutil.Process, port: int) -> bool:
    """Whether this process, or one below it, is what listens on ``port``.

    An answer on the port alone could come from a stranger that took it in the meantime.
    """
    try:
        connections = [
            connection
            for member in _tree(process)
            for connection in member.net_connections(kind="inet")
        ]
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return True  # the system does not tell; then the answer has to do
    return any(
        connection.status == psutil.CONN_LISTEN and connection.laddr.port == port
        for connection in connections
    )


def end_all(folder: Path, server: psutil.Process | None) -> set[psutil.Process]:
    """End the server and all it started: SIGTERM, a few seconds' grace, SIGKILL.

    With ``server`` None, only what a dead one left behind. Returns what could not be ended,
    which is nothing unless the operating system refuses.
    """
    members = _members(folder, server)
    for process in members:
        _signal(process, kill=False)
    members = _wait_until_gone(members, _GRACE_SECONDS)
    deadline = time.monotonic() + _KILL_SECONDS
    # Looked for again each round: a dying parent can still have started another child.
    while members := members | _members(folder, server):
        for process in members:
            _signal(process, kill=True)
        members = _wait_until_gone(members, _POLL_SECONDS)
        if time.monotonic() > deadline:
            break
    return members


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
    return _taken(port) if _answers(reachable(host), port) else ""


def _bind_problem(exc: OSError, host: str, port: int) -> str:
    if exc.errno == errno.EADDRINUSE:
        return _taken(port)
    if exc.errno in {errno.EACCES, errno.EPERM}:
        return f"Port {port} needs an administrator's rights; choose one above 1023."
    return f"{host!r} is not an address of this machine ({exc.strerror}); use {LOOPBACK}."


def _taken(port: int) -> str:
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


def _tree(process: psutil.Process) -> list[psutil.Process]:
    return [process, *process.children(recursive=True)]


def _members(folder: Path, server: psutil.Process | None) -> set[psutil.Process]:
    mark = str(folder.resolve())
    found = {process for process in psutil.process_iter() if _mark_of(process) == mark}
    if server is not None and _is_alive(server):
        try:
            found |= set(_tree(server))
        except psutil.NoSuchProcess:
            found.add(server)
    return {process for process in found if process.pid != os.getpid() and _is_alive(process)}


def _mark_of(process: psutil.Process) -> str | None:
    try:
        return process.environ().get(MARKER)
    except (psutil.Error, OSError):
        return None  # not ours to read, hence not ours to end


def _is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _signal(process: psutil.Process, *, kill: bool) -> None:
    try:
        if kill:
            process.kill()
        else:
            process.terminate()
    except psutil.Error:
        return  # it went by itself, or is not ours to end: whoever looks next finds out which


def _wait_until_gone(processes: set[psutil.Process], seconds: float) -> set[psutil.Process]:
    deadline = time.monotonic() + seconds
    while processes := {process for process in processes if _is_alive(process)}:
        if time.monotonic() > deadline:
            break
        time.sleep(_POLL_SECONDS)
    return processes
