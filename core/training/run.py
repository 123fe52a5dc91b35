"""One training run, start to end, in the worker process: fit and keep all, then publish it all."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from core.dataset import spec as specs
from core.dataset.spec import ModelPlan, ProjectSpec
from core.errors import BadInput, CourtsideError, IntegrityError, JobError, TrackingError
from core.files import is_disk_full
from core.jobs import Reporter
from core.settings import Settings
from core.tracking.runs import RunLog
from core.training import beside, cluster, provenance, publish, renewal, run_record, stages
from core.training.catalogue import title_of
from core.training.fitting import Context, fit
from core.training.imports import uncollected
from core.training.inputs import ModelInput, read_model_input
from core.training.kept import Failed, Kept, Trained, Training
from core.training.pace import Conditions
from core.training.pipeline import feature_steps
from core.training.plan import TrainingPlan, check_python
from core.training.progress import Budget, Progress
from core.training.run_record import RunRecord

logger = logging.getLogger(__name__)


def execute(arguments: dict[str, Any], reporter: Reporter) -> dict[str, Any]:
    """Entry point of the training job; ``arguments`` is a TrainingPlan as JSON.

    Returns the contract's JSON: run_id, models, best. Everything is fitted and kept on disk
    before the first model goes to MLflow: a retry of a job that could not publish does that
    alone. On cancel or failure the MLflow runs end as KILLED or FAILED, and no version stays
    whose proof is still to come.
    """
    check_python()
    plan, settings = TrainingPlan.from_json(arguments), Settings.from_env()
    kept = Kept(reporter.kept_dir)
    with kept.held(), _explained(kept):
        if (result := kept.result()) is not None:
            return result
        if kept.is_complete:
            record, run = _resume(settings, plan, kept, reporter)
        else:
            record, run = _train(settings, plan, kept, reporter)
        try:
            result = publish.publish(settings, record, kept, run, Progress(reporter, plan))
            if plan.inputs:
                result["retraining"] = renewal.judge(settings, plan, run, result["models"])
        except IntegrityError:
            kept.clear()  # what is not as it was measured is of no use to a retry
            raise
        run.metrics({"peak_memory_mb": _peak_bytes(kept, reporter) / 1e6})
        kept.finish(result)
    reporter.report(stages.DONE, 1, 1, 1.0)
    return result


@contextmanager
def _explained(kept: Kept) -> Iterator[None]:
    """Say of an outage or a full disk what is safe, and what to do."""
    try:
        yield
    except Exception as exc:
        if not kept.is_complete:
            kept.clear()
        if not (full := is_disk_full(exc)) and not (
            isinstance(exc, TrackingError) and kept.is_complete
        ):
            raise
        why = "The disk is full: make room, then retry." if full else str(exc)
        rest = "Nothing was registered."
        if kept.is_complete:
            rest = (
                f"The models are trained and kept in {kept.folder}: a retry publishes them "
                "without training again."
            )
        raise (JobError if full else TrackingError)(f"{why} {rest}") from exc


def _resume(
    settings: Settings, plan: TrainingPlan, kept: Kept, reporter: Reporter
) -> tuple[RunRecord, RunLog]:
    """Go on with the run of an earlier attempt whose models are all kept."""
    stored = kept.read_run()
    record = RunRecord(**stored["record"])
    run = run_record.resume_run(settings, record, stored["run_id"], reporter.job_id)
    kept.write_run({**stored, "run_id": run.run_id})
    _attach(plan, reporter, run)
    reporter.set_cleanup(
        lambda state: run_record.close_run(settings, plan.project, run.run_id, state)
    )
    return record, run


def _train(
    settings: Settings, plan: TrainingPlan, kept: Kept, reporter: Reporter
) -> tuple[RunRecord, RunLog]:
    """Fit and keep everything; the run that it will be published to."""
    kept.clear()
    fits_on = cluster.connect(settings.dask_scheduler)
    spec = specs.load(settings.spec_file(plan.project))
    data = read_model_input(settings, spec, plan.inputs)
    reporter.report(stages.LOADING, 0, 1, 0.01)
    record = _record(settings, plan, data, spec, reporter.job_id)
    opening = run_record.Opening(settings, record, partial(_attach, plan, reporter))
    reporter.set_cleanup(opening.close)
    steps, workers = feature_steps(spec), settings.fit_workers
    turn = kept.folder / ".ready.lock"
    getting_ready = [(beside.get_ready, (turn,))] * workers
    with beside.working(workers, getting_ready) as are_ready, uncollected():
        features = steps.fit_transform(data.train[list(spec.raw_columns)])
        from core.training.pycaret_adapter import Experiment

        target = data.train[spec.target.column]
        experiment = Experiment(features, target, plan, workers, fits_on)
        are_ready()
    record.params["fit_rows"] = experiment.fit_rows
    Conditions.here(settings, experiment.fit_rows).attach(reporter)
    opening.begin()
    context = Context(spec, plan, data, steps, workers, Progress(reporter, plan), kept)
    training = _fit_all(context, experiment)
    if not training.models:
        run = opening.run()
        for failed in training.failed:
            run_record.failed_run(settings, plan.project, run.run_id, failed)
        raise CourtsideError(" ".join(f"{f.title}: {f.reason}" for f in training.failed))
    stored = {"record": vars(record), "peak_memory_bytes": reporter.peak_memory_bytes}
    kept.write_run({**stored, "run_id": None})
    kept.write_training(training)
    run = opening.run()
    kept.write_run({**stored, "run_id": run.run_id})
    return record, run


def _record(
    settings: Settings, plan: TrainingPlan, data: ModelInput, spec: ProjectSpec, job_id: str
) -> RunRecord:
    return RunRecord(
        project=plan.project,
        params={**_parameters(plan, data), **provenance.parameters(plan)},
        # Named after its job from its first moment: who finds the job dead finds the run by that.
        tags={"job_id": job_id, **provenance.tags()},
        data={
            "spec_digest": spec.data_digest,
            "data_sha256": data.preparation["source_sha256"],
        },
        spec_text=settings.spec_file(plan.project).read_text(encoding="utf-8"),
        plan=plan.to_json(),
        started_at=time.time(),
    )


def _peak_bytes(kept: Kept, reporter: Reporter) -> int:
    """The most that the training held, in this job or in the one that a retry goes on from."""
    return max(kept.read_run().get("peak_memory_bytes", 0), reporter.peak_memory_bytes)


def _attach(plan: TrainingPlan, reporter: Reporter, run: RunLog) -> None:
    reporter.attach("project", plan.project)
    reporter.attach("run_id", run.run_id)


def _fit_all(context: Context, experiment: Any) -> Training:
    """Every algorithm chosen; one that fails does not keep the others from being trained."""
    budget = Budget(context.plan.options.minutes)
    chosen, compared, left_out = _choose(context, experiment, budget)
    models: list[Trained] = []
    failures: list[Failed] = []
    for place, model in enumerate(chosen):
        began, title = time.time(), title_of(model.algorithm)
        try:
            models.append(fit(context, experiment, model, budget.deadline(len(chosen) - place)))
        except Exception as exc:
            if isinstance(exc, (OSError, TrackingError)) or is_disk_full(exc):
                raise  # that is no fault of the algorithm's
            logger.exception("%s could not be trained.", title)
            reason = _reason(exc)
            failures.append(Failed(model.algorithm, title, reason, began, time.time()))
            context.progress.failed(model, reason)
    return Training(tuple(models), tuple(failures), compared, left_out)


def _reason(exc: Exception) -> str:
    said = " ".join(str(exc).split())[:400]
    return said if isinstance(exc, CourtsideError) else f"{type(exc).__name__}: {said}"


def _choose(
    context: Context, experiment: Any, budget: Budget
) -> tuple[list[ModelPlan], list[dict[str, Any]], list[str]]:
    """The models to be tuned; the comparison that chose them, best first; what it did not reach.

    They are compared at their usual settings by cross-validated ROC AUC. Where time is short,
    comparing ends at half of it; the algorithms not reached are not tuned.
    """
    plan = context.plan
    if plan.options.find_best is None:
        experiment.check_sizes(plan.models)
        return list(plan.models), [], []
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
    names = [row["algorithm"] for row in rows[: plan.options.find_best]]
    known = {row["algorithm"] for row in rows}
    left_out = [model.algorithm for model in plan.models if model.algorithm not in known]
    chosen = [model for name in names for model in plan.models if model.algorithm == name]
    context.progress.chosen(len(plan.models), chosen)
    return chosen, rows, left_out


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
