"""What the outside sees of a job: values that never change under the reader's hands."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

State = Literal["queued", "running", "succeeded", "failed", "cancelled", "lost"]

LIVE_STATES: frozenset[State] = frozenset({"queued", "running"})


def utc_now() -> str:
    """The present moment as ISO 8601 in UTC, to the microsecond."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


@dataclass(frozen=True)
class Progress:
    """How far a job is, as its entry point last said.

    ``done`` of ``total`` counts within ``stage``; ``fraction`` is over the whole job, 0 to 1;
    ``best_score`` is None where there is none yet; ``at`` is a UTC ISO string.
    """

    stage: str
    done: int
    total: int
    fraction: float
    detail: str
    best_score: float | None
    at: str

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> Progress:
        """From one line of the event file; raises KeyError, TypeError or ValueError."""
        score = record["best_score"]
        return cls(
            stage=str(record["stage"]),
            done=int(record["done"]),
            total=int(record["total"]),
            fraction=float(record["fraction"]),
            detail=str(record["detail"]),
            best_score=None if score is None else float(score),
            at=str(record["at"]),
        )


def clamped_fraction(value: float) -> float:
    """``value`` within 0 to 1; not-a-number counts as no progress."""
    number = float(value)
    return 0.0 if math.isnan(number) else min(max(number, 0.0), 1.0)


@dataclass(frozen=True)
class JobView:
    """One job at the moment of reading.

    Times are UTC ISO strings, or None where the moment has not come. ``message`` is one line:
    the reason where the job failed, was lost or was cancelled. ``result`` is what the entry
    point returned, None unless the job succeeded. ``attachments`` are the names that the job
    gave to things outside its folder. ``peak_memory_bytes``: the most that its processes held
    together, None before the end and where the worker could not tell. ``is_closed``: somebody
    has called `close` on it.
    """

    job_id: str
    kind: str
    title: str
    state: State
    created_at: str
    started_at: str | None
    finished_at: str | None
    progress: Progress | None
    message: str
    result: dict[str, Any] | None
    attachments: dict[str, str] = field(default_factory=dict)
    peak_memory_bytes: int | None = None
    is_closed: bool = False

    @property
    def is_live(self) -> bool:
        """Queued or running: it may still change."""
        return self.state in LIVE_STATES

    @property
    def moment(self) -> datetime:
        """When it ended; until then, when it was asked for."""
        return datetime.fromisoformat(self.finished_at or self.created_at)

    @property
    def elapsed_seconds(self) -> float:
        """Seconds from start to end, or to now while it runs; 0 where it never started."""
        if self.started_at is None:
            return 0.0
        started = datetime.fromisoformat(self.started_at)
        ended = datetime.fromisoformat(self.finished_at or utc_now())
        return max(0.0, (ended - started).total_seconds())


def by_end(views: Iterable[JobView]) -> list[JobView]:
    """Live jobs, the newest first; then those that have ended, the last to end first.

    One that was cancelled in the queue has ended before the one that it waited for.
    """
    return sorted(views, key=lambda view: (view.is_live, view.moment), reverse=True)
