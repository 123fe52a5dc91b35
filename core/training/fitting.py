"""One algorithm of a training: tuned, measured, and kept on disk with all that it needs."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from importlib.metadata import version as installed_version
from typing import TYPE_CHECKING, Any

import numpy as np

from core.dataset import io, shipped_code
from core.dataset.spec import ModelPlan, ProjectSpec
from core.monitoring.reference import CHOSEN_BY
from core.tracking import models
from core.training import carried, decision, renewal, stages
from core.training.catalogue import CATALOGUE, Algorithm
from core.training.evaluation import Holdout, evaluate, learned
from core.training.inputs import ModelInput
from core.training.kept import Kept, ModelFile, Trained
from core.training.pipeline import assemble
from core.training.plan import TrainingPlan
from core.training.progress import Progress
from core.training.proof import fitted_log_loss
from core.training.values import plain

if TYPE_CHECKING:
    import pandas as pd

    from core.training.pycaret_adapter import Experiment, Tuned

# Of the rows that were fitted, so many are kept for the proof: any mispairing shows on them.
_PROOF_ROWS = 5000
# The learning curve may take this share of the time that tuning took, and a second at the least.
_LEARNING_SHARE = 0.05
_LEARNING_SECONDS = 1.0


@dataclass(frozen=True)
class Context:
    """What every algorithm of one training shares."""

    spec: ProjectSpec
    plan: TrainingPlan
    data: ModelInput
    steps: Any
    workers: int
    progress: Progress
    kept: Kept


def fit(
    context: Context, experiment: Experiment, model: ModelPlan, deadline: float | None
) -> Trained:
    """Tune one algorithm, measure it on the raw holdout and keep it."""
    began, algorithm = time.time(), CATALOGUE[model.algorithm]
    context.progress.stage(stages.of_model("baseline", algorithm.title))
    older_rows = context.data.older[0] if context.data.older else 0
    tuned = experiment.tune(model, context.progress.search(model), deadline, older_rows)
    tuning_seconds = time.time() - began
    context.progress.tuned(model)
    context.progress.stage(stages.of_model("measuring", algorithm.title))
    pipeline = assemble(context.steps, tuned.estimator)
    holdout = evaluate(
        pipeline, context.data.test, context.spec, tuned.threshold, context.plan.seed
    )
    evaluation = {
        **holdout.as_dict(),
        "learning": _learning(context, experiment, tuned, algorithm, tuning_seconds),
    }
    _keep(context, model.algorithm, evaluation, holdout, tuned)
    loss = _keep_for_proof(context, experiment, model.algorithm, tuned)
    folder = context.kept.of(model.algorithm)
    return Trained(
        algorithm=model.algorithm,
        title=algorithm.title,
        hyperparameters=plain(tuned.hyperparameters),
        cv={**tuned.cv_means, **_on_recent_rows(context, experiment, tuned)},
        threshold=tuned.threshold,
        threshold_rule=str(context.plan.options.threshold),
        calibration=tuned.calibration,
        candidates=tuned.searched.candidates_total,
        candidates_tried=tuned.searched.candidates,
        metrics=holdout.metrics.as_dict(),
        fitted_log_loss=loss,
        warnings=holdout.warnings,
        requirements=_requirements(algorithm),
        file=ModelFile(*models.save_file(pipeline, folder, shipped_code.TRUSTED_TYPES)),
        started_at=began,
        finished_at=time.time(),
    )


def _on_recent_rows(context: Context, experiment: Experiment, tuned: Tuned) -> dict[str, float]:
    """What a retraining chooses its challenger by; nothing in any other training."""
    plan, older = context.plan, context.data.older
    if older is None:
        return {}
    loss = renewal.recent_log_loss(
        tuned.estimator, experiment.fitted, older[0], plan.folds, plan.seed, context.workers
    )
    return {} if math.isnan(loss) else {CHOSEN_BY: loss}


def _learning(
    context: Context,
    experiment: Experiment,
    tuned: Tuned,
    algorithm: Algorithm,
    tuning_seconds: float,
) -> dict[str, Any] | None:
    _, x, y = experiment.fitted
    curve = learned(
        decision.bare(tuned.estimator),
        x,
        y,
        seconds=max(_LEARNING_SECONDS, _LEARNING_SHARE * tuning_seconds),
        seed=context.plan.seed,
        workers=context.workers,
        tell=context.progress.learning(algorithm.title),
    )
    return None if curve is None else curve.as_dict()


def _keep(
    context: Context, algorithm: str, evaluation: dict[str, Any], holdout: Holdout, tuned: Tuned
) -> None:
    """Values and tables."""
    folder = context.kept.of(algorithm)
    data, seed = context.data, context.plan.seed
    carried.write(folder, algorithm, context.spec, data, holdout, evaluation, seed)
    tables = {"candidates": tuned.candidates, "folds": tuned.folds}
    for name, table in tables.items():
        io.write_table(table, folder / "tables" / f"{name}_{algorithm}.csv")


def _keep_for_proof(
    context: Context, experiment: Experiment, algorithm: str, tuned: Tuned
) -> float:
    """Raw rows to measure the registered version on; what the estimator measures on the fitted."""
    folder, train = context.kept.of(algorithm), context.data.train
    io.write_table(_example(context), folder / "example.parquet")
    io.write_table(context.data.test, folder / "holdout.parquet")
    places, x, y = experiment.fitted
    io.write_table(
        train.iloc[places[:_PROOF_ROWS]].reset_index(drop=True), folder / "fitted.parquet"
    )
    probability = tuned.estimator.predict_proba(x.iloc[:_PROOF_ROWS])[:, 1]
    return fitted_log_loss(np.asarray(y)[:_PROOF_ROWS].astype(int), probability.astype(np.float64))


def _example(context: Context) -> pd.DataFrame:
    """A few complete raw training rows: numbers as floats, text as text, as requests are typed.

    A column without gaps in the example is not told from one that never has any, so rows with
    gaps are left out where that leaves any.
    """
    rows = context.data.train[list(context.spec.raw_columns)]
    complete = rows.dropna()
    return (complete if len(complete) else rows).head(5).reset_index(drop=True)


def _requirements(algorithm: Algorithm) -> list[str]:
    """What the model's environment needs besides scikit-learn and its like."""
    name = algorithm.package
    return [f"{name}=={installed_version(name)}"] if name else []
