"""A project with two registered versions, as a training leaves them, without the training.

MLflow's store, the registry, the runs and their artifacts are real; the two models are a pair
of formulas, put in place of loading one.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from core import jobs
from core.dataset import io
from core.dataset import spec as specs
from core.dataset.retrain import folder_below
from core.dataset.spec import ProjectSpec
from core.evaluation.curves import calibration_points, pr_points, roc_points
from core.evaluation.importance import Importance
from core.evaluation.metrics import binary_metrics
from core.files import write_json, write_text
from core.jobs.folder import JobFolder, JobState, Plan, new_job_id
from core.jobs.views import Progress
from core.settings import Settings
from core.tracking import registry, runs
from core.training.evaluation import Holdout
from core.training.pace import Conditions
from core.training.plan import make_plan

PROJECT = "club"
ROWS = 400
SPEC = """
title: Club
target: {column: left, positive: 1, positive_words: left, negative_words: stayed}
columns:
  age: {kind: numeric, unit: years}
  visits: {kind: numeric}
features: [age, visits]
training:
  seed: 7
  folds: 5
  metric: F1
  models: {lr: {candidates: 4}, dt: {candidates: 6}}
"""
SPLIT = {
    "source_sha256": "abc",
    "test_size": 0.2,
    "split_seed": 7,
    "stratify": True,
    "drop_duplicates": True,
    "drop_missing": "",
}


class Formula:
    """A model: the more visits, the less likely to leave; ``noise`` blurs what it sees."""

    def __init__(self, noise: float) -> None:
        self._noise = noise

    def predict_proba(self, frame: pd.DataFrame) -> np.ndarray:
        blur = np.random.default_rng(3).normal(0, self._noise, len(frame))
        positive = 1 / (1 + np.exp(frame["visits"].to_numpy(float) - 10 + blur))
        return np.column_stack([1 - positive, positive])


@dataclass
class Club:
    """The workspace, the project in it, and what a test puts there."""

    settings: Settings
    spec: ProjectSpec
    test: pd.DataFrame
    models: dict[str, Formula] = field(default_factory=dict)

    def prepare(self, **changes: Any) -> str:
        """Write the holdout and its record, as a preparation would; returns its run's id."""
        split = {**SPLIT, **changes}
        with runs.action(self.settings, PROJECT, "prepare", params=split) as run:
            pass
        folder = self.settings.layer(PROJECT, "05_model_input")
        io.write_table(self.test, folder / "base_test.parquet")
        others = self.test.assign(age=lambda rows: rows["age"] + 0.25)
        io.write_table(pd.concat([others] * 4), folder / "base_train.parquet")
        rows = {"train_rows": 4 * ROWS, "test_rows": ROWS, "rows_prepared": 5 * ROWS}
        record = {**split, **rows, "run_id": run.run_id, "spec_digest": self.spec.data_digest}
        write_json(folder / "preparation.json", record)
        return run.run_id

    def retrain(self, learnt: pd.DataFrame, judged: pd.DataFrame) -> dict[str, Any]:
        """Two versions that learnt from production rows and held others back, as a retraining
        leaves them; the better one becomes challenger.
        """
        folder = self.settings.layer(PROJECT, "05_model_input")
        kept = io.read_table(folder / "base_train.parquet")
        params = {**SPLIT, "renews_run_id": "before", "judged_from": "2026-05-01"}
        with runs.action(self.settings, PROJECT, "prepare", "retrain", params) as run:
            run.metrics({"old_test_rows": float(len(self.test))})
        own = folder_below(folder, run.run_id)
        io.write_table(pd.concat([kept, learnt]), own / "base_train.parquet")
        io.write_table(pd.concat([self.test, judged]), own / "base_test.parquet")
        result = self.train(run.run_id, champion=False)
        registry.set_alias(self.settings, PROJECT, "challenger", result["best"]["version"])
        return result

    def train(self, prepare_run_id: str, champion: bool = True) -> dict[str, Any]:
        """Register a sharp and a blurred model; returns what a training job returns."""
        run = runs.start(self.settings, PROJECT, "train", params={"prepare_run_id": prepare_run_id})
        reports = [
            self._version(run.run_id, "lr", "Logistic Regression", 1.0),
            self._version(run.run_id, "dt", "Decision Tree Classifier", 8.0),
        ]
        best = reports[0]["version"]
        if champion:
            registry.set_alias(self.settings, PROJECT, "champion", best)
            run.tags({"made_champion": best})
        run.finish()
        chosen = {"algorithm": "lr", "version": best}
        return {"run_id": run.run_id, "models": reports, "best": chosen}

    def _version(self, parent: str, algorithm: str, title: str, noise: float) -> dict[str, Any]:
        model = Formula(noise)
        holdout = _measured(model, self.test)
        metrics = holdout.metrics.as_dict()
        settings = {"random_state": 7, "depth" if algorithm == "dt" else "C": noise}
        run = runs.start(
            self.settings,
            PROJECT,
            "train",
            name=title,
            params=settings,
            tags={"algorithm": algorithm},
            parent_run_id=parent,
        )
        run.metrics(metrics, prefix="test_")
        run.json(holdout.as_dict(), "evaluation.json")
        path = self.settings.layer(PROJECT, "07_model_output") / f"holdout_{algorithm}.parquet"
        io.write_table(self.test.assign(probability=holdout.probability), path)
        run.file(path, "tables")
        run.finish()
        tags = {"algorithm": algorithm, "title": title, "threshold": "0.5"}
        version = registry.register(
            self.settings, PROJECT, f"runs:/{run.run_id}/model", run.run_id, tags
        )
        self.models[version] = model
        return {
            "algorithm": algorithm,
            "version": version,
            "run_id": run.run_id,
            "test": metrics,
            "cv": {},
            "hyperparameters": settings,
        }

    def job(self, state: str, result: dict[str, Any] | None = None, **changes: Any) -> str:
        """Put a training job into the workspace that has ended as ``state``; returns its id.

        ``changes``: to what it says of itself; it has told what it was timed on.
        """
        told = json.dumps(asdict(Conditions.here(self.settings, 4 * ROWS)))
        folder = JobFolder(self.settings.jobs_dir(PROJECT) / new_job_id())
        plan = make_plan(self.spec).to_json()
        order = Plan("core.training.run:execute", plan, "training", "Logistic Regression", {}, 1)
        times = {
            "created_at": "2026-01-05T10:00:00+00:00",
            "started_at": "2026-01-05T10:00:00+00:00",
            "finished_at": "2026-01-05T10:01:05+00:00",
            "attachments": {"timed_on": told},
        }
        folder.create(
            order,
            JobState("training", "Logistic Regression", state, **{**times, **changes}),  # type: ignore[arg-type]
        )
        if result is not None:
            folder.write_result(result)
        for event in events():
            folder.append_event(event)
        write_text(folder.log_file, "the last line of the log\n")
        return folder.job_id

    def running(self) -> jobs.JobView:
        """A training job that runs in a process of its own and counts slowly."""
        return jobs.submit(
            self.settings.jobs_dir(PROJECT),
            entry_point="core.jobs.selftest:count",
            plan={**make_plan(self.spec).to_json(), "to": 1000, "seconds": 0.5},
            kind="training",
            title="Logistic Regression",
        )


