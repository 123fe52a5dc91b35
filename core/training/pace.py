"""How long a training takes, judged by what comparable earlier ones on this machine took."""

from __future__ import annotations

import json
import platform
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from itertools import pairwise

from core.jobs import JobView, Progress, Reporter
from core.settings import Settings
from core.training import stages
from core.training.plan import TrainingPlan

# Among what a job has attached.
_TOLD_AS = "timed_on"
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
    def of(cls, job: JobView) -> Conditions | None:
        """What a job has told; None where it ended before it could."""
        told = job.attachments.get(_TOLD_AS)
        return cls(**json.loads(told)) if told else None

    def attach(self, reporter: Reporter) -> None:
        """Tell later trainings, however this one ends."""
        reporter.attach(_TOLD_AS, json.dumps(asdict(self)))

    def compares_with(self, other: Conditions) -> bool:
        few, many = sorted((self.fit_rows, other.fit_rows))
        same = (self.workers, self.machine) == (other.workers, other.machine)
        return same and 0 < many <= _MOST_TIMES_THE_ROWS * few


@dataclass(frozen=True)
class Timed:
    """One algorithm in one training: its search, and the rest that was done for it.

    ``rows``: fitted at once, so less the fold that was left out. ``around_seconds``: baseline,
    measuring, learning curve, storing, registering; None of a training that did not succeed.
    """

    fits: int
    seconds_per_fit: float
    rows: float
    around_seconds: float | None


@dataclass(frozen=True)
class Pace:
    """What a training took. ``start_seconds`` are no algorithm's: loading, for the most.

    They are None where it did not succeed, and where algorithms were compared first and nothing
    tells how long that took.
    ``compared``: the fits of that at usual settings. ``renews``: it was a retraining.
    """

    conditions: Conditions
    timed: Mapping[str, Timed]
    start_seconds: float | None
    renews: bool
    compared: Mapping[str, Timed] = field(default_factory=dict)


@dataclass(frozen=True)
class Forecast:
    """How long a training will take: ``least`` to ``most`` seconds.

    They differ where the best algorithms are still to be found: the quickest may turn out best, or
    the slowest. Both are None where there is no telling: ``unmeasured`` names the algorithms of
    which nothing comparable was timed, and is empty where no training was.
    """

    least: float | None
    most: float | None
    unmeasured: tuple[str, ...] = ()


def pace_of(
    plan: TrainingPlan,
    conditions: Conditions,
    events: Sequence[Progress],
    seconds: float,
    succeeded: bool = True,
) -> Pace | None:
    """The pace of a training that took ``seconds``, from its events; None where none was timed.

    Of one that did not succeed, the searches as far as they got: their fits took what they took.

    ``events``: oldest first, the first and the last of each stage at the least. The time between
    a search's first and last event is the fits' own.
    """
    fitting: dict[str, float] = defaultdict(float)
    fits: dict[str, int] = defaultdict(int)
    comparing: dict[str, float] = {}
    around: dict[str, float] = defaultdict(float)
    for event, following in pairwise(events):
        step, algorithm = stages.read(event.stage) or ("", "")
        spent = _seconds_between(event, following)
        if step == "tuning" and following.stage == event.stage:
            fitting[algorithm] += spent
            fits[algorithm] += following.done - event.done
        elif algorithm:
            around[algorithm] += spent
        elif (before := stages.read_compared(event.stage)) is not None:
            comparing[before] = spent
    rows = conditions.fit_rows * (1 - 1 / plan.folds)
    timed = {
        name: Timed(count, fitting[name] / count, rows, around[name] if succeeded else None)
        for name, count in fits.items()
        if count > 0
    }
    if not timed:
        return None
    timed_seconds = sum(fitting.values()) + sum(around.values()) + sum(comparing.values())
    start = max(0.0, seconds - timed_seconds)
    compared = {
        name: Timed(plan.folds, spent / plan.folds, rows, 0.0) for name, spent in comparing.items()
    }
    untold = not succeeded or (plan.options.find_best is not None and not compared)
    return Pace(conditions, timed, None if untold else start, bool(plan.inputs), compared)


