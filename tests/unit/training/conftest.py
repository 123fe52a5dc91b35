"""A training on disk as it is kept before MLflow has it, made without PyCaret."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from core.dataset import spec as specs
from core.dataset.spec import ModelPlan
from core.jobs.folder import JobFolder, JobState, Plan, new_job_id
from core.jobs.reporter import Reporter
from core.settings import Settings
from core.training import publish
from core.training.fitting import Context, fit
from core.training.inputs import ModelInput
from core.training.kept import Kept, Training
from core.training.pipeline import feature_steps
from core.training.plan import make_plan
from core.training.progress import Progress
from core.training.pycaret_adapter import Tuned
from core.training.run_record import RunRecord, open_run

PROJECT = "club"
SPEC = """
target: {column: left, positive: 1}
columns: {age: numeric, visits: numeric}
features: [age, visits]
training: {folds: 3, models: {lr: {candidates: 2}}}
"""


class Fitted:
    """In PyCaret's place: a logistic regression, fitted on the labels that it is given."""

    def __init__(self, x: pd.DataFrame, y: pd.Series) -> None:
        self.fitted = (np.arange(len(x)), x, y)

    def tune(self, model: ModelPlan, tell: Any, deadline: float | None, decided_from: int) -> Tuned:
        _, x, y = self.fitted
        searched = SimpleNamespace(candidates=2, candidates_total=2)
        folds = pd.DataFrame({"roc_auc": [0.7, 0.8, 0.9]})
        tried = pd.DataFrame({"rank": [1, 2], "C": [1.0, 0.1]})
        estimator = LogisticRegression().fit(x, y)
        return Tuned(estimator, {"C": 1.0}, folds, tried, searched, 0.5, "none")  # type: ignore[arg-type]


@dataclass
class Workshop:
    """A project and a folder in which its trainings are kept and published from."""

    settings: Settings
    data: ModelInput
    record: RunRecord
    kept: Kept
    context: Context

    def keep(self, pair: Callable[[pd.Series], pd.Series] = lambda y: y) -> None:
        """Train on labels as ``pair`` hands them on, and keep what came of it."""
        target = self.data.train["left"]
        x = self.context.steps.fit_transform(self.data.train)
        trained = fit(self.context, Fitted(x, pair(target)), ModelPlan("lr", 2), None)  # type: ignore[arg-type]
        self.kept.write_training(Training((trained,), (), [], []))

    def publish(self, run: Any = None) -> dict[str, Any]:
        return publish.publish(
            self.settings,
            self.record,
            self.kept,
            run or open_run(self.settings, self.record),
            self.context.progress,
        )


def members(rows: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "age": rng.integers(18, 90, rows).astype(float),
            "visits": rng.integers(0, 20, rows).astype(float),
        }
    )
    chance = 1 / (1 + np.exp(frame["visits"] - 10))
    return frame.assign(left=(rng.random(rows) < chance).astype(int))


@pytest.fixture
def workshop(workspace: Settings) -> Workshop:
    spec = specs.from_text(SPEC, PROJECT)
    plan = make_plan(spec)
    folder = JobFolder(workspace.jobs_dir(PROJECT) / new_job_id())
    order = Plan("core.training.run:execute", plan.to_json(), "training", "lr", {}, 1)
    folder.create(order, JobState("training", "lr", "running", created_at="2026-01-05T10:00:00"))
    reporter = Reporter(folder)
    data = ModelInput(members(300, 1), members(200, 2), {"run_id": "r", "source_sha256": "s"})
    kept = Kept(folder.kept_dir)
    context = Context(spec, plan, data, feature_steps(spec), 1, Progress(reporter, plan), kept)
    record = RunRecord(PROJECT, {"seed": 1}, {}, {"spec_digest": "d"}, SPEC, plan.to_json(), 1.7e9)
    return Workshop(workspace, data, record, kept, context)
