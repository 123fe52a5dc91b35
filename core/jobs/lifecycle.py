"""The changes of state that a job can go through, each atomic and under the job's lock."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import psutil

from core.errors import JobError
from core.jobs import post_mortem, processes
from core.jobs.folder import JobFolder, JobState
from core.jobs.views import State, utc_now


def start(folder: JobFolder, environment: Mapping[str, str]) -> bool:
    """Start the worker of a queued job; False where the job is not queued any more.

    A worker that cannot be started leaves the job failed, so that the queue behind it moves.
    """
    with folder.lock():
        state = folder.read_state()
        if state.state != "queued":
            return False
        kills = post_mortem.out_of_memory_kills()
        try:
            worker = processes.start_worker(folder, environment)
            worker_started = processes.started_after_boot(worker)
        except (OSError, psutil.NoSuchProcess) as error:
            _end(folder, state, "failed", f"The worker could not be started: {error}.")
            return False
        folder.write_state(
            replace(
                state,
                state="running",
                started_at=utc_now(),
                pid=worker.pid,
                worker_started=worker_started,
                out_of_memory_kills=kills,
            )
        )
        return True


def is_this_process(folder: JobFolder) -> bool:
    """Whether the state names the calling process as the job's worker."""
    with folder.lock():
        state = folder.read_state()
    return state.state == "running" and state.pid == os.getpid()


def finish(
    folder: JobFolder,
    state: State,
    message: str = "",
    *,
    result: dict[str, Any] | None = None,
    traceback_text: str | None = None,
    peak_memory_bytes: int | None = None,
) -> bool:
    """End a running job from its worker; False where somebody else has ended it before."""
    with folder.lock():
        current = folder.read_state()
        if current.state != "running" or current.pid != os.getpid():
            return False
        folder.give_back_room()
        if result is not None:
            folder.write_result(result)
        if traceback_text is not None:
            folder.write_error(traceback_text)
        _end(folder, replace(current, peak_memory_bytes=peak_memory_bytes), state, message)
        return True


def attach(folder: JobFolder, key: str, value: str) -> None:
    """Note a name under ``attachments`` of a job that runs; without effect on any other."""
    with folder.lock():
        state = folder.read_state()
        if state.state == "running":
            folder.write_state(replace(state, attachments={**state.attachments, key: value}))


def reap(folder: JobFolder) -> bool:
    """Mark the job as lost if its worker died without a word; True where it did.

    What the worker had started is ended too, so that nothing goes on in the dark.
    """
    if not _is_dead(folder.read_state()):
        return False
    with folder.lock():
        state = folder.read_state()
        if not _is_dead(state):
            return False
        processes.end_all(folder, None)
        _end_dead(folder, state)
        return True


def cancel(folder: JobFolder) -> None:
    """End a job that is queued or running, and every process of it; else change nothing.

    The lock is held until the last process is gone: a job reads as running while anything of
    it runs, and a worker that is just finishing either came first or does not come at all.
    Raises JobError if a process withstands SIGKILL; the job reads as running then.
    """
    with folder.lock():
        state = folder.read_state()
        if state.state == "queued":
            _end(folder, state, "cancelled", "Cancelled while waiting in the queue.")
            return
        if state.state != "running":
            return
        worker = processes.find(state.pid, state.worker_started)
        if worker is None:
            processes.end_all(folder, None)
            _end_dead(folder, state)
            return
        stopping = replace(state, stop_requested=True)
        folder.write_state(stopping)
        if left := processes.end_all(folder, worker):
            pids = ", ".join(sorted(str(process.pid) for process in left))
            raise JobError(f"Not all of the job could be ended; still there: process {pids}.")
        _end(folder, stopping, "cancelled", "Cancelled while running.")


def _is_dead(state: JobState) -> bool:
    return state.state == "running" and not processes.find(state.pid, state.worker_started)


def _end_dead(folder: JobFolder, state: JobState) -> None:
    if state.stop_requested:
        _end(folder, state, "cancelled", "Cancelled while running.")
        return
    code = post_mortem.awaited(state.pid, folder.exit_code)
    why = post_mortem.reason(state.pid, state.started_at, state.out_of_memory_kills, code)
    _end(folder, state, "lost", f"{why} The log may tell more; start the job again.")


def _end(folder: JobFolder, state: JobState, end: State, message: str) -> None:
    folder.give_back_room()
    line = " ".join(message.split())
    folder.write_state(replace(state, state=end, finished_at=utc_now(), message=line))
