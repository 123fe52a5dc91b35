"""One training run, start to end, in the worker process: tune, measure, prove, register."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from core.dataset import shipped_code
from core.dataset import spec as specs
from core.dataset.prepare import derive
from core.dataset.spec import ModelPlan, ProjectSpec
from core.errors import BadInput
from core.jobs import Reporter
from core.settings import Settings
from core.tracking import models, registry, runs
from core.training import provenance, publish, stages
from core.training.catalogue import CATALOGUE
from core.training.evaluation import Holdout, evaluate
from core.training.inputs import ModelInput, read_model_input
from core.training.pipeline import assemble, feature_steps
from core.training.plan import TrainingPlan, check_python
from core.training.progress import Budget, Progress
from core.training.proof import prove

if TYPE_CHECKING:
    import pandas as pd

    from core.training.pycaret_adapter import Experiment, Tuned


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
    reporter.report(stages.LOADING, 0, 1, 0.01)
    # Named after its job from its first moment: who finds the job dead finds the run by that.
    run = runs.start(
        settings,
        plan.project,
        "train",
        name="train",
        params=_parameters(plan, data),
        tags={"job_id": reporter.job_id},
    )
    reporter.attach("project", plan.project)
    reporter.attach("run_id", run.run_id)
    reporter.set_cleanup(
        lambda state: runs.end_with_children(
            settings, plan.project, run.run_id, "KILLED" if state == "cancelled" else "FAILED"
        )
    )
    _log_provenance(run, settings, plan)
    steps = feature_steps(spec)
    features = steps.fit_transform(data.train[list(spec.raw_columns)])
    context = Context(settings, spec, plan, data, steps, run, Progress(reporter, plan))
    from core.training.pycaret_adapter import Experiment

    experiment = Experiment(features, data.train[spec.target.column], plan, settings.fit_workers)
    run.params({"fit_rows": experiment.fit_rows})
    budget = Budget(plan.options.minutes)
    chosen, compared = _choose(context, experiment, budget)
    reports = [
        _train_one(context, experiment, model, budget.deadline(len(chosen) - place))
        for place, model in enumerate(chosen)
    ]
    result = {**_conclude(context, reports), "compared": compared}
    run.metrics({"peak_memory_mb": reporter.peak_memory_bytes / 1e6})
    run.finish()
    reporter.report(stages.DONE, 1, 1, 1.0)
    return result


def _log_provenance(run: runs.RunLog, settings: Settings, plan: TrainingPlan) -> None:
    packages = [CATALOGUE[model.algorithm].package for model in plan.models]
    found = provenance.versions(*(name for name in packages if name))
    run.params({f"version.{name}": version for name, version in found.items()})
    if commit := provenance.git_commit():
        run.tags({"mlflow.source.git.commit": commit})
    run.file(settings.spec_file(plan.project), "specification")
    run.json(plan.to_json(), "plan.json")


def _choose(
    context: Context, experiment: Experiment, budget: Budget
) -> tuple[list[ModelPlan], list[dict[str, Any]]]:
    """The models to be tuned, and the comparison that chose them, best first, if there was one.

    They are compared at their usual settings by cross-validated ROC AUC. Where time is short,
    comparing ends at half of it; the algorithms not reached are not tuned.
    """
    plan = context.plan
    if plan.options.find_best is None:
        experiment.check_sizes(plan.models)
        return list(plan.models), []
    rows: list[dict[str, Any]] = []
    for place, model in enumerate(plan.models):
        if rows and budget.half_is_over:
            break
        best = max((row["roc_auc"] for row in rows), default=None)
        context.progress.comparing(model.algorithm, place, len(plan.models), best)
        if (row := experiment.compare(model)) is not None:
            rows.append(row)
    if not rows:
        raise BadInput("None of the algorithms could be fitted on these rows; choose others.")
    rows.sort(key=lambda row: -row["roc_auc"])
    publish.comparison(context.settings, context.spec, context.run, rows)
    names = [row["algorithm"] for row in rows[: plan.options.find_best]]
    left_out = [
        m.algorithm for m in plan.models if all(m.algorithm != r["algorithm"] for r in rows)
    ]
    context.run.tags(
        {"tuned_algorithms": ",".join(names), "not_compared_algorithms": ",".join(left_out)}
    )
    chosen = [model for name in names for model in plan.models if model.algorithm == name]
    context.progress.chosen(len(plan.models), chosen)
    return chosen, rows


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
    return {**values, **plan.options.to_json()}


def _train_one(
    context: Context, experiment: Experiment, model: ModelPlan, deadline: float | None
) -> dict[str, Any]:
    algorithm = CATALOGUE[model.algorithm]
    title = algorithm.title
    context.progress.stage(stages.of_model("baseline", title))
    tuned = experiment.tune(model, context.progress.search(model), deadline)
    context.progress.tuned(model)
    context.progress.stage(stages.of_model("measuring", title))
    pipeline = assemble(context.steps, tuned.estimator)
    holdout = evaluate(
        pipeline, context.data.test, context.spec, tuned.threshold, context.plan.seed
    )
    decided = {
        "threshold": repr(tuned.threshold),
        "threshold_rule": str(context.plan.options.threshold),
        "calibration": tuned.calibration,
    }
    run = runs.start(
        context.settings,
        context.plan.project,
        "train",
        name=title,
        tags={
            "algorithm": model.algorithm,
            "title": title,
            "candidates_tried": str(tuned.searched.candidates),
            "cut_short": str(tuned.searched.is_cut_short).lower(),
            **decided,
        },
        parent_run_id=context.run.run_id,
        params=tuned.hyperparameters,
    )
    publish.figures_and_tables(
        context.settings, context.spec, run, model.algorithm, holdout, tuned, context.data.test
    )
    context.progress.stage(stages.of_model("registering", title))
    logged = models.log_model(
        context.settings,
        run.run_id,
        pipeline,
        _example(context),
        shipped_code.FILES,
        shipped_code.TRUSTED_TYPES,
        publish.requirements(algorithm),
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
            "model_sha256": logged.sha256,
            "spec_digest": context.spec.digest,
            "data_sha256": context.data.preparation["source_sha256"],
            **decided,
        },
    )
    publish.model_file(context.settings, context.spec, model.algorithm, version, logged, holdout)
    run.tags({"version": version})
    run.finish()
    rule = str(context.plan.options.threshold)
    return _report(model, version, run.run_id, tuned, holdout, rule)


def _example(context: Context) -> pd.DataFrame:
    """A few complete raw training rows: numbers as floats, text as text, as requests are typed.

    A column without gaps in the example is not told from one that never has any, so rows with
    gaps are left out where that leaves any.
    """
    rows = context.data.train[list(context.spec.raw_columns)]
    complete = rows.dropna()
    return (complete if len(complete) else rows).head(5).reset_index(drop=True)


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
    model: ModelPlan, version: str, run_id: str, tuned: Tuned, holdout: Holdout, rule: str
) -> dict[str, Any]:
    metrics = holdout.metrics.as_dict()
    wanted = ("roc_auc", "log_loss", "f1", "accuracy", "precision", "recall", "kappa", "mcc")
    return {
        "algorithm": model.algorithm,
        "version": version,
        "run_id": run_id,
        "test": {name: metrics[name] for name in wanted},
        "cv": tuned.cv_means,
        "hyperparameters": publish.plain(tuned.hyperparameters),
        "threshold": tuned.threshold,
        "threshold_rule": rule,
        "calibration": tuned.calibration,
        "candidates": tuned.searched.candidates_total,
        "candidates_tried": tuned.searched.candidates,
    }


def _conclude(context: Context, reports: list[dict[str, Any]]) -> dict[str, Any]:
    """Name the best by ROC AUC; it becomes champion only where there was none."""
    best = max(reports, key=lambda report: report["test"]["roc_auc"])
    context.run.metrics(best["test"], prefix="test_")
    cut = [one["algorithm"] for one in reports if one["candidates_tried"] < one["candidates"]]
    tags = {"best_algorithm": best["algorithm"], "best_version": best["version"]}
    if cut:
        tags["cut_short"] = ",".join(cut)
    if registry.champion(context.settings, context.plan.project) is None:
        registry.set_alias(context.settings, context.plan.project, "champion", best["version"])
        tags["made_champion"] = best["version"]
    context.run.tags(tags)
    return {
        "run_id": context.run.run_id,
        "models": reports,
        "best": {"algorithm": best["algorithm"], "version": best["version"]},
    }
