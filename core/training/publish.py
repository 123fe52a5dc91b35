"""From the kept folder to MLflow, the registry and the project's layers; once, however often tried.

Each step first looks for what an earlier attempt left: the child run by parent and algorithm, the
stored model and the version by their run. Figures carry the moment at which they were measured,
and MLflow keeps equal ones once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from core.dataset import io, shipped_code
from core.errors import IntegrityError
from core.settings import Settings
from core.tracking import models, registry, runs
from core.tracking.runs import RunLog
from core.training import beside, carried, layers, proof
from core.training.kept import Kept, Trained, Training
from core.training.run_record import RunRecord, failed_run

if TYPE_CHECKING:
    from core.tracking.models import LoggedModel
    from core.tracking.registry import Version
    from core.training.progress import Progress


def publish(
    settings: Settings, record: RunRecord, kept: Kept, run: RunLog, progress: Progress
) -> dict[str, Any]:
    """Log, register and prove all that is kept; returns the job's result.

    Raises IntegrityError, after the others are published, where a registered version is not
    the model that was measured: it is left in the registry, never to be used.
    """
    training = kept.read_training()
    if again := record.plan.get("reproduces"):
        run.tags({registry.REPRODUCES: again})
    for failed in training.failed:
        failed_run(settings, record.project, run.run_id, failed)
    _comparison(settings, record.project, run, training)
    published = _publish_all(settings, record, kept, training, run, progress)
    wrong = [
        f"v{version.version} {one.title}: {why_not}"
        for one, version, why_not in published
        if why_not
    ]
    if wrong:
        raise IntegrityError(" ".join(wrong))
    reports = [one.report(version) for one, version, _ in published]
    result = {
        **_conclude(settings, record.project, run, reports, training.models),
        "compared": training.compared,
        "failed": [
            {"algorithm": one.algorithm, "title": one.title, "reason": one.reason}
            for one in training.failed
        ],
    }
    run.finish()
    return result


def _publish_all(
    settings: Settings,
    record: RunRecord,
    kept: Kept,
    training: Training,
    run: RunLog,
    progress: Progress,
) -> list[tuple[_Publication, Version, str | None]]:
    """Every model with its version and how that differs from what was measured; None: not.

    Meanwhile the processes that fitted them draw their figures.
    """
    models, total = training.models, len(training.models)
    drawings = [(beside.draw, (kept.of(one.algorithm), one.title)) for one in models]
    stored: list[tuple[_Publication, LoggedModel]] = []
    with beside.working(settings.fit_workers, drawings) as are_drawn:
        for place, trained in enumerate(models):
            progress.storing(trained.title, place, total)
            one = _Publication(settings, record, kept, trained, run.run_id)
            stored.append((one, one.store()))
        are_drawn()
    published: list[tuple[_Publication, Version, str | None]] = []
    for place, (one, logged) in enumerate(stored):
        progress.registering(one.title, place, total)
        published.append((one, *one.register(logged)))
    return published


class _Publication:
    """One kept model on its way into MLflow and the registry."""

    def __init__(
        self, settings: Settings, record: RunRecord, kept: Kept, trained: Trained, parent: str
    ) -> None:
        self._settings = settings
        self._record = record
        self._project = record.project
        self._folder = kept.of(trained.algorithm)
        self._trained = trained
        self.title = trained.title
        self._decided = {
            "threshold": repr(trained.threshold),
            "threshold_rule": trained.threshold_rule,
            "calibration": trained.calibration,
        }
        self._log = self._child(parent)

    def store(self) -> LoggedModel:
        """Log its values and tables, and the model itself."""
        self._values_and_tables()
        return self._model()

    def register(self, logged: LoggedModel) -> tuple[Version, str | None]:
        """Its version, and how that differs from what was measured; None where it does not.

        The figures are logged first: they are drawn by now.
        """
        carried.log_figures(self._log, self._folder)
        version = self._version(logged)
        why_not = proof.difference(
            models.load_pipeline(self._settings, version),
            self._trained,
            self._record.spec,
            io.read_table(self._folder / "holdout.parquet"),
            io.read_table(self._folder / "fitted.parquet"),
        )
        registry.record_proof(self._settings, self._project, version.version, why_not)
        if why_not is None:
            one, where = self._trained, (self._settings, self._project)
            layers.copy_evidence(*where, self._folder, one.algorithm)
            layers.copy_model(*where, version.version, one.algorithm, one.metrics, logged)
            self._log.tags({"version": version.version, "model_sha256": logged.sha256})
            self._log.finish(at=self._trained.finished_at)
        else:
            self._log.tags({"version": version.version, "error": why_not})
            self._log.finish("FAILED")
        return version, why_not

    def report(self, version: Version) -> dict[str, Any]:
        """The model's part of the job's result."""
        one = self._trained
        wanted = ("roc_auc", "log_loss", "f1", "accuracy", "precision", "recall", "kappa", "mcc")
        return {
            "algorithm": one.algorithm,
            "version": version.version,
            "run_id": self._log.run_id,
            "test": {name: one.metrics[name] for name in wanted},
            "cv": one.cv,
            "hyperparameters": one.hyperparameters,
            "threshold": one.threshold,
            "threshold_rule": one.threshold_rule,
            "calibration": one.calibration,
            "candidates": one.candidates,
            "candidates_tried": one.candidates_tried,
            "warnings": one.warnings,
        }

    def _child(self, parent: str) -> RunLog:
        one = self._trained
        if found := runs.child(self._settings, self._project, parent, one.algorithm):
            return RunLog(self._settings, found.run_id)
        return runs.start(
            self._settings,
            self._project,
            "train",
            name=one.title,
            tags={
                "algorithm": one.algorithm,
                "title": one.title,
                "candidates_tried": str(one.candidates_tried),
                "cut_short": str(one.candidates_tried < one.candidates).lower(),
                **self._decided,
                **({"warning": " ".join(one.warnings)} if one.warnings else {}),
            },
            parent_run_id=parent,
            params=one.hyperparameters,
            at=one.started_at,
        )

    def _values_and_tables(self) -> None:
        one = self._trained
        self._log.metrics(one.metrics, prefix="test_", at=one.finished_at)
        self._log.metrics(one.cv, prefix="cv_", at=one.finished_at)
        carried.log(self._log, self._folder, at=one.finished_at)

    def _model(self) -> LoggedModel:
        kept = self._trained.file
        found = models.logged_model(self._settings, self._log.run_id, kept.sha256)
        if found is not None:
            return found
        own = shipped_code.TRUSTED_TYPES
        return models.log_model(
            self._settings,
            self._log.run_id,
            models.read_file(self._folder / kept.name, kept.sha256, own),
            io.read_table(self._folder / "example.parquet"),
            shipped_code.FILES,
            own,
            self._trained.requirements,
            kept_as=kept.sha256,
        )

    def _version(self, logged: LoggedModel) -> Version:
        found = registry.of_run(self._settings, self._project, self._log.run_id)
        if found is not None:
            return found
        again = self._record.plan.get("reproduces")
        registry.register(
            self._settings,
            self._project,
            logged.uri,
            self._log.run_id,
            {
                "algorithm": self._trained.algorithm,
                "title": self._trained.title,
                "model_sha256": logged.sha256,
                **self._record.data,
                **self._decided,
                **({registry.REPRODUCES: again} if again else {}),
                registry.PROOF: registry.PENDING,
            },
        )
        made = registry.of_run(self._settings, self._project, self._log.run_id)
        if made is None:
            raise IntegrityError(
                f"{self._trained.title} was registered, but the registry does not show it; retry."
            )
        return made


def _comparison(settings: Settings, project: str, run: RunLog, training: Training) -> None:
    """The algorithms as they were compared before tuning, best first: to MLflow and 08."""
    if not training.compared:
        return
    import pandas as pd

    path = settings.layer(project, "08_reporting") / "compared_algorithms.csv"
    io.write_table(pd.DataFrame(training.compared), path)
    run.file(path, "tables")
    names = {one.algorithm for one in training.models}
    names |= {one.algorithm for one in training.failed}
    order = [row["algorithm"] for row in training.compared if row["algorithm"] in names]
    run.tags(
        {
            "tuned_algorithms": ",".join(order),
            "not_compared_algorithms": ",".join(training.not_compared),
        }
    )


def _conclude(
    settings: Settings,
    project: str,
    run: RunLog,
    reports: Sequence[dict[str, Any]],
    trained: Sequence[Trained],
) -> dict[str, Any]:
    """Name the best by ROC AUC; it becomes champion only where there was none."""
    best = max(reports, key=lambda report: report["test"]["roc_auc"])
    run.metrics(best["test"], prefix="test_", at=max(one.finished_at for one in trained))
    cut = [one["algorithm"] for one in reports if one["candidates_tried"] < one["candidates"]]
    tags = {"best_algorithm": best["algorithm"], "best_version": best["version"]}
    if cut:
        tags["cut_short"] = ",".join(cut)
    if registry.champion(settings, project) is None:
        registry.set_alias(settings, project, "champion", best["version"])
        tags["made_champion"] = best["version"]
    run.tags(tags)
    return {
        "run_id": run.run_id,
        "models": list(reports),
        "best": {"algorithm": best["algorithm"], "version": best["version"]},
    }
