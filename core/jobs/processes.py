"""Processes by identity, never by bare pid: start one, find it again, end it with its children."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping

import psutil

from core.jobs.folder import JobFolder
from core.settings import REPOSITORY

# Every process below a worker inherits this variable, also one that left the worker's process
# group or whose parent has died; it is how the last of them is found.
MARKER = "COURTSIDE_JOB_FOLDER"

# The boot time is given in whole seconds and may be rounded differently from read to read.
_START_TOLERANCE_SECONDS = 2.0
_GRACE_SECONDS = 1.0
_KILL_SECONDS = 1.5
_POLL_SECONDS = 0.02


def start_worker(folder: JobFolder, environment: Mapping[str, str]) -> psutil.Process:
    """Start the worker of ``folder`` in a session of its own; raises OSError if it cannot.

    The worker outlives the caller. ``environment`` is what it inherits, with this Python's
    folder first on PATH, so that programs installed beside it are found.
    """
    with folder.log_file.open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "core.jobs.worker", str(folder.path)],
            cwd=REPOSITORY,
            env=_worker_environment(folder, environment),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    # Someone has to collect the exit code, or the dead worker stays in the process table.
    threading.Thread(target=process.wait, name=f"reap-{process.pid}", daemon=True).start()
    return psutil.Process(process.pid)


def _worker_environment(folder: JobFolder, base: Mapping[str, str]) -> dict[str, str]:
    environment = dict(base)
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    environment["PYTHONUNBUFFERED"] = "1"
    environment[MARKER] = str(folder.path)
    programs = os.path.dirname(sys.executable)  # noqa: PTH120 - resolve() would leave the venv
    rest = [part for part in environment.get("PATH", os.defpath).split(os.pathsep) if part]
    environment["PATH"] = os.pathsep.join([programs, *(p for p in rest if p != programs)])
    return environment


def started_after_boot(process: psutil.Process) -> float:
    """Seconds from the machine's start to the process's, which no change of the clock moves.

    Raises psutil.NoSuchProcess where the process has gone.
    """
    return psutil.Process(process.pid).create_time() - psutil.boot_time()


def find(pid: int | None, worker_started: float | None) -> psutil.Process | None:
    """The process with this pid *and* this start; None where it has died or is another one."""
    if pid is None or worker_started is None:
        return None
    try:
        process = psutil.Process(pid)
        same = abs(started_after_boot(process) - worker_started) < _START_TOLERANCE_SECONDS
        return process if same and _is_alive(process) else None
    except psutil.NoSuchProcess:
        return None


def end_all(folder: JobFolder, worker: psutil.Process | None) -> set[psutil.Process]:
    """End the worker and everything it started: SIGTERM, a second's grace, SIGKILL.

    With ``worker`` None (it is dead already), what it left behind gets no grace. Returns what
    could not be ended, which is nothing unless the operating system refuses.
    """
    members = _members(folder, worker)
    if worker is not None:
        for process in members:
            _signal(process, kill=False)
        members = _wait_until_gone(members, _GRACE_SECONDS)
    deadline = time.monotonic() + _KILL_SECONDS
    # Looked for again each round: a dying parent can still have started another child.
    while members := members | _members(folder, worker):
        for process in members:
            _signal(process, kill=True)
        members = _wait_until_gone(members, _POLL_SECONDS)
        if time.monotonic() > deadline:
            break
    return members


def _members(folder: JobFolder, worker: psutil.Process | None) -> set[psutil.Process]:
    found = {process for process in psutil.process_iter() if _is_marked(process, folder)}
    if worker is not None and _is_alive(worker):
        try:
            found |= {worker, *worker.children(recursive=True)}
        except psutil.NoSuchProcess:
            found.add(worker)
    return {process for process in found if process.pid != os.getpid() and _is_alive(process)}


def _is_marked(process: psutil.Process, folder: JobFolder) -> bool:
    try:
        return process.environ().get(MARKER) == str(folder.path)
    except (psutil.Error, OSError):
        return False  # not ours to read, hence not ours to end


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
