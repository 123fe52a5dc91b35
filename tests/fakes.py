"""A small project with a champion that needs no training: for tests of services and pages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.dataset import spec as specs
from core.dataset.spec import ProjectSpec
from core.files import write_text
from core.monitoring import domain
from core.monitoring.profile import build_profile
from core.monitoring.reference import TRAINING_PROFILE
from core.scoring.log import open_log
from core.settings import Settings
from core.tracking import models, registry, runs
from core.tracking.registry import Version

PROJECT = "hoops"
SPEC = """
title: Hoops
purpose: Will it go in?
target: {column: made, positive: 1, positive_words: made, negative_words: missed}
columns:
  distance: {kind: numeric, unit: ft, words: shot distance}
  home: {kind: boolean, words: home game}
  zone: {kind: categorical, words: zone}
features: [distance, home, zone]
rows: {drop_missing: all}
court: {x: distance * 0, y: distance}
"""


class FakePipeline:
    """Nearer is better; counts the rows that it was asked about."""

    def __init__(self) -> None:
        self.asked = 0

    def predict_proba(self, frame: pd.DataFrame) -> np.ndarray:
        self.asked += len(frame)
        positive = 1 / (1 + np.exp((frame["distance"].to_numpy(float) - 12) / 4))
        return np.column_stack([1 - positive, positive])


@dataclass
class FakeProject:
    """The workspace, its specification, its versions (newest first), and one model for all."""

    settings: Settings
    spec: ProjectSpec
    versions: list[Version]
    pipeline: FakePipeline = field(default_factory=FakePipeline)
    profiles: dict[str, Any] = field(default_factory=dict)

    def rows(self, count: int, seed: int = 0, further: float = 0.0) -> pd.DataFrame:
        """Raw columns as in training, or ``further`` feet away."""
        generator = np.random.default_rng(seed)
        return pd.DataFrame(
            {
                "distance": np.round(generator.gamma(4, 3, count) + further, 1),
                "home": generator.random(count) < 0.5,
                "zone": generator.choice(["left", "middle", "right"], count),
            }
        )

    def labels(self, rows: pd.DataFrame, seed: int = 0) -> np.ndarray:
        chance = FakePipeline().predict_proba(rows)[:, 1]
        return (np.random.default_rng(seed).random(len(rows)) < chance).astype(float)

    def log(
        self, count: int, seed: int = 0, further: float = 0.0, labelled: bool = False
    ) -> np.ndarray:
        """Put scored rows into the inference log; returns their prediction ids."""
        rows = self.rows(count, seed, further)
        probability = FakePipeline().predict_proba(rows)[:, 1]
        appended = open_log(self.settings, self.spec).append(
            rows,
            probability=probability,
            prediction=(probability > 0.5).astype(np.int8),
            label=self.labels(rows, seed) if labelled else None,
            source="batch",
            model_version="1",
        )
        return appended.prediction_ids

    def logged(self) -> int:
        return open_log(self.settings, self.spec).rows()


def make(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> FakeProject:
    """Write the project's specification and put a fake model where MLflow's would be."""
    write_text(settings.spec_file(PROJECT), SPEC)
    project = FakeProject(settings, specs.load(settings.spec_file(PROJECT)), [_version("1")])
    train = project.rows(2000, seed=1)
    project.profiles[TRAINING_PROFILE] = build_profile(
        train,
        dict(project.spec.kinds),  # type: ignore[arg-type]
        FakePipeline().predict_proba(train)[:, 1],
        project.labels(train),
        units=project.spec.units,
    ).to_dict()

    def stored(settings: Settings, run_id: str, name: str) -> Any:
        return project.profiles[name]

    loaded: Callable[..., Any] = lambda settings, version: project.pipeline  # noqa: E731
    monkeypatch.setattr(domain, "TREES", 10)  # the forest is most of a judgement's time
    monkeypatch.setattr(registry, "versions", lambda settings, name: list(project.versions))
    monkeypatch.setattr(models, "load_pipeline", loaded)
    monkeypatch.setattr(runs, "artifact_json", stored)
    return project


def _version(number: str, champion: bool = True) -> Version:
    return Version(
        version=number,
        algorithm="lr",
        title="Logistic Regression",
        run_id=f"run{number}",
        source=f"models:/m-{number}",
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
        threshold=0.5,
        aliases=("champion",) if champion else (),
        metrics={"test_roc_auc": 0.805, "test_f1": 0.752, "test_log_loss": 0.533},
    )
