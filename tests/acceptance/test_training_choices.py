"""What a training can be told, from the command to the version that decides in production."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.settings import Settings
from core.tracking import registry, runs

pytestmark = pytest.mark.slow

SPEC = """
title: Club
target: {column: left, positive: 1}
columns: {age: numeric, visits: numeric}
training: {seed: 7, folds: 3, metric: AUC}
"""
Command = Callable[..., Any]


def members(rows: int, seed: int) -> pd.DataFrame:
    """One in five leaves, those with few visits before all."""
    rng = np.random.default_rng(seed)
    age, visits = rng.integers(18, 90, rows), rng.integers(0, 20, rows)
    left = rng.random(rows) < 1 / (1 + np.exp(0.35 * visits - 1.2))
    return pd.DataFrame({"age": age, "visits": visits, "left": left.astype(int)})


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, succeeded: Command) -> Path:
    home = tmp_path_factory.mktemp("club")
    members(700, 1).to_csv(home / "dev.csv", index=False)
    members(300, 2).to_csv(home / "prod.csv", index=False)
    (home / "club.yaml").write_text(SPEC, encoding="utf-8")
    files = ("--dev", home / "dev.csv", "--prod", home / "prod.csv", "--spec", home / "club.yaml")
    succeeded(home, "init", "--project", "club", *files)
    succeeded(home, "prepare", "--project", "club")
    return home


@pytest.fixture(scope="module")
def chosen(home: Path, succeeded: Command) -> dict[str, Any]:
    """The best two of four, with a threshold for dear misses and calibrated probabilities."""
    return succeeded(
        home,
        *("train", "--project", "club", "--models", "lr,ridge,dt,gpc"),
        *("--n-iter", "lr=3,ridge=3,dt=3,gpc=2", "--find-best", 2, "--threshold", "cost:6"),
        *("--class-weights", "balanced", "--calibration", "sigmoid"),
    )


@pytest.fixture
def settings(home: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    # MLflow leaves the address of the last store it used in the environment.
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.setenv("COURTSIDE_HOME", str(home))
    return Settings.from_env()


def test_the_best_by_cross_validation_are_tuned(chosen: dict[str, Any], home: Path) -> None:
    compared = [row["roc_auc"] for row in chosen["compared"]]
    assert len(compared) == 4
    assert compared == sorted(compared, reverse=True)
    tuned = [model["algorithm"] for model in chosen["models"]]
    assert tuned == [row["algorithm"] for row in chosen["compared"][:2]]
    table = pd.read_csv(home / "data" / "club" / "08_reporting" / "compared_algorithms.csv")
    assert table["roc_auc"].tolist() == compared


def test_the_threshold_is_the_versions_own(
    chosen: dict[str, Any], settings: Settings, home: Path, succeeded: Command
) -> None:
    for model in chosen["models"]:
        version = registry.find(settings, "club", model["version"])
        assert version.threshold == model["threshold"]
        assert 0.03 < model["threshold"] < 0.4, "about 1 / (1 + 6) where misses are dear"
        assert version.tags["threshold_rule"] == "cost:6.0"
        assert version.tags["calibration"] == model["calibration"] == "sigmoid"
    out = home / "scored.parquet"
    best = chosen["best"]["version"]
    source = home / "prod.csv"
    scored = succeeded(home, "score", source, "--project", "club", "--out", out, "--model", best)
    assert scored["rows_scored"] == 300
    rows = pd.read_parquet(out)
    threshold = registry.find(settings, "club", best).threshold
    assert (rows["prediction"] == (rows["probability"] > threshold)).all()
    assert rows["probability"].mean() == pytest.approx(0.2, abs=0.1), "calibrated, though weighted"


def test_what_was_chosen_and_what_it_ran_on_is_logged(
    chosen: dict[str, Any], settings: Settings
) -> None:
    run = runs.get(settings, chosen["run_id"])
    assert run.params["threshold"] == "cost:6.0"
    assert run.params["class_weights"] == "balanced"
    assert run.params["find_best"] == "2"
    for name in ("python", "pycaret-core", "scikit-learn", "numpy", "mlflow"):
        assert run.params[f"version.{name}"]
    child = runs.get(settings, chosen["models"][0]["run_id"])
    assert child.tags["cut_short"] == "false"


def test_a_short_budget_stops_early_and_registers_what_was_found(
    home: Path, succeeded: Command, settings: Settings
) -> None:
    trained = succeeded(
        home,
        *("train", "--project", "club", "--models", "dt", "--n-iter", "dt=500"),
        *("--minutes", 0.001),
    )
    (model,) = trained["models"]
    assert model["candidates"] == 500
    assert 1 <= model["candidates_tried"] < 500
    assert runs.get(settings, model["run_id"]).tags["cut_short"] == "true"
    assert runs.get(settings, trained["run_id"]).tags["cut_short"] == "dt"


def test_progress_tells_the_best_score_so_far(chosen: dict[str, Any], home: Path) -> None:
    events = [
        json.loads(line)
        for path in home.rglob("events.jsonl")
        for line in path.read_text(encoding="utf-8").splitlines()
    ]
    tuning = [event for event in events if event["stage"].startswith("Tuning")]
    assert any(event["best_score"] for event in tuning)
    assert any(event["stage"].startswith("Comparing algorithms") for event in events)


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--models", "lr,magic", "found 'magic'"),
        ("--threshold", "1.5", "The threshold is a number between 0 and 1"),
        ("--minutes", "-1", "time budget"),
        ("--class-weights", "heavy", "class weights"),
        ("--calibration", "platt", "calibration"),
        ("--find-best", "0", "is 1 or more"),
    ],
)
def test_bad_choices_are_one_line(
    home: Path, courtside: Command, option: str, value: str, said: str
) -> None:
    answer = courtside(home, "train", "--project", "club", option, value)
    assert answer.code == 2
    assert said in answer.err
    assert len(answer.err.strip().splitlines()) == 1
