"""One training run, start to end, in the worker process: tune, measure, prove, register."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from core.dataset import io, shipped_code
from core.dataset import spec as specs
from core.dataset.prepare import derive
from core.dataset.spec import ModelPlan, ProjectSpec
from core.errors import IntegrityError, NotReady
from core.files import file_lock, read_json
from core.jobs import Reporter
from core.settings import Settings
from core.tracking import models, registry, runs
from core.training import publish
from core.training.evaluation import Holdout, evaluate
from core.training.pipeline import assemble, feature_steps, probability_of
from core.training.plan import ALGORITHMS, TrainingPlan, check_python

if TYPE_CHECKING:
    import pandas as pd

    from core.training.pycaret_adapter import Experiment, Tuned

LOAD_BACK_TOLERANCE = 1e-9
DECISION_THRESHOLD = 0.5


@dataclass(frozen=True)
class ModelInput:
    """What preparation left behind for training, read from 05_model_input."""

    train: pd.DataFrame
    test: pd.DataFrame
    preparation: dict[str, Any]


@dataclass(frozen=True)
class Context:
    """What every step of one run shares."""

    settings: Settings
    spec: ProjectSpec
    plan: TrainingPlan
    data: ModelInput
    steps: Any
    run: runs.RunLog
    progress: Progress


class Progress:
    """Turns "candidate fits of model i" into a share of the whole job."""

    def __init__(self, reporter: Reporter, plan: TrainingPlan) -> None:
        self._reporter = reporter
        self._plan = plan
        self._fits_before = 0
        self._started = time.monotonic()

    def tuning(self, model: ModelPlan, fits_done: int) -> None:
        total = model.candidates * self._plan.folds
        fraction = 0.05 + 0.85 * (self._fits_before + fits_done) / max(self._plan.fits, 1)
        self._reporter.report(
            f"Tuning {ALGORITHMS[model.algorithm]}", fits_done, total, fraction, "model fits"
        )

    def tuned(self, model: ModelPlan) -> None:
        self._fits_before += model.candidates * self._plan.folds

    def stage(self, name: str, fraction: float | None = None, best: float | None = None) -> None:
        share = 0.05 + 0.85 * self._fits_before / max(self._plan.fits, 1)
        self._reporter.report(name, 0, 1, share if fraction is None else fraction, "", best)


def execute(arguments: dict[str, Any], reporter: Reporter) -> dict[str, Any]:
    """Entry point of the training job; ``arguments`` is a TrainingPlan as JSON.

    Returns the contract's JSON: run_id, models, best. On cancel or failure the MLflow runs end
    as KILLED or FAILED and nothing is registered that was not proven.
    """
    check_python()
    plan = TrainingPlan.from_json(arguments)
    settings = Settings.from_env()
    spec = specs.load(settings.spec_file(plan.project))
    data = read_model_input(settings, spec)
    reporter.report("Loading PyCaret", 0, 1, 0.01)
    run = runs.start(settings, plan.project, "train", name="train", params=_parameters(plan, data))
    reporter.attach("project", plan.project)
    reporter.attach("run_id", run.run_id)
    reporter.set_cleanup(lambda state: _end_runs(settings, plan.project, run.run_id, state))
    steps = feature_steps(spec)
    features = steps.fit_transform(data.train[list(spec.raw_columns)])
    context = Context(settings, spec, plan, data, steps, run, Progress(reporter, plan))
    from core.training.pycaret_adapter import Experiment

    experiment = Experiment(features, data.train[spec.target.column], plan, settings.fit_workers)
    run.params({"fit_rows": experiment.fit_rows})
    reports = [_train_one(context, experiment, model) for model in plan.models]
    result = _conclude(context, reports)
    run.finish()
    reporter.report("Done", 1, 1, 1.0)
    return result


def read_model_input(settings: Settings, spec: ProjectSpec) -> ModelInput:
    """The prepared tables; NotReady if absent, or prepared by another specification."""
    folder = settings.layer(spec.name, "05_model_input")
    if not (folder / "preparation.json").is_file():
        raise NotReady(f"{spec.name} has no prepared data yet; run the data preparation first.")
    with file_lock(settings.layers_lock(spec.name), timeout_seconds=300):
        preparation = read_json(folder / "preparation.json")
        if preparation.get("spec_digest") != spec.digest:
            raise NotReady(
                "The project's specification has changed since the data were prepared; "
                "prepare them again before training."
            )
        train = io.read_table(folder / "base_train.parquet")
        test = io.read_table(folder / "base_test.parquet")
    return ModelInput(train, test, preparation)


def _parameters(plan: TrainingPlan, data: ModelInput) -> dict[str, Any]:
    values: dict[str, Any] = {
        "algorithms": ",".join(model.algorithm for model in plan.models),
        "folds": plan.folds,
        "metric": plan.metric,
        "seed": plan.seed,
        "fit_share": plan.fit_share,
        "train_rows": len(data.train),
        "test_rows": len(data.test),
        "prepare_run_id": data.preparation["run_id"],
        "data_sha256": data.preparation["source_sha256"],
        "spec_digest": data.preparation["spec_digest"],
    }
    for model in plan.models:
        values[f"{model.algorithm}_candidates"] = model.candidates
    return values


def _train_one(context: Context, experiment: Experiment, model: ModelPlan) -> dict[str, Any]:
    context.progress.stage(f"Baseline of {ALGORITHMS[model.algorithm]}")
    tuned = experiment.tune(model, lambda done: context.progress.tuning(model, done))
    context.progress.tuned(model)
    context.progress.stage(f"Measuring {ALGORITHMS[model.algorithm]}")
    pipeline = assemble(context.steps, tuned.estimator)
    holdout = evaluate(
        pipeline, context.data.test, context.spec, DECISION_THRESHOLD, context.plan.seed
    )
    title = ALGORITHMS[model.algorithm]
    run = runs.start(
        context.settings,
        context.plan.project,
        "train",
        name=title,
        tags={"algorithm": model.algorithm, "title": title},
        parent_run_id=context.run.run_id,
        params=tuned.estimator.get_params(),
    )
    publish.figures_and_tables(
        context.settings, context.spec, run, model.algorithm, holdout, tuned, context.data.test
    )
    context.progress.stage(f"Proving and registering {title}")
    logged = models.log_model(
        context.settings,
        run.run_id,
        pipeline,
        _example(context),
        shipped_code.FILES,
        shipped_code.TRUSTED_TYPES,
    )
    prove(context.settings, logged.uri, context.data.test, context.spec, holdout)
    run.json(_profile(context, holdout), "reference_profile.json")
    version = registry.register(
        context.settings,
        context.plan.project,
        logged.uri,
        run.run_id,
        {
            "algorithm": model.algorithm,
            "title": title,
            "threshold": repr(DECISION_THRESHOLD),
            "model_sha256": logged.sha256,
            "spec_digest": context.spec.digest,
            "data_sha256": context.data.preparation["source_sha256"],
        },
    )
    publish.model_file(context.settings, context.spec, model.algorithm, version, logged, holdout)
    run.tags({"version": version})
    run.finish()
    return _report(model, version, run.run_id, tuned, holdout)


def _example(context: Context) -> pd.DataFrame:
    """A few complete raw training rows: numbers as floats, text as text, as requests are typed.

    A column without gaps in the example is not told from one that never has any, so rows with
    gaps are left out where that leaves any.
    """
    rows = context.data.train[list(context.spec.raw_columns)]
    complete = rows.dropna()
    return (complete if len(complete) else rows).head(5).reset_index(drop=True)


def prove(
    settings: Settings, uri: str, test: pd.DataFrame, spec: ProjectSpec, holdout: Holdout
) -> None:
    """Load the stored model back and score the raw holdout; IntegrityError if it is another.

    This catches rows paired with other rows' labels, features derived differently, and files
    that do not hold what was measured.
    """
    from core.evaluation.metrics import binary_metrics

    again = probability_of(models.load_uri(settings, uri), test[list(spec.raw_columns)])
    found = binary_metrics(test[spec.target.column].to_numpy(), again, DECISION_THRESHOLD)
    for name, expected in holdout.metrics.as_dict().items():
        value = found.as_dict()[name]
        if (value is None) != (expected is None) or (
            value is not None
            and expected is not None
            and abs(value - expected) > LOAD_BACK_TOLERANCE
        ):
            raise IntegrityError(
                f"The stored model is not the one that was measured: {name} is {value!r} after "
                f"loading it back, {expected!r} before. Nothing was registered."
            )


def _profile(context: Context, holdout: Holdout) -> dict[str, Any]:
    """Training in small, for monitoring: all rows' columns, the holdout's probabilities."""
    import pandas as pd

    from core.monitoring.profile import build_profile

    spec, data = context.spec, context.data
    rows = pd.concat([data.train, data.test], ignore_index=True)
    frame = pd.concat([rows[list(spec.raw_columns)], derive(rows, spec)], axis=1)
    unknown = np.full(len(data.train), np.nan)
    kinds: dict[str, Any] = {**spec.kinds, **dict.fromkeys(dict(spec.derived), "numeric")}
    return build_profile(
        frame,
        kinds=kinds,
        probability=np.concatenate([unknown, holdout.probability]),
        label=rows[spec.target.column].to_numpy(dtype=float),
        seed=context.plan.seed,
        units=spec.units,
    ).to_dict()


def _report(
    model: ModelPlan, version: str, run_id: str, tuned: Tuned, holdout: Holdout
) -> dict[str, Any]:
    metrics = holdout.metrics.as_dict()
    wanted = ("roc_auc", "log_loss", "f1", "accuracy", "precision", "recall", "kappa", "mcc")
    return {
        "algorithm": model.algorithm,
        "version": version,
        "run_id": run_id,
        "test": {name: metrics[name] for name in wanted},
        "cv": tuned.cv_means,
        "hyperparameters": publish.plain(tuned.estimator.get_params()),
    }


def _conclude(context: Context, reports: list[dict[str, Any]]) -> dict[str, Any]:
    """Name the best by ROC AUC; it becomes champion only where there was none."""
    best = max(reports, key=lambda report: report["test"]["roc_auc"])
    context.run.metrics(best["test"], prefix="test_")
    tags = {"best_algorithm": best["algorithm"], "best_version": best["version"]}
    if registry.champion(context.settings, context.plan.project) is None:
        registry.set_alias(context.settings, context.plan.project, "champion", best["version"])
        tags["made_champion"] = best["version"]
    context.run.tags(tags)
    return {
        "run_id": context.run.run_id,
        "models": reports,
        "best": {"algorithm": best["algorithm"], "version": best["version"]},
    }


def _end_runs(settings: Settings, project: str, run_id: str, state: str) -> None:
    """End this run and its children that still claim to run."""
    status = "KILLED" if state == "cancelled" else "FAILED"
    children = runs.search(settings, project, f"tags.`mlflow.parentRunId` = '{run_id}'")
    for child in children:
        if child.status == "RUNNING":
            runs.RunLog(settings, child.run_id).finish(status)
    runs.end_if_running(settings, run_id, status)
