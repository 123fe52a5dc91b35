"""Processes by identity, never by bare pid: start one, find it again, end it with its children."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from core.settings import REPOSITORY

# The boot time is given in whole seconds and may be rounded differently from read to read.
_START_TOLERANCE_SECONDS = 2.0
_POLL_SECONDS = 0.03


@dataclass(frozen=True)
class Mark:
    """An environment variable that a process and all below it inherit.

    It finds those too that left the group, or whose parent has died.
    """

    variable: str
    value: str

    def is_on(self, process: psutil.Process) -> bool:
        try:
            return process.environ().get(self.variable) == self.value
        except (psutil.Error, OSError):
            return False  # not ours to read, hence not ours to end


def start(
    command: Sequence[str],
    mark: Mark,
    log_file: Path,
    environment: Mapping[str, str],
    append: bool = False,
    on_exit: Callable[[int], None] | None = None,
) -> psutil.Process:
    """Start ``command`` in a session of its own, so that it outlives the caller.

    ``on_exit`` is given its exit code (negative: the signal) if the caller is still there then.

    Its output goes to ``log_file``. This Python's folder comes first on PATH, so that programs
    installed beside it are found. Raises OSError if it cannot be started.
    """
    with log_file.open("ab" if append else "wb") as log:
        process = subprocess.Popen(
            list(command),
            cwd=REPOSITORY,
            env=_inherited(environment) | {mark.variable: mark.value},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    # Someone has to collect the exit code, or the dead process stays in the process table.

    def reap() -> None:
        code = process.wait()
        if on_exit is not None:
            on_exit(code)

    threading.Thread(target=reap, name=f"reap-{process.pid}", daemon=True).start()
    return psutil.Process(process.pid)


def _inherited(base: Mapping[str, str]) -> dict[str, str]:
    environment = dict(base)
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    environment["PYTHONUNBUFFERED"] = "1"
    programs = os.path.dirname(sys.executable)  # noqa: PTH120 - resolve() would leave the venv
    rest = [part for part in environment.get("PATH", os.defpath).split(os.pathsep) if part]
    environment["PATH"] = os.pathsep.join([programs, *(p for p in rest if p != programs)])
    return environment


def started_after_boot(process: psutil.Process) -> float:
    """Seconds from the machine's start to the process's, which no change of the clock moves.

    Raises psutil.NoSuchProcess where the process has gone.
    """
    return psutil.Process(process.pid).create_time() - psutil.boot_time()


def find(pid: int | None, started: float | None) -> psutil.Process | None:
    """The process with this pid *and* this start; None where it has died or is another one."""
    if pid is None or started is None:
        return None
    try:
        process = psutil.Process(pid)
        same = abs(started_after_boot(process) - started) < _START_TOLERANCE_SECONDS
        return process if same and is_alive(process) else None
    except psutil.NoSuchProcess:
        return None


def end_all(
    mark: Mark, leader: psutil.Process | None, grace_seconds: float, kill_seconds: float
) -> set[psutil.Process]:
    """End a process and everything it started: SIGTERM, some grace, SIGKILL.

    With ``leader`` None (it is dead already), what it left behind gets no grace. Returns what
    could not be ended, which is nothing unless the operating system refuses.
    """
    members = _members(mark, leader)
    if leader is not None:
        for process in members:
            _signal(process, kill=False)
        members = _wait_until_gone(members, grace_seconds)
    deadline = time.monotonic() + kill_seconds
    # Looked for again each round: a dying parent can still have started another child.
    while members := members | _members(mark, leader):
        for process in members:
            _signal(process, kill=True)
        members = _wait_until_gone(members, _POLL_SECONDS)
        if time.monotonic() > deadline:
            break
    return members


def tree(process: psutil.Process) -> list[psutil.Process]:
    """A process and all below it; raises psutil.NoSuchProcess where it has gone."""
    return [process, *process.children(recursive=True)]


def is_alive(process: psutil.Process) -> bool:
    """Whether anything of it still runs; a zombie with no thread left does not.

    The first thread of a killed process may be a zombie while others still hold its files, and
    with these its locks.
    """
    try:
        if not process.is_running():
            return False
        return process.status() != psutil.STATUS_ZOMBIE or process.num_threads() > 1
    except psutil.NoSuchProcess:
        return False


def _members(mark: Mark, leader: psutil.Process | None) -> set[psutil.Process]:
    found = {process for process in psutil.process_iter() if mark.is_on(process)}
    if leader is not None and is_alive(leader):
        try:
            found |= set(tree(leader))
        except psutil.NoSuchProcess:
            found.add(leader)
    return {process for process in found if process.pid != os.getpid() and is_alive(process)}


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
    while processes := {process for process in processes if is_alive(process)}:
        if time.monotonic() > deadline:
            break
        time.sleep(_POLL_SECONDS)
    return processes
