"""Where each model of a training stands, from the events of its job."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from core.jobs import Progress
from core.training import stages
from core.training.catalogue import title_of
from core.training.plan import TrainingPlan

# Fewer fits than this share of all say little about the rest.
_LEAST_SHARE = 0.02


@dataclass(frozen=True)
class ModelProgress:
    """One model of a training at one moment.

    ``step`` is a key of ``stages.STEPS``, or "waiting" before the first and "done" after the
    last. ``fits`` of ``fits_total`` are the search's, ``candidates`` of ``candidates_total`` the
    whole ones among them; ``best`` is the best mean score over the folds so far. Seconds are
    None where the step has not begun, or where there is no telling yet.
    """

    algorithm: str
    title: str
    step: str
    candidates: int
    candidates_total: int
    folds: int
    fits: int
    fits_total: int
    best: float | None
    elapsed_seconds: float | None
    tuning_left_seconds: float | None

    @property
    def step_number(self) -> int:
        """1 for the first step, 0 before it, one more than there are after the last."""
        order = ["waiting", *stages.STEPS, "done"]
        return order.index(self.step)


def timeline(
    plan: TrainingPlan, milestones: Sequence[Progress], now: datetime | None = None
) -> list[ModelProgress]:
    """The models of a plan in its order; ``milestones`` are those of `core.jobs.milestones`.

    Where the best are still to be found, only those appear whose turn has come.
    """
    moment = now or datetime.now(UTC)
    models = [
        _model(plan, model.algorithm, model.candidates, milestones, moment) for model in plan.models
    ]
    if plan.options.find_best is None:
        return models
    return [model for model in models if model.step != "waiting"]


def _model(
    plan: TrainingPlan,
    algorithm: str,
    candidates: int,
    milestones: Sequence[Progress],
    now: datetime,
) -> ModelProgress:
    own = [
        (place, found[0])
        for place, event in enumerate(milestones)
        if (found := stages.read(event.stage)) is not None and found[1] == algorithm
    ]
    search = [milestones[place] for place, step in own if step == "tuning"]
    total = search[-1].total if search else candidates * plan.folds
    fits = search[-1].done if search else 0
    step, ended = "waiting", now
    if own:
        last, step = own[-1]
        if last + 1 < len(milestones):  # something else has begun
            step, ended = "done", _time(milestones[last + 1])
    return ModelProgress(
        algorithm=algorithm,
        title=title_of(algorithm),
        step=step,
        candidates=fits // plan.folds,
        candidates_total=total // plan.folds,
        folds=plan.folds,
        fits=fits,
        fits_total=total,
        best=search[-1].best_score if search else None,
        elapsed_seconds=(ended - _time(milestones[own[0][0]])).total_seconds() if own else None,
        tuning_left_seconds=_left(search, now) if step == "tuning" else None,
    )


def _left(search: Sequence[Progress], now: datetime) -> float | None:
    """Seconds until the search ends at its own pace; None while too little of it is done."""
    first, last = search[0], search[-1]
    done = last.done - first.done
    if done <= 0 or done < _LEAST_SHARE * last.total:
        return None
    each = (_time(last) - _time(first)).total_seconds() / done
    return max(0.0, each * (last.total - last.done) - (now - _time(last)).total_seconds())


def _time(event: Progress) -> datetime:
    return datetime.fromisoformat(event.at)
