"""How long a training takes, judged by what comparable earlier ones on this machine took."""

from __future__ import annotations

import platform
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from core.jobs import Progress
from core.settings import Settings
from core.training import stages
from core.training.plan import TrainingPlan

# Less progress than this says little about the rest.
_LEAST_SHARE = 0.02
# A timing counts for so much of the next newer one: libraries, code and load change with time.
_EARLIER_COUNTS = 1 / 3
# A search of fewer fits counts for less: its start is a part of its time.
_ENOUGH_FITS = 100
# Seconds a fit are taken to grow with the rows; that holds near the rows they were timed on.
_MOST_TIMES_THE_ROWS = 4.0


@dataclass(frozen=True)
class Conditions:
    """What decides the pace of a training besides its plan.

    ``fit_rows``: given to the search, before its folds. ``workers``: how many processes fit, or
    the address of the Dask scheduler that has them.
    """

    fit_rows: int
    workers: str
    machine: str

    @classmethod
    def here(cls, settings: Settings, fit_rows: int) -> Conditions:
        return cls(fit_rows, settings.dask_scheduler or str(settings.fit_workers), platform.node())

    @classmethod
    def from_json(cls, value: Mapping[str, Any] | None) -> Conditions | None:
        """None where a training did not tell, as before it could."""
        return cls(**value) if value else None

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    def compares_with(self, other: Conditions) -> bool:
        few, many = sorted((self.fit_rows, other.fit_rows))
        same = (self.workers, self.machine) == (other.workers, other.machine)
        return same and 0 < many <= _MOST_TIMES_THE_ROWS * few


@dataclass(frozen=True)
class Timed:
    """One algorithm in one training: its search, and the rest that was done for it.

    ``rows``: fitted at once, so less the fold that was left out. ``around_seconds``: baseline,
    measuring, learning curve, storing, registering.
    """

    fits: int
    seconds_per_fit: float
    rows: float
    around_seconds: float


@dataclass(frozen=True)
class Pace:
    """What a finished training took. ``start_seconds`` are no algorithm's: loading, for the most.

    They are None where algorithms were compared first. ``renews``: it was a retraining.
    """

    conditions: Conditions
    timed: Mapping[str, Timed]
    start_seconds: float | None
    renews: bool


def pace_of(
    plan: TrainingPlan, conditions: Conditions, events: Sequence[Progress], seconds: float
) -> Pace | None:
    """The pace of a training that took ``seconds``, from its events; None where none was timed.

    ``events``: oldest first, the first and the last of each stage at the least. The time between
    a search's first and last event is the fits' own.
    """
    fitting: dict[str, float] = defaultdict(float)
    fits: dict[str, int] = defaultdict(int)
    around: dict[str, float] = defaultdict(float)
    for event, following in pairwise(events):
        step, algorithm = stages.read(event.stage) or ("", "")
        spent = _seconds_between(event, following)
        if step == "tuning" and following.stage == event.stage:
            fitting[algorithm] += spent
            fits[algorithm] += following.done - event.done
        elif algorithm:
            around[algorithm] += spent
    rows = conditions.fit_rows * (1 - 1 / plan.folds)
    timed = {
        name: Timed(count, fitting[name] / count, rows, around[name])
        for name, count in fits.items()
        if count > 0
    }
    if not timed:
        return None
    start = max(0.0, seconds - sum(fitting.values()) - sum(around.values()))
    compared = plan.options.find_best is not None
    return Pace(conditions, timed, None if compared else start, bool(plan.inputs))


def expected_seconds(
    plan: TrainingPlan, here: Conditions, paces: Sequence[Pace], renews: bool
) -> float | None:
    """Seconds that ``plan`` will take; None where nothing comparable was timed.

    ``paces``: of earlier trainings, newest first. Each algorithm's seconds a fit, in proportion to
    the rows, are a mean over those under comparable conditions in which recent ones weigh most.
    What is done around the fits goes by trainings of the same kind (retrainings judge in the end),
    where there are any. None, too, where it is still to be found which algorithms are tuned.
    """
    known = [pace for pace in paces if pace.conditions.compares_with(here)]
    alike = [pace for pace in known if pace.renews == renews]
    start = _mean([(p.start_seconds, 1.0) for p in alike or known if p.start_seconds is not None])
    if plan.options.find_best is not None or start is None:
        return None
    rows = here.fit_rows * (1 - 1 / plan.folds)
    fits, around = 0.0, 0.0
    for model in plan.models:
        name, count = model.algorithm, model.candidates * plan.folds
        each = _over(known, name, lambda one: one.seconds_per_fit * rows / one.rows)
        beside = _over(alike, name, lambda one: one.around_seconds)
        if beside is None:
            beside = _over(known, name, lambda one: one.around_seconds)
        if each is None or beside is None:
            return None
        fits, around = fits + count * each, around + beside
    minutes = plan.options.minutes
    return start + around + (fits if minutes is None else min(fits, minutes * 60))


def _over(paces: Sequence[Pace], algorithm: str, value: Callable[[Timed], float]) -> float | None:
    timed = [pace.timed[algorithm] for pace in paces if algorithm in pace.timed]
    return _mean([(value(one), min(one.fits, _ENOUGH_FITS)) for one in timed])


def _mean(values: Sequence[tuple[float, float]]) -> float | None:
    """Of (value, weight), newest first, each worth a third of the one before; None of none."""
    weights = [weight * _EARLIER_COUNTS**age for age, (_, weight) in enumerate(values)]
    if not values:
        return None
    return sum(w * v for w, (v, _) in zip(weights, values, strict=True)) / sum(weights)


def remaining_seconds(events: Sequence[Progress], now: datetime | None = None) -> float | None:
    """Seconds left of a running training, from its own pace since the first search began.

    None before there is enough to judge by, and once the rest should be over already.
    """
    searching = [n for n, event in enumerate(events) if _is_search(event)]
    if not searching:
        return None
    first, last = events[searching[0]], events[-1]
    covered = last.fraction - first.fraction
    if covered < _LEAST_SHARE:
        return None
    since = ((now or datetime.now(UTC)) - datetime.fromisoformat(last.at)).total_seconds()
    left = _seconds_between(first, last) * (1 - last.fraction) / covered - since
    return left if left > 0 else None


def _is_search(event: Progress) -> bool:
    return (stages.read(event.stage) or ("",))[0] == "tuning"


def _seconds_between(earlier: Progress, later: Progress) -> float:
    return (datetime.fromisoformat(later.at) - datetime.fromisoformat(earlier.at)).total_seconds()