def forecast(plan: TrainingPlan, here: Conditions, paces: Sequence[Pace], renews: bool) -> Forecast:
    """How long ``plan`` will take, by what is comparable among ``paces``, the newest first.

    Each algorithm's seconds a fit, in proportion to the rows, are a mean over those under
    comparable conditions in which recent ones weigh most; where it was never tuned, of its
    comparisons with others. What is done around the fits goes by trainings of the same kind
    (retrainings judge in the end), where there are any, and by other algorithms' where this one's
    is not known.
    """
    known = [pace for pace in paces if pace.conditions.compares_with(here)]
    alike = [pace for pace in known if pace.renews == renews]
    start = _mean([(p.start_seconds, 1.0) for p in alike or known if p.start_seconds is not None])
    rows = here.fit_rows * (1 - 1 / plan.folds)
    each = {
        model.algorithm: _seconds_per_fit(known, model.algorithm, rows) for model in plan.models
    }
    unmeasured = tuple(name for name, seconds in each.items() if seconds is None)
    if start is None or unmeasured:
        return Forecast(None, None, unmeasured if known else ())
    costs = []
    for model in plan.models:
        around = _around(alike, model.algorithm) or _around(known, model.algorithm) or 0.0
        costs.append((model.candidates * plan.folds * (each[model.algorithm] or 0.0), around))
    costs.sort(key=sum)
    choosing = plan.options.find_best is not None
    comparing = plan.folds * sum(one or 0.0 for one in each.values()) if choosing else 0.0
    ends = (costs[: plan.tuned_models], costs[-plan.tuned_models :])
    least, most = (start + _bounded(plan, comparing, tuned) for tuned in ends)
    return Forecast(least, most)


def _bounded(plan: TrainingPlan, comparing: float, tuned: Sequence[tuple[float, float]]) -> float:
    """Seconds of comparing and tuning, within the budget if there is one, and of what is around.

    ``tuned``: (fits, around) of each algorithm.
    """
    fits = comparing + sum(seconds for seconds, _ in tuned)
    minutes = plan.options.minutes
    bounded = fits if minutes is None else min(fits, minutes * 60)
    return bounded + sum(seconds for _, seconds in tuned)


def _seconds_per_fit(known: Sequence[Pace], algorithm: str, rows: float) -> float | None:
    def each(one: Timed) -> float:
        return one.seconds_per_fit * rows / one.rows

    tuned = _over([pace.timed for pace in known], algorithm, each)
    return tuned or _over([pace.compared for pace in known], algorithm, each)


def _around(paces: Sequence[Pace], algorithm: str) -> float | None:
    """What is done around an algorithm's fits; the mean of the others' where it was never timed."""
    own = _over([pace.timed for pace in paces], algorithm, lambda one: one.around_seconds)
    timed = [one.around_seconds for pace in paces for one in pace.timed.values()]
    others = [seconds for seconds in timed if seconds is not None]
    return own if own is not None else (sum(others) / len(others) if others else None)


def _over(
    paces: Sequence[Mapping[str, Timed]], algorithm: str, value: Callable[[Timed], float | None]
) -> float | None:
    timed = [pace[algorithm] for pace in paces if algorithm in pace]
    values = [(value(one), min(one.fits, _ENOUGH_FITS)) for one in timed]
    return _mean([(seconds, weight) for seconds, weight in values if seconds is not None])


def _mean(values: Sequence[tuple[float, float]]) -> float | None:
    """Of (value, weight), newest first, each worth a third of the one before; None of none."""
    weights = [weight * _EARLIER_COUNTS**age for age, (_, weight) in enumerate(values)]
    if not values:
        return None
    return sum(w * v for w, (v, _) in zip(weights, values, strict=True)) / sum(weights)


def remaining_seconds(
    events: Sequence[Progress], now: datetime | None = None, minutes: float | None = None
) -> float | None:
    """Seconds left of a running training, from its own pace since the first search began.

    ``minutes``: its time budget, which may end its search before. None before there is enough to
    judge by, and once the rest should be over already.
    """
    searching = [n for n, event in enumerate(events) if _is_search(event)]
    if not searching:
        return None
    first, last = events[searching[0]], events[-1]
    covered = last.fraction - first.fraction
    if covered < _LEAST_SHARE:
        return None
    since = ((now or datetime.now(UTC)) - datetime.fromisoformat(last.at)).total_seconds()
    spent = _seconds_between(first, last)
    left = spent * (1 - last.fraction) / covered - since
    if minutes is not None and _is_search(last):
        # What comes after the fits is small beside a search that has to be ended.
        left = min(left, minutes * 60 - spent - since)
    return left if left > 0 else None


def _is_search(event: Progress) -> bool:
    return (stages.read(event.stage) or ("",))[0] == "tuning"


def _seconds_between(earlier: Progress, later: Progress) -> float:
    return (datetime.fromisoformat(later.at) - datetime.fromisoformat(earlier.at)).total_seconds()
