"""The process that runs one job: ``python -m core.jobs.worker FOLDER``.

It leaves a result or a traceback, and a state that says which; then it starts the next job.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import logging
import os
import signal
import sys
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from types import FrameType
from typing import Any

from core.errors import CourtsideError, JobError
from core.files import is_disk_full
from core.jobs import lifecycle, processes, queue
from core.jobs.folder import JobFolder, Plan
from core.jobs.memory import PeakMemory
from core.jobs.reporter import Reporter, StopRequested

_EXIT_AFTER_SIGTERM = 128 + signal.SIGTERM

logger = logging.getLogger("core.jobs.worker")


def main(arguments: list[str]) -> int:
    """Run the job in the folder named; 0 if it succeeded, 1 if it failed, 143 if stopped."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    folder = JobFolder(Path(arguments[0]))
    plan = folder.read_plan()
    inherited = dict(os.environ)
    exit_code = 0
    # Not this process's job where its starter died before it could write the state down: the
    # job is still queued then, and starting the queue anew is all there is to do.
    if lifecycle.is_this_process(folder):
        os.environ.update(plan.environment)
        exit_code = _run(folder, plan)
        if folder.read_state().stop_requested:
            return exit_code  # whoever cancels ends this process's children, a next job included
    queue.advance(folder.jobs_dir, plan.at_once, inherited)
    return exit_code


def _run(folder: JobFolder, plan: Plan) -> int:
    memory = PeakMemory()
    memory.watch()
    reporter = Reporter(folder, memory=memory)

    def on_sigterm(number: int, frame: FrameType | None) -> None:
        reporter.request_stop()
        raise StopRequested

    signal.signal(signal.SIGTERM, on_sigterm)
    try:
        # At once, since what the entry point imports may take many seconds.
        reporter.report("Importing libraries", 0, 1, 0.0)
        result = _checked(_entry_point(plan.entry_point)(plan.arguments, reporter))
        _ignore_sigterm()
    except BaseException as error:  # noqa: BLE001 - a job ends in a result or in a traceback
        _ignore_sigterm()
        if isinstance(error, StopRequested) or reporter.stop_requested:
            return _stopped(folder, reporter)
        return _failed(folder, reporter, error)
    reporter.flush()
    lifecycle.finish(folder, "succeeded", result=result, peak_memory_bytes=memory.peak_bytes)
    return 0


def _ignore_sigterm() -> None:
    # A function, not SIG_IGN: that one would be inherited by the next job's worker.
    signal.signal(signal.SIGTERM, lambda number, frame: None)


def _entry_point(name: str) -> Callable[[dict[str, Any], Reporter], Any]:
    module_name, _, function_name = queue.check_entry_point(name).partition(":")
    module = importlib.import_module(module_name)
    try:
        function: Callable[[dict[str, Any], Reporter], Any] = getattr(module, function_name)
    except AttributeError as exc:
        raise JobError(f"{module_name} has no function {function_name}.") from exc
    return function


def _checked(result: Any) -> dict[str, Any]:
    if not isinstance(result, Mapping):
        raise JobError(f"An entry point returns a dict; this one returned {type(result).__name__}.")
    try:
        checked: dict[str, Any] = json.loads(json.dumps(dict(result), allow_nan=False))
    except (TypeError, ValueError) as exc:
        raise JobError(f"The entry point's result cannot be written as JSON: {exc}.") from exc
    return checked


def _failed(folder: JobFolder, reporter: Reporter, error: BaseException) -> int:
    text = "".join(traceback.format_exception(error))
    # On a full disk the log and the last progress are lost; the state must not be.
    with contextlib.suppress(OSError):
        print(text, file=sys.stderr, flush=True)
    _clean_up(reporter, "failed")
    with contextlib.suppress(OSError):
        reporter.flush()
    if isinstance(error, CourtsideError):
        message = str(error)
    elif is_disk_full(error):
        message = "The disk is full: make room, then retry."
    else:
        message = f"Stopped by an unexpected {type(error).__name__}; the log has the traceback."
    lifecycle.finish(
        folder, "failed", message, traceback_text=text, peak_memory_bytes=reporter.peak_memory_bytes
    )
    return 1


def _stopped(folder: JobFolder, reporter: Reporter) -> int:
    _clean_up(reporter, "cancelled")
    # Where somebody cancels, they hold the lock until this process is gone and write the state
    # themselves; without a cancellation the signal came from outside (a shutdown, a kill).
    if not folder.read_state().stop_requested:
        processes.end_all(folder, None)
        lifecycle.finish(
            folder, "cancelled", "The worker was told to stop (SIGTERM) from outside Courtside."
        )
    return _EXIT_AFTER_SIGTERM


def _clean_up(reporter: Reporter, state: str) -> None:
    try:
        reporter.clean_up(state)
    except Exception:
        logger.exception("The cleanup after a job that was %s has itself failed.", state)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