def event(second: float, stage: str, done: int, total: int, fraction: float) -> Progress:
    """A progress report, ``second`` seconds after ten o'clock."""
    moment = f"2026-01-05T10:{int(second) // 60:02d}:{second % 60:09.6f}+00:00"
    return Progress(stage, done, total, fraction, "model fits", None, moment)


def events() -> list[Progress]:
    """A training of 62 s: 20 fits of lr in 10 s, 30 of dt in 5 s, the rest around them."""
    return [
        event(0, "Loading PyCaret", 0, 1, 0.01),
        event(15, "Tuning Logistic Regression", 0, 20, 0.05),
        event(25, "Tuning Logistic Regression", 20, 20, 0.39),
        event(30, "Measuring Logistic Regression", 0, 1, 0.39),
        event(40, "Tuning Decision Tree Classifier", 0, 30, 0.39),
        event(45, "Tuning Decision Tree Classifier", 30, 30, 0.9),
        event(62, "Done", 1, 1, 1.0),
    ]


def make(settings: Settings) -> Club:
    """The project as it is before its first preparation."""
    write_text(settings.spec_file(PROJECT), SPEC)
    spec = specs.load(settings.spec_file(PROJECT))
    generator = np.random.default_rng(11)
    frame = pd.DataFrame(
        {
            "age": generator.integers(18, 90, ROWS).astype(float),
            "visits": generator.integers(0, 20, ROWS).astype(float),
        }
    )
    chance = Formula(0.0).predict_proba(frame)[:, 1]
    frame["left"] = (generator.random(ROWS) < 0.2 + 0.6 * chance).astype(int)
    io.write_table(frame, settings.layer(PROJECT, "01_raw") / spec.dev_file)
    return Club(settings, spec, frame)


def _measured(model: Formula, test: pd.DataFrame) -> Holdout:
    probability = model.predict_proba(test)[:, 1]
    y = test["left"].to_numpy()
    return Holdout(
        probability=probability,
        metrics=binary_metrics(y, probability),
        importance=[Importance("visits", 0.2, 0.01), Importance("age", 0.0, 0.01)],
        curves={
            "roc": roc_points(y, probability).as_dict(),
            "precision_recall": pr_points(y, probability).as_dict(),
            "calibration": calibration_points(y, probability).as_dict(),
        },
    )
