"""Where each model of a training stands, from the events of its job."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from core.jobs import Progress
from core.training import stages
from core.training.catalogue import title_of
from core.training.plan import TrainingPlan

# Fewer fits than this share of all say little about the rest.
_LEAST_SHARE = 0.02
# What a model is once something else goes on after one of its steps.
AFTER = {"measuring": "kept", "learning": "kept", "storing": "stored", "registering": "done"}


@dataclass(frozen=True)
class ModelProgress:
    """One model of a training at one moment.

    ``step`` is a key of ``stages.STEPS`` while that goes on, else "waiting" before the first,
    "kept" between measuring and storing, "stored" between storing and registering, "done" after
    that, and "left out" where another model's turn came before this one was measured. ``fits`` of
    ``fits_total`` are the search's, ``candidates`` of ``candidates_total`` the whole ones among
    them; ``best`` is the best mean score over the folds so far. Seconds are None where the step
    has not begun, or where there is no telling yet.
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
    step = "waiting"
    if own:
        last, step = own[-1]
        if last + 1 < len(milestones):  # something else has begun
            step = AFTER.get(step, "left out")
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
        elapsed_seconds=_spent(milestones, [place for place, _ in own], now) if own else None,
        tuning_left_seconds=_bounded(plan, milestones, _left(search, now), now)
        if step == "tuning"
        else None,
    )


def _spent(milestones: Sequence[Progress], places: Sequence[int], now: datetime) -> float:
    """Seconds from each of these milestones to the next one of any kind, together."""
    times = [*map(_time, milestones), now]
    return sum((times[place + 1] - times[place]).total_seconds() for place in places)


def _left(search: Sequence[Progress], now: datetime) -> float | None:
    """Seconds until the search ends at its own pace; None while too little of it is done."""
    first, last = search[0], search[-1]
    done = last.done - first.done
    if done <= 0 or done < _LEAST_SHARE * last.total:
        return None
    each = (_time(last) - _time(first)).total_seconds() / done
    return max(0.0, each * (last.total - last.done) - (now - _time(last)).total_seconds())


def _bounded(
    plan: TrainingPlan, milestones: Sequence[Progress], left: float | None, now: datetime
) -> float | None:
    """The same within the time budget, if there is one, as `core.training.progress.Budget` shares
    it out: what is left of it when a model's turn comes is divided among this and the later ones.
    """
    if plan.options.minutes is None or left is None:
        return left
    turns: dict[str, datetime] = {}
    for event in milestones:
        if (found := stages.read(event.stage)) is not None:
            turns.setdefault(found[1], _time(event))
    compared = [_time(one) for one in milestones if stages.read_compared(one.stage) is not None]
    first, turn = min([*compared, *turns.values()]), max(turns.values())
    of_all = first + timedelta(minutes=plan.options.minutes) - turn
    share = max(of_all, timedelta()) / max(1, plan.tuned_models - len(turns) + 1)
    return min(left, max(0.0, (turn + share - now).total_seconds()))


def _time(event: Progress) -> datetime:
    return datetime.fromisoformat(event.at)
