"""How long a training takes, judged by what earlier ones on this machine took."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from core.jobs import Progress
from core.training import stages
from core.training.catalogue import CATALOGUE
from core.training.plan import TrainingPlan

_STAGES = {stages.of_model("tuning", one.title): one.id for one in CATALOGUE.values()}
# Less progress than this says little about the rest.
_LEAST_SHARE = 0.02


@dataclass(frozen=True)
class Pace:
    """What a finished training took: seconds a fit by algorithm, and seconds for all the rest."""

    seconds_per_fit: Mapping[str, float]
    rest_seconds: float

    def expected_seconds(self, plan: TrainingPlan) -> float | None:
        """Seconds that ``plan`` will take at this pace, None where that cannot be said.

        That is for an algorithm not timed yet, and where it is still to be found which are tuned.
        """
        if plan.options.find_best is not None or any(
            model.algorithm not in self.seconds_per_fit for model in plan.models
        ):
            return None
        fits = sum(
            model.candidates * plan.folds * self.seconds_per_fit[model.algorithm]
            for model in plan.models
        )
        minutes = plan.options.minutes
        return self.rest_seconds + (fits if minutes is None else min(fits, minutes * 60))


def pace_of(events: Sequence[Progress]) -> Pace | None:
    """The pace of a training from its events, oldest first; None where none of it was timed.

    The time between a search's first and last report is the fits' own; what comes before and
    after (start, baseline, refit, registration) does not grow with the candidates.
    """
    if not events:
        return None
    seconds_per_fit: dict[str, float] = {}
    fitting = 0.0
    for stage, algorithm in _STAGES.items():
        reports = [event for event in events if event.stage == stage]
        if not reports or reports[-1].done <= reports[0].done:
            continue
        spent = _seconds_between(reports[0], reports[-1])
        seconds_per_fit[algorithm] = spent / (reports[-1].done - reports[0].done)
        fitting += spent
    if not seconds_per_fit:
        return None
    return Pace(seconds_per_fit, max(0.0, _seconds_between(events[0], events[-1]) - fitting))


def newest_of_each(paces: Sequence[Pace]) -> Pace | None:
    """One pace out of many, newest first: each algorithm as it was last timed; None for none."""
    if not paces:
        return None
    merged: dict[str, float] = {}
    for pace in reversed(paces):
        merged.update(pace.seconds_per_fit)
    return Pace(merged, paces[0].rest_seconds)


def remaining_seconds(events: Sequence[Progress], now: datetime | None = None) -> float | None:
    """Seconds left of a running training, from its own pace since the first search began.

    None before there is enough to judge by, and once the rest should be over already.
    """
    searching = [n for n, event in enumerate(events) if event.stage in _STAGES]
    if not searching:
        return None
    first, last = events[searching[0]], events[-1]
    covered = last.fraction - first.fraction
    if covered < _LEAST_SHARE:
        return None
    since = ((now or datetime.now(UTC)) - datetime.fromisoformat(last.at)).total_seconds()
    left = _seconds_between(first, last) * (1 - last.fraction) / covered - since
    return left if left > 0 else None


def _seconds_between(earlier: Progress, later: Progress) -> float:
    return (datetime.fromisoformat(later.at) - datetime.fromisoformat(earlier.at)).total_seconds()
