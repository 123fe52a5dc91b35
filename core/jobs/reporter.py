"""What an entry point is given to tell how far it is."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from pathlib import Path

from core.jobs import lifecycle
from core.jobs.folder import JobFolder
from core.jobs.memory import PeakMemory
from core.jobs.views import Progress, clamped_fraction, utc_now

Cleanup = Callable[[str], None]

_SECONDS_BETWEEN_EVENTS = 0.25
_LONGEST_DETAIL = 500


class StopRequested(BaseException):
    """The worker got SIGTERM. Not an Exception, so that ``except Exception`` lets it pass."""


class Reporter:
    """Handed to an entry point; may be called from any of its threads."""

    def __init__(
        self,
        folder: JobFolder,
        clock: Callable[[], float] = time.monotonic,
        memory: PeakMemory | None = None,
    ) -> None:
        self._folder = folder
        self._clock = clock
        self._memory = memory or PeakMemory()
        self._lock = threading.RLock()
        self._stage: str | None = None
        self._written_at = -math.inf
        self._withheld: Progress | None = None
        self._cleanup: Cleanup | None = None
        self._stop_requested = False

    @property
    def job_id(self) -> str:
        return self._folder.job_id

    @property
    def peak_memory_bytes(self) -> int:
        """The most memory that the worker and all it started have held together so far."""
        return self._memory.peak_bytes

    def report(
        self,
        stage: str,
        done: int,
        total: int,
        fraction: float,
        detail: str = "",
        best_score: float | None = None,
    ) -> None:
        """Tell that ``done`` of ``total`` steps of ``stage`` are over.

        ``fraction`` is over the whole job and is held within 0 to 1; a ``best_score`` that is
        not finite counts as none. At most four events a second are written, besides every
        change of stage and every completion. Raises StopRequested where the job was cancelled
        and the entry point's own code swallowed that news.
        """
        if self._stop_requested:
            raise StopRequested
        progress = Progress(
            stage=stage,
            done=int(done),
            total=int(total),
            fraction=clamped_fraction(fraction),
            detail=detail[:_LONGEST_DETAIL],
            best_score=_finite_or_none(best_score),
            at=utc_now(),
        )
        with self._lock:
            if self._is_due(progress):
                self._write(progress)
            else:
                self._withheld = progress

    def set_cleanup(self, cleanup: Cleanup) -> None:
        """Have ``cleanup("cancelled")`` or ``cleanup("failed")`` called if it comes to that.

        It runs in the worker before the job's state is written; after a cancellation it has
        less than a second. Not called on success, nor when the worker is killed outright.
        """
        self._cleanup = cleanup

    def attach(self, key: str, value: str) -> None:
        """Note the name of something outside the job's folder, for whoever cleans up later."""
        lifecycle.attach(self._folder, str(key), str(value))

    @property
    def kept_dir(self) -> Path:
        """Where to keep what a retry of this job can go on from; may not exist yet."""
        return self._folder.kept_dir

    def flush(self) -> None:
        """Write the last progress if it was held back."""
        with self._lock:
            if self._withheld is not None:
                self._write(self._withheld)

    def request_stop(self) -> None:
        """From now on every report raises StopRequested."""
        self._stop_requested = True

    @property
    def stop_requested(self) -> bool:
        return self._stop_requested

    def clean_up(self, state: str) -> None:
        """Call what ``set_cleanup`` was given, if anything; its exceptions are the caller's."""
        if self._cleanup is not None:
            self._cleanup(state)

    def _is_due(self, progress: Progress) -> bool:
        return (
            progress.stage != self._stage
            or progress.done >= progress.total
            or self._clock() - self._written_at >= _SECONDS_BETWEEN_EVENTS
        )

    def _write(self, progress: Progress) -> None:
        self._folder.append_event(progress)
        self._stage = progress.stage
        self._written_at = self._clock()
        self._withheld = None


def _finite_or_none(value: float | None) -> float | None:
    if value is None or not math.isfinite(value):
        return None
    return float(value)
