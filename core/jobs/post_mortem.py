"""Why a worker died without a word, as far as the system tells."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import psutil

_LONGEST_WAIT_SECONDS = 0.5
# From collecting an exit code to its being on disk.
_GRACE_SECONDS = 0.1
_VMSTAT = Path("/proc/vmstat")


def out_of_memory_kills() -> int | None:
    """How many processes Linux has ended for lack of memory since it started; None elsewhere."""
    try:
        for line in _VMSTAT.read_text(encoding="ascii").splitlines():
            name, _, count = line.partition(" ")
            if name == "oom_kill":
                return int(count)
    except (OSError, ValueError):
        return None
    return None


def awaited(pid: int | None, exit_code: Callable[[], int | None]) -> int | None:
    """The exit code, once whoever started the worker has collected it; None where nobody does.

    A dead process with threads can be seen as dead before its starter can collect it.
    """
    deadline = time.monotonic() + _LONGEST_WAIT_SECONDS
    grace = time.monotonic() + _GRACE_SECONDS
    while (code := exit_code()) is None and time.monotonic() < deadline:
        collected = pid is None or not psutil.pid_exists(pid)
        if collected and time.monotonic() > grace:
            return exit_code()
        time.sleep(0.01)
    return code


def reason(
    pid: int | None, started_at: str | None, kills_at_start: int | None, exit_code: int | None
) -> str:
    """One sentence for the person whose job it was.

    ``exit_code``: as Python's subprocess gives it, negative for a signal; None where whoever
    started the worker had gone before it ended.
    """
    who = f"The worker (process {pid})"
    if started_at and datetime.fromisoformat(started_at).timestamp() < _boot_time():
        booted = datetime.fromtimestamp(_boot_time(), UTC)
        return f"{who} ended when the machine restarted, {booted:%Y-%m-%d %H:%M} UTC."
    kills = out_of_memory_kills()
    if kills is not None and kills_at_start is not None and kills > kills_at_start:
        return (
            f"{who} ended without a word, and the system has meanwhile ended a process because "
            "memory ran out: probably this one. Give it fewer rows, candidates or fit workers."
        )
    if exit_code is not None and exit_code < 0:
        return f"{who} was ended from outside by {_signal_name(-exit_code)}."
    if exit_code is not None:
        return f"{who} ended without a word, with exit code {exit_code}."
    return f"{who} ended without a word: killed, out of memory, or the machine went down."


def _boot_time() -> float:
    return psutil.boot_time()


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
