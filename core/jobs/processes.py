"""The worker of a job as a process: start it, find it again, end it with its children."""

from __future__ import annotations

import sys
from collections.abc import Mapping

import psutil

from core import processes
from core.jobs.folder import JobFolder
from core.processes import Mark, find, started_after_boot

__all__ = ["MARKER", "end_all", "find", "start_worker", "started_after_boot"]

MARKER = "COURTSIDE_JOB_FOLDER"

_GRACE_SECONDS = 1.0
_KILL_SECONDS = 1.5


def start_worker(folder: JobFolder, environment: Mapping[str, str]) -> psutil.Process:
    """Start the worker of ``folder``; ``environment`` is what it inherits. OSError if it cannot."""
    command = [sys.executable, "-m", "core.jobs.worker", str(folder.path)]
    return processes.start(
        command,
        _mark(folder),
        folder.log_file,
        environment,
        append=True,
        on_exit=folder.note_exit_code,
    )


def end_all(folder: JobFolder, worker: psutil.Process | None) -> set[psutil.Process]:
    """End the worker and everything it started; returns what could not be ended."""
    return processes.end_all(_mark(folder), worker, _GRACE_SECONDS, _KILL_SECONDS)


def _mark(folder: JobFolder) -> Mark:
    return Mark(MARKER, str(folder.path))
